/*
 * node_replication.c: meets the servers that keep open groups, where members
 * told of them (event 403, an extension of ours).
 */
#include "group/replicating.h"
#include "node/node_impl.h"

/* Addresses of servers that are kept connected, in all groups. */
#define KEPT_MAX 64

/* Of one group, and what one device told there: so no member makes all others
 * dial whom he likes, nor takes the place of the servers of other groups. */
#define KEPT_GROUP_MAX 16
#define KEPT_DEVICE_MAX 8

struct meeting {
	struct node * node;
	size_t n;                 /* addresses of the group so far */
	uint8_t told_by[KEPT_GROUP_MAX][KEY_SIZE]; /* each of them */
};

static bool
may_tell(const struct meeting * m, const uint8_t device_pk[KEY_SIZE])
{
	size_t i, told = 0;

	for (i = 0; i < m->n; i++)
		told += memcmp(m->told_by[i], device_pk, KEY_SIZE) == 0;
	return (m->n < KEPT_GROUP_MAX && told < KEPT_DEVICE_MAX);
}

static int
meet(void * user, const struct replicating * r)
{
	struct meeting * m = user;
	struct node * n = m->node;
	struct multiaddr_tcp tcp;
	struct slice address;
	size_t at = 0;

	while (replicating_address(r, &at, &address) &&
	    may_tell(m, r->device_pk)) {
		/* Who is met proves to be that peer, or is let go. */
		if (multiaddr_to_tcp(address, &tcp) != 0 || tcp.peer.n == 0)
			continue;
		memcpy(m->told_by[m->n++], r->device_pk, KEY_SIZE);
		if (n->replicas.n >= KEPT_MAX ||
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
	struct meeting m = {.node = g->node};
	uint64_t scope = group_scope(g->group), n;

	if (g->closing || g->local_only || g->synced[FEED_METADATA] == NULL ||
	    store_count(store, STORE_REPLICATING, scope, &n) != 0 ||
	    n == g->replicating)
		return;
	g->replicating = n;
	(void)replicating_each(store, scope, meet, &m);
}
