/* node_group.c: groups that are open. */
#include <stdlib.h>

#include "node/node_impl.h"

/* STORE_GROUP holds a row for each group that was deactivated on purpose. */
static const uint8_t deactivated[1] = {1};

struct log *
node_log(const struct node_group * g, enum feed_log which)
{
	return (which == FEED_METADATA ? group_metadata_log(g->group)
	                               : group_message_log(g->group));
}

struct group *
node_group_of(struct node_group * g)
{
	return (g->group);
}

static struct slice
group_key(const struct node_group * g)
{
	return (slice_of(group_info_of(g->group)->pk, KEY_SIZE));
}

static int
index_log(struct node_group * g, enum feed_log which)
{
	struct log * log = node_log(g, which);

	return (map_set(&g->node->logs, slice_of(&log, sizeof(log)), g));
}

struct node_group *
node_group_new(struct node * n, struct group * group, bool is_account)
{
	struct node_group * g;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return (NULL);
	g->node = n;
	g->group = group;
	g->is_account = is_account;
	list_init(&g->feeds);
	list_init(&g->due);
	g->visible[FEED_METADATA] = log_arrivals(node_log(g, FEED_METADATA));
	g->visible[FEED_MESSAGES] = log_arrivals(node_log(g, FEED_MESSAGES));
	if (map_set(&n->groups, group_key(g), g) != 0 ||
	    index_log(g, FEED_METADATA) != 0 ||
	    index_log(g, FEED_MESSAGES) != 0) {
		/* The group stays the caller's. */
		g->is_account = true;
		node_group_free(g);
		return (NULL);
	}
	node_follow_up_in(g);
	return (g);
}

void
node_group_free(struct node_group * g)
{
	struct node * n = g->node;
	size_t i;

	feeds_end(g);
	list_remove(&g->due);
	node_group_disconnect(g);
	node_tell_shut(g);
	node_tx_forget(g);
	for (i = 0; i < FEED_LOGS; i++) {
		struct log * log = node_log(g, (enum feed_log)i);

		(void)map_remove(&n->logs, slice_of(&log, sizeof(log)));
	}
	if (map_get(&n->groups, group_key(g)) == g)
		(void)map_remove(&n->groups, group_key(g));
	if (!g->is_account)
		group_close(g->group);
	free(g);
}

void
node_group_connect(struct node_group * g)
{
	struct node * n = g->node;
	struct sync_config config = {.network = group_network(g->group)};
	size_t i;

	/* Of a network that is not spoken now a group is for reading only. */
	if (n->sync == NULL ||
	    !network_list_has(&n->networks, group_network(g->group)))
		return;
	group_link_key(config.link_key, group_info_of(g->group));
	config.has_device = config.network->heads_name_sender;
	memcpy(config.device_pk, group_device_pk(g->group), KEY_SIZE);
	for (i = 0; i < FEED_LOGS; i++) {
		if (g->synced[i] != NULL)
			continue;
		if (sync_add(n->sync, node_log(g, (enum feed_log)i), &config,
		    &g->synced[i]) != 0)
			log_warn(n->world->log, "node",
			    "a group's log could not be put on the network");
		else {
			node_tell_self(g, (enum feed_log)i, true);
			node_topic_start(g, (enum feed_log)i);
		}
	}
	crypto_wipe(&config, sizeof(config));
	node_replication_meet(g);
}

void
node_group_disconnect(struct node_group * g)
{
	size_t i;

	for (i = 0; i < FEED_LOGS; i++) {
		if (g->synced[i] == NULL)
			continue;
		node_topic_stop(g, (enum feed_log)i);
		sync_remove(g->synced[i]);
		g->synced[i] = NULL;
		node_tell_self(g, (enum feed_log)i, false);
	}
}

struct node_group *
node_find(struct node * n, struct slice group_pk)
{
	struct node_group * g = map_get(&n->groups, group_pk);

	return (g == NULL || g->closing ? NULL : g);
}

struct node_group *
node_account_group(struct node * n)
{
	const struct group_info * info =
	    group_info_of(account_group(n->account));

	return (map_get(&n->groups, slice_of(info->pk, KEY_SIZE)));
}

struct node_group *
node_each_group(struct node * n, size_t * at)
{
	struct slice key;
	void * value;

	while (map_next(&n->groups, at, &key, &value))
		if (!((struct node_group *)value)->closing)
			return (value);
	return (NULL);
}

bool
node_group_peer(struct node_group * g, enum feed_log which, size_t * at,
    struct peer_id * peer)
{
	return (g->synced[which] != NULL &&
	    sync_each_peer(g->synced[which], at, peer));
}

struct slice
node_group_topic(struct node_group * g, enum feed_log which)
{
	return (log_address_of(node_log(g, which)));
}

bool
node_group_on_topic(struct node_group * g, enum feed_log which)
{
	return (g->synced[which] != NULL);
}

bool
node_group_progress(struct node_group * g, enum feed_log which,
    struct sync_progress * progress)
{
	if (g->synced[which] == NULL)
		return (false);
	sync_progress(g->synced[which], progress);
	return (true);
}

