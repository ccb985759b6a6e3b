#include "support/swarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void
start_node(struct swarm * s, size_t i)
{
	struct swarm_node * node = &s->nodes[i];
	struct host_config config = {.agent = "test", .security = HOST_NOISE};
	struct buffer address = {0};
	uint8_t seed[32] = {1, (uint8_t)i};

	node->w = sim_node(s->sim);
	assert_non_null(node->w);
	ed25519_from_seed(&node->key, seed);
	config.key = node->key;
	node->h = host_new(node->w, &config);
	assert_non_null(node->h);
	node->id = *host_id(node->h);
	assert_int_equal(multiaddr_decode(&address,
	    slice_text("/ip4/0.0.0.0/tcp/4001")), 0);
	assert_int_equal(host_listen(node->h, buffer_all(&address), NULL), 0);
	buffer_free(&address);
}

void
swarm_start(struct swarm * s, uint64_t seed, size_t n)
{
	size_t i;

	assert_true(n <= SWARM_MAX);
	*s = (struct swarm){.sim = sim_new(sim_seed_wanted(seed)), .n = n};
	assert_non_null(s->sim);
	for (i = 0; i < n; i++)
		start_node(s, i);
}

void
swarm_stop(struct swarm * s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		host_free(s->nodes[i].h);
	sim_free(s->sim);
}

void
swarm_dial(struct swarm * s, size_t a, size_t b)
{
	struct world_address at = sim_address(s->nodes[b].w);
	struct multiaddr_tcp to = {.port = 4001, .peer = s->nodes[b].id};
	struct buffer address = {0};

	memcpy(to.ip, at.ip, 4);
	multiaddr_from_tcp(&address, &to);
	host_learn(s->nodes[a].h, &s->nodes[b].id, buffer_all(&address),
	    UINT64_MAX);
	assert_int_equal(host_connect(s->nodes[a].h, &s->nodes[b].id), 0);
	buffer_free(&address);
}

void
swarm_connect(struct swarm * s, size_t a, size_t b)
{
	swarm_dial(s, a, b);
	sim_run_for(s->sim, 500);
	assert_true(host_connected(s->nodes[a].h, &s->nodes[b].id));
	assert_true(host_connected(s->nodes[b].h, &s->nodes[a].id));
}
