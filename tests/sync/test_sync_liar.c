/* A peer that lies costs bounded work, and holds up nobody else. */
#include "sync/liar_fixture.h"

static uint64_t
refused_by(struct node * node)
{
	struct sync_stats stats;

	sync_stats(node->sync, &stats);
	return (stats.heads_refused);
}

static void
a_message_for_another_log_or_by_another_peer_is_refused(void ** state)
{
	struct peer_id own, other;
	struct claim claim = {.json = slice_text("[]")};
	struct liar liar = {0};
	struct net net;
	uint64_t before;

	(void)state;
	net_new(&net, 41, 1, NETWORK_WESH);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 3000);
	peer_id_from_ed25519(&own, liar.key.pub);
	peer_id_from_ed25519(&other, net.nodes[0].key.pub);
	before = refused_by(&net.nodes[0]);
	claim.peer = &own;
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before);
	claim.peer = &other;
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before + 1);
	claim.peer = &own;
	claim.address = slice_text("/orbitdb/another");
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before + 2);
	liar_stop(&liar);
	net_free(&net);
}

static void
lies_cost_bounded_work_and_hold_up_nobody(void ** state)
{
	struct sync_stats stats, later;
	struct liar liar = {0};
	struct buffer json = {0};
	struct claim claim = {0};
	struct node * node;
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 42, 2, NETWORK_WESH);
	node = &net.nodes[0];
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	for (i = 0; i < 40; i++)
		append_lie(&json, &node->place, i, i % 2 == 0);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	for (i = 0; i < 20; i++) {
		assert_int_equal(tell(&liar, node, &claim), 0);
		write_entry(&net.nodes[1], "honest");
		sim_run_for(net.sim, 1000);
	}
	sim_assert(net.sim, joined(node) == 20);
	sync_stats(node->sync, &stats);
	/* Each forged one was checked once, however often it came. */
	sim_assert(net.sim, stats.entries_refused == 20);
	sim_run_for(net.sim, 600000);
	sync_stats(node->sync, &later);
	sim_assert(net.sim, later.entries_received - stats.entries_received
	    <= 40);
	sim_assert(net.sim, later.fetching <= 20 + 20);
	buffer_free(&json);
	liar_stop(&liar);
	net_free(&net);
}

/* The box of a published message names its author, whoever hands it over. */
static void
a_published_message_in_the_name_of_another_is_refused(void ** state)
{
	struct claim claim = {.json = slice_text("[]")};
	struct peer_id own, other;
	struct liar liar = {0};
	uint64_t before;
	struct net net;

	(void)state;
	net_new(&net, 44, 1, NETWORK_WESH);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	peer_id_from_ed25519(&own, liar.key.pub);
	peer_id_from_ed25519(&other, net.nodes[0].key.pub);
	before = refused_by(&net.nodes[0]);
	claim.peer = &own;
	assert_int_equal(publish(&liar, &net.nodes[0], &claim), 1);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before);
	claim.peer = &other;
	assert_int_equal(publish(&liar, &net.nodes[0], &claim), 1);
	sim_run_for(net.sim, 500);
	sim_assert(net.sim, refused_by(&net.nodes[0]) == before + 1);
	liar_stop(&liar);
	net_free(&net);
}

static void
published_lies_cost_bounded_work_and_hold_up_nobody(void ** state)
{
	struct liar liar = {0};
	struct buffer json = {0};
	struct claim claim = {0};
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 45, 2, NETWORK_WESH);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	for (i = 0; i < 40; i++)
		append_lie(&json, &net.nodes[0].place, i, i % 2 == 0);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	for (i = 0; i < 20; i++) {
		assert_true(publish(&liar, &net.nodes[0], &claim) > 0);
		write_entry(&net.nodes[1], "honest");
		sim_run_for(net.sim, 1000);
	}
	sim_run_for(net.sim, 60000);
	for (i = 0; i < 2; i++) {
		sim_assert(net.sim, joined(&net.nodes[i]) == 20);
		sim_assert(net.sim,
		    stats_of(&net.nodes[i]).entries_refused == 20);
		sim_assert(net.sim, stats_of(&net.nodes[i]).fetching <= 40);
	}
	buffer_free(&json);
	liar_stop(&liar);
	net_free(&net);
}

/* Well made and signed by the group, but for its other log. */
static void
entries_of_another_log_are_refused(void ** state)
{
	struct liar liar = {0};
	struct buffer json = {0};
	struct claim claim = {0};
	struct log_status status;
	struct place other;
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 46, 2, NETWORK_WESH);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	other = net.nodes[0].place;
	other.address = (struct buffer){0};
	log_address(&other.address, other.identity.pub, other.identity.pub,
	    "wesh_group_messages", NULL, NULL, NULL, NULL);
	for (i = 0; i < 10; i++)
		append_lie(&json, &other, i, false);
	buffer_byte(&json, ']');
	claim.json = buffer_all(&json);
	assert_int_equal(tell(&liar, &net.nodes[0], &claim), 0);
	assert_true(publish(&liar, &net.nodes[0], &claim) > 0);
	write_entry(&net.nodes[1], "honest");
	sim_run_for(net.sim, 10000);
	for (i = 0; i < 2; i++) {
		log_status(net.nodes[i].place.log, &status);
		sim_assert(net.sim, status.joined == 1 && status.waiting == 0);
		sim_assert(net.sim,
		    stats_of(&net.nodes[i]).entries_refused == 10);
	}
	buffer_free(&other.address);
	buffer_free(&json);
	liar_stop(&liar);
	net_free(&net);
}

/* A transaction that failed is tried again, not at once and not for ever. */
static void
entries_of_a_failed_transaction_come_again_after_a_pause(void ** state)
{
	struct net net;
	unsigned tries;

	(void)state;
	net_new(&net, 43, 2, NETWORK_WESH);
	sim_assert(net.sim, sim_run_until(net.sim, all_met, &net, 20000));
	sim_run_for(net.sim, 2000);
	net.nodes[1].place.owner.fail_at = 1;
	write_entry(&net.nodes[0], "x");
	sim_run_for(net.sim, 20000);
	tries = net.nodes[1].place.owner.joined;
	sim_assert(net.sim, tries == 1);
	sim_assert(net.sim, joined(&net.nodes[1]) == 0);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 100000));
	sim_assert(net.sim, net.nodes[1].place.owner.joined == 2);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_message_for_another_log_or_by_another_peer_is_refused),
	    cmocka_unit_test(lies_cost_bounded_work_and_hold_up_nobody),
	    cmocka_unit_test(
	        a_published_message_in_the_name_of_another_is_refused),
	    cmocka_unit_test(
	        published_lies_cost_bounded_work_and_hold_up_nobody),
	    cmocka_unit_test(entries_of_another_log_are_refused),
	    cmocka_unit_test(
	        entries_of_a_failed_transaction_come_again_after_a_pause),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
