/* Nodes on several networks at once. */
#include "support/fleet_impl.h"

enum { SOON_MS = 120000 };

/* The network in which a node meets another. */
static const char *
met_in(struct fleet * f, size_t i, size_t of)
{
	struct contact c;
	const char * name;

	assert_int_equal(account_contact(node_account(f->nodes[i].node),
	    f->nodes[of].account, &c), 0);
	name = c.network->name;
	contact_free(&c);
	return (name);
}

static const char *
network_of(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct group * g = fleet_group(f, i, group_pk);

	return (g == NULL ? "none" : group_network(g)->name);
}

/* Each writes, and all read it. */
static void
check_talk(struct fleet * f, size_t a, size_t b, const uint8_t group_pk[32],
    const char * text)
{
	uint64_t n = fleet_count(f, a, group_pk);

	fleet_send(f, a, group_pk, text);
	sim_assert(f->sim, fleet_wait_count(f, b, group_pk, n + 1, SOON_MS));
	fleet_send(f, b, group_pk, text);
	sim_assert(f->sim, fleet_wait_count(f, a, group_pk, n + 2, SOON_MS));
	sim_assert(f->sim, fleet_wait_count(f, b, group_pk, n + 2, SOON_MS));
}

/* Node a asks b; their group is in that network at both. */
static void
check_friends(struct fleet * f, size_t a, size_t b, const char * network)
{
	uint8_t group_pk[32];

	fleet_befriend(f, a, b);
	sim_assert(f->sim, fleet_contact_group(f, a, b, group_pk));
	check_talk(f, a, b, group_pk, "good morning");
	assert_string_equal(met_in(f, a, b), network);
	assert_string_equal(met_in(f, b, a), network);
	assert_string_equal(network_of(f, a, group_pk), network);
	assert_string_equal(network_of(f, b, group_pk), network);
}

static bool
all_to_first(size_t from, size_t to)
{
	return (to == 0 && from > 0);
}

static void
a_node_on_two_networks_has_contacts_on_each(void ** state)
{
	static const struct fleet_config config = {.n = 3,
	    .wired = all_to_first, .networks = {"berty,wesh", "berty", "wesh"}};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 31, &config);
	check_friends(&f, 1, 0, "berty");
	/* The one that is asked cannot tell who asks: it follows. */
	check_friends(&f, 2, 0, "wesh");
	fleet_close(&f, 0);
	sim_run_for(f.sim, 30000);
	fleet_open(&f, 0);
	assert_string_equal(met_in(&f, 0, 1), "berty");
	assert_string_equal(met_in(&f, 0, 2), "wesh");
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	check_talk(&f, 0, 1, group_pk, "still here");
	sim_assert(f.sim, fleet_contact_group(&f, 0, 2, group_pk));
	check_talk(&f, 0, 2, group_pk, "and here");
	fleet_stop(&f);
}

static void
who_asks_finds_the_network_too(void ** state)
{
	static const struct fleet_config config = {.n = 4,
	    .wired = all_to_first, .networks = {"berty-v1,berty,wesh",
	        "berty", "wesh", "berty-v1"}};
	struct fleet f;

	(void)state;
	fleet_start(&f, 32, &config);
	check_friends(&f, 0, 1, "berty");
	check_friends(&f, 0, 2, "wesh");
	check_friends(&f, 0, 3, "berty-v1");
	fleet_stop(&f);
}

/* Each may be right, and either may give way. */
static void
two_that_guess_otherwise_meet(void ** state)
{
	static const struct fleet_config config = {.n = 2,
	    .networks = {"berty,wesh", "wesh,berty"}};
	struct fleet f;
	uint8_t group_pk[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		fleet_start(&f, 330 + i, &config);
		fleet_befriend(&f, 0, 1);
		sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
		sim_run_for(f.sim, SOON_MS);
		check_talk(&f, 0, 1, group_pk, "hello");
		assert_string_equal(network_of(&f, 0, group_pk),
		    network_of(&f, 1, group_pk));
		sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
		fleet_stop(&f);
	}
}

/* Both know the devices of both, and their keys. */
static void
wait_for_members(struct fleet * f, const uint8_t group_pk[32])
{
	size_t i;

	for (i = 0; i < 2; i++)
		sim_assert(f->sim, fleet_wait_devices(f, i, group_pk, 2,
		    SOON_MS));
	sim_run_for(f->sim, 5000);
}