/* Open a group that the account knows. */
static int
open_known(struct node_tx * tx, struct slice pk, struct node_group ** opened,
    struct error * err)
{
	struct node * n = node_tx_node(tx);
	struct group_config config = {0};
	struct node_group * g;
	struct group * group;
	int rc;

	if ((rc = account_group_config(n->account, pk.p, &config, err)) != 0)
		goto err0;
	if ((rc = group_open(&n->context, &config, &group, err)) != 0)
		goto err0;
	if ((g = node_group_new(n, group, false)) == NULL ||
	    node_tx_opened(tx, g) != 0) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto err1;
	}
	*opened = g;
	goto err0;

err1:
	if (g != NULL)
		node_group_free(g);
	else
		group_close(group);
err0:
	crypto_wipe(&config, sizeof(config));
	return (rc);
}

int
node_activate(struct node_tx * tx, struct slice group_pk, bool local_only,
    struct node_group ** opened, struct error * err)
{
	struct node * n = node_tx_node(tx);
	struct node_group * g = map_get(&n->groups, group_pk);
	bool fresh = g == NULL;
	int rc;

	if (fresh && (rc = open_known(tx, group_pk, &g, err)) != 0) {
		if (rc != -ERR_NOT_FOUND)
			return (error_wrap(err, ERR_GROUP_ACTIVATE));
		(void)error_set(err, ERR_INVALID_INPUT,
		    "no group of that key is known");
		return (error_wrap(err, ERR_INTERNAL));
	}
	g->closing = false;
	g->local_only = local_only && (fresh || g->local_only);
	node_touch(tx, g);
	if (group_activate(g->group, err) != 0)
		return (error_wrap(err, ERR_GROUP_ACTIVATE));
	rc = store_delete(n->store, STORE_GROUP, 0, group_pk);
	if (rc != 0 && rc != -ERR_NOT_FOUND)
		return (error_from(err, ERR_GROUP_ACTIVATE, rc,
		    "the activation could not be kept"));
	if (opened != NULL)
		*opened = g;
	return (0);
}

int
node_shut(struct node_tx * tx, struct slice group_pk, struct error * err)
{
	struct node_group * g = node_find(node_tx_node(tx), group_pk);
	int rc;

	rc = store_delete(node_tx_node(tx)->store, STORE_GROUP, 0, group_pk);
	if (rc != 0 && rc != -ERR_NOT_FOUND)
		return (error_from(err, ERR_GROUP_DEACTIVATE, rc,
		    "the deactivation could not be forgotten"));
	if (g == NULL)
		return (0);
	if (g->is_account) {
		(void)error_set(err, ERR_INVALID_INPUT,
		    "the account group stays open as long as the node");
		return (error_wrap(err, ERR_GROUP_DEACTIVATE));
	}
	if (node_tx_closed(tx, g) != 0)
		return (error_set(err, ERR_GROUP_DEACTIVATE, "out of memory"));
	return (0);
}

int
node_deactivate(struct node_tx * tx, struct slice group_pk,
    struct error * err)
{
	struct node * n = node_tx_node(tx);
	int rc;

	if (node_find(n, group_pk) == NULL)
		return (0);
	if ((rc = node_shut(tx, group_pk, err)) != 0)
		return (rc);
	rc = store_put(n->store, STORE_GROUP, 0, group_pk,
	    slice_of(deactivated, sizeof(deactivated)));
	return (rc == 0 ? 0 : error_from(err, ERR_GROUP_DEACTIVATE, rc,
	    "the deactivation could not be kept"));
}

/* 302: the creator, signed by the group's own key, which is then dropped. */
static int
announce_creator(struct group * group, const struct ed25519_key * group_key,
    struct error * err)
{
	struct buffer payload = {0};
	int rc;

	/* MultiMemberInitialMember { member_pk = 1 } */
	buffer_byte(&payload, 1 << 3 | 2);
	buffer_uvarint(&payload, KEY_SIZE);
	buffer_append(&payload, group_member_pk(group), KEY_SIZE);
	if (payload.failed)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	else
		rc = group_write_event(group, EVENT_INITIAL_MEMBER_ANNOUNCED,
		    buffer_all(&payload), group_key, NULL, err);
	buffer_free(&payload);
	return (rc);
}

int
node_create_group(struct node_tx * tx, const struct network * network,
    struct node_group ** g, struct error * err)
{
	struct node * n = node_tx_node(tx);
	struct group_info info = {0};
	struct ed25519_key key;
	uint8_t seeds[2][SEED_SIZE];
	int rc;

	world_random(n->world, seeds[0], sizeof(seeds));
	group_of_members(&info, &key, seeds[0], seeds[1]);
	node_touch(tx, node_account_group(n));
	rc = account_join_group(n->account, &info,
	    network == NULL ? n->network : network, err);
	if (rc == 0)
		rc = node_activate(tx, slice_of(info.pk, KEY_SIZE), false, g,
		    err);
	if (rc == 0)
		rc = announce_creator((*g)->group, &key, err);
	crypto_wipe(&info, sizeof(info));
	crypto_wipe(&key, sizeof(key));
	crypto_wipe(seeds, sizeof(seeds));
	return (rc);
}
