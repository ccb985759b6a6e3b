/* Logs of several nodes on a simulated network. */
#include "sync/sync_fixture.h"

static void
what_is_written_reaches_all_that_are_connected(void ** state)
{
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 1, 3, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 3000);
	for (i = 0; i < 10; i++) {
		write_entry(&net.nodes[i % 3], "live");
		sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net,
		    2000));
	}
	/* Commits under way end. */
	sim_run_for(net.sim, 100);
	check_equal(&net, 10);
	sim_assert(net.sim, net.nodes[0].arrivals == 9 ||
	    net.nodes[0].arrivals == 10);
	net_free(&net);
}

static void
who_was_away_catches_up_a_thousand(void ** state)
{
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 2, 2, NETWORK_WESH);
	node_stop(&net.nodes[1]);
	for (i = 0; i < 1000; i++)
		write_entry(&net.nodes[0], "while away");
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 60000));
	sim_run_for(net.sim, 100);
	check_equal(&net, 1000);
	sim_assert(net.sim, net.nodes[1].arrivals == 1000);
	net_free(&net);
}

static void
a_fetch_that_was_interrupted_goes_on_after_a_restart(void ** state)
{
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 3, 2, NETWORK_WESH);
	node_stop(&net.nodes[1]);
	for (i = 0; i < 600; i++)
		write_entry(&net.nodes[0], "x");
	for (i = 0; i < 4; i++) {
		node_start(&net, &net.nodes[1]);
		connect(&net.nodes[1], &net.nodes[0]);
		sim_run_for(net.sim, 150 + 60 * i);
		node_stop(&net.nodes[1]);
		place_reopen(&net.nodes[1].place);
	}
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 60000));
	check_equal(&net, 600);
	net_free(&net);
}

/* Nobody is told of the entry: only the schedule can repair it. */
static void
a_lost_announcement_is_repaired_by_the_schedule(void ** state)
{
	struct net net;

	(void)state;
	net_new(&net, 4, 2, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 2000);
	(void)place_append(&net.nodes[0].place, "not announced");
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 300000));
	check_equal(&net, 1);
	net_free(&net);
}

static void
what_was_written_alone_is_announced_when_a_peer_comes(void ** state)
{
	struct net net;

	(void)state;
	net_new(&net, 5, 2, NETWORK_WESH);
	node_stop(&net.nodes[1]);
	sim_run_for(net.sim, 1000);
	write_entry(&net.nodes[0], "alone");
	sim_run_for(net.sim, 1000);
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 20000));
	check_equal(&net, 1);
	net_free(&net);
}

static void
islands_that_wrote_apart_end_equal(void ** state)
{
	struct net net;
	struct world * island[2];
	unsigned i;

	(void)state;
	net_new(&net, 6, 5, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 30000));
	sim_run_for(net.sim, 3000);
	island[0] = net.nodes[0].place.world;
	island[1] = net.nodes[1].place.world;
	sim_partition(net.sim, island, 2);
	for (i = 0; i < 20; i++) {
		write_entry(&net.nodes[i % 5], "apart");
		sim_run_for(net.sim, 500);
	}
	sim_run_for(net.sim, 60000);
	sim_assert(net.sim, !all_equal(&net));
	sim_heal(net.sim);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 600000));
	check_equal(&net, 20);
	write_entry(&net.nodes[4], "merge");
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 60000));
	sim_assert(net.sim, log_heads_count(net.nodes[0].place.log) == 1);
	net_free(&net);
}

static void
bad_links_only_delay(void ** state)
{
	struct sim_link link = {.latency_ms = 50, .jitter_ms = 80,
	    .loss = 20000, .reset = 2000, .corrupt = 500, .duplicate = 500};
	struct sim_link good = {.latency_ms = 10};
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 7, 3, NETWORK_WESH);
	sim_links(net.sim, &link);
	for (i = 0; i < 60; i++) {
		write_entry(&net.nodes[i % 3], "through noise");
		sim_run_for(net.sim, 1000);
	}
	sim_links(net.sim, &good);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 900000));
	check_equal(&net, 60);
	net_free(&net);
}

/* Of the oldest network a peer reads 2,048 bytes: heads go one by one, and
 * what does not fit is published. */
