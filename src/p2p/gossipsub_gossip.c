#include <stdlib.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "p2p/gossipsub_private.h"

/* The id in a peer's list, if it can be one. */
static bool
read_id(struct gossipsub_id * id, ProtobufCBinaryData bytes)
{
	if (bytes.len == 0 || bytes.len > GOSSIPSUB_ID_MAX)
		return (false);
	memcpy(id->bytes, bytes.data, bytes.len);
	id->n = (uint8_t)bytes.len;
	return (true);
}

/* Add what we have not seen of an IHAVE; ids holds at most IHAVE_IDS. */
static size_t
find_unseen(struct gossip_peer * p, const Libp2p__Pubsub__ControlIHave * ihave,
    struct gossipsub_id * ids, size_t n)
{
	struct gossip_topic * t = gossipsub_topic_find(p->g,
	    protobuf_slice(ihave->topic_id));
	size_t i;

	if (t == NULL || !t->subscribed)
		return (n);
	for (i = 0; i < ihave->n_message_ids; i++) {
		if (n >= IHAVE_IDS ||
		    !budget_allows(&p->g->budgets.asked, p->asked, 1))
			break;
		if (!read_id(&ids[n], ihave->message_ids[i]) ||
		    gossipsub_cache_seen(p->g->cache, &ids[n]))
			continue;
		n++;
		p->asked++;
	}
	return (n);
}

void
gossipsub_gossip_ihave(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlMessage * control)
{
	struct gossipsub_id * ids;
	struct buffer rpc = {0};
	size_t i, n = 0;

	if (control->n_ihave == 0)
		return;
	if (++p->ihaves > IHAVE_MESSAGES || p->asked >= IHAVE_IDS) {
		budget_refuse(&p->g->budgets.asked);
		return;
	}
	if ((ids = malloc(IHAVE_IDS * sizeof(*ids))) == NULL)
		return;
	for (i = 0; i < control->n_ihave; i++)
		n = find_unseen(p, control->ihave[i], ids, n);
	if (n > 0) {
		gossipsub_message_iwant(&rpc, ids, n);
		if (!rpc.failed)
			(void)gossipsub_peer_send(p, buffer_all(&rpc), true);
	}
	buffer_free(&rpc);
	free(ids);
}

static void
give(struct gossip_peer * p, const struct gossipsub_id * id)
{
	struct slice message;
	struct buffer rpc = {0};

	/* Counted as given only if it can be: ask the queue first. */
	if (p->out.s == NULL || p->out.outbox.bytes > PEER_QUEUE_GOSSIP)
		return;
	message = gossipsub_cache_get(p->g->cache, id, &p->id);
	if (message.n == 0)
		return;
	gossipsub_message_publish(&rpc, message);
	if (!rpc.failed)
		(void)gossipsub_peer_send(p, buffer_all(&rpc), true);
	buffer_free(&rpc);
}

void
gossipsub_gossip_iwant(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlMessage * control)
{
	struct gossipsub_id id;
	size_t i, j;

	for (i = 0; i < control->n_iwant; i++)
		for (j = 0; j < control->iwant[i]->n_message_ids; j++)
			if (read_id(&id, control->iwant[i]->message_ids[j]))
				give(p, &id);
}

void
gossipsub_gossip_catch_up(struct gossip_member * m)
{
	struct gossipsub_id ids[CATCH_UP_IDS];
	struct slice topic = topic_name(m->topic);
	struct buffer rpc = {0};
	size_t n;

	n = gossipsub_cache_ids(m->peer->g->cache, topic, ids, CATCH_UP_IDS);
	if (n == 0 || !gossipsub_peer_meshes(m->peer))
		return;
	gossipsub_message_ihave(&rpc, topic, ids, n);
	if (!rpc.failed)
		(void)gossipsub_peer_send(m->peer, buffer_all(&rpc), true);
	buffer_free(&rpc);
}

static bool
hears_gossip(struct gossipsub * g, const struct gossip_member * m)
{
	(void)g;
	return (!m->mesh && !m->fanout && gossipsub_peer_meshes(m->peer));
}

void
gossipsub_gossip_beat(struct gossipsub * g, struct gossip_topic * t)
{
	struct gossip_member ** list = NULL;
	struct gossipsub_id * ids;
	struct gossipsub_id any;
	struct buffer rpc = {0};
	size_t i, n, peers, want;

	/* Most beats of most topics have nothing to tell. */
	if (gossipsub_cache_ids(g->cache, topic_name(t), &any, 1) == 0 ||
	    (ids = malloc(IHAVE_IDS * sizeof(*ids))) == NULL)
		return;
	n = gossipsub_cache_ids(g->cache, topic_name(t), ids, IHAVE_IDS);
	if (n == 0)
		goto done;
	gossipsub_message_ihave(&rpc, topic_name(t), ids, n);
	if (rpc.failed)
		goto done;
	peers = gossipsub_topic_pick(g, t, hears_gossip, &list);
	want = peers / GOSSIP_PART;
	if (want < GOSSIP_D)
		want = GOSSIP_D;
	for (i = 0; i < peers && i < want; i++)
		(void)gossipsub_peer_send(list[i]->peer, buffer_all(&rpc),
		    true);

done:
	free(list);
	buffer_free(&rpc);
	free(ids);
}
