/* node_watch.c: telling of the peers of groups. */
#include "node/node_impl.h"

/* Before a topic, where discovery names it.  Source: go-libp2p-pubsub. */
static const char prefix[] = "floodsub:";

void
node_watch(struct node * n, struct node_watcher * watcher)
{
	list_append(&n->watchers, &watcher->place);
}

void
node_unwatch(struct node * n, struct node_watcher * watcher)
{
	(void)n;
	list_remove(&watcher->place);
}

void
node_tell_peer(struct node_group * g, enum feed_log which,
    const struct peer_id * peer, bool here)
{
	struct list * place, * following;
	struct node_watcher * w;

	list_each(place, following, &g->node->watchers) {
		w = list_entry(place, struct node_watcher, place);
		if (w->peer != NULL)
			w->peer(w->user, g, which, peer, here);
	}
}

void
node_tell_self(struct node_group * g, enum feed_log which, bool here)
{
	struct list * place, * following;
	struct node_watcher * w;

	list_each(place, following, &g->node->watchers) {
		w = list_entry(place, struct node_watcher, place);
		if (w->self != NULL)
			w->self(w->user, g, which, here);
	}
}

void
node_tell_shut(struct node_group * g)
{
	struct list * place, * following;
	struct node_watcher * w;

	list_each(place, following, &g->node->watchers) {
		w = list_entry(place, struct node_watcher, place);
		if (w->shut != NULL)
			w->shut(w->user, g);
	}
}

void
node_tell_closed(struct node * n)
{
	struct node_watcher * w;

	while (!list_empty(&n->watchers)) {
		w = list_entry(n->watchers.next, struct node_watcher, place);
		list_remove(&w->place);
		if (w->closed != NULL)
			w->closed(w->user);
	}
}

/* --- discovery ------------------------------------------------------------ */

/* The open group whose log has that topic, and which of its logs. */
static struct node_group *
group_of_topic(struct node * n, struct slice topic, enum feed_log * which)
{
	struct node_group * g;
	size_t at = 0, i;

	while ((g = node_each_group(n, &at)) != NULL)
		for (i = 0; i < FEED_LOGS; i++) {
			*which = (enum feed_log)i;
			if (slice_equal(node_group_topic(g, *which), topic))
				return (g);
		}
	return (NULL);
}

static void
discovered(void * user, const char * driver, struct slice ns,
    const struct peer_id * peer)
{
	struct node * n = user;
	struct list * place, * following;
	struct node_watcher * w;
	struct node_group * g;
	enum feed_log which;

	if (list_empty(&n->watchers))
		return;
	if (ns.n > strlen(prefix) && memcmp(ns.p, prefix, strlen(prefix)) == 0)
		ns = slice_of(ns.p + strlen(prefix), ns.n - strlen(prefix));
	if ((g = group_of_topic(n, ns, &which)) == NULL)
		return;
	list_each(place, following, &n->watchers) {
		w = list_entry(place, struct node_watcher, place);
		if (w->discovered != NULL)
			w->discovered(w->user, g, which, driver, peer);
	}
}

void
node_watch_discovery(struct node * n)
{
	n->sightings = (struct discovery_watcher){.seen = discovered,
	    .user = n};
	discovery_watch(n->discovery, &n->sightings);
}
