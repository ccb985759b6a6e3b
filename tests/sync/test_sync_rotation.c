/* Rotation values as days pass, and as clocks disagree. */
#include "sync/liar_fixture.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

/* The next write reaches all, and nobody refused a message. */
static void
check_exchange(struct net * net, const char * text)
{
	size_t i;

	write_entry(&net->nodes[0], text);
	sim_assert(net->sim, sim_run_until(net->sim, all_equal, net, 60000));
	write_entry(&net->nodes[1], text);
	sim_assert(net->sim, sim_run_until(net->sim, all_equal, net, 60000));
	for (i = 0; i < net->n; i++)
		sim_assert(net->sim,
		    stats_of(&net->nodes[i]).heads_refused == 0);
}

/* They part and meet again, so that heads go by the direct channel too. */
static void
meet_again(struct net * net)
{
	sim_disconnect(net->nodes[1].place.world);
	sim_run_for(net->sim, 30000);
	sim_assert(net->sim, sim_run_until(net->sim, all_met, net, 120000));
}

static void
days_pass_without_losing_a_message(void ** state)
{
	struct net net;
	unsigned day;
	size_t i;

	(void)state;
	net_new(&net, 51, 2, NETWORK_BERTY);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	for (day = 0; day < 4; day++) {
		check_exchange(&net, "a day");
		for (i = 0; i < net.n; i++)
			sim_wall_jump(net.nodes[i].place.world, DAY_MS);
		meet_again(&net);
	}
	check_equal(&net, 8);
	net_free(&net);
}

/* One is past midnight, the other is not. */
static void
clocks_a_day_apart_understand_each_other(void ** state)
{
	static const int64_t skews[] = {DAY_MS, -DAY_MS};
	struct net net;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		net_new(&net, 52 + i, 2, NETWORK_BERTY);
		sim_wall_jump(net.nodes[1].place.world, skews[i]);
		sim_assert(net.sim, sim_run_until(net.sim, all_met, &net,
		    20000));
		meet_again(&net);
		check_exchange(&net, "skewed");
		net_free(&net);
	}
}

/* Which of the last days is the value in a message of? */
static int
days_back(struct net * net, struct slice message)
{
	const struct node * node = &net->nodes[0];
	uint8_t link[32] = {9}, sent[32], value[32];
	uint64_t now = (uint64_t)(world_wall(node->place.world) / 1000000000);
	int i;

	sim_assert(net->sim, heads_rotation(sent, message) == 0);
	for (i = 0; i < 60; i++) {
		rotation_point(value, buffer_all(&node->place.address),
		    slice_of(link, 32), network_period(now -
		        (uint64_t)i * net->network->rotation_s,
		        net->network->rotation_s));
		if (memcmp(value, sent, 32) == 0)
			return (i);
	}
	return (-1);
}

/* The liar speaks with the value of so many days ago, and listens. */
static void
speak_with(struct net * net, struct liar * liar, unsigned days)
{
	struct node * node = &net->nodes[0];
	struct claim claim = {.json = slice_text("[]")};
	uint64_t now = (uint64_t)(world_wall(node->place.world) / 1000000000);

	claim.period = network_period(now -
	    (uint64_t)days * net->network->rotation_s,
	    net->network->rotation_s);
	assert_int_equal(tell(liar, node, &claim), 0);
	sim_run_for(net->sim, 500);
	buffer_clear(&liar->told);
	buffer_clear(&liar->published);
	write_entry(node, "published");
	/* Longer than between equal replies, then asked for a reply. */
	sim_run_for(net->sim, 15000);
	assert_int_equal(tell(liar, node, &claim), 0);
	sim_run_for(net->sim, 1000);
	assert_true(liar->told.n > 0 && liar->published.n > 0);
}

static void
an_old_value_is_adopted_and_one_too_old_is_not(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	net_new(&net, 54, 1, NETWORK_BERTY);
	sim_wall_jump(net.nodes[0].place.world, 100 * DAY_MS);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 10000);
	write_entry(&net.nodes[0], "first");
	sim_run_for(net.sim, 10000);
	assert_int_equal(days_back(&net, buffer_all(&liar.told)), 0);
	speak_with(&net, &liar, 31);
	assert_int_equal(days_back(&net, buffer_all(&liar.told)), 0);
	assert_int_equal(days_back(&net, buffer_all(&liar.published)), 0);
	speak_with(&net, &liar, 30);
	assert_int_equal(days_back(&net, buffer_all(&liar.told)), 30);
	assert_int_equal(days_back(&net, buffer_all(&liar.published)), 30);
	speak_with(&net, &liar, 5);
	assert_int_equal(days_back(&net, buffer_all(&liar.told)), 5);
	assert_int_equal(days_back(&net, buffer_all(&liar.published)), 5);
	liar_stop(&liar);
	net_free(&net);
}

/* Two that stay with the days on which they opened: each is spoken to in its
 * own way, whatever was heard last. */
