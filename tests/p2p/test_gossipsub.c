/* Gossipsub between hosts of the simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"
#include "support/swarm.h"

#define TOPIC "/orbitdb/topic"

enum { MESSAGES = 64 };

struct router {
	struct gossipsub * g;
	unsigned got[MESSAGES];   /* by number, the message's text */
	unsigned joined, left;
	bool refuses;
};

struct net {
	struct swarm swarm;
	struct router routers[SWARM_MAX];
};

static bool
take(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	struct router * r = user;
	char text[16] = "";
	long number;

	(void)from;
	(void)via;
	assert_string_equal(topic, TOPIC);
	assert_true(data.n < sizeof(text));
	memcpy(text, data.p, data.n);
	number = strtol(text, NULL, 10);
	assert_true(number >= 0 && number < MESSAGES);
	r->got[number]++;
	return (!r->refuses);
}

static void
joined(void * user, const char * topic, const struct peer_id * peer)
{
	(void)topic;
	(void)peer;
	((struct router *)user)->joined++;
}

static void
left(void * user, const char * topic, const struct peer_id * peer)
{
	(void)topic;
	(void)peer;
	((struct router *)user)->left++;
}

static const struct gossipsub_handler HANDLER = {take, joined, left};

/* The first n_routers of n hosts have a router. */
static struct net *
net_start(size_t n, size_t n_routers)
{
	struct net * net = calloc(1, sizeof(*net));
	size_t i;

	assert_non_null(net);
	swarm_start(&net->swarm, 1, n);
	for (i = 0; i < n_routers; i++) {
		net->routers[i].g = gossipsub_new(net->swarm.nodes[i].h,
		    &net->swarm.nodes[i].key, &HANDLER, &net->routers[i]);
		assert_non_null(net->routers[i].g);
	}
	return (net);
}

static void
net_stop(struct net * net)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		gossipsub_free(net->routers[i].g);
	swarm_stop(&net->swarm);
	free(net);
}

static void
subscribe_all(struct net * net)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		if (net->routers[i].g != NULL)
			assert_int_equal(gossipsub_subscribe(
			    net->routers[i].g, TOPIC), 0);
}

static int
publish(struct net * net, size_t node, unsigned number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	return (gossipsub_publish(net->routers[node].g, TOPIC,
	    slice_text(text)));
}

static void
run(struct net * net, uint64_t ms)
{
	sim_run_for(net->swarm.sim, ms);
}

/* All but the author got it once, the author not at all. */
static void
assert_got_once(struct net * net, size_t author, unsigned number)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		if (net->routers[i].g != NULL)
			sim_assert(net->swarm.sim,
			    net->routers[i].got[number] == (i != author));
}

static size_t
mesh_size(struct net * net, size_t i)
{
	struct gossip_topic * t =
	    gossipsub_topic_find(net->routers[i].g, slice_text(TOPIC));

	return (t == NULL ? 0 : t->n_mesh);
}

/* --- routers among themselves --- */

static void
every_peer_of_a_ring_gets_every_message_once(void ** state)
{
	struct net * net = net_start(12, 12);
	size_t i;

	(void)state;
	subscribe_all(net);
	for (i = 0; i < 12; i++) {
		swarm_dial(&net->swarm, i, (i + 1) % 12);
		swarm_dial(&net->swarm, i, (i + 5) % 12);
	}
	run(net, 4000);
	for (i = 0; i < 36; i++)
		assert_true(publish(net, i % 12, (unsigned)i) > 0);
	run(net, 5000);
	for (i = 0; i < 36; i++)
		assert_got_once(net, i % 12, (unsigned)i);
	net_stop(net);
}

static void
the_mesh_stays_within_its_bounds_when_all_are_connected(void ** state)
{
	struct net * net = net_start(20, 20);
	size_t i, j;

	(void)state;
	subscribe_all(net);
	for (i = 0; i < 20; i++)
		for (j = i + 1; j < 20; j++)
			swarm_dial(&net->swarm, i, j);
	run(net, 10000);
	for (i = 0; i < 20; i++) {
		sim_assert(net->swarm.sim, mesh_size(net, i) >= MESH_LOW);
		sim_assert(net->swarm.sim, mesh_size(net, i) <= MESH_HIGH);
	}
	assert_true(publish(net, 3, 1) <= MESH_HIGH);
	run(net, 5000);
	assert_got_once(net, 3, 1);
	net_stop(net);
}

static void
a_message_published_before_the_mesh_formed_is_delivered(void ** state)
{
	struct net * net = net_start(2, 2);

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	run(net, 5000);
	subscribe_all(net);
	sim_run_for(net->swarm.sim, 50);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 1000);
	assert_got_once(net, 0, 1);
	net_stop(net);
}

