/* A member who was away for a long time. */
#include "support/fleet.h"

enum { MESSAGES = 1000, SOON_MS = 600000 };

static const struct fleet_config three = {.n = 3};

static void
check_caught_up(struct fleet * f, const uint8_t group_pk[32])
{
	sim_assert(f->sim, fleet_wait_count(f, 2, group_pk, MESSAGES,
	    SOON_MS));
	sim_assert(f->sim, fleet_wait_equal(f, group_pk, SOON_MS));
	sim_run_for(f->sim, 1000);
	sim_assert(f->sim, fleet_count(f, 2, group_pk) == MESSAGES);
	fleet_check_same_messages(f, group_pk);
	fleet_check_lists(f, 2, group_pk, true);
}

static void
write_long(struct fleet * f, const uint8_t group_pk[32])
{
	unsigned i;

	for (i = 0; i < MESSAGES; i += 100)
		fleet_send_many(f, i / 100 % 2, group_pk, "while away", i, 100);
}

static void
a_member_who_was_cut_off_catches_up(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 1, &three);
	fleet_gather(&f, group_pk);
	sim_partition(f.sim, &f.nodes[2].w, 1);
	write_long(&f, group_pk);
	sim_run_for(f.sim, 3600000);
	sim_assert(f.sim, fleet_count(&f, 2, group_pk) == 0);
	sim_heal(f.sim);
	check_caught_up(&f, group_pk);
	fleet_stop(&f);
}

static void
a_member_who_was_closed_catches_up(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 2, &three);
	fleet_gather(&f, group_pk);
	fleet_close(&f, 2);
	write_long(&f, group_pk);
	fleet_open(&f, 2);
	check_caught_up(&f, group_pk);
	fleet_stop(&f);
}

static void
catching_up_survives_crashes(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i;

	(void)state;
	fleet_start(&f, 3, &three);
	fleet_gather(&f, group_pk);
	fleet_close(&f, 2);
	write_long(&f, group_pk);
	for (i = 0; i < 6; i++) {
		fleet_open(&f, 2);
		sim_disk_crash_at(f.nodes[2].w, 40 + 60 * i,
		    (enum sim_crash)(i % 3));
		sim_run_for(f.sim, 60000);
		if (!fleet_bury(&f, 2))
			fleet_crash(&f, 2, SIM_CRASH_NOTHING);
	}
	fleet_open(&f, 2);
	check_caught_up(&f, group_pk);
	fleet_stop(&f);
}

static void
a_lossy_wire_lets_a_member_catch_up(void ** state)
{
	static const struct sim_link link = {.latency_ms = 80,
	    .jitter_ms = 40, .loss = 20000, .reset = 1000};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 4, &three);
	fleet_gather(&f, group_pk);
	fleet_close(&f, 2);
	write_long(&f, group_pk);
	sim_links(f.sim, &link);
	fleet_open(&f, 2);
	check_caught_up(&f, group_pk);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_who_was_cut_off_catches_up),
		cmocka_unit_test(a_member_who_was_closed_catches_up),
		cmocka_unit_test(catching_up_survives_crashes),
		cmocka_unit_test(a_lossy_wire_lets_a_member_catch_up),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
