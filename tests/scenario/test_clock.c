/* Wall clocks that jump. */
#include "support/fleet.h"

enum { SOON_MS = 120000 };

#define DAY_MS INT64_C(86400000)

static const struct fleet_config two = {.n = 2};

static void
jump(int64_t ms)
{
	struct fleet f;
	uint8_t group_pk[32];

	fleet_start(&f, 1, &two);
	fleet_gather(&f, group_pk);
	sim_wall_jump(f.nodes[1].w, ms);
	fleet_send(&f, 0, group_pk, "what time is it?");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_send(&f, 1, group_pk, "late");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 2, SOON_MS));
	/* Repair does not depend on the clock either. */
	sim_disconnect(f.nodes[0].w);
	fleet_send(&f, 0, group_pk, "again");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 3, SOON_MS));
	/* Nor does what is known of it outlive a restart wrongly. */
	fleet_close(&f, 1);
	fleet_send(&f, 0, group_pk, "while you were away");
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 4, SOON_MS));
	/* And back. */
	sim_wall_jump(f.nodes[1].w, -ms);
	fleet_send(&f, 1, group_pk, "now");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 5, SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_stop(&f);
}

static void
messages_flow_when_a_clock_jumps_by_days(void ** state)
{
	(void)state;
	jump(2 * DAY_MS);
	jump(-2 * DAY_MS);
}

static void
messages_flow_when_a_clock_jumps_by_years(void ** state)
{
	(void)state;
	jump(3 * 365 * DAY_MS);
	jump(-3 * 365 * DAY_MS);
	/* Before 1970. */
	jump(-70 * 365 * DAY_MS);
}

static void
messages_flow_over_many_rotations(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	unsigned day;

	(void)state;
	fleet_start(&f, 2, &two);
	fleet_gather(&f, group_pk);
	for (day = 1; day <= 40; day++) {
		sim_wall_jump(f.nodes[0].w, DAY_MS);
		sim_wall_jump(f.nodes[1].w, DAY_MS);
		sim_run_for(f.sim, 60000);
		fleet_send(&f, day % 2, group_pk, "a new day");
		sim_assert(f.sim, fleet_wait_count(&f, (day + 1) % 2, group_pk,
		    day, SOON_MS));
	}
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_stop(&f);
}

static void
contacts_find_each_other_though_a_clock_is_wrong(void ** state)
{
	struct fleet f;

	(void)state;
	fleet_start(&f, 3, &two);
	sim_wall_jump(f.nodes[0].w, -400 * DAY_MS);
	fleet_befriend(&f, 0, 1);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_flow_when_a_clock_jumps_by_days),
		cmocka_unit_test(messages_flow_when_a_clock_jumps_by_years),
		cmocka_unit_test(messages_flow_over_many_rotations),
		cmocka_unit_test(
		    contacts_find_each_other_though_a_clock_is_wrong),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
