#include <stdlib.h>

#include "base/clock.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"

/* --- telling peers --- */

static void
send_graft(struct gossip_member * m)
{
	struct buffer rpc = {0};

	gossipsub_message_graft(&rpc, topic_name(m->topic));
	if (!rpc.failed)
		(void)gossipsub_peer_send(m->peer, buffer_all(&rpc), false);
	buffer_free(&rpc);
}

static bool
is_member(struct gossipsub * g, const struct gossip_member * m)
{
	(void)g;
	(void)m;
	return (true);
}

/* Others of the topic, whom a pruned peer may turn to. */
static size_t
find_offers(struct gossipsub * g, struct gossip_topic * t,
    const struct gossip_peer * not, struct gossipsub_offer * offers)
{
	struct gossip_member ** list;
	size_t i, n = 0, count = gossipsub_topic_pick(g, t, is_member, &list);

	for (i = 0; i < count && n < OFFERS; i++)
		if (list[i]->peer != not)
			offers[n++] = (struct gossipsub_offer){
			    .peer = list[i]->peer->id,
			    .record = host_record_of(g->host,
			        &list[i]->peer->id)};
	free(list);
	return (n);
}

static void
send_prune(struct gossip_peer * p, struct gossip_topic * t, bool offer,
    uint64_t backoff_ms)
{
	struct gossipsub_offer offers[OFFERS];
	struct buffer rpc = {0};
	size_t n = 0;

	if (offer && p->version == MESHSUB_11)
		n = find_offers(p->g, t, p, offers);
	gossipsub_message_prune(&rpc, topic_name(t), offers, n,
	    backoff_ms / 1000);
	if (!rpc.failed)
		(void)gossipsub_peer_send(p, buffer_all(&rpc), false);
	buffer_free(&rpc);
}

/* --- the mesh --- */

static void
put_in(struct gossip_member * m)
{
	if (!m->mesh) {
		m->mesh = true;
		m->topic->n_mesh++;
	}
	m->fanout = false;
}

void
gossipsub_mesh_drop(struct gossip_member * m)
{
	if (m->mesh)
		m->topic->n_mesh--;
	m->mesh = m->fanout = false;
}

static void
graft(struct gossip_member * m)
{
	put_in(m);
	send_graft(m);
	gossipsub_gossip_catch_up(m);
}

/* Out of the mesh, and not back in before ms have passed. */
static void
prune(struct gossipsub * g, struct gossip_member * m, uint64_t ms)
{
	gossipsub_mesh_drop(m);
	gossipsub_backoff_set(&m->topic->backoff, &m->peer->id,
	    world_now(g->world), ms);
	send_prune(m->peer, m->topic, true, ms);
}

static bool
can_join(struct gossipsub * g, const struct gossip_member * m)
{
	return (!m->mesh && gossipsub_peer_meshes(m->peer) &&
	    !gossipsub_backoff_active(&m->topic->backoff, &m->peer->id,
	        world_now(g->world)));
}

static bool
can_join_outbound(struct gossipsub * g, const struct gossip_member * m)
{
	return (m->peer->outbound && can_join(g, m));
}

static void
graft_some(struct gossipsub * g, struct gossip_topic * t, size_t want,
    bool (*fits)(struct gossipsub * g, const struct gossip_member * m))
{
	struct gossip_member ** list;
	size_t i, n;

	if (want == 0)
		return;
	n = gossipsub_topic_pick(g, t, fits, &list);
	for (i = 0; i < n && i < want; i++)
		graft(list[i]);
	free(list);
}

void
gossipsub_mesh_join(struct gossipsub * g, struct gossip_topic * t)
{
	struct list * place, * following;

	t->fanout_until = 0;
	list_each (place, following, &t->members) {
		struct gossip_member * m =
		    list_entry(place, struct gossip_member, in_topic);

		if (m->fanout && can_join(g, m) && t->n_mesh < MESH_D)
			graft(m);
		m->fanout = false;
	}
	if (t->n_mesh < MESH_D)
		graft_some(g, t, MESH_D - t->n_mesh, can_join);
}

void
gossipsub_mesh_leave(struct gossipsub * g, struct gossip_topic * t)
{
	struct list * place, * following;

	list_each (place, following, &t->members) {
		struct gossip_member * m =
		    list_entry(place, struct gossip_member, in_topic);

		if (m->mesh)
			prune(g, m, t->leave_ms);
	}
}

