/*
 * node_replication.c: meets the servers that keep open groups, where members
 * told of them (event 403, an extension of ours).
 */
#include "group/replicating.h"
#include "node/node_impl.h"

/* Addresses of servers that are kept connected, in all groups. */
#define KEPT_MAX 64

static int
meet(void * user, const struct replicating * r)
{
	struct node_group * g = user;
	struct node * n = g->node;
	struct multiaddr_tcp tcp;
	struct slice address;
	size_t at = 0;

	while (replicating_address(r, &at, &address)) {
		/* Who is met proves to be that peer, or is let go. */
		if (n->replicas.n >= KEPT_MAX ||
		    multiaddr_to_tcp(address, &tcp) != 0 || tcp.peer.n == 0 ||
		    map_get(&n->replicas, address) != NULL)
			continue;
		if (map_set(&n->replicas, address, n) == 0 &&
		    host_keep(n->host, address) != 0)
			(void)map_remove(&n->replicas, address);
	}
	return (0);
}

void
node_replication_meet(struct node_group * g)
{
	struct store * store = g->node->store;
	uint64_t scope = group_scope(g->group), n;

	if (g->closing || g->local_only || g->synced[FEED_METADATA] == NULL ||
	    store_count(store, STORE_REPLICATING, scope, &n) != 0 ||
	    n == g->replicating)
		return;
	g->replicating = n;
	(void)replicating_each(store, scope, meet, g);
}
