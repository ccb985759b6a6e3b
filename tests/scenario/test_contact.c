/* Two strangers become contacts and write to each other. */
#include <stdlib.h>

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

/* A seed replays a run of whole nodes to the byte. */
static uint64_t
fingerprint_of(uint64_t seed)
{
	static const struct fleet_config config = {.n = 3};
	static const struct sim_link link = {.latency_ms = 20,
	    .jitter_ms = 20, .loss = 20000, .reset = 2000};
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t fingerprint;

	fleet_start(&f, seed, &config);
	sim_links(f.sim, &link);
	fleet_befriend(&f, 0, 1);
	fleet_gather(&f, group_pk);
	fleet_send_many(&f, 1, group_pk, "again", 0, 20);
	fleet_crash(&f, 2, SIM_CRASH_SOME);
	fleet_open(&f, 2);
	sim_run_for(f.sim, 10000);
	fingerprint = sim_fingerprint(f.sim) ^ sim_events(f.sim);
	fleet_stop(&f);
	return (fingerprint);
}

static void
the_same_seed_gives_the_same_story(void ** state)
{
	uint64_t first = fingerprint_of(7);

	(void)state;
	assert_true(fingerprint_of(7) == first);
	if (getenv("BERTY_SEED") == NULL)
		assert_true(fingerprint_of(8) != first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_strangers_become_contacts_and_write),
		cmocka_unit_test(the_same_seed_gives_the_same_story),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
