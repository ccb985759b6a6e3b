/* Announcements that nobody hears. */
#include "support/fleet.h"

/* The slow schedule turns within its longest pause, doubled by its jitter, and
 * takes both peers in turn. */
enum { SOON_MS = 120000, SCHEDULE_MS = 2 * 2 * 600000 + 60000 };

static bool
in_line(size_t from, size_t to)
{
	return (from == to + 1);
}

static const struct fleet_config three = {.n = 3};
static const struct fleet_config line = {.n = 5, .wired = in_line};

/* Written and durable, but never announced to anybody. */
static void
write_in_silence(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text)
{
	struct node * n = f->nodes[i].node;
	struct node_group * g = node_find(n, slice_of(group_pk, 32));
	struct error err = {0};
	struct node_tx * tx;

	assert_non_null(g);
	assert_int_equal(node_begin(n, &tx, &err), 0);
	assert_int_equal(group_write_message(node_group_of(g),
	    slice_text(text), NULL, &err), 0);
	assert_int_equal(node_commit(tx, NULL, NULL, &err), 0);
}

static void
an_entry_nobody_was_told_of_spreads_by_the_schedule(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t at;

	(void)state;
	fleet_start(&f, 1, &three);
	fleet_gather(&f, group_pk);
	/* Long quiet: the schedule is at its slowest. */
	sim_run_for(f.sim, 3 * 3600000);
	write_in_silence(&f, 0, group_pk, "hush");
	at = sim_now(f.sim);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SCHEDULE_MS));
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, 1, SCHEDULE_MS));
	sim_assert(f.sim, sim_now(f.sim) - at > 100);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_stop(&f);
}

static void
a_write_during_a_lost_connection_comes_after_it(void ** state)
{
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i;

	(void)state;
	fleet_start(&f, 2, &three);
	fleet_gather(&f, group_pk);
	for (i = 0; i < 10; i++) {
		call = fleet_begin_send(&f, i % 3, group_pk, "in the storm");
		/* Before, while and after it is announced. */
		sim_run_for(f.sim, 3 * i);
		sim_disconnect(f.nodes[i % 3].w);
		sim_assert(f.sim, fleet_wait(&f, i % 3, call));
		fleet_end(call);
	}
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, fleet_count(&f, 0, group_pk) == 10);
	fleet_check_same_messages(&f, group_pk);
	fleet_stop(&f);
}

static void
a_node_that_was_alone_tells_when_it_meets_somebody(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 3, &three);
	fleet_gather(&f, group_pk);
	fleet_close(&f, 1);
	fleet_close(&f, 2);
	sim_run_for(f.sim, 60000);
	fleet_send(&f, 0, group_pk, "hello?");
	fleet_close(&f, 0);
	fleet_open(&f, 0);
	sim_run_for(f.sim, 3600000);
	fleet_open(&f, 2);
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, 1, SOON_MS));
	fleet_close(&f, 0);
	/* Handed on by one who did not write it. */
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_stop(&f);
}

static void
messages_pass_along_a_line(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	size_t i;

	(void)state;
	fleet_start(&f, 4, &line);
	fleet_gather(&f, group_pk);
	fleet_send_many(&f, 0, group_pk, "from the head", 0, 20);
	fleet_send_many(&f, 4, group_pk, "from the tail", 0, 20);
	for (i = 0; i < f.n; i++)
		sim_assert(f.sim, fleet_wait_count(&f, i, group_pk, 40,
		    SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_check_same_messages(&f, group_pk);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_entry_nobody_was_told_of_spreads_by_the_schedule),
		cmocka_unit_test(
		    a_write_during_a_lost_connection_comes_after_it),
		cmocka_unit_test(
		    a_node_that_was_alone_tells_when_it_meets_somebody),
		cmocka_unit_test(messages_pass_along_a_line),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