void
gossipsub_mesh_met(struct gossip_member * m)
{
	struct gossip_topic * t = m->topic;

	if (t->subscribed && t->n_mesh < MESH_LOW && can_join(m->peer->g, m))
		graft(m);
}

/* --- what peers tell --- */

void
gossipsub_mesh_grafted(struct gossip_peer * p, struct slice topic)
{
	struct gossipsub * g = p->g;
	struct gossip_topic * t = gossipsub_topic_find(g, topic);
	struct gossip_member * m;

	/* No answer for a topic that is not ours: it would tell whose are. */
	if (t == NULL || !t->subscribed)
		return;
	/* Who grafts is subscribed, even if we could not remember it. */
	if ((m = gossipsub_topic_add(g, p, topic)) == NULL || m->mesh)
		return;
	if (gossipsub_backoff_active(&t->backoff, &p->id,
	    world_now(g->world))) {
		gossipsub_backoff_set(&t->backoff, &p->id, world_now(g->world),
		    GOSSIPSUB_BACKOFF_MS);
		send_prune(p, t, false, GOSSIPSUB_BACKOFF_MS);
	} else if (t->n_mesh >= MESH_HIGH && !p->outbound)
		prune(g, m, GOSSIPSUB_BACKOFF_MS);
	else {
		put_in(m);
		gossipsub_gossip_catch_up(m);
	}
}

/* Dial a few of the peers offered.  An offer without a record is of use only
 * if an address is known. */
static void
dial_offers(struct gossipsub * g, const Libp2p__Pubsub__ControlPrune * prune)
{
	unsigned dialled = 0;
	size_t i;

	for (i = 0; i < prune->n_peers && i < OFFERS; i++) {
		const Libp2p__Pubsub__PeerInfo * info = prune->peers[i];
		struct peer_id named, signer;

		if (dialled >= OFFERS_DIALLED ||
		    g->dialled >= OFFERS_DIALLED_BEAT)
			return;
		if (peer_id_parse(&named, protobuf_slice(info->peer_id)) != 0 ||
		    peer_id_equal(&named, &g->self) ||
		    host_connected(g->host, &named))
			continue;
		if (info->has_signed_peer_record &&
		    (host_learn_record(g->host,
		         protobuf_slice(info->signed_peer_record), &signer,
		         FANOUT_MS) != 0 ||
		        !peer_id_equal(&signer, &named)))
			continue;
		if (host_connect(g->host, &named) == 0) {
			dialled++;
			g->dialled++;
		}
	}
}

void
gossipsub_mesh_pruned(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlPrune * prune_from)
{
	struct gossipsub * g = p->g;
	struct gossip_topic * t = gossipsub_topic_find(g,
	    protobuf_slice(prune_from->topic_id));
	struct gossip_member * m;

	if (t == NULL || !t->subscribed)
		return;
	if ((m = gossipsub_topic_member(t, p)) != NULL)
		gossipsub_mesh_drop(m);
	gossipsub_backoff_set(&t->backoff, &p->id, world_now(g->world),
	    gossipsub_backoff_clamp(prune_from->has_backoff
	            ? prune_from->backoff
	            : 0));
	dial_offers(g, prune_from);
}

/* --- sending --- */

static bool
is_floodsub(const struct gossip_peer * p)
{
	return (p->out.ready && p->version == FLOODSUB);
}

static bool
can_fan_out(struct gossipsub * g, const struct gossip_member * m)
{
	(void)g;
	return (!m->mesh && !m->fanout && m->peer->out.s != NULL &&
	    !is_floodsub(m->peer));
}

static size_t
count_fanout(const struct gossip_topic * t)
{
	const struct list * place;
	size_t n = 0;

	for (place = t->members.next; place != &t->members;
	     place = place->next) {
		const struct gossip_member * m =
		    list_entry(place, const struct gossip_member, in_topic);

		n += m->fanout && m->peer->out.s != NULL;
	}
	return (n);
}

