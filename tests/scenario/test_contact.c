/* Two strangers become contacts and write to each other. */
#include "support/fleet.h"

static void
two_strangers_become_contacts_and_write(void ** state)
{
	static const struct fleet_config config = {.n = 2};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 1, &config);
	fleet_befriend(&f, 0, 1);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	fleet_send(&f, 0, group_pk, "good morning");
	fleet_send(&f, 1, group_pk, "and to you");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 2, 60000));
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 2, 60000));
	sim_assert(f.sim, fleet_has(&f, 1, group_pk, "good morning"));
	sim_assert(f.sim, fleet_has(&f, 0, group_pk, "and to you"));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, 60000));
	fleet_check_lists(&f, 0, group_pk, false);
	fleet_check_same_messages(&f, group_pk);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_strangers_become_contacts_and_write),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