/*
 * Other routers publish to their mesh alone: what they say before a heartbeat
 * made one of us would be lost until their next word.
 */
static void
who_is_met_is_in_the_mesh_before_the_next_heartbeat(void ** state)
{
	struct net * net = net_start(2, 2);
	unsigned i;

	(void)state;
	subscribe_all(net);
	/* Just after a heartbeat: they come at 100 ms, 1,100 ms and so on. */
	run(net, 5110);
	swarm_dial(&net->swarm, 0, 1);
	for (i = 0; net->routers[0].joined + net->routers[1].joined < 2; i++) {
		assert_true(i < 700);
		run(net, 1);
	}
	run(net, 100);
	assert_int_equal(mesh_size(net, 0), 1);
	assert_int_equal(mesh_size(net, 1), 1);
	net_stop(net);
}

static void
who_is_not_subscribed_can_publish(void ** state)
{
	struct net * net = net_start(2, 2);

	(void)state;
	assert_int_equal(gossipsub_subscribe(net->routers[1].g, TOPIC), 0);
	swarm_connect(&net->swarm, 0, 1);
	run(net, 2000);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 1000);
	assert_got_once(net, 0, 1);
	net_stop(net);
}

static void
nobody_there_is_told_as_zero(void ** state)
{
	struct net * net = net_start(1, 1);

	(void)state;
	subscribe_all(net);
	assert_int_equal(publish(net, 0, 1), 0);
	net_stop(net);
}

/* Forwarded after it subscribed, before it met anybody. */
static void
a_peer_that_enters_the_mesh_hears_what_was_forwarded_just_before(void ** state)
{
	struct net * net = net_start(3, 3);

	(void)state;
	swarm_connect(&net->swarm, 0, 1);
	assert_int_equal(gossipsub_subscribe(net->routers[0].g, TOPIC), 0);
	assert_int_equal(gossipsub_subscribe(net->routers[1].g, TOPIC), 0);
	run(net, 5000);
	assert_int_equal(gossipsub_subscribe(net->routers[2].g, TOPIC), 0);
	assert_int_equal(publish(net, 0, 1), 1);
	run(net, 200);
	sim_assert(net->swarm.sim, mesh_size(net, 2) == 0);
	swarm_connect(&net->swarm, 1, 2);
	run(net, 3000);
	assert_got_once(net, 0, 1);
	net_stop(net);
}

static void
a_refused_message_goes_no_further(void ** state)
{
	struct net * net = net_start(3, 3);

	(void)state;
	subscribe_all(net);
	swarm_connect(&net->swarm, 0, 1);
	swarm_connect(&net->swarm, 1, 2);
	run(net, 3000);
	net->routers[1].refuses = true;
	(void)publish(net, 0, 1);
	run(net, 6000);
	assert_int_equal(net->routers[1].got[1], 1);
	assert_int_equal(net->routers[2].got[1], 0);
	net->routers[1].refuses = false;
	(void)publish(net, 0, 2);
	run(net, 3000);
	assert_int_equal(net->routers[2].got[2], 1);
	net_stop(net);
}

static void
messages_survive_lost_connections(void ** state)
{
	struct net * net = net_start(8, 8);
	size_t i, j;

	(void)state;
	subscribe_all(net);
	for (i = 0; i < 8; i++)
		for (j = i + 1; j < 8; j++)
			swarm_dial(&net->swarm, i, j);
	run(net, 4000);
	sim_disconnect(net->swarm.nodes[2].w);
	run(net, 2000);
	for (j = 3; j < 6; j++)
		swarm_dial(&net->swarm, 2, j);
	run(net, 4000);
	(void)publish(net, 0, 1);
	(void)publish(net, 2, 2);
	run(net, 5000);
	assert_got_once(net, 0, 1);
	assert_got_once(net, 2, 2);
	net_stop(net);
}

static void
joining_and_leaving_is_told(void ** state)
{
	struct net * net = net_start(2, 2);

	(void)state;
	assert_int_equal(gossipsub_subscribe(net->routers[1].g, TOPIC), 0);
	swarm_connect(&net->swarm, 0, 1);
	run(net, 2000);
	assert_int_equal(net->routers[0].joined, 0);
	/* It was there before we subscribed; told, but not within the call. */
	assert_int_equal(gossipsub_subscribe(net->routers[0].g, TOPIC), 0);
	assert_int_equal(net->routers[0].joined, 0);
	run(net, 1000);
	assert_int_equal(net->routers[0].joined, 1);
	assert_int_equal(net->routers[1].joined, 1);
	gossipsub_unsubscribe(net->routers[0].g, TOPIC);
	run(net, 1000);
	assert_int_equal(net->routers[1].left, 1);
	assert_int_equal(gossipsub_subscribe(net->routers[0].g, TOPIC), 0);
	run(net, 1000);
	assert_int_equal(net->routers[1].joined, 2);
	sim_disconnect(net->swarm.nodes[0].w);
	run(net, 1000);
	assert_int_equal(net->routers[1].left, 2);
	net_stop(net);
}