/* Mark members as fanout until there are `want`. */
static void
fill_fanout(struct gossipsub * g, struct gossip_topic * t, size_t want)
{
	struct gossip_member ** list;
	size_t i, n, have = count_fanout(t);

	if (have >= want)
		return;
	n = gossipsub_topic_pick(g, t, can_fan_out, &list);
	for (i = 0; i < n && have + i < want; i++)
		list[i]->fanout = true;
	free(list);
}

static void
clear_fanout(struct gossip_topic * t)
{
	struct list * place, * following;

	t->fanout_until = 0;
	list_each (place, following, &t->members)
		list_entry(place, struct gossip_member, in_topic)->fanout =
		    false;
}

size_t
gossipsub_mesh_send(struct gossipsub * g, struct gossip_topic * t,
    struct slice rpc, bool own, const struct peer_id * via,
    const struct peer_id * from)
{
	struct list * place, * following;
	size_t sent = 0;

	/* Before the mesh has formed, the reference sends to nobody and the
	 * message waits for gossip; we send it to others of the topic. */
	if (own && !t->subscribed) {
		t->fanout_until = clock_add(world_now(g->world), FANOUT_MS);
		fill_fanout(g, t, MESH_D);
	} else if (own && t->n_mesh < MESH_LOW)
		fill_fanout(g, t, MESH_D - t->n_mesh);
	list_each (place, following, &t->members) {
		struct gossip_member * m =
		    list_entry(place, struct gossip_member, in_topic);
		const struct peer_id * id = &m->peer->id;

		if (!m->mesh && !(own && m->fanout) && !is_floodsub(m->peer))
			continue;
		if ((via != NULL && peer_id_equal(id, via)) ||
		    (from != NULL && peer_id_equal(id, from)))
			continue;
		sent += gossipsub_peer_send(m->peer, rpc, false);
	}
	if (t->subscribed)
		clear_fanout(t);
	return (sent);
}

/* --- the heartbeat --- */

static bool
in_mesh(struct gossipsub * g, const struct gossip_member * m)
{
	(void)g;
	return (m->mesh);
}

/* Prune down to D, keeping two that we dialled: an attacker who floods us
 * with connections does not get all places. */
static void
prune_many(struct gossipsub * g, struct gossip_topic * t)
{
	struct gossip_member ** list;
	size_t i, n = gossipsub_topic_pick(g, t, in_mesh, &list);
	size_t outbound = 0, left = n;

	for (i = 0; i < n; i++)
		outbound += list[i]->peer->outbound;
	for (i = 0; i < n && left > MESH_D; i++) {
		if (list[i]->peer->outbound && outbound <= MESH_OUT)
			continue;
		outbound -= list[i]->peer->outbound;
		prune(g, list[i], GOSSIPSUB_BACKOFF_MS);
		left--;
	}
	free(list);
}

static size_t
count_outbound(const struct gossip_topic * t)
{
	const struct list * place;
	size_t n = 0;

	for (place = t->members.next; place != &t->members;
	     place = place->next) {
		const struct gossip_member * m =
		    list_entry(place, const struct gossip_member, in_topic);

		n += m->mesh && m->peer->outbound;
	}
	return (n);
}

static void
beat_topic(struct gossipsub * g, struct gossip_topic * t)
{
	uint64_t now = world_now(g->world);
	size_t outbound;

	gossipsub_backoff_expire(&t->backoff, now);
	if (t->subscribed) {
		if (t->n_mesh < MESH_LOW)
			graft_some(g, t, MESH_D - t->n_mesh, can_join);
		else if (t->n_mesh > MESH_HIGH)
			prune_many(g, t);
		if (t->n_mesh >= MESH_LOW &&
		    (outbound = count_outbound(t)) < MESH_OUT)
			graft_some(g, t, MESH_OUT - outbound,
			    can_join_outbound);
	} else if (t->fanout_until != 0 && t->fanout_until <= now)
		clear_fanout(t);
	else if (t->fanout_until != 0)
		fill_fanout(g, t, MESH_D);
	if (t->subscribed || t->fanout_until != 0)
		gossipsub_gossip_beat(g, t);
	gossipsub_topic_release(g, t);
}

void
gossipsub_mesh_beat(struct gossipsub * g)
{
	struct list * place, * following;

	g->dialled = 0;
	list_each (place, following, &g->topics)
		beat_topic(g, list_entry(place, struct gossip_topic, place));
}
