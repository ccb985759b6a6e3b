/* gossipsub_budgets.c: what peers may use up of the router, and what they do. */
#include "p2p/gossipsub_private.h"

void
gossipsub_budgets_init(struct gossipsub * g)
{
	struct gossipsub_budgets * b = &g->budgets;

	budget_init(&b->topics, "gossipsub.topics", TOPICS);
	budget_init(&b->topic_bytes, "gossipsub.topic_bytes", TOPIC_BYTES);
	budget_init(&b->peer_topics, "gossipsub.topics_of_peer", PEER_TOPICS);
	budget_init(&b->peer_topic_bytes, "gossipsub.topic_bytes_of_peer",
	    PEER_TOPIC_BYTES);
	budget_init(&b->forged, "gossipsub.forged_of_peer", FORGED.burst);
	budget_init(&b->refused, "gossipsub.refused_of_peer", REFUSED.burst);
	budget_init(&b->wasted, "gossipsub.looked_at_in_vain", WASTED);
	budget_init(&b->queued, "gossipsub.queued_bytes_of_peer", PEER_QUEUE);
	budget_init(&b->asked, "gossipsub.asked_ids_of_peer", IHAVE_IDS);
}

/* What the peer that uses most of each uses. */
struct most {
	uint64_t topics, bytes, forged, refused, queued, asked;
};

static void
raise_to(uint64_t * most, uint64_t n)
{
	if (n > *most)
		*most = n;
}

static struct most
find_most(struct gossipsub * g)
{
	uint64_t now = world_now(g->world);
	struct list * place, * following;
	struct gossip_peer * p;
	struct most m = {0};

	list_each (place, following, &g->peers) {
		p = list_entry(place, struct gossip_peer, place);
		raise_to(&m.topics, p->n_counted);
		raise_to(&m.bytes, p->counted_bytes);
		raise_to(&m.forged, bucket_taken(&p->forged, &FORGED, now));
		raise_to(&m.refused, bucket_taken(&p->refused, &REFUSED, now));
		raise_to(&m.queued, p->out.outbox.bytes);
		raise_to(&m.asked, p->asked);
	}
	return (m);
}

void
gossipsub_budgets(struct gossipsub * g, const struct budget_walk * walk)
{
	struct gossipsub_budgets * b = &g->budgets;
	struct most m = find_most(g);

	budget_tell(walk, &b->topics);
	budget_tell(walk, &b->topic_bytes);
	budget_tell_used(walk, &b->peer_topics, m.topics);
	budget_tell_used(walk, &b->peer_topic_bytes, m.bytes);
	budget_tell_used(walk, &b->forged, m.forged);
	budget_tell_used(walk, &b->refused, m.refused);
	budget_tell_used(walk, &b->wasted, g->wasted);
	budget_tell_used(walk, &b->queued, m.queued);
	budget_tell_used(walk, &b->asked, m.asked);
	gossipsub_cache_budgets(g->cache, walk);
}