static void
a_message_over_one_mebibyte_is_not_published(void ** state)
{
	struct net * net = net_start(1, 1);
	size_t n = 1 << 20;
	uint8_t * data = calloc(1, n);

	(void)state;
	assert_int_equal(gossipsub_publish(net->routers[0].g, TOPIC,
	    slice_of(data, n - 1000)), 0);
	assert_int_equal(gossipsub_publish(net->routers[0].g, TOPIC,
	    slice_of(data, n)), -ERR_INVALID_INPUT);
	free(data);
	net_stop(net);
}

/* --- a peer that is not a router of ours --- */

/* It keeps what it is sent, decoded, and sends what the test makes. */
struct raw {
	struct stream *in, *out;
	struct frame_reader frames;
	bool closed;
	unsigned messages, prunes, grafts;
	size_t wanted;
	uint64_t backoff;
};

static int
raw_rpc(void * user, struct slice bytes)
{
	struct raw * r = user;
	Libp2p__Pubsub__RPC * rpc = gossipsub_message_decode(bytes);

	assert_non_null(rpc);
	r->messages += (unsigned)rpc->n_publish;
	if (rpc->control != NULL) {
		r->grafts += (unsigned)rpc->control->n_graft;
		r->prunes += (unsigned)rpc->control->n_prune;
		for (size_t i = 0; i < rpc->control->n_iwant; i++)
			r->wanted += rpc->control->iwant[i]->n_message_ids;
		if (rpc->control->n_prune > 0)
			r->backoff = rpc->control->prune[0]->backoff;
	}
	protobuf_free(rpc);
	return (0);
}

static void
raw_data(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	assert_int_equal(frame_feed(&((struct raw *)user)->frames, bytes,
	    raw_rpc, user), 0);
}

static void
raw_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	((struct raw *)user)->in = NULL;
}

static void
raw_out_closed(void * user, struct stream * s, int status)
{
	struct raw * r = user;

	(void)s;
	(void)status;
	r->closed = true;
	r->out = NULL;
}

static void
raw_accept(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler in = {.data = raw_data,
	    .closed = raw_closed};
	struct raw * r = user;

	(void)protocol;
	r->in = s;
	r->frames.max = 1 << 20;
	stream_handle(s, &in, r);
}

/* Host 1 of the net speaks the protocol in a raw way with router 0. */
static void
raw_start(struct net * net, struct raw * r, const char * protocol)
{
	static const struct stream_handler out = {.closed = raw_out_closed};
	const char * protocols[] = {protocol, NULL};
	struct host * h = net->swarm.nodes[1].h;

	*r = (struct raw){0};
	assert_int_equal(host_serve(h, protocol, raw_accept, r), 0);
	swarm_connect(&net->swarm, 1, 0);
	assert_int_equal(stream_open(h, &net->swarm.nodes[0].id, protocols,
	    &out, r, &r->out), 0);
	run(net, 2000);
	assert_non_null(r->in);
}

static void
raw_send(struct net * net, struct raw * r, struct buffer * rpc)
{
	struct buffer framed = {0};

	assert_non_null(r->out);
	buffer_uvarint(&framed, rpc->n);
	buffer_slice(&framed, buffer_all(rpc));
	assert_int_equal(stream_write(r->out, buffer_all(&framed)), 0);
	buffer_free(&framed);
	buffer_clear(rpc);
	run(net, 1000);
}

static void
raw_stop(struct net * net, struct raw * r)
{
	net_stop(net);
	frame_free(&r->frames);
}

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
	    cmocka_unit_test(every_peer_of_a_ring_gets_every_message_once),
	    cmocka_unit_test(
	        the_mesh_stays_within_its_bounds_when_all_are_connected),
	    cmocka_unit_test(
	        a_message_published_before_the_mesh_formed_is_delivered),
	    cmocka_unit_test(
	        a_peer_that_enters_the_mesh_hears_what_was_forwarded_just_before),
	    cmocka_unit_test(
	        who_is_met_is_in_the_mesh_before_the_next_heartbeat),
	    cmocka_unit_test(who_is_not_subscribed_can_publish),
	    cmocka_unit_test(nobody_there_is_told_as_zero),
	    cmocka_unit_test(a_refused_message_goes_no_further),
	    cmocka_unit_test(messages_survive_lost_connections),
	    cmocka_unit_test(joining_and_leaving_is_told),
	    cmocka_unit_test(a_message_over_one_mebibyte_is_not_published),
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
