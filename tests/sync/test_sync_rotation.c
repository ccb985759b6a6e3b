/* Rotation values as days pass, and as clocks disagree. */
#include "sync/sync_fixture.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

static struct sync_stats
stats_of(struct node * node)
{
	struct sync_stats stats;

	sync_stats(node->sync, &stats);
	return (stats);
}

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(days_pass_without_losing_a_message),
	    cmocka_unit_test(clocks_a_day_apart_understand_each_other),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