static void
peers_that_stay_with_different_days_are_both_told(void ** state)
{
	struct liar old = {0}, older = {0};
	struct claim claim = {.json = slice_text("[]")};
	struct net net;
	uint64_t day, now;

	(void)state;
	net_new(&net, 55, 1, NETWORK_BERTY_V1);
	day = net.network->rotation_s;
	sim_wall_jump(net.nodes[0].place.world, 100 * DAY_MS);
	liar_start_as(&old, &net, 98);
	liar_start_as(&older, &net, 97);
	sim_run_for(net.sim, 10000);
	now = (uint64_t)(world_wall(net.nodes[0].place.world) / 1000000000);
	claim.period = network_period(now - 3 * day, day);
	assert_int_equal(tell(&old, &net.nodes[0], &claim), 0);
	claim.period = network_period(now - 20 * day, day);
	assert_int_equal(tell(&older, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 15000);
	buffer_clear(&old.told);
	buffer_clear(&older.told);
	write_entry(&net.nodes[0], "to both");
	sim_run_for(net.sim, 2000);
	assert_int_equal(days_back(&net, buffer_all(&older.published)), 20);
	assert_true(old.told.n > 0);
	assert_int_equal(days_back(&net, buffer_all(&old.told)), 3);
	/* Days go by, they stay where they are. */
	sim_wall_jump(net.nodes[0].place.world, 2 * DAY_MS);
	sim_run_for(net.sim, 120000);
	buffer_clear(&old.told);
	write_entry(&net.nodes[0], "and again");
	sim_run_for(net.sim, 2000);
	assert_int_equal(days_back(&net, buffer_all(&older.published)), 22);
	assert_int_equal(days_back(&net, buffer_all(&old.told)), 5);
	liar_stop(&old);
	liar_stop(&older);
	net_free(&net);
}

/* A value that was good, and is of a day too long past now. */
static void
a_value_is_given_up_when_its_day_is_too_long_past(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	net_new(&net, 56, 1, NETWORK_BERTY_V1);
	sim_wall_jump(net.nodes[0].place.world, 100 * DAY_MS);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 10000);
	speak_with(&net, &liar, 29);
	assert_int_equal(days_back(&net, buffer_all(&liar.published)), 29);
	sim_wall_jump(net.nodes[0].place.world, 2 * DAY_MS);
	sim_run_for(net.sim, 120000);
	write_entry(&net.nodes[0], "today");
	sim_run_for(net.sim, 2000);
	assert_int_equal(days_back(&net, buffer_all(&liar.published)), 0);
	liar_stop(&liar);
	net_free(&net);
}

/* Go tells its heads once, maybe before it says that it follows the topic. */
static void
an_old_value_that_comes_before_its_sender_is_known_is_kept(void ** state)
{
	struct claim claim = {0};
	struct buffer json = {0};
	struct liar liar = {0};
	struct place other;
	struct net net;
	uint64_t day, now;
	struct cid cid;

	(void)state;
	net_new(&net, 57, 1, NETWORK_BERTY_V1);
	day = net.network->rotation_s;
	sim_wall_jump(net.nodes[0].place.world, 100 * DAY_MS);
	place_new(&other, net.sim, 'g');
	cid = place_append(&other, "said once");
	append_stored_head(&json, &other, &cid);
	liar_start(&liar, &net);
	liar_leave(&liar, &net.nodes[0]);
	sim_run_for(net.sim, 5000);
	assert_int_equal(net.nodes[0].peers, 0);
	now = (uint64_t)(world_wall(net.nodes[0].place.world) / 1000000000);
	claim.period = network_period(now - 9 * day, day);
	claim.json = buffer_all(&json);
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 2000);
	assert_int_equal(joined(&net.nodes[0]), 0);
	assert_int_equal(stats_of(&net.nodes[0]).heads_refused, 0);
	liar_join(&liar, &net.nodes[0]);
	sim_run_for(net.sim, 2000);
	assert_int_equal(joined(&net.nodes[0]), 1);
	/* Of one that never comes it is dropped. */
	liar_leave(&liar, &net.nodes[0]);
	sim_run_for(net.sim, 2000);
	claim.json = slice_text("[]");
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 100000);
	assert_int_equal(stats_of(&net.nodes[0]).heads_refused, 1);
	liar_stop(&liar);
	place_free(&other);
	buffer_free(&json);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(days_pass_without_losing_a_message),
	    cmocka_unit_test(clocks_a_day_apart_understand_each_other),
	    cmocka_unit_test(an_old_value_is_adopted_and_one_too_old_is_not),
	    cmocka_unit_test(
	        peers_that_stay_with_different_days_are_both_told),
	    cmocka_unit_test(
	        a_value_is_given_up_when_its_day_is_too_long_past),
	    cmocka_unit_test(
	        an_old_value_that_comes_before_its_sender_is_known_is_kept),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
