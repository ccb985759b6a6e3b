/* node_local.c: finding those near by, and those on the topics of groups. */
#include <stdlib.h>

#include "node/node_impl.h"

/* A topic that is announced and looked for. */
struct node_topic {
	struct node * node;
	struct discovery_search search;
	struct buffer ns;
};

/* --- near by -------------------------------------------------------------- */

int
node_local_open(struct node * n, const struct node_config * config)
{
	if (config->local_records && (n->local = local_record_new(
	    n->discovery, n->host, n->networks.at, n->networks.n)) == NULL)
		return (-ERR_INTERNAL);
	if (config->mdns && (n->mdns = mdns_new(n->host)) == NULL)
		return (-ERR_INTERNAL);
	return (0);
}

void
node_local_close(struct node * n)
{
	mdns_free(n->mdns);
	local_record_free(n->local);
	n->mdns = NULL;
	n->local = NULL;
}

enum node_switch
node_mdns(const struct node * n)
{
	if (n->mdns == NULL)
		return (NODE_OFF);
	return (mdns_active(n->mdns) ? NODE_ON : NODE_UNAVAILABLE);
}

/* --- topics --------------------------------------------------------------- */

/* The address is known to the host; whoever is connected hears the topic. */
static void
found(struct discovery_search * search, const struct peer_id * peer)
{
	struct node_topic * t = search->user;

	(void)host_connect(t->node->host, peer);
}

/* In clear, and not rotated.  Source: rendezvous spec §4. */
void
node_topic_start(struct node_group * g, enum feed_log which)
{
	struct node * n = g->node;
	struct node_topic * t;

	if (!group_network(g->group)->group_discovery ||
	    g->topics[which] != NULL || n->discovery == NULL)
		return;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return;
	t->node = n;
	t->search.found = found;
	t->search.user = t;
	buffer_text(&t->ns, "floodsub:");
	buffer_slice(&t->ns, node_group_topic(g, which));
	if (t->ns.failed || discovery_search_start(n->discovery, &t->search,
	    buffer_all(&t->ns)) != 0) {
		buffer_free(&t->ns);
		free(t);
		return;
	}
	g->topics[which] = t;
	discovery_announce(n->discovery, buffer_all(&t->ns), UINT64_MAX);
}

void
node_topic_stop(struct node_group * g, enum feed_log which)
{
	struct node_topic * t = g->topics[which];

	if (t == NULL)
		return;
	g->topics[which] = NULL;
	discovery_search_stop(g->node->discovery, &t->search);
	discovery_withdraw(g->node->discovery, buffer_all(&t->ns));
	buffer_free(&t->ns);
	free(t);
}
