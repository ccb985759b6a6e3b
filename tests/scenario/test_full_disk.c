/* A disk that is full. */
#include "support/fleet.h"

enum { SOON_MS = 300000, TRIES = 3000 };

static const struct fleet_config two = {.n = 2};

static void
fill(struct fleet * f, size_t i, uint64_t room)
{
	struct sim_disk_stats stats;

	sim_disk_stats(f->nodes[i].w, &stats);
	sim_disk_limit(f->nodes[i].w, stats.bytes + room);
}

/* Write until it fails; how many were acknowledged. */
static unsigned
write_until_full(struct fleet * f, const uint8_t group_pk[32],
    struct error * err)
{
	struct fleet_call * call;
	char text[64];
	unsigned i;
	bool done = true;

	for (i = 0; done; i++) {
		assert_true(i < TRIES);
		(void)snprintf(text, sizeof(text), "kept %u", i);
		call = fleet_begin_send(f, 0, group_pk, text);
		done = fleet_wait(f, 0, call);
		*err = call->err;
		fleet_end(call);
	}
	return (i - 1);
}

static bool
names(const struct error * err, int code)
{
	int i;

	for (i = 0; i < err->n; i++)
		if (err->code[i] == code)
			return (true);
	return (false);
}

static void
check_kept(struct fleet * f, const uint8_t group_pk[32], unsigned kept)
{
	char text[64];
	unsigned i;

	for (i = 0; i < kept; i++) {
		(void)snprintf(text, sizeof(text), "kept %u", i);
		sim_assert(f->sim, fleet_has(f, 0, group_pk, text));
	}
}

static void
fill_up(uint64_t seed, uint64_t room)
{
	struct fleet_call * call;
	struct error err = {0};
	struct fleet f;
	uint8_t group_pk[32];
	unsigned kept;

	fleet_start(&f, seed, &two);
	fleet_gather(&f, group_pk);
	fill(&f, 0, room);
	kept = write_until_full(&f, group_pk, &err);
	sim_assert(f.sim, names(&err, ERR_DB_WRITE));
	sim_assert(f.sim, err.text[0] != '\0');
	sim_assert(f.sim, store_read_only(node_store(f.nodes[0].node)));
	/* It reads on, and refuses to write. */
	fleet_check_lists(&f, 0, group_pk, true);
	check_kept(&f, group_pk, kept);
	call = fleet_begin_send(&f, 0, group_pk, "no room");
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	sim_assert(f.sim, names(&call->err, ERR_DB_WRITE));
	sim_assert(f.sim, call->err.text[0] != '\0');
	fleet_end(call);
	/* What others write does it no harm. */
	fleet_send(&f, 1, group_pk, "do you hear me?");
	fleet_send_metadata(&f, 1, group_pk, "do you?");
	sim_run_for(f.sim, 120000);
	fleet_close(&f, 0);
	sim_disk_limit(f.nodes[0].w, 0);
	fleet_open(&f, 0);
	check_kept(&f, group_pk, kept);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_send(&f, 0, group_pk, "room again");
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, fleet_has(&f, 0, group_pk, "do you hear me?"));
	sim_assert(f.sim, fleet_has(&f, 1, group_pk, "room again"));
	sim_assert(f.sim, fleet_reused_keys(&f, 1, group_pk) == 0);
	fleet_check_same_messages(&f, group_pk);
	fleet_stop(&f);
}

static void
a_full_disk_turns_a_node_read_only_and_loses_nothing(void ** state)
{
	uint64_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		fill_up(i + 1, i * 7000);
}

static void
a_receiver_with_a_full_disk_catches_up_later(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 20, &two);
	fleet_gather(&f, group_pk);
	fill(&f, 1, 40000);
	fleet_send_many(&f, 0, group_pk, "a flood", 0, 200);
	sim_run_for(f.sim, 120000);
	sim_assert(f.sim, store_read_only(node_store(f.nodes[1].node)));
	sim_assert(f.sim, fleet_count(&f, 1, group_pk) < 200);
	fleet_check_lists(&f, 1, group_pk, true);
	fleet_kill(&f, 1);
	sim_disk_limit(f.nodes[1].w, 0);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 200, SOON_MS));
	fleet_check_lists(&f, 1, group_pk, true);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_full_disk_turns_a_node_read_only_and_loses_nothing),
		cmocka_unit_test(a_receiver_with_a_full_disk_catches_up_later),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
