/* node.c: opening and closing a node, and what follows from changes. */
#include "node/node.h"

#include <stdlib.h>

#include "node/node_impl.h"
#include "node/node_push.h"
#include "node/push_keep.h"

/* Messages that a late key opens in one transaction. */
#define REACT_MAX 256

struct account *
node_account(struct node * n)
{
	return (n->account);
}

struct host *
node_host(struct node * n)
{
	return (n->host);
}

struct sync *
node_sync(struct node * n)
{
	return (n->sync);
}

struct store *
node_store(struct node * n)
{
	return (n->store);
}

struct world *
node_world(struct node * n)
{
	return (n->world);
}

struct web *
node_web(struct node * n)
{
	return (n->web);
}

bool
node_services_insecure(const struct node * n)
{
	return (n->services_insecure);
}

struct attachments *
node_attachments(struct node * n)
{
	return (n->attachments);
}

void
node_forget(struct node * n)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&n->groups, &at, &key, &value))
		group_forget(((struct node_group *)value)->group);
	account_forget(n->account);
}

void
node_follow_up(struct node * n)
{
	if (!n->closed)
		(void)world_timer_start(n->world, &n->follow_up, 0);
}

void
node_follow_up_in(struct node_group * g)
{
	list_remove(&g->due);
	list_append(&g->node->due, &g->due);
	node_follow_up(g->node);
}

void
node_account_changed(struct node * n)
{
	node_contacts_changed(n);
	n->known_changed = true;
	push_keep_changed(n->push, NULL);
	node_follow_up(n);
}

/* --- what changes call for ---------------------------------------------- */

static void
react(struct node * n, struct node_group * g)
{
	struct error err = {0};
	struct node_tx * tx;

	if (node_begin(n, &tx, &err) != 0)
		return;
	node_touch(tx, g);
	if (group_react(g->group, REACT_MAX, &err) != 0) {
		log_warn(n->world->log, "node", "a group's answer failed: %s",
		    err.text);
		node_abort(tx);
		return;
	}
	(void)node_commit(tx, NULL, NULL, &err);
}

/* Public keys of groups to activate, collected by walks of the account. */
struct known {
	struct node * node;
	struct buffer keys;
};

static void
add_known(struct known * known, const uint8_t pk[32])
{
	struct slice key = slice_of(pk, KEY_SIZE);
	struct buffer row = {0};

	if (map_get(&known->node->groups, key) == NULL &&
	    store_get(known->node->store, STORE_GROUP, 0, key, &row) ==
	    -ERR_NOT_FOUND)
		buffer_slice(&known->keys, key);
	buffer_free(&row);
}

static int
known_group(void * user, const struct group_info * g,
    const struct network * network)
{
	(void)network;
	add_known(user, g->pk);
	return (0);
}

static int
known_contact(void * user, const struct contact * c)
{
	struct known * known = user;
	struct group_config config = {0};

	if (c->state == CONTACT_ADDED &&
	    account_contact_group_config(known->node->account, c->pk, &config,
	        NULL) == 0)
		add_known(known, config.info.pk);
	crypto_wipe(&config, sizeof(config));
	return (0);
}

void
node_follow_activate(struct node * n, struct slice pk)
{
	struct error err = {0};
	struct node_tx * tx;

	if (node_begin(n, &tx, &err) != 0)
		return;
	if (node_activate(tx, pk, false, NULL, &err) != 0) {
		log_warn(n->world->log, "node",
		    "a known group could not be activated: %s", err.text);
		node_abort(tx);
		return;
	}
	(void)node_commit(tx, NULL, NULL, &err);
}

static void
activate_known(struct node * n)
{
	struct known known = {n, {0}};
	size_t i;

	n->known_changed = false;
	(void)account_each_contact(n->account, known_contact, &known);
	(void)account_each_group(n->account, known_group, &known);
	for (i = 0; i + KEY_SIZE <= known.keys.n; i += KEY_SIZE)
		node_follow_activate(n, slice_of(known.keys.p + i, KEY_SIZE));
	buffer_free(&known.keys);
}

void
node_follow_up_fire(struct world_timer * timer)
{
	struct node * n = list_entry(timer, struct node, follow_up);
	struct node_group * g;

	if (store_read_only(n->store))
		return;
	while (!list_empty(&n->due)) {
		g = list_entry(n->due.next, struct node_group, due);
		list_remove(&g->due);
		push_keep_changed(n->push, group_info_of(g->group)->pk);
		node_replication_meet(g);
		/* What a reaction wrote makes the group due again. */
		if (!g->closing && group_has_reaction(g->group))
			react(n, g);
	}
	if (n->moved)
		node_networks_reopen(n);
	if (n->auto_activate && n->known_changed)
		activate_known(n);
}

/* --- sync --------------------------------------------------------------- */

static struct node_group *
group_of_log(struct node * n, struct log * log, enum feed_log * which)
{
	struct node_group * g =
	    map_get(&n->logs, slice_of(&log, sizeof(log)));

	if (g != NULL)
		*which = node_log(g, FEED_METADATA) == log ? FEED_METADATA
		                                           : FEED_MESSAGES;
	return (g);
}

static void
sync_joined(void * user, struct log * log, uint64_t arrivals)
{
	struct node * n = user;
	enum feed_log which;
	struct node_group * g = group_of_log(n, log, &which);

	if (g == NULL)
		return;
	node_show(g, which, arrivals);
	if (g->is_account)
		node_account_changed(n);
	node_follow_up_in(g);
}

static void
sync_undone(void * user, struct log * log)
{
	(void)log;
	node_forget(user);
}

