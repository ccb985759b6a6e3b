/* Routers of ours and a peer that is none. */
#include "p2p/gossipsub_fixture.h"

static void
a_floodsub_peer_gets_messages_without_a_mesh(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/floodsub/1.0.0");
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	run(net, 3000);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 1000);
	assert_int_equal(r.messages, 1);
	assert_int_equal(r.grafts, 0);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static bool
knows(struct net * net, const char * prefix, unsigned number)
{
	struct peer_id peer;
	char topic[64];
	size_t at = 0;

	(void)snprintf(topic, sizeof(topic), "%s-%u", prefix, number);
	return (gossipsub_each_peer(net->routers[0].g, topic, &at, &peer));
}

static void
subscribe_many(struct buffer * rpc, const char * prefix, unsigned from,
    unsigned to)
{
	char topic[64];

	for (; from < to; from++) {
		(void)snprintf(topic, sizeof(topic), "%s-%u", prefix, from);
		gossipsub_message_subscription(rpc, true, slice_text(topic));
	}
}

static void
so_many_subscriptions_of_an_rpc_and_a_peer_are_held(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	unsigned i;
	struct raw r;

	(void)state;
	raw_start(net, &r, "/meshsub/1.1.0");
	subscribe_many(&rpc, "a", 0, 257);
	raw_send(net, &r, &rpc);
	assert_true(knows(net, "a", 255));
	assert_false(knows(net, "a", 256));
	for (i = 1; i < 4; i++) {
		subscribe_many(&rpc, "a", i * 256, i * 256 + 256);
		raw_send(net, &r, &rpc);
	}
	assert_true(knows(net, "a", 1023));
	subscribe_many(&rpc, "b", 0, 1);
	raw_send(net, &r, &rpc);
	assert_false(knows(net, "b", 0));
	/* One less is one more. */
	gossipsub_message_subscription(&rpc, false, slice_text("a-7"));
	subscribe_many(&rpc, "b", 0, 1);
	raw_send(net, &r, &rpc);
	assert_true(knows(net, "b", 0));
	sim_disconnect(net->swarm.nodes[1].w);
	run(net, 1000);
	assert_true(list_empty(&net->routers[0].g->topics));
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static void
a_topic_of_ours_is_heard_of_however_many_there_are(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	subscribe_many(&rpc, "a", 0, 300);
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	assert_int_equal(net->routers[0].joined, 1);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

/* A message by the swarm's node, in an RPC. */
static void
make_message(struct net * net, struct buffer * rpc, size_t author,
    uint64_t seqno, const char * text)
{
	struct swarm_node * node = &net->swarm.nodes[author];
	struct buffer message = {0};
	struct gossipsub_id id;

	gossipsub_message_sign(&message, &id, &node->key, &node->id, seqno,
	    TOPIC, slice_text(text));
	gossipsub_message_publish(rpc, buffer_all(&message));
	buffer_free(&message);
}

static void
a_forged_message_is_refused_and_does_not_hide_the_true_one(void ** state)
{
	struct net * net = net_start(2, 1);
	struct gossipsub_stats stats;
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	make_message(net, &rpc, 1, 5, "1");
	rpc.p[rpc.n - 1] ^= 1;
	raw_send(net, &r, &rpc);
	gossipsub_stats(net->routers[0].g, &stats);
	assert_int_equal(net->routers[0].got[1], 0);
	assert_int_equal(stats.rejected, 1);
	make_message(net, &rpc, 1, 5, "1");
	raw_send(net, &r, &rpc);
	assert_int_equal(net->routers[0].got[1], 1);
	make_message(net, &rpc, 1, 5, "1");
	raw_send(net, &r, &rpc);
	gossipsub_stats(net->routers[0].g, &stats);
	assert_int_equal(net->routers[0].got[1], 1);
	assert_int_equal(stats.duplicates, 1);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static void
an_rpc_that_is_too_long_resets_the_stream(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer head = {0};
	struct raw r;

	(void)state;
	raw_start(net, &r, "/meshsub/1.1.0");
	buffer_uvarint(&head, (1 << 20) + 1);
	assert_int_equal(stream_write(r.out, buffer_all(&head)), 0);
	run(net, 1000);
	assert_true(r.closed);
	buffer_free(&head);
	raw_stop(net, &r);
}

/* To how many. */
static int
publish_64_kib(struct net * net)
{
	static const uint8_t data[64 << 10];

	return (gossipsub_publish(net->routers[0].g, TOPIC,
	    slice_of(data, sizeof(data))));
}

static void
a_peer_that_does_not_read_is_reset_when_4_mib_wait(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	struct gossip_peer * p;
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	stream_pause(r.in, true);
	p = map_get(&net->routers[0].g->peer_map,
	    peer_id_slice(&net->swarm.nodes[1].id));
	while (p->out.outbox.bytes + (64 << 10) + 1024 < PEER_QUEUE) {
		assert_int_equal(publish_64_kib(net), 1);
		run(net, 10);
	}
	run(net, 3000);
	assert_non_null(r.in);
	assert_true(p->out.outbox.bytes > PEER_QUEUE - (66 << 10));
	assert_int_equal(publish_64_kib(net), 0);
	run(net, 200);
	assert_null(r.in);
	assert_int_equal(p->out.outbox.bytes, 0);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static void
a_graft_during_back_off_is_answered_by_a_prune(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	run(net, 2000);
	assert_int_equal(r.grafts, 1);
	assert_int_equal(mesh_size(net, 0), 1);
	gossipsub_message_prune(&rpc, slice_text(TOPIC), NULL, 0, 20);
	raw_send(net, &r, &rpc);
	assert_int_equal(mesh_size(net, 0), 0);
	gossipsub_message_graft(&rpc, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	assert_int_equal(r.prunes, 1);
	assert_int_equal(r.backoff, 60);
	assert_int_equal(mesh_size(net, 0), 0);
	/* When it is over, we graft by ourselves. */
	run(net, 62000);
	assert_int_equal(r.grafts, 2);
	assert_int_equal(mesh_size(net, 0), 1);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static void
who_is_left_is_asked_to_keep_off_for_60_s(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	run(net, 2000);
	assert_int_equal(r.grafts, 1);
	gossipsub_unsubscribe(net->routers[0].g, TOPIC);
	run(net, 500);
	assert_int_equal(r.prunes, 1);
	assert_int_equal(r.backoff, 60);
	subscribe_all(net);
	run(net, 55000);
	assert_int_equal(r.grafts, 1);
	run(net, 10000);
	assert_int_equal(r.grafts, 2);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static void
who_leaves_for_10_s_is_grafted_after_them(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	raw_send(net, &r, &rpc);
	run(net, 2000);
	gossipsub_message_prune(&rpc, slice_text(TOPIC), NULL, 0, 10);
	raw_send(net, &r, &rpc);
	run(net, 8000);
	assert_int_equal(r.grafts, 1);
	run(net, 3000);
	assert_int_equal(r.grafts, 2);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

static void
a_peer_offered_with_its_record_is_dialled(void ** state)
{
	struct net * net = net_start(3, 1);
	struct gossipsub_offer offer = {0};
	struct buffer rpc = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	offer.peer = net->swarm.nodes[2].id;
	/* Its address is not known, and a record of another says nothing. */
	offer.record = host_peer_record(net->swarm.nodes[1].h);
	gossipsub_message_prune(&rpc, slice_text(TOPIC), &offer, 1, 60);
	raw_send(net, &r, &rpc);
	assert_false(host_connected(net->swarm.nodes[0].h, &offer.peer));
	offer.record = host_peer_record(net->swarm.nodes[2].h);
	gossipsub_message_prune(&rpc, slice_text(TOPIC), &offer, 1, 60);
	raw_send(net, &r, &rpc);
	assert_true(host_connected(net->swarm.nodes[0].h, &offer.peer));
	buffer_free(&rpc);
	raw_stop(net, &r);
}

/* IHAVE for n messages that nobody has. */
static void
tell_of(struct buffer * rpc, uint32_t from, uint32_t n)
{
	struct gossipsub_id * ids = calloc(n, sizeof(*ids));
	uint32_t i, number;

	for (i = 0; i < n; i++) {
		number = from + i;
		ids[i].n = 46;
		memcpy(ids[i].bytes, &number, sizeof(number));
	}
	gossipsub_message_ihave(rpc, slice_text(TOPIC), ids, n);
	free(ids);
}

static void
so_many_messages_told_of_are_asked_for_in_a_heartbeat(void ** state)
{
	struct net * net = net_start(2, 1);
	struct buffer rpc = {0}, second = {0};
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	tell_of(&rpc, 0, 5000);
	raw_send(net, &r, &rpc);
	assert_int_equal(r.wanted, 5000);
	tell_of(&rpc, 0, 5001);
	raw_send(net, &r, &rpc);
	assert_int_equal(r.wanted, 10000);
	/* Eleven IHAVEs within a heartbeat: the last is not heard. */
	run(net, 1000);
	r.wanted = 0;
	for (uint32_t i = 0; i < 11; i++) {
		tell_of(&second, 10000 + i, 1);
		buffer_uvarint(&rpc, second.n);
		buffer_slice(&rpc, buffer_all(&second));
		buffer_clear(&second);
	}
	assert_int_equal(stream_write(r.out, buffer_all(&rpc)), 0);
	run(net, 500);
	assert_int_equal(r.wanted, 10);
	buffer_free(&rpc);
	buffer_free(&second);
	raw_stop(net, &r);
}

static void
a_message_asked_for_is_given_three_times_at_most(void ** state)
{
	struct net * net = net_start(2, 1);
	struct gossipsub_id id = {.n = 46};
	struct buffer rpc = {0};
	unsigned i;
	struct raw r;

	(void)state;
	subscribe_all(net);
	raw_start(net, &r, "/meshsub/1.1.0");
	assert_int_equal(publish(net, 0, 1), 0);
	memcpy(id.bytes, net->swarm.nodes[0].id.bytes, 38);
	for (i = 0; i < 8; i++)
		id.bytes[38 + i] = (uint8_t)(net->routers[0].g->seqno >>
		    (56 - 8 * i));
	for (i = 0; i < 4; i++)
		gossipsub_message_iwant(&rpc, &id, 1);
	raw_send(net, &r, &rpc);
	assert_int_equal(r.messages, 3);
	buffer_free(&rpc);
	raw_stop(net, &r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_floodsub_peer_gets_messages_without_a_mesh),
	    cmocka_unit_test(
	        so_many_subscriptions_of_an_rpc_and_a_peer_are_held),
	    cmocka_unit_test(
	        a_topic_of_ours_is_heard_of_however_many_there_are),
	    cmocka_unit_test(
	        a_forged_message_is_refused_and_does_not_hide_the_true_one),
	    cmocka_unit_test(an_rpc_that_is_too_long_resets_the_stream),
	    cmocka_unit_test(
	        a_peer_that_does_not_read_is_reset_when_4_mib_wait),
	    cmocka_unit_test(a_graft_during_back_off_is_answered_by_a_prune),
	    cmocka_unit_test(who_is_left_is_asked_to_keep_off_for_60_s),
	    cmocka_unit_test(who_leaves_for_10_s_is_grafted_after_them),
	    cmocka_unit_test(a_peer_offered_with_its_record_is_dialled),
	    cmocka_unit_test(
	        so_many_messages_told_of_are_asked_for_in_a_heartbeat),
	    cmocka_unit_test(a_message_asked_for_is_given_three_times_at_most),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
