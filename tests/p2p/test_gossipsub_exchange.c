/* Peers that a PRUNE sends away learn of others, with their signed records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"
#include "p2p/peer_record.h"
#include "support/swarm.h"

#define TOPIC "/orbitdb/topic"

struct net {
	struct swarm swarm;
	struct gossipsub * routers[SWARM_MAX];
};

static bool
take(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	(void)user;
	(void)topic;
	(void)data;
	(void)from;
	(void)via;
	return (true);
}

static const struct gossipsub_handler HANDLER = {.message = take};

/* Hosts 1 … n-1 are connected to host 0 only; the first n_routers have a
 * router that is subscribed. */
static struct net *
star_start(size_t n, size_t n_routers)
{
	struct net * net = calloc(1, sizeof(*net));
	size_t i;

	assert_non_null(net);
	swarm_start(&net->swarm, 1, n);
	for (i = 0; i < n_routers; i++) {
		net->routers[i] = gossipsub_new(net->swarm.nodes[i].h,
		    &net->swarm.nodes[i].key, &HANDLER, net);
		assert_non_null(net->routers[i]);
		assert_int_equal(gossipsub_subscribe(net->routers[i], TOPIC),
		    0);
	}
	for (i = 1; i < n_routers; i++)
		swarm_dial(&net->swarm, i, 0);
	return (net);
}

static void
star_stop(struct net * net)
{
	size_t i;

	for (i = 0; i < net->swarm.n; i++)
		gossipsub_free(net->routers[i]);
	swarm_stop(&net->swarm);
	free(net);
}

static bool
connected(struct net * net, size_t a, size_t b)
{
	return (host_connected(net->swarm.nodes[a].h,
	    &net->swarm.nodes[b].id));
}

static size_t
mesh_size(struct net * net, size_t i)
{
	struct gossip_topic * t =
	    gossipsub_topic_find(net->routers[i], slice_text(TOPIC));

	return (t == NULL ? 0 : t->n_mesh);
}

static void
who_is_left_by_a_peer_is_told_of_the_others_and_dials_them(void ** state)
{
	struct net * net = star_start(3, 3);

	(void)state;
	sim_run_for(net->swarm.sim, 3000);
	assert_false(connected(net, 1, 2));
	gossipsub_unsubscribe(net->routers[0], TOPIC);
	sim_run_for(net->swarm.sim, 3000);
	sim_assert(net->swarm.sim, connected(net, 1, 2));
	sim_assert(net->swarm.sim, mesh_size(net, 1) == 1);
	star_stop(net);
}

/* Connections that two leaves of the star have between them. */
static size_t
count_across(struct net * net)
{
	size_t i, j, n = 0;

	for (i = 1; i < net->swarm.n; i++)
		for (j = i + 1; j < net->swarm.n; j++)
			n += connected(net, i, j);
	return (n);
}

static void
who_finds_the_mesh_full_is_told_of_others_and_dials_them(void ** state)
{
	struct net * net = star_start(1 + MESH_HIGH + 1, 1 + MESH_HIGH + 1);

	(void)state;
	sim_run_for(net->swarm.sim, 5000);
	sim_assert(net->swarm.sim, mesh_size(net, 0) <= MESH_HIGH);
	sim_assert(net->swarm.sim, count_across(net) > 0);
	star_stop(net);
}

/* --- what a PRUNE says --------------------------------------------------- */

/* A peer that is no router of ours, and the offers it was sent. */
struct raw {
	struct frame_reader frames;
	unsigned offers, valid;
	uint64_t backoff_s;
	struct peer_id offered;
};

static void
note_offer(struct raw * r, const Libp2p__Pubsub__PeerInfo * info)
{
	struct peer_record record = {0};

	r->offers++;
	assert_int_equal(peer_id_parse(&r->offered,
	    protobuf_slice(info->peer_id)), 0);
	if (!info->has_signed_peer_record ||
	    peer_record_open(&record,
	        protobuf_slice(info->signed_peer_record)) != 0)
		return;
	r->valid += peer_id_equal(&record.peer, &r->offered) && record.n > 0;
	peer_record_free(&record);
}

