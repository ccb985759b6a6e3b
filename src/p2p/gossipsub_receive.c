#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"

/*
 * Subscriptions beyond the budget of an RPC are heard only if they join a topic
 * of ours: those cost no memory that a peer chooses, and a peer in many groups
 * sends all of them in one hello.
 */
static void
take_subscriptions(struct gossip_peer * p, const Libp2p__Pubsub__RPC * rpc)
{
	struct gossipsub * g = p->g;
	size_t i;

	for (i = 0; i < rpc->n_subscriptions; i++) {
		const Libp2p__Pubsub__RPC__SubOpts * s = rpc->subscriptions[i];
		struct slice name = protobuf_slice(s->topicid);
		struct gossip_topic * t = gossipsub_topic_find(g, name);
		struct gossip_member * m;
		bool joins = s->has_subscribe && s->subscribe;

		if (!s->has_topicid)
			continue;
		if (i >= GOSSIPSUB_SUBSCRIPTIONS &&
		    (!joins || t == NULL || !t->subscribed))
			continue;
		if (joins) {
			if ((m = gossipsub_topic_add(g, p, name)) != NULL)
				gossipsub_mesh_met(m);
		} else if (t != NULL &&
		    (m = gossipsub_topic_member(t, p)) != NULL)
			gossipsub_topic_remove(g, m);
	}
}

static void
forward(struct gossip_peer * p, struct slice topic,
    const struct gossipsub_id * id, const struct peer_id * from,
    const Libp2p__Pubsub__Message * m)
{
	struct gossipsub * g = p->g;
	struct gossip_topic * t = gossipsub_topic_find(g, topic);
	struct buffer bytes = {0}, rpc = {0};

	protobuf_encode(&bytes, m);
	gossipsub_message_publish(&rpc, buffer_all(&bytes));
	if (bytes.failed || rpc.failed)
		goto done;
	(void)gossipsub_cache_put(g->cache, id, topic, buffer_all(&bytes));
	/* The handler may have unsubscribed. */
	if (t != NULL && t->subscribed)
		g->stats.forwarded += gossipsub_mesh_send(g, t,
		    buffer_all(&rpc), false, &p->id, from);

done:
	buffer_free(&rpc);
	buffer_free(&bytes);
}

/* Hand a new message to the handler; true when it accepts it. */
static bool
accepted(struct gossip_peer * p, const struct gossip_topic * t,
    const struct peer_id * from, const Libp2p__Pubsub__Message * m)
{
	struct gossipsub * g = p->g;
	struct peer_id via = p->id;

	if (g->handler.message == NULL)
		return (true);
	return (g->handler.message(g->user, t->text, protobuf_slice(m->data),
	    from, &via));
}

/*
 * Is it worth our time?  Signatures are checked on the loop: who sends what
 * nobody can use is heard less, and when many do, none of those who did since
 * the last heartbeat.
 */
static bool
is_heard(struct gossip_peer * p)
{
	struct gossipsub * g = p->g;
	uint64_t now = world_now(g->world);

	if (!bucket_any(&p->forged, &FORGED, now)) {
		budget_refuse(&g->budgets.forged);
		return (false);
	}
	if (!bucket_any(&p->refused, &REFUSED, now)) {
		budget_refuse(&g->budgets.refused);
		return (false);
	}
	if (p->wasted && g->wasted >= WASTED) {
		budget_refuse(&g->budgets.wasted);
		return (false);
	}
	return (true);
}

/* It was looked at in vain. */
static void
waste(struct gossip_peer * p, struct bucket * b, const struct bucket_size * size,
    struct budget * shown)
{
	struct gossipsub * g = p->g;
	uint64_t now = world_now(g->world);

	bucket_take(b, size, now);
	budget_note(shown, bucket_taken(b, size, now));
	p->wasted = true;
	/* The first of each is looked at however many there were. */
	if (g->wasted < WASTED)
		g->wasted++;
	budget_note(&g->budgets.wasted, g->wasted);
	g->stats.rejected++;
}

static void
take_message(struct gossip_peer * p, const Libp2p__Pubsub__Message * m)
{
	struct gossipsub * g = p->g;
	struct slice topic = protobuf_slice(m->topic);
	struct gossip_topic * t = gossipsub_topic_find(g, topic);
	struct gossipsub_id id;
	struct peer_id from;

	if (!m->has_topic || t == NULL || !t->subscribed)
		return;
	if (!is_heard(p))
		return;
	if (gossipsub_message_check(m, &from, &id) != 0)
		goto bad;
	if (peer_id_equal(&from, &g->self))
		return;
	if (gossipsub_cache_seen(g->cache, &id)) {
		g->stats.duplicates++;
		return;
	}
	/* Only a message that is the author's own is marked as seen: a forged
	 * one must not hide it. */
	if (gossipsub_message_verify(m, &from) != 0)
		goto bad;
	(void)gossipsub_cache_mark(g->cache, &id, world_now(g->world));
	if (!accepted(p, t, &from, m)) {
		waste(p, &p->refused, &REFUSED, &g->budgets.refused);
		return;
	}
	g->stats.received++;
	forward(p, topic, &id, &from, m);
	return;

bad:
	waste(p, &p->forged, &FORGED, &g->budgets.forged);
}

static void
take_control(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlMessage * control)
{
	size_t i;

	gossipsub_gossip_ihave(p, control);
	gossipsub_gossip_iwant(p, control);
	for (i = 0; i < control->n_graft; i++)
		gossipsub_mesh_grafted(p,
		    protobuf_slice(control->graft[i]->topic_id));
	for (i = 0; i < control->n_prune; i++)
		gossipsub_mesh_pruned(p, control->prune[i]);
}

int
gossipsub_receive(struct gossip_peer * p, struct slice bytes)
{
	Libp2p__Pubsub__RPC * rpc = gossipsub_message_decode(bytes);
	size_t i;

	if (rpc == NULL)
		return (-ERR_DESERIALIZATION);
	take_subscriptions(p, rpc);
	for (i = 0; i < rpc->n_publish; i++)
		take_message(p, rpc->publish[i]);
	if (rpc->control != NULL)
		take_control(p, rpc->control);
	protobuf_free(rpc);
	return (0);
}