/* What was written while the guess was wrong is not lost. */
static void
words_go_along_when_a_group_moves(void ** state)
{
	static const struct fleet_config config = {.n = 2,
	    .networks = {"berty,wesh", "wesh"}};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 34, &config);
	fleet_befriend(&f, 0, 1);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	assert_string_equal(network_of(&f, 0, group_pk), "berty");
	fleet_send(&f, 0, group_pk, "too early");
	fleet_send_metadata(&f, 0, group_pk, "early metadata");
	wait_for_members(&f, group_pk);
	assert_string_equal(network_of(&f, 0, group_pk), "wesh");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_assert(f.sim, fleet_has(&f, 1, group_pk, "too early"));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	assert_int_equal(fleet_events(&f, 1, group_pk, EVENT_APP_METADATA),
	    1);
	check_talk(&f, 0, 1, group_pk, "now");
	fleet_close(&f, 0);
	fleet_send(&f, 1, group_pk, "while you were away");
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 4, SOON_MS));
	assert_string_equal(network_of(&f, 0, group_pk), "wesh");
	fleet_stop(&f);
}

/* An invitation of Berty does not say its network. */
static void
who_joins_by_an_invitation_finds_the_network(void ** state)
{
	static const struct fleet_config config = {.n = 2,
	    .networks = {"berty,wesh", "wesh"}};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 38, &config);
	fleet_create_group(&f, 1, group_pk);
	fleet_join(&f, 0, 1, group_pk);
	assert_string_equal(network_of(&f, 0, group_pk), "berty");
	wait_for_members(&f, group_pk);
	assert_string_equal(network_of(&f, 0, group_pk), "wesh");
	check_talk(&f, 0, 1, group_pk, "here");
	/* Crashes do not undo it. */
	fleet_crash(&f, 0, SIM_CRASH_NOTHING);
	fleet_open(&f, 0);
	assert_string_equal(network_of(&f, 0, group_pk), "wesh");
	check_talk(&f, 0, 1, group_pk, "again");
	fleet_stop(&f);
}

/* Two who guessed alike, before the one came who made the group. */
static void
who_guessed_together_follow_the_one_who_knows(void ** state)
{
	static const struct fleet_config config = {.n = 3,
	    .networks = {"berty,wesh", "berty,wesh", "wesh"}};
	struct fleet f;
	uint8_t group_pk[32];
	size_t i;

	(void)state;
	fleet_start(&f, 39, &config);
	fleet_create_group(&f, 2, group_pk);
	fleet_join(&f, 0, 2, group_pk);
	fleet_join(&f, 1, 2, group_pk);
	fleet_close(&f, 2);
	wait_for_members(&f, group_pk);
	check_talk(&f, 0, 1, group_pk, "where is everybody?");
	assert_string_equal(network_of(&f, 0, group_pk), "berty");
	fleet_open(&f, 2);
	for (i = 0; i < 3; i++)
		sim_assert(f.sim, fleet_wait_devices(&f, i, group_pk, 3,
		    10 * SOON_MS));
	for (i = 0; i < 3; i++)
		assert_string_equal(network_of(&f, i, group_pk), "wesh");
	/* Each brings what he wrote, and nobody what others did. */
	sim_run_for(f.sim, SOON_MS);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	for (i = 0; i < 3; i++)
		assert_int_equal(fleet_count(&f, i, group_pk), 2);
	check_talk(&f, 0, 2, group_pk, "here we are");
	check_talk(&f, 1, 2, group_pk, "and I");
	fleet_stop(&f);
}

/* Nobody has been here but us, and somebody is somewhere else; but a group
 * whose network was said does not follow. */
