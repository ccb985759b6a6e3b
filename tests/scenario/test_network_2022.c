/* Whole nodes on the network of 2022: its rotation, its direct channel of 2,048
 * bytes, and older versions of bitswap. */
#include <stdlib.h>

#include "support/fleet_impl.h"

enum { SOON_MS = 120000, DAY_MS = 86400000 };

static const struct fleet_config two = {.n = 2};

static uint64_t
to_midnight(struct fleet * f)
{
	int64_t wall = world_wall(f->nodes[0].w) / 1000000;

	return ((uint64_t)DAY_MS - (uint64_t)wall % (uint64_t)DAY_MS);
}

/* Each writes, and all read it. */
static void
check_talk(struct fleet * f, const uint8_t group_pk[32], const char * text)
{
	uint64_t n = fleet_count(f, 0, group_pk);

	fleet_send(f, 0, group_pk, text);
	sim_assert(f->sim, fleet_wait_count(f, 1, group_pk, n + 1, SOON_MS));
	fleet_send(f, 1, group_pk, text);
	sim_assert(f->sim, fleet_wait_count(f, 0, group_pk, n + 2, SOON_MS));
}

static void
friends(struct fleet * f, uint64_t seed, uint8_t group_pk[32])
{
	fleet_start(f, seed, &two);
	fleet_befriend(f, 0, 1);
	sim_assert(f->sim, fleet_contact_group(f, 0, 1, group_pk));
	check_talk(f, group_pk, "good morning");
}

static void
jump_all(struct fleet * f, int64_t ms)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		sim_wall_jump(f->nodes[i].w, ms);
}

static void
two_write_to_each_other_across_midnight(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i;

	(void)state;
	friends(&f, 41, group_pk);
	jump_all(&f, (int64_t)to_midnight(&f) - 60000);
	for (i = 0; i < 8; i++) {
		check_talk(&f, group_pk, "what time is it?");
		sim_run_for(f.sim, 15000);
	}
	/* A minute on either side, clocks are not the same. */
	sim_wall_jump(f.nodes[1].w, -180000);
	check_talk(&f, group_pk, "not midnight yet");
	sim_disconnect(f.nodes[0].w);
	check_talk(&f, group_pk, "back again");
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_stop(&f);
}

/* One that stays open holds on to the day it opened, in turn. */
static void
days_and_restarts_lose_nothing(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];
	unsigned day;
	size_t who;

	(void)state;
	friends(&f, 42, group_pk);
	for (day = 0; day < 4; day++) {
		who = day % 2;
		fleet_close(&f, who);
		fleet_send(&f, 1 - who, group_pk, "while you were away");
		jump_all(&f, DAY_MS);
		sim_run_for(f.sim, 60000);
		fleet_open(&f, who);
		sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
		check_talk(&f, group_pk, "a new day");
	}
	fleet_close(&f, 0);
	fleet_close(&f, 1);
	jump_all(&f, 2 * DAY_MS);
	fleet_open(&f, 1);
	fleet_open(&f, 0);
	check_talk(&f, group_pk, "both slept");
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_check_same_messages(&f, group_pk);
	fleet_stop(&f);
}

/* Contacts meet by the namespace of the day, also when it just ended. */
static void
contacts_are_made_across_midnight(void ** state)
{
	struct fleet f;

	(void)state;
	fleet_start(&f, 43, &two);
	jump_all(&f, (int64_t)to_midnight(&f) - 2000);
	sim_wall_jump(f.nodes[1].w, 600000);
	fleet_befriend(&f, 0, 1);
	fleet_stop(&f);
}

/* Longer than the direct channel: it is published when the peer comes, so that
 * the slow schedule (30 s) is not what brings it. */
static void
a_big_head_reaches_who_was_away(void ** state)
{
	char text[4001];
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t n;

	(void)state;
	memset(text, 'b', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	friends(&f, 44, group_pk);
	n = fleet_count(&f, 0, group_pk);
	fleet_close(&f, 1);
	sim_run_for(f.sim, 90000);
	fleet_send(&f, 0, group_pk, text);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, n + 1, 15000));
	sim_assert(f.sim, fleet_has(&f, 1, group_pk, text));
	fleet_stop(&f);
}

/* Both speak only versions of bitswap from that index on. */
static void
forget_bitswap(struct fleet * f, size_t i, size_t from)
{
	static const char * const versions[] = {"/ipfs/bitswap/1.2.0",
	    "/ipfs/bitswap/1.1.0", "/ipfs/bitswap/1.0.0", "/ipfs/bitswap"};
	size_t k;

	for (k = 0; k < from; k++)
		host_unserve(node_host(f->nodes[i].node), versions[k]);
}

static void
catch_up_by(size_t from)
{
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t n;
	size_t i;

	fleet_start(&f, 45 + from, &two);
	for (i = 0; i < 2; i++)
		forget_bitswap(&f, i, from);
	fleet_befriend(&f, 0, 1);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	check_talk(&f, group_pk, "good morning");
	n = fleet_count(&f, 0, group_pk);
	for (i = 0; i < 2; i++) {
		fleet_close(&f, i);
		fleet_send_many(&f, 1 - i, group_pk, "away", 0, 100);
		n += 100;
		fleet_open(&f, i);
		forget_bitswap(&f, i, from);
		sim_assert(f.sim, fleet_wait_count(&f, i, group_pk, n,
		    SOON_MS));
	}
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_stop(&f);
}

static void
a_hundred_are_caught_up_by_any_version_of_bitswap(void ** state)
{
	size_t from;

	(void)state;
	for (from = 0; from < 4; from++)
		catch_up_by(from);
}

/* One of 2022 that was away, and one on both networks. */
static void
a_node_on_both_networks_serves_one_of_2022(void ** state)
{
	static const struct fleet_config config = {.n = 2,
	    .networks = {"berty,berty-v1", "berty-v1"}};
	struct fleet f;
	uint8_t group_pk[32];
	unsigned day;

	(void)state;
	fleet_start(&f, 49, &config);
	fleet_befriend(&f, 1, 0);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	for (day = 0; day < 3; day++) {
		check_talk(&f, group_pk, "hello");
		fleet_close(&f, 1);
		fleet_send_many(&f, 0, group_pk, "away", 0, 20);
		jump_all(&f, DAY_MS);
		fleet_open(&f, 1);
		sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	}
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_write_to_each_other_across_midnight),
		cmocka_unit_test(days_and_restarts_lose_nothing),
		cmocka_unit_test(contacts_are_made_across_midnight),
		cmocka_unit_test(a_big_head_reaches_who_was_away),
		cmocka_unit_test(
		    a_hundred_are_caught_up_by_any_version_of_bitswap),
		cmocka_unit_test(a_node_on_both_networks_serves_one_of_2022),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
