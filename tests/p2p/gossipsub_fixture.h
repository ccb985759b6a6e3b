/*
 * gossipsub_fixture.h: routers on the hosts of a swarm, and a peer that speaks
 * with one of them as the test says.
 */
#ifndef BERTY_TEST_GOSSIPSUB_FIXTURE_H
#define BERTY_TEST_GOSSIPSUB_FIXTURE_H

#include "support/bytes.h"
#include "support/swarm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"

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

static inline bool
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

static inline void
joined(void * user, const char * topic, const struct peer_id * peer)
{
	(void)topic;
	(void)peer;
	((struct router *)user)->joined++;
}

static inline void
left(void * user, const char * topic, const struct peer_id * peer)
{
	(void)topic;
	(void)peer;
	((struct router *)user)->left++;
}

static const struct gossipsub_handler HANDLER = {take, joined, left};

/* The first n_routers of n hosts have a router. */
static inline struct net *
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

static inline void
net_stop(struct net * net)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		gossipsub_free(net->routers[i].g);
	swarm_stop(&net->swarm);
	free(net);
}

static inline void
subscribe_all(struct net * net)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		if (net->routers[i].g != NULL)
			assert_int_equal(gossipsub_subscribe(
			    net->routers[i].g, TOPIC), 0);
}

static inline int
publish(struct net * net, size_t node, unsigned number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	return (gossipsub_publish(net->routers[node].g, TOPIC,
	    slice_text(text)));
}

static inline void
run(struct net * net, uint64_t ms)
{
	sim_run_for(net->swarm.sim, ms);
}

/* All but the author got it once, the author not at all. */
static inline void
assert_got_once(struct net * net, size_t author, unsigned number)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		if (net->routers[i].g != NULL)
			sim_assert(net->swarm.sim,
			    net->routers[i].got[number] == (i != author));
}

static inline size_t
mesh_size(struct net * net, size_t i)
{
	struct gossip_topic * t =
	    gossipsub_topic_find(net->routers[i].g, slice_text(TOPIC));

	return (t == NULL ? 0 : t->n_mesh);
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

static inline int
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

static inline void
raw_data(void * user, struct stream * s, struct slice bytes)
{
	(void)s;
	assert_int_equal(frame_feed(&((struct raw *)user)->frames, bytes,
	    raw_rpc, user), 0);
}

static inline void
raw_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	((struct raw *)user)->in = NULL;
}

static inline void
raw_out_closed(void * user, struct stream * s, int status)
{
	struct raw * r = user;

	(void)s;
	(void)status;
	r->closed = true;
	r->out = NULL;
}

static inline void
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
static inline void
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

static inline void
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

static inline void
raw_stop(struct net * net, struct raw * r)
{
	net_stop(net);
	frame_free(&r->frames);
}

#endif /* !BERTY_TEST_GOSSIPSUB_FIXTURE_H */