static void
heads_fit_the_direct_channel_of_the_oldest_network(void ** state)
{
	char big[1500];
	struct net net;
	unsigned i;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	net_new(&net, 8, 2, NETWORK_BERTY_V1);
	node_stop(&net.nodes[1]);
	/* Five heads, written by five who never met. */
	for (i = 0; i < 5; i++) {
		struct place other;
		struct cid cid;
		char text[8];

		place_new(&other, net.sim, 'g');
		(void)snprintf(text, sizeof(text), "%u", i);
		cid = place_append(&other, i == 4 ? big : text);
		place_receive(&net.nodes[0].place, &other, &cid);
		place_free(&other);
	}
	assert_int_equal(log_heads_count(net.nodes[0].place.log), 5);
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 300000));
	check_equal(&net, 5);
	net_free(&net);
}

static int
count_cid(void * user, const struct cid * cid)
{
	(void)cid;
	(*(unsigned *)user)++;
	return (0);
}

/* An entry with a parent that nobody has waits, and holds up nobody else. */
static void
what_nobody_has_holds_up_nothing(void ** state)
{
	struct buffer block = {0};
	struct cid nowhere, orphan;
	struct place * p;
	unsigned missing = 0;
	struct net net;

	(void)state;
	net_new(&net, 10, 2, NETWORK_WESH);
	p = &net.nodes[1].place;
	cid_of(&nowhere, CID_DAG_CBOR, slice_text("nowhere"));
	assert_int_equal(entry_make(&block, &orphan, &p->identity,
	    buffer_all(&p->address), 5, &nowhere, 1, NULL, 0,
	    slice_text("{\"op\":\"ADD\"}")), 0);
	node_stop(&net.nodes[1]);
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(log_receive(p->log, &orphan, buffer_all(&block)), 0);
	assert_int_equal(log_settle(p->log, 1), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	write_entry(&net.nodes[0], "x");
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 60000));
	check_equal(&net, 1);
	assert_int_equal(log_missing(p->log, count_cid, &missing), 0);
	assert_int_equal(missing, 1);
	buffer_free(&block);
	net_free(&net);
}

/* What a failing disk undoes is gone from memory too; the rest is served. */
static void
a_read_only_store_takes_nothing_and_serves_on(void ** state)
{
	struct net net;

	(void)state;
	net_new(&net, 11, 2, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 2000);
	write_entry(&net.nodes[1], "kept");
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 20000));
	sim_run_for(net.sim, 1000);
	sim_disk_fail_sync(net.nodes[1].place.world, 1);
	write_entry(&net.nodes[0], "refused");
	sim_run_for(net.sim, 60000);
	sim_assert(net.sim, store_read_only(net.nodes[1].place.store));
	sim_assert(net.sim, joined(&net.nodes[0]) == 2);
	net_free(&net);
}

static void
equal_peers_fall_silent(void ** state)
{
	struct sync_stats before, after;
	struct net net;

	(void)state;
	net_new(&net, 9, 2, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	write_entry(&net.nodes[0], "x");
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 60000));
	sim_run_for(net.sim, 3600000);
	sync_stats(net.nodes[0].sync, &before);
	sim_run_for(net.sim, 3600000);
	sync_stats(net.nodes[0].sync, &after);
	/* At most each ten minutes, by both. */
	sim_assert(net.sim, after.heads_sent - before.heads_sent <= 7);
	sim_assert(net.sim, after.fetching == 0);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_reaches_all_that_are_connected),
	    cmocka_unit_test(who_was_away_catches_up_a_thousand),
	    cmocka_unit_test(
	        a_fetch_that_was_interrupted_goes_on_after_a_restart),
	    cmocka_unit_test(a_lost_announcement_is_repaired_by_the_schedule),
	    cmocka_unit_test(
	        what_was_written_alone_is_announced_when_a_peer_comes),
	    cmocka_unit_test(islands_that_wrote_apart_end_equal),
	    cmocka_unit_test(bad_links_only_delay),
	    cmocka_unit_test(
	        heads_fit_the_direct_channel_of_the_oldest_network),
	    cmocka_unit_test(what_nobody_has_holds_up_nothing),
	    cmocka_unit_test(a_read_only_store_takes_nothing_and_serves_on),
	    cmocka_unit_test(equal_peers_fall_silent),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
