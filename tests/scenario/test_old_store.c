/* An older copy of a store is put back, as a restored phone does. */
#include "support/fleet.h"

enum { SOON_MS = 300000 };

static const struct fleet_config three = {.n = 3};

/* Node 0 wrote 5 messages, was copied, wrote 10 more, and is the copy again. */
static void
put_back(struct fleet * f, uint64_t seed, uint8_t group_pk[32])
{
	struct sim_snapshot * copy;

	fleet_start(f, seed, &three);
	fleet_gather(f, group_pk);
	fleet_send_many(f, 0, group_pk, "before", 0, 5);
	sim_run_for(f->sim, 1000);
	fleet_kill(f, 0);
	copy = sim_disk_snapshot(f->nodes[0].w);
	assert_non_null(copy);
	fleet_open(f, 0);
	fleet_send_many(f, 0, group_pk, "forgotten", 0, 10);
	sim_assert(f->sim, fleet_wait_count(f, 1, group_pk, 15, SOON_MS));
	sim_assert(f->sim, fleet_wait_count(f, 2, group_pk, 15, SOON_MS));
	fleet_kill(f, 0);
	assert_int_equal(sim_disk_restore(f->nodes[0].w, copy), 0);
	sim_snapshot_free(copy);
}

static void
no_key_is_used_twice_once_peers_were_met(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 3; seed++) {
		put_back(&f, seed, group_pk);
		fleet_open(&f, 0);
		sim_assert(f.sim, fleet_count(&f, 0, group_pk) == 5);
		sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 15,
		    SOON_MS));
		sim_assert(f.sim, fleet_has(&f, 0, group_pk, "forgotten 9"));
		fleet_send_many(&f, 0, group_pk, "anew", 0, 5);
		sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 20,
		    SOON_MS));
		sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
		sim_run_for(f.sim, 1000);
		sim_assert(f.sim, fleet_reused_keys(&f, 1, group_pk) == 0);
		fleet_check_same_messages(&f, group_pk);
		fleet_check_lists(&f, 0, group_pk, true);
		fleet_stop(&f);
	}
}

/*
 * The known limit: a node that writes before it met anybody cannot know which
 * keys it used.  Logs still agree, and what it writes later is read by all.
 */
static void
writing_before_meeting_anybody_costs_those_messages_only(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	size_t reused;

	(void)state;
	put_back(&f, 4, group_pk);
	sim_partition(f.sim, &f.nodes[0].w, 1);
	fleet_open(&f, 0);
	fleet_send_many(&f, 0, group_pk, "alone", 0, 3);
	sim_run_for(f.sim, 60000);
	sim_heal(f.sim);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 10000);
	reused = fleet_reused_keys(&f, 1, group_pk);
	sim_assert(f.sim, reused <= 3);
	fleet_send(&f, 0, group_pk, "together");
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, fleet_has(&f, 0, group_pk, "together"));
	sim_assert(f.sim, fleet_has(&f, 1, group_pk, "together"));
	sim_assert(f.sim, fleet_has(&f, 2, group_pk, "together"));
	sim_assert(f.sim, fleet_reused_keys(&f, 1, group_pk) == reused);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_is_used_twice_once_peers_were_met),
		cmocka_unit_test(
		    writing_before_meeting_anybody_costs_those_messages_only),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