static void
a_group_whose_network_is_known_stays(void ** state)
{
	static const struct fleet_config config = {.n = 2,
	    .networks = {"berty,wesh", "wesh"}};
	API(MultiMemberGroupCreate__Request) create =
	    API_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	const API(MultiMemberGroupCreate__Reply) * reply;
	struct fleet_call * call;
	uint8_t group_pk[32];
	struct fleet f;

	(void)state;
	fleet_start(&f, 35, &config);
	fleet_create_group(&f, 0, group_pk);
	fleet_join(&f, 1, 0, group_pk);
	sim_run_for(f.sim, SOON_MS);
	assert_string_equal(network_of(&f, 0, group_pk), "berty");
	create.network = (char *)(uintptr_t)"wesh";
	call = fleet_ask(&f, 0, "MultiMemberGroupCreate", &create);
	reply = call->replies[0];
	memcpy(group_pk, reply->group_pk.data, 32);
	fleet_end(call);
	assert_string_equal(network_of(&f, 0, group_pk), "wesh");
	fleet_join(&f, 1, 0, group_pk);
	wait_for_members(&f, group_pk);
	check_talk(&f, 0, 1, group_pk, "here");
	fleet_stop(&f);
}

static void
an_unknown_network_is_refused(void ** state)
{
	static const struct fleet_config config = {.n = 1,
	    .networks = {"berty,wesh"}};
	static const char * const names[] = {"berty-v1", "bert", "berty,,wesh",
	    ",", "wesh,wesh"};
	API(MultiMemberGroupCreate__Request) create =
	    API_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	struct fleet_call * call;
	struct fleet f;
	size_t i;

	(void)state;
	fleet_start(&f, 36, &config);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		create.network = (char *)(uintptr_t)names[i];
		call = fleet_begin(&f, 0, "MultiMemberGroupCreate", &create);
		assert_false(fleet_wait(&f, 0, call));
		assert_int_equal(call->err.code[0], ERR_INVALID_INPUT);
		fleet_end(call);
	}
	fleet_stop(&f);
}

/* It was taken for one of the only network that was spoken. */
static void
a_contact_is_met_when_its_network_is_added(void ** state)
{
	static const struct fleet_config config = {.n = 2,
	    .networks = {"berty", "wesh"}};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 40, &config);
	fleet_befriend(&f, 1, 0);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	fleet_send(&f, 0, group_pk, "hello?");
	sim_run_for(f.sim, SOON_MS);
	assert_int_equal(fleet_count(&f, 1, group_pk), 0);
	fleet_close(&f, 0);
	f.config.networks[0] = "berty,wesh";
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	assert_string_equal(network_of(&f, 0, group_pk), "wesh");
	check_talk(&f, 0, 1, group_pk, "at last");
	fleet_stop(&f);
}

/* An account keeps its network; others come and go with the flag. */
static void
the_networks_of_an_account_change_with_restarts(void ** state)
{
	static const struct fleet_config config = {.n = 3,
	    .wired = all_to_first, .networks = {"berty", "berty", "wesh"}};
	struct error err = {0};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 37, &config);
	check_friends(&f, 1, 0, "berty");
	fleet_close(&f, 0);
	f.config.networks[0] = "wesh";
	assert_int_equal(fleet_try_open(&f, 0, &err), -ERR_INVALID_INPUT);
	assert_non_null(strstr(err.text, "berty"));
	error_clear(&err);
	f.config.networks[0] = "wesh,berty";
	fleet_open(&f, 0);
	assert_string_equal(node_networks(f.nodes[0].node)->at[0]->name,
	    "berty");
	check_friends(&f, 2, 0, "wesh");
	/* What is not spoken rests, and wakes again. */
	fleet_close(&f, 0);
	f.config.networks[0] = "berty";
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 2, group_pk));
	fleet_send(&f, 2, group_pk, "are you there?");
	sim_run_for(f.sim, SOON_MS);
	assert_int_equal(fleet_count(&f, 0, group_pk), 2);
	fleet_close(&f, 0);
	f.config.networks[0] = "berty,wesh";
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 3, SOON_MS));
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_on_two_networks_has_contacts_on_each),
		cmocka_unit_test(who_asks_finds_the_network_too),
		cmocka_unit_test(two_that_guess_otherwise_meet),
		cmocka_unit_test(words_go_along_when_a_group_moves),
		cmocka_unit_test(who_joins_by_an_invitation_finds_the_network),
		cmocka_unit_test(
		    who_guessed_together_follow_the_one_who_knows),
		cmocka_unit_test(a_group_whose_network_is_known_stays),
		cmocka_unit_test(an_unknown_network_is_refused),
		cmocka_unit_test(a_contact_is_met_when_its_network_is_added),
		cmocka_unit_test(
		    the_networks_of_an_account_change_with_restarts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
