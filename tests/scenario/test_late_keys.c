/* Messages that come before the key that opens them. */
#include "support/fleet.h"

enum { SOON_MS = 120000, MESSAGES = 20 };

/*
 * Node 2 has announced itself and hears no answer, while node 0, which sent
 * its key, writes: node 2 holds messages that it cannot open.
 */
static void
messages_without_keys(struct fleet * f, uint64_t seed, uint8_t group_pk[32])
{
	static const struct fleet_config config = {.n = 3};
	struct log_status status;
	struct node_group * g;

	fleet_start(f, seed, &config);
	fleet_create_group(f, 0, group_pk);
	fleet_join(f, 1, 0, group_pk);
	fleet_join(f, 2, 0, group_pk);
	sim_assert(f->sim, fleet_wait_devices(f, 0, group_pk, 3, SOON_MS));
	fleet_mute_metadata(f, 2, group_pk, true);
	sim_run_for(f->sim, 5000);
	fleet_send_many(f, 0, group_pk, "early", 0, MESSAGES);
	sim_run_for(f->sim, SOON_MS);
	g = node_find(f->nodes[2].node, slice_of(group_pk, 32));
	log_status(group_message_log(node_group_of(g)), &status);
	sim_assert(f->sim, status.joined == MESSAGES);
	sim_assert(f->sim, fleet_count(f, 2, group_pk) == 0);
}

static void
messages_wait_for_their_key(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	messages_without_keys(&f, 1, group_pk);
	fleet_mute_metadata(&f, 2, group_pk, false);
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, MESSAGES, SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_check_same_messages(&f, group_pk);
	fleet_check_lists(&f, 2, group_pk, true);
	fleet_stop(&f);
}

static void
messages_wait_for_their_key_across_a_restart(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	messages_without_keys(&f, 2, group_pk);
	fleet_crash(&f, 2, SIM_CRASH_NOTHING);
	fleet_open(&f, 2);
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, MESSAGES, SOON_MS));
	fleet_send(&f, 0, group_pk, "late");
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, MESSAGES + 1,
	    SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_check_same_messages(&f, group_pk);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_wait_for_their_key),
		cmocka_unit_test(messages_wait_for_their_key_across_a_restart),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
