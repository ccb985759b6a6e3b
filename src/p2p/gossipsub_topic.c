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

/* May the peer be remembered for one more topic that is not ours? */
static bool
within_budget(const struct gossip_peer * p, struct slice name)
{
	return (p->n_counted < PEER_TOPICS && name.n <= TOPIC_MAX &&
	    p->counted_bytes + name.n <= PEER_TOPIC_BYTES);
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
	if (!ours && !within_budget(p, name))
		return (NULL);
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (NULL);
	if (t == NULL && (t = gossipsub_topic_get(g, name)) == NULL) {
		free(m);
		return (NULL);
	}
	m->topic = t;
	m->peer = p;
	m->counted = !ours;
	if (m->counted) {
		p->n_counted++;
		p->counted_bytes += name.n;
	}
	list_append(&t->members, &m->in_topic);
	list_append(&p->members, &m->in_peer);
	t->n_members++;
	if (ours)
		gossipsub_tell(g, true, t, &p->id);
	return (m);
}

void
gossipsub_topic_remove(struct gossipsub * g, struct gossip_member * m)
{
	struct gossip_topic * t = m->topic;
	struct gossip_peer * p = m->peer;

	gossipsub_mesh_drop(m);
	if (t->subscribed)
		gossipsub_tell(g, false, t, &p->id);
	if (m->counted) {
		p->n_counted--;
		p->counted_bytes -= t->name.n;
	}
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
