/* Nothing that is not on disk leaves the node. */
#include "sync/sync_fixture.h"

static uint64_t
heard(struct node * node)
{
	struct sync_stats stats;

	sync_stats(node->sync, &stats);
	return (stats.heads_received);
}

static void
meet(struct net * net)
{
	sim_assert(net->sim, sim_run_until(net->sim, all_met, net, 20000));
	sim_run_for(net->sim, 3000);
}

/* Power is cut, and the node comes back with what was synced. */
static void
cut_power(struct net * net, struct node * node)
{
	sim_crash(node->place.world, SIM_CRASH_NOTHING);
	node_stop(node);
	place_close(&node->place);
	sim_start(node->place.world);
	owner_free(&node->place.owner);
	place_open_store(&node->place);
	place_open_log(&node->place);
	node_start(net, node);
}

static void
heads_are_not_sent_before_their_sync_ends(void ** state)
{
	struct net net;
	uint64_t before;

	(void)state;
	net_new(&net, 21, 2, NETWORK_WESH);
	meet(&net);
	sim_disk_sync_ms(net.nodes[0].place.world, 500);
	before = heard(&net.nodes[1]);
	write_entry(&net.nodes[0], "slow");
	sim_run_for(net.sim, 490);
	sim_assert(net.sim, heard(&net.nodes[1]) == before);
	sim_assert(net.sim, joined(&net.nodes[1]) == 0);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 300));
	net_free(&net);
}

/* Whatever makes a message due: a peer that joins, the schedule, a reply. */
static void
a_peer_that_joins_sees_nothing_that_is_not_durable(void ** state)
{
	struct net net;

	(void)state;
	net_new(&net, 22, 2, NETWORK_WESH);
	write_entry(&net.nodes[0], "durable");
	sim_run_for(net.sim, 2000);
	sim_disk_sync_ms(net.nodes[0].place.world, 60000);
	(void)place_append(&net.nodes[0].place, "in flight");
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 30000);
	sim_assert(net.sim, joined(&net.nodes[0]) == 2);
	sim_assert(net.sim, joined(&net.nodes[1]) == 1);
	sim_disk_sync_ms(net.nodes[0].place.world, 2);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 120000));
	net_free(&net);
}

/* Every entry that the others hold is an entry that its writer holds. */
static void
what_a_power_cut_takes_nobody_has_seen(void ** state)
{
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 23, 2, NETWORK_WESH);
	for (i = 0; i < 12; i++) {
		char text[16];

		meet(&net);
		sim_disk_sync_ms(net.nodes[0].place.world, 100);
		(void)snprintf(text, sizeof(text), "%u", i);
		write_entry(&net.nodes[0], text);
		sim_run_for(net.sim, 25 * i);
		cut_power(&net, &net.nodes[0]);
		sim_assert(net.sim,
		    joined(&net.nodes[1]) <= joined(&net.nodes[0]));
		connect(&net.nodes[1], &net.nodes[0]);
		sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net,
		    60000));
	}
	/* Some were cut off, some were not. */
	sim_assert(net.sim, joined(&net.nodes[0]) > 2);
	sim_assert(net.sim, joined(&net.nodes[0]) < 12);
	net_free(&net);
}

static void
heads_of_a_failed_sync_are_never_sent(void ** state)
{
	struct node * node;
	struct net net;

	(void)state;
	net_new(&net, 24, 3, NETWORK_WESH);
	node = &net.nodes[0];
	node_stop(&net.nodes[2]);
	sim_run_for(net.sim, 20000);
	write_entry(node, "kept");
	sim_run_for(net.sim, 3000);
	sim_assert(net.sim, joined(&net.nodes[1]) == 1);
	sim_disk_fail_sync(node->place.world, 1);
	write_entry(node, "lost");
	sim_run_for(net.sim, 1000);
	sim_assert(net.sim, store_read_only(node->place.store));
	/* It goes on serving, who comes now as well. */
	sim_disconnect(net.nodes[1].place.world);
	node_start(&net, &net.nodes[2]);
	connect(&net.nodes[2], node);
	sim_run_for(net.sim, 60000);
	sim_assert(net.sim, joined(&net.nodes[1]) == 1);
	sim_assert(net.sim, joined(&net.nodes[2]) == 1);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads_are_not_sent_before_their_sync_ends),
	    cmocka_unit_test(
	        a_peer_that_joins_sees_nothing_that_is_not_durable),
	    cmocka_unit_test(what_a_power_cut_takes_nobody_has_seen),
	    cmocka_unit_test(heads_of_a_failed_sync_are_never_sent),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
