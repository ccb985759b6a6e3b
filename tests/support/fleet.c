/* fleet.c: the lives of nodes. */
#include "support/fleet.h"

#include <stdlib.h>

#include "support/fleet_impl.h"

static bool
wired(const struct fleet * f, size_t from, size_t to)
{
	if (f->config.near)
		return (false);
	if (f->config.wired != NULL)
		return (f->config.wired(from, to));
	return (to < from);
}

int
fleet_try_open(struct fleet * f, size_t i, struct error * err)
{
	struct fleet_node * node = &f->nodes[i];
	static const char * const listeners[] = {"/ip4/0.0.0.0/tcp/4001", NULL};
	const char * peers[FLEET_MAX + 1] = {NULL};
	char text[FLEET_MAX][48];
	uint8_t key[32] = {9, (uint8_t)i};
	struct node_config config = {
	    .store = {.path = "store", .vfs = sim_disk(node->w), .key = key},
	    .network = f->config.network,
	    .listeners = listeners,
	    .static_peers = peers,
	    .auto_activate = !f->config.by_hand,
	    .agent = "test",
	    .security = HOST_NOISE,
	    .mdns = f->config.near,
	    .local_records = f->config.near,
	    .restore = f->config.restores[i],
	    .attachments = f->config.attachments[i],
	    .web = node->web == NULL ? NULL : fake_web_of(node->web),
	};
	size_t to, n = 0;
	int rc;

	assert_null(node->node);
	if (f->config.stores[i] != NULL)
		config.store.path = f->config.stores[i];
	if (f->config.networks[i] != NULL) {
		config.network = NULL;
		assert_true(network_list_parse(&config.networks,
		    slice_text(f->config.networks[i])));
	}
	for (to = 0; to < f->n; to++)
		if (to != i && wired(f, i, to)) {
			(void)snprintf(text[n], sizeof(text[n]),
			    "/ip4/10.0.0.%zu/tcp/4001", to + 1);
			peers[n] = text[n];
			n++;
		}
	sim_start(node->w);
	if ((rc = node_open(node->w, &config, &node->node, err)) != 0) {
		node->node = NULL;
		return (rc);
	}
	memcpy(node->account,
	    account_keys(node_account(node->node))->account.pub, 32);
	return (0);
}

void
fleet_open(struct fleet * f, size_t i)
{
	struct error err = {0};
	char text[256];

	if (fleet_try_open(f, i, &err) != 0) {
		(void)error_format(&err, text, sizeof(text));
		(void)sim_holds(f->sim, false, text);
		fail();
	}
	sim_run_for(f->sim, 1);
}

void
fleet_start(struct fleet * f, uint64_t seed, const struct fleet_config * config)
{
	size_t i;

	assert_true(config->n <= FLEET_MAX);
	*f = (struct fleet){.config = *config, .n = config->n};
	if (f->config.network == NULL)
		f->config.network = network_get(NETWORK_BERTY_V1);
	f->sim = sim_new(sim_seed_wanted(seed));
	assert_non_null(f->sim);
	for (i = 0; i < f->n; i++) {
		list_init(&f->nodes[i].calls);
		f->nodes[i].w = sim_node(f->sim);
		assert_non_null(f->nodes[i].w);
		if (config->web)
			f->nodes[i].web = fake_web_new(f->nodes[i].w);
	}
	if (getenv("BERTY_LOG") != NULL)
		sim_log(f->sim, (enum log_level)atoi(getenv("BERTY_LOG")));
	for (i = 0; i < f->n; i++)
		fleet_open(f, i);
}

/* Close what stands on a node; calls that ran have ended then. */
static void
clear(struct fleet_node * node)
{
	struct list *place, *following;

	if (node->node != NULL)
		node_close(node->node);
	node->node = NULL;
	list_each(place, following, &node->calls) {
		struct fleet_call * call =
		    list_entry(place, struct fleet_call, place);

		assert_true(call->finished);
		call->call.node = NULL;
	}
}

void
fleet_close(struct fleet * f, size_t i)
{
	clear(&f->nodes[i]);
}

void
fleet_kill(struct fleet * f, size_t i)
{
	sim_kill(f->nodes[i].w);
	clear(&f->nodes[i]);
}

void
fleet_crash(struct fleet * f, size_t i, enum sim_crash left)
{
	sim_crash(f->nodes[i].w, left);
	clear(&f->nodes[i]);
}

bool
fleet_bury(struct fleet * f, size_t i)
{
	if (sim_alive(f->nodes[i].w))
		return (false);
	f->nodes[i].deaths += f->nodes[i].node != NULL;
	clear(&f->nodes[i]);
	return (true);
}

void
fleet_stop(struct fleet * f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		clear(&f->nodes[i]);
		assert_true(list_empty(&f->nodes[i].calls));
		if (f->nodes[i].web != NULL)
			fake_web_free(f->nodes[i].web);
	}
	sim_free(f->sim);
}
