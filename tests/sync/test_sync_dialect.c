/* What the networks do differently when logs are kept in step. */
#include "sync/liar_fixture.h"

/* What the node tells one who joins. */
static void
told_on(enum network_id network, struct heads * h)
{
	struct liar liar = {0};
	uint8_t link[32] = {9};
	struct net net;

	net_new(&net, 81, 1, network);
	write_entry(&net.nodes[0], "first");
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	assert_true(liar.told.n > 0);
	assert_int_equal(heads_open(h, buffer_all(&liar.told), link), 0);
	liar_stop(&liar);
	net_free(&net);
}

static void
heads_name_their_sender_but_in_2022(void ** state)
{
	struct heads h;

	(void)state;
	told_on(NETWORK_WESH, &h);
	assert_int_equal(h.device_pk.n, 32);
	assert_true(h.peer.n > 0);
	heads_free(&h);
	told_on(NETWORK_BERTY, &h);
	assert_int_equal(h.device_pk.n, 32);
	heads_free(&h);
	told_on(NETWORK_BERTY_V1, &h);
	assert_int_equal(h.device_pk.n, 0);
	assert_int_equal(h.peer.n, 0);
	heads_free(&h);
}

/* A head whose message is longer than what the direct channel of 2022 reads. */
static void
write_big(struct node * node, char letter)
{
	char text[3000];

	memset(text, letter, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)place_append(&node->place, text);
	sync_announce(node->log);
}

static void
a_big_head_is_published_again_when_a_peer_of_2022_joins(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	net_new(&net, 82, 1, NETWORK_BERTY_V1);
	write_big(&net.nodes[0], 'x');
	sim_run_for(net.sim, 5000);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	assert_true(liar.longest > 2048);
	assert_true(liar.longest_told <= 2048);
	/* It leaves and comes again: published again. */
	liar_leave(&liar, &net.nodes[0]);
	sim_run_for(net.sim, 70000);
	liar.n_published = 0;
	liar_join(&liar, &net.nodes[0]);
	sim_run_for(net.sim, 5000);
	assert_true(liar.n_published > 0);
	liar_stop(&liar);
	net_free(&net);
}

/* Elsewhere it is told as any other. */
static void
a_big_head_is_told_to_peers_of_today(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	net_new(&net, 83, 1, NETWORK_BERTY);
	write_big(&net.nodes[0], 'x');
	sim_run_for(net.sim, 5000);
	liar_start(&liar, &net);
	sim_run_for(net.sim, 5000);
	assert_true(liar.longest_told > 2048);
	liar_stop(&liar);
	net_free(&net);
}

static void
serve_nothing(void * user, struct stream * s, const char * protocol)
{
	(void)user;
	(void)protocol;
	stream_reset(s);
}

/* A group of `berty` has the topics of `berty-v1`: its protocols tell. */
static void
the_protocols_of_a_peer_tell_what_it_reads(void ** state)
{
	struct liar liar = {0};
	struct net net;

	(void)state;
	net_new(&net, 84, 1, NETWORK_BERTY);
	write_big(&net.nodes[0], 'x');
	sim_run_for(net.sim, 5000);
	liar_start(&liar, &net);
	assert_int_equal(host_serve(liar.host, "berty/p2p/localrecord",
	    serve_nothing, NULL), 0);
	sim_run_for(net.sim, 5000);
	assert_true(liar.longest_told <= 2048);
	assert_true(liar.longest > 2048);
	liar_stop(&liar);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads_name_their_sender_but_in_2022),
	    cmocka_unit_test(
	        a_big_head_is_published_again_when_a_peer_of_2022_joins),
	    cmocka_unit_test(a_big_head_is_told_to_peers_of_today),
	    cmocka_unit_test(the_protocols_of_a_peer_tell_what_it_reads),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
