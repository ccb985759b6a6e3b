/* A node whose store takes nothing more, and one whose owner takes not all. */
#include "sync/sync_fixture.h"
#include "sync/sync_impl.h"

/* The disk of a node fails, with so many entries on it. */
static void
fail_disk(struct net * net, struct node * node, unsigned entries)
{
	unsigned i;

	for (i = 0; i < entries; i++)
		write_entry(node, "kept");
	sim_run_for(net->sim, 3000);
	sim_disk_fail_sync(node->place.world, 1);
	write_entry(node, "lost");
	sim_run_for(net->sim, 1000);
	sim_assert(net->sim, store_read_only(node->place.store));
}

static bool
has_hundred(void * user)
{
	return (joined(user) == 100);
}

static void
a_read_only_store_serves_a_catch_up_of_a_hundred(void ** state)
{
	struct net net;

	(void)state;
	net_new(&net, 61, 3, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	node_stop(&net.nodes[2]);
	fail_disk(&net, &net.nodes[0], 100);
	/* Nobody else is there to ask. */
	node_stop(&net.nodes[1]);
	sim_assert(net.sim, joined(&net.nodes[2]) == 0);
	node_start(&net, &net.nodes[2]);
	connect(&net.nodes[2], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, has_hundred, &net.nodes[2],
	    60000));
	net_free(&net);
}

static void
a_read_only_node_collects_nothing(void ** state)
{
	struct sync_stats before, after;
	struct node * node;
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 62, 2, NETWORK_WESH);
	node = &net.nodes[0];
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	fail_disk(&net, node, 1);
	sync_stats(node->sync, &before);
	for (i = 0; i < 20; i++) {
		write_entry(&net.nodes[1], "more");
		sim_run_for(net.sim, 5000);
		sync_stats(node->sync, &after);
		sim_assert(net.sim, after.fetching == 0);
		sim_assert(net.sim, node->sync->unverified.used == 0);
	}
	sim_assert(net.sim, after.heads_received > before.heads_received);
	sim_assert(net.sim, after.entries_received == before.entries_received);
	net_free(&net);
}

/* What it had before its disk failed is let go, too. */
static void
what_came_before_the_disk_failed_is_dropped(void ** state)
{
	struct node * node;
	struct net net;

	(void)state;
	net_new(&net, 63, 2, NETWORK_WESH);
	node = &net.nodes[0];
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 2000);
	node->log->paused_until = UINT64_MAX;
	write_entry(&net.nodes[1], "held");
	sim_run_for(net.sim, 3000);
	sim_assert(net.sim, node->sync->unverified.used > 0);
	fail_disk(&net, node, 0);
	sim_assert(net.sim, node->sync->unverified.used == 0);
	sim_assert(net.sim, node->sync->items.n == 0);
	net_free(&net);
}

static void
an_entry_that_is_always_refused_lets_the_others_pass(void ** state)
{
	struct sync_stats stats;
	struct log_status status;
	struct place other;
	struct node * node;
	struct cid fine;
	char bad[32];
	struct net net;

	(void)state;
	net_new(&net, 64, 2, NETWORK_WESH);
	node = &net.nodes[1];
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 2000);
	(void)snprintf(bad, sizeof(bad), "bad by %02x",
	    net.nodes[0].key.pub[0]);
	node->place.owner.refuses = bad;
	place_new(&other, net.sim, 'g');
	fine = place_append(&other, "fine");
	place_receive(&net.nodes[0].place, &other, &fine);
	place_free(&other);
	place_new(&other, net.sim, 'g');
	fine = place_append(&other, bad);
	place_receive(&net.nodes[0].place, &other, &fine);
	place_free(&other);
	sync_announce(net.nodes[0].log);
	sim_run_for(net.sim, 30000);
	sim_assert(net.sim, joined(node) == 0);
	sim_run_for(net.sim, 200000);
	sim_assert(net.sim, joined(node) == 1);
	log_status(node->place.log, &status);
	sim_assert(net.sim, status.denied == 1 && status.waiting == 1);
	sync_stats(node->sync, &stats);
	sim_assert(net.sim, stats.fetching == 0);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_read_only_store_serves_a_catch_up_of_a_hundred),
	    cmocka_unit_test(a_read_only_node_collects_nothing),
	    cmocka_unit_test(what_came_before_the_disk_failed_is_dropped),
	    cmocka_unit_test(
	        an_entry_that_is_always_refused_lets_the_others_pass),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
