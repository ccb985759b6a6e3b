/* sync_fixture.h: logs of several nodes on a simulated network, for tests. */
#ifndef BERTY_TESTS_SYNC_FIXTURE_H
#define BERTY_TESTS_SYNC_FIXTURE_H

#include "log/log_fixture.h"
#include "codec/multiaddr.h"
#include "p2p/host.h"
#include "sync/sync.h"

enum { NODES_MAX = 5 };

struct node {
	struct place place;
	struct host * host;
	struct sync * sync;
	struct sync_log * log;
	struct ed25519_key key;
	unsigned joined;          /* calls of the handler */
	uint64_t arrivals;        /* as it last said */
	unsigned peers;
};

struct net {
	struct sim * sim;
	struct node nodes[NODES_MAX];
	size_t n;
	const struct network * network;
};

static inline void
on_joined(void * user, struct log * log, uint64_t arrivals)
{
	struct node * node = user;

	(void)log;
	node->joined++;
	node->arrivals = arrivals;
}

static inline void
on_peer(void * user, struct log * log, const struct peer_id * peer, bool here)
{
	struct node * node = user;

	(void)log;
	(void)peer;
	node->peers += here ? 1U : -1U;
}

static const struct sync_handler handler = {
    .joined = on_joined, .peer = on_peer,
};

/* The multiaddr that a node listens on: its address, port 4001. */
static inline void
address_of(struct node * node, struct buffer * out)
{
	struct world_address at = sim_address(node->place.world);
	struct multiaddr_tcp tcp = {.port = 4001};

	memcpy(tcp.ip, at.ip, 4);
	peer_id_from_ed25519(&tcp.peer, node->key.pub);
	multiaddr_from_tcp(out, &tcp);
}

static inline void
node_start(struct net * net, struct node * node)
{
	struct host_config config = {.key = node->key, .agent = "test",
	    .security = HOST_NOISE};
	struct sync_config sync = {.network = net->network, .link_key = {9}};
	struct buffer address = {0};
	struct world_address at = sim_address(node->place.world);
	struct multiaddr_tcp tcp = {.port = 4001};

	node->host = host_new(node->place.world, &config);
	assert_non_null(node->host);
	memcpy(tcp.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &tcp);
	assert_int_equal(host_listen(node->host, buffer_all(&address), NULL),
	    0);
	node->sync = sync_new(node->place.world, node->place.store, node->host,
	    &node->key, &handler, node);
	assert_non_null(node->sync);
	memcpy(sync.device_pk, node->key.pub, 32);
	sync.has_device = true;
	assert_int_equal(sync_add(node->sync, node->place.log, &sync,
	    &node->log), 0);
	buffer_free(&address);
}

static inline void
node_stop(struct node * node)
{
	sync_free(node->sync);
	host_free(node->host);
	node->sync = NULL;
	node->host = NULL;
	node->log = NULL;
	node->peers = 0;
}

static inline void
connect(struct node * from, struct node * to)
{
	struct buffer address = {0};

	address_of(to, &address);
	assert_int_equal(host_keep(from->host, buffer_all(&address)), 0);
	buffer_free(&address);
}

static inline void
net_new(struct net * net, uint64_t seed, size_t n, enum network_id network)
{
	uint8_t key[32] = {0};
	size_t i, j;

	*net = (struct net){.n = n, .network = network_get(network)};
	net->sim = sim_new(sim_seed_wanted(seed));
	for (i = 0; i < n; i++) {
		place_new(&net->nodes[i].place, net->sim, 'g');
		key[0] = (uint8_t)(i + 1);
		ed25519_from_seed(&net->nodes[i].key, key);
		node_start(net, &net->nodes[i]);
		for (j = 0; j < i; j++)
			connect(&net->nodes[i], &net->nodes[j]);
	}
}

static inline void
net_free(struct net * net)
{
	size_t i;

	for (i = 0; i < net->n; i++) {
		if (net->nodes[i].sync != NULL)
			node_stop(&net->nodes[i]);
		place_free(&net->nodes[i].place);
	}
	sim_free(net->sim);
}

/* Two that write the same at the same time make the same entry, but for the
 * writer's name. */
static inline void
write_entry(struct node * node, const char * text)
{
	char named[64];

	(void)snprintf(named, sizeof(named), "%s by %02x", text,
	    node->key.pub[0]);
	(void)place_append(&node->place, named);
	if (node->log != NULL)
		sync_announce(node->log);
}

static inline uint64_t
joined(struct node * node)
{
	struct log_status s;

	log_status(node->place.log, &s);
	return (s.joined);
}

static inline bool
all_equal(void * user)
{
	struct net * net = user;
	size_t i;

	for (i = 1; i < net->n; i++)
		if (joined(&net->nodes[i]) != joined(&net->nodes[0]) ||
		    !same_heads(&net->nodes[i].place, &net->nodes[0].place))
			return (false);
	return (true);
}

static inline bool
all_met(void * user)
{
	struct net * net = user;
	size_t i;

	for (i = 0; i < net->n; i++)
		if (net->nodes[i].peers < net->n - 1)
			return (false);
	return (true);
}

static inline void
check_equal(struct net * net, uint64_t entries)
{
	size_t i;

	for (i = 0; i < net->n; i++) {
		sim_assert(net->sim, joined(&net->nodes[i]) == entries);
		sim_assert(net->sim, same_causal_order(&net->nodes[i].place,
		    &net->nodes[0].place));
	}
}

#endif /* !BERTY_TESTS_SYNC_FIXTURE_H */