static void
sync_peer(void * user, struct log * log, const struct peer_id * peer,
    bool here)
{
	struct node * n = user;
	enum feed_log which;
	struct node_group * g = group_of_log(n, log, &which);

	if (g != NULL)
		node_tell_peer(g, which, peer, here);
}

static const struct sync_handler sync_handler = {
	.joined = sync_joined,
	.undone = sync_undone,
	.peer = sync_peer,
};

/* --- open and close ----------------------------------------------------- */

static int
make_account(struct node * n, struct error * err)
{
	int rc;

	n->context = (struct group_context){n->world, n->store, n->secrets};
	rc = account_open(&n->context, n->network, NULL, &n->account, err);
	if (rc != 0)
		return (rc);
	if (node_group_new(n, account_group(n->account), true) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	return (node_networks_keep(n, err));
}

static int
open_account(struct node * n, const struct node_config * config,
    struct error * err)
{
	struct node_restoring * restoring = NULL;
	int rc;

	if ((rc = node_networks_open(n, config, err)) != 0)
		return (rc);
	if (config->restore == NULL)
		return (make_account(n, err));
	if ((rc = node_restore_open(n, config->restore, &restoring,
	        err)) == 0 &&
	    (rc = make_account(n, err)) == 0)
		rc = node_restore_join(restoring, err);
	node_restore_free(restoring);
	return (rc);
}

static int
open_network(struct node * n, const struct node_config * config,
    struct error * err)
{
	const struct ed25519_key * key = &account_keys(n->account)->peer;
	struct host_config host = {
		.key = *key,
		.secrets = n->secrets,
		.agent = config->agent,
		.security = config->security,
		.version = n->network->protocol_version,
		.limits = config->limits,
	};
	size_t i;
	int rc;

	for (i = 0; i < n->networks.n; i++)
		host.identify_delta |= n->networks.at[i]->identify_delta;
	n->host = host_new(n->world, &host);
	if (n->host != NULL)
		n->sync = sync_new(n->world, n->store, n->host, key,
		    &sync_handler, n);
	crypto_wipe(&host.key, sizeof(host.key));
	if (n->sync != NULL)
		n->attachments = attachments_new(n->world, n->store, n->sync,
		    &config->attachments);
	if (n->attachments == NULL || node_contacts_open(n) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	node_status_open(n);
	node_watch_discovery(n);
	if ((rc = node_addresses_open(n, config, err)) != 0)
		return (rc);
	if (node_local_open(n, config) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	return (0);
}

int
node_open(struct world * w, const struct node_config * config,
    struct node ** node, struct error * err)
{
	struct node * n;
	int rc;

	if (crypto_setup() != 0 || (n = calloc(1, sizeof(*n))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	n->world = w;
	n->web = config->web;
	n->services_insecure = config->services_insecure;
	n->auto_activate = config->auto_activate;
	n->libraries = config->libraries;
	n->known_changed = true;
	n->follow_up.fire = node_follow_up_fire;
	n->guesses.fire = node_networks_fire;
	n->wake.fire = feed_wake_fire;
	list_init(&n->watchers);
	list_init(&n->budgets);
	list_init(&n->changes);
	list_init(&n->due);
	world_random(w, (uint8_t *)&n->groups.seed, sizeof(n->groups.seed));
	n->replicas.seed = n->groups.seed;
	if ((n->secrets = secret_arena_new()) == NULL) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	if ((rc = store_open(w, &config->store, &n->store, err)) != 0)
		goto err0;
	if ((rc = open_account(n, config, err)) != 0)
		goto err0;
	if ((rc = open_network(n, config, err)) != 0)
		goto err0;
	node_group_connect(node_account_group(n));
	node_contacts_changed(n);
	node_follow_up(n);
	node_networks_watch(n);
	if (push_keep_open(n, &config->store, &n->push) != 0) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	node_push_follow_tokens(n);
	*node = n;
	return (0);

err0:
	node_close(n);
	return (rc);
}

/*
 * Take the groups off the network first: closing the store ends the changes
 * that are on their way, and these still look at the groups.
 */
static void
close_groups(struct node * n, bool free_them)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&n->groups, &at, &key, &value)) {
		struct node_group * g = value;

		if (free_them) {
			node_group_free(g);
			at = 0;
			continue;
		}
		feeds_end(g);
		node_group_disconnect(g);
	}
}

void
node_close(struct node * n)
{
	n->closed = true;
	world_timer_stop(n->world, &n->follow_up);
	world_timer_stop(n->world, &n->wake);
	node_tell_closed(n);
	world_timer_stop(n->world, &n->guesses);
	push_keep_close(n->push);
	/* What the store still commits changes the account once more. */
	n->push = NULL;
	close_groups(n, false);
	node_local_close(n);
	node_contacts_close(n);
	if (n->attachments != NULL)
		attachments_stop(n->attachments);
	if (n->sync != NULL)
		sync_free(n->sync);
	n->sync = NULL;
	if (n->host != NULL)
		host_free(n->host);
	if (n->store != NULL)
		store_close(n->store);
	if (n->attachments != NULL)
		attachments_free(n->attachments);
	world_timer_stop(n->world, &n->follow_up);
	world_timer_stop(n->world, &n->wake);
	close_groups(n, true);
	if (n->account != NULL)
		account_close(n->account);
	map_free(&n->groups);
	map_free(&n->logs);
	map_free(&n->replicas);
	buffer_free(&n->to_open);
	if (n->secrets != NULL)
		secret_arena_free(n->secrets);
	free(n);
}
