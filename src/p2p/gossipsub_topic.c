#include <stdlib.h>

#include "base/error.h"
#include "p2p/gossipsub_private.h"

struct gossip_topic *
gossipsub_topic_find(struct gossipsub * g, struct slice name)
{
	return (map_get(&g->topic_map, name));
}

struct gossip_topic *
gossipsub_topic_get(struct gossipsub * g, struct slice name)
{
	struct gossip_topic * t = gossipsub_topic_find(g, name);

	if (t != NULL)
		return (t);
	if ((t = calloc(1, sizeof(*t))) == NULL)
		goto err0;
	buffer_slice(&t->name, name);
	if (t->name.failed)
		goto err1;
	if (map_set(&g->topic_map, name, t) != 0)
		goto err1;
	t->backoff.peers.seed = g->topic_map.seed;
	list_init(&t->members);
	list_append(&g->topics, &t->place);
	return (t);

err1:
	buffer_free(&t->name);
	free(t);
err0:
	return (NULL);
}

void
gossipsub_topic_free(struct gossipsub * g, struct gossip_topic * t)
{
	(void)map_remove(&g->topic_map, topic_name(t));
	list_remove(&t->place);
	gossipsub_backoff_free(&t->backoff);
	buffer_free(&t->name);
	free(t->text);
	free(t);
}

void
gossipsub_topic_release(struct gossipsub * g, struct gossip_topic * t)
{
	if (!t->subscribed && t->fanout_until == 0 && list_empty(&t->members) &&
	    t->backoff.peers.n == 0)
		gossipsub_topic_free(g, t);
}

struct gossip_member *
gossipsub_topic_member(struct gossip_topic * t, const struct gossip_peer * p)
{
	struct list * place, * following;

	list_each (place, following, &t->members) {
		struct gossip_member * m =
		    list_entry(place, struct gossip_member, in_topic);

		if (m->peer == p)
			return (m);
	}
	return (NULL);
}

/* May the peer be remembered for one more topic that is not ours?  Counts it. */
static bool
count(struct gossip_peer * p, struct slice name)
{
	struct gossipsub_budgets * b = &p->g->budgets;

	if (name.n > TOPIC_MAX ||
	    !budget_allows(&b->peer_topics, p->n_counted, 1) ||
	    !budget_allows(&b->peer_topic_bytes, p->counted_bytes, name.n))
		return (false);
	if (!budget_take_fair(&b->topics, p->n_counted, 1))
		return (false);
	if (!budget_take_fair(&b->topic_bytes, p->counted_bytes, name.n)) {
		budget_give(&b->topics, 1);
		return (false);
	}
	p->n_counted++;
	p->counted_bytes += name.n;
	return (true);
}

static void
uncount(struct gossip_peer * p, struct slice name)
{
	p->n_counted--;
	p->counted_bytes -= name.n;
	budget_give(&p->g->budgets.topics, 1);
	budget_give(&p->g->budgets.topic_bytes, name.n);
}

struct gossip_member *
gossipsub_topic_add(struct gossipsub * g, struct gossip_peer * p,
    struct slice name)
{
	struct gossip_topic * t = gossipsub_topic_find(g, name);
	struct gossip_member * m;
	bool ours = t != NULL && t->subscribed;

	if (t != NULL && (m = gossipsub_topic_member(t, p)) != NULL)
		return (m);
	if (!ours && !count(p, name))
		return (NULL);
	if ((m = calloc(1, sizeof(*m))) == NULL)
		goto err0;
	if (t == NULL && (t = gossipsub_topic_get(g, name)) == NULL)
		goto err1;
	m->topic = t;
	m->peer = p;
	m->counted = !ours;
	list_append(&t->members, &m->in_topic);
	list_append(&p->members, &m->in_peer);
	t->n_members++;
	if (ours)
		gossipsub_tell(g, true, t, &p->id);
	return (m);

err1:
	free(m);
err0:
	if (!ours)
		uncount(p, name);
	return (NULL);
}

void
gossipsub_topic_remove(struct gossipsub * g, struct gossip_member * m)
{
	struct gossip_topic * t = m->topic;
	struct gossip_peer * p = m->peer;

	gossipsub_mesh_drop(m);
	if (t->subscribed)
		gossipsub_tell(g, false, t, &p->id);
	if (m->counted)
		uncount(p, topic_name(t));
	list_remove(&m->in_topic);
	list_remove(&m->in_peer);
	t->n_members--;
	free(m);
	gossipsub_topic_release(g, t);
}

size_t
gossipsub_topic_pick(struct gossipsub * g, struct gossip_topic * t,
    bool (*fits)(struct gossipsub * g, const struct gossip_member * m),
    struct gossip_member *** list)
{
	struct list * place, * following;
	struct gossip_member ** picked;
	size_t n = 0, at;

	*list = NULL;
	picked = malloc((t->n_members + 1) * sizeof(struct gossip_member *));
	if (picked == NULL)
		return (0);
	list_each (place, following, &t->members) {
		struct gossip_member * m =
		    list_entry(place, struct gossip_member, in_topic);

		if (!fits(g, m))
			continue;
		at = gossipsub_random(g, n + 1);
		picked[n++] = picked[at];
		picked[at] = m;
	}
	*list = picked;
	return (n);
}