static int
raw_rpc(void * user, struct slice bytes)
{
	Libp2p__Pubsub__RPC * rpc = gossipsub_message_decode(bytes);
	size_t i, j;

	assert_non_null(rpc);
	if (rpc->control != NULL && rpc->control->n_prune > 0)
		((struct raw *)user)->backoff_s =
		    rpc->control->prune[0]->backoff;
	for (i = 0; rpc->control != NULL && i < rpc->control->n_prune; i++)
		for (j = 0; j < rpc->control->prune[i]->n_peers; j++)
			note_offer(user, rpc->control->prune[i]->peers[j]);
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
raw_accept(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler in = {.data = raw_data};

	(void)protocol;
	stream_handle(s, &in, user);
}

/* Host 3 grafts itself to router 0. */
static void
raw_join(struct net * net, struct raw * r)
{
	static const char * const protocols[] = {"/meshsub/1.1.0", NULL};
	static const struct stream_handler nothing = {0};
	struct host * h = net->swarm.nodes[3].h;
	struct buffer rpc = {0}, framed = {0};
	struct stream * s;

	r->frames.max = GOSSIPSUB_RPC_MAX;
	assert_int_equal(host_serve(h, protocols[0], raw_accept, r), 0);
	swarm_connect(&net->swarm, 3, 0);
	assert_int_equal(stream_open(h, &net->swarm.nodes[0].id, protocols,
	    &nothing, r, &s), 0);
	gossipsub_message_subscription(&rpc, true, slice_text(TOPIC));
	gossipsub_message_graft(&rpc, slice_text(TOPIC));
	buffer_uvarint(&framed, rpc.n);
	buffer_slice(&framed, buffer_all(&rpc));
	assert_int_equal(stream_write(s, buffer_all(&framed)), 0);
	buffer_free(&framed);
	buffer_free(&rpc);
	sim_run_for(net->swarm.sim, 2000);
}

static void
an_offer_carries_the_record_that_its_peer_signed(void ** state)
{
	struct net * net = star_start(4, 3);
	struct raw r = {0};

	(void)state;
	sim_run_for(net->swarm.sim, 2000);
	raw_join(net, &r);
	gossipsub_unsubscribe(net->routers[0], TOPIC);
	sim_run_for(net->swarm.sim, 500);
	assert_int_equal(r.offers, 2);
	assert_int_equal(r.valid, 2);
	star_stop(net);
	frame_free(&r.frames);
}

/* Leave a topic; what back-off is named? */
static uint64_t
leave_after(uint64_t leave_ms)
{
	struct net * net = star_start(4, 3);
	struct raw r = {0};

	if (leave_ms > 0)
		gossipsub_set_leave(net->routers[0], TOPIC, leave_ms);
	sim_run_for(net->swarm.sim, 2000);
	raw_join(net, &r);
	gossipsub_unsubscribe(net->routers[0], TOPIC);
	sim_run_for(net->swarm.sim, 500);
	star_stop(net);
	frame_free(&r.frames);
	return (r.backoff_s);
}

static void
who_leaves_names_the_back_off_of_its_topic(void ** state)
{
	(void)state;
	assert_int_equal(leave_after(10000), 10);
	assert_int_equal(leave_after(60000), 60);
	assert_int_equal(leave_after(0), 60);
}

/* Back within a minute, it is grafted at once where 10 s were named. */
static void
who_comes_back_after_its_back_off_is_in_the_mesh(void ** state)
{
	struct net * net = star_start(2, 2);

	(void)state;
	gossipsub_set_leave(net->routers[1], TOPIC, 10000);
	sim_run_for(net->swarm.sim, 3000);
	sim_assert(net->swarm.sim, mesh_size(net, 0) == 1);
	gossipsub_unsubscribe(net->routers[1], TOPIC);
	sim_run_for(net->swarm.sim, 12000);
	assert_int_equal(gossipsub_subscribe(net->routers[1], TOPIC), 0);
	sim_run_for(net->swarm.sim, 3000);
	sim_assert(net->swarm.sim, mesh_size(net, 0) == 1);
	sim_assert(net->swarm.sim, mesh_size(net, 1) == 1);
	star_stop(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        who_is_left_by_a_peer_is_told_of_the_others_and_dials_them),
	    cmocka_unit_test(
	        who_finds_the_mesh_full_is_told_of_others_and_dials_them),
	    cmocka_unit_test(an_offer_carries_the_record_that_its_peer_signed),
	    cmocka_unit_test(who_leaves_names_the_back_off_of_its_topic),
	    cmocka_unit_test(who_comes_back_after_its_back_off_is_in_the_mesh),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
