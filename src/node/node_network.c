/*
 * node_network.c: several networks at once.
 *
 * A group is met in one network: its logs, topics and rotation are those.  By
 * which one is known from the call, the link, or the protocol by which the
 * contact came.  Two networks share a contact protocol, so it may be a guess;
 * then it stands until a peer shows up on the topic that the same group has in
 * another network while nobody but us has been in ours: we follow it.
 */
#include <stdlib.h>

#include "log/address.h"
#include "node/node_impl.h"

/* STORE_META, 0: the account's own network. */
static const char own_name[] = "network";

enum {
	/* How often guesses are looked at, ms: chance keeps two that guessed
	 * otherwise from changing places for ever. */
	LOOK_MS = 4000,
	LOOK_MORE_MS = 8000,

	/* Own entries that are taken along, at most; with more it stays. */
	MOVE_MAX = 1024,
};

const struct network_list *
node_networks(const struct node * n)
{
	return (&n->networks);
}

bool
node_is_ambiguous(const struct node * n, const struct network * network)
{
	size_t i;

	for (i = 0; i < n->networks.n; i++)
		if (n->networks.at[i] != network &&
		    strcmp(n->networks.at[i]->contact_protocol,
		        network->contact_protocol) == 0)
			return (true);
	return (false);
}

int
node_name_network(const struct node * n, const char * names,
    const struct network ** network, struct error * err)
{
	struct network_list list, spoken = {0};
	size_t i;

	*network = n->networks.n == 1 ? n->networks.at[0] : NULL;
	if (names == NULL || names[0] == '\0')
		return (0);
	if (!network_list_parse(&list, slice_text(names)))
		return (error_set(err, ERR_INVALID_INPUT, "'%s' names no "
		    "networks: take berty, berty-v1, wesh", names));
	for (i = 0; i < list.n; i++)
		if (network_list_has(&n->networks, list.at[i]))
			network_list_add(&spoken, list.at[i]);
	if (spoken.n == 0)
		return (error_set(err, ERR_INVALID_INPUT, "this node does not "
		    "speak '%s': start it with -network %s,%s", names,
		    n->network->name, list.at[0]->name));
	*network = spoken.n == 1 ? spoken.at[0] : NULL;
	return (0);
}

/* --- the account's own ---------------------------------------------------- */

int
node_networks_open(struct node * n, const struct node_config * config,
    struct error * err)
{
	struct buffer kept = {0};
	struct network_list own;
	int rc;

	n->networks = config->networks;
	if (config->network != NULL)
		network_list_prefer(&n->networks, config->network);
	if (n->networks.n == 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "a node speaks one network at least"));
	rc = store_get(n->store, STORE_META, 0, slice_text(own_name), &kept);
	if (rc == 0 && network_list_parse(&own, buffer_all(&kept))) {
		if (network_list_has(&n->networks, own.at[0]))
			network_list_prefer(&n->networks, own.at[0]);
		else
			rc = error_set(err, ERR_INVALID_INPUT, "the account "
			    "lives in the network '%s': give -network %s,%s",
			    own.at[0]->name, own.at[0]->name,
			    n->networks.at[0]->name);
	}
	buffer_free(&kept);
	n->network = n->networks.at[0];
	return (rc == -ERR_NOT_FOUND ? 0 : rc);
}

int
node_networks_keep(struct node * n, struct error * err)
{
	struct buffer kept = {0};
	int rc;

	rc = store_get(n->store, STORE_META, 0, slice_text(own_name), &kept);
	buffer_free(&kept);
	if (rc != -ERR_NOT_FOUND)
		return (rc);
	if ((rc = store_begin(n->store)) == 0) {
		rc = store_put(n->store, STORE_META, 0, slice_text(own_name),
		    slice_text(n->network->name));
		if (rc == 0)
			rc = store_commit(n->store, NULL);
		else
			store_rollback(n->store);
	}
	return (rc == 0 ? 0 : error_set(err, -rc,
	    "the account's network could not be kept"));
}

/* --- guesses -------------------------------------------------------------- */

/* The key by which the account remembers the group's network. */
static const uint8_t *
route_key(const struct node_group * g)
{
	const struct group_info * info = group_info_of(g->group);

	return (info->type == GROUP_CONTACT ? group_contact_pk(g->group)
	                                    : info->pk);
}

bool
node_group_guessed(struct node_group * g)
{
	struct account_network at;

	if (g->is_account || g->node->networks.n < 2)
		return (false);
	account_network(g->node->account, route_key(g), &at);
	return (at.guess && at.network == group_network(g->group));
}

static int
count_other(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	struct node_group * g = user;

	(void)member_pk;
	return (memcmp(device_pk, group_device_pk(g->group), KEY_SIZE) != 0);
}

/* Has anybody else been here? */
static bool
is_proven(struct node_group * g)
{
	return (group_each_device(g->group, count_other, g) != 0);
}

/* Is a peer on the topic that the group has in the network? */
static bool
is_met(struct node_group * g, const struct network * network)
{
	const struct group_info * info = group_info_of(g->group);
	struct log_identity identity;
	struct buffer topic = {0};
	bool met;

	log_identity_from_seed(&identity, info->secret);
	log_address(&topic, info->pk, identity.pub, network->metadata_store,
	    NULL, NULL, NULL, NULL);
	buffer_byte(&topic, 0);
	met = !topic.failed && sync_is_met(g->node->sync,
	    (const char *)topic.p);
	crypto_wipe(&identity, sizeof(identity));
	buffer_free(&topic);
	return (met);
}

/* The network to follow the group to, or NULL. */
static const struct network *
find_better(struct node_group * g)
{
	const struct network_list * list = &g->node->networks;
	const struct network * now = group_network(g->group);
	size_t i;

	if (is_met(g, now))
		return (NULL);
	for (i = 0; i < list->n; i++)
		if (list->at[i] != now && is_met(g, list->at[i]))
			return (list->at[i]);
	return (NULL);
}

/* --- moving --------------------------------------------------------------- */

static int
copy_event(struct group * to, struct group * from, uint64_t at,
    struct error * err)
{
	struct group_event e;
	int rc;

	if (group_event_at(from, at, &e) != 0)
		return (0);
	rc = e.event.type == EVENT_APP_METADATA ? group_write_event(to,
	    e.event.type, e.event.payload, NULL, NULL, err) : 0;
	group_event_free(&e);
	return (rc);
}

static int
copy_message(struct group * to, struct group * from, uint64_t at,
    struct error * err)
{
	struct group_message m;
	int rc;

	if (group_message_at(from, at, &m) != 0)
		return (0);
	rc = group_write_message(to, m.message.plaintext, NULL, err);
	group_message_free(&m);
	return (rc);
}

/* What users wrote, and nobody has read. */
static int
copy_all(struct group * to, struct group * from, struct error * err)
{
	uint64_t n = log_arrivals(group_metadata_log(from)), at;
	int rc = 0;

	for (at = 1; at <= n && rc == 0; at++)
		rc = copy_event(to, from, at, err);
	n = log_arrivals(group_message_log(from));
	for (at = 1; at <= n && rc == 0; at++)
		rc = copy_message(to, from, at, err);
	return (rc);
}

/* The group anew, in the network that the account has for it now. */
static int
begin_anew(struct node * n, struct node_group * g, struct error * err)
{
	struct group_config config = {0};
	struct group * group;
	int rc;

	rc = account_group_config(n->account, group_info_of(g->group)->pk,
	    &config, err);
	if (rc == 0)
		rc = group_open(&n->context, &config, &group, err);
	crypto_wipe(&config, sizeof(config));
	if (rc != 0)
		return (rc);
	if ((rc = group_activate(group, err)) == 0)
		rc = copy_all(group, g->group, err);
	/* It is opened again when the old one is gone. */
	group_close(group);
	return (rc);
}

static int
write_move(struct node * n, struct node_tx * tx, struct node_group * g,
    const struct network * to, struct error * err)
{
	int rc;

	rc = account_set_network(n->account, route_key(g), to, true);
	if (rc != 0)
		return (error_set(err, -rc,
		    "the group's network cannot be kept"));
	if ((rc = begin_anew(n, g, err)) != 0)
		return (rc);
	return (node_tx_closed(tx, g) == 0 ? 0 :
	    error_set(err, ERR_INTERNAL, "out of memory"));
}

/* The old group is closed: open it where it is now. */
static void
moved(void * user, int status)
{
	struct node * n = user;

	if (status != 0)
		buffer_clear(&n->to_open);
	n->moved = status == 0;
	node_follow_up(n);
}

static void
move(struct node * n, struct node_group * g, const struct network * to)
{
	struct slice pk = slice_of(group_info_of(g->group)->pk, KEY_SIZE);
	struct error err = {0};
	struct node_tx * tx;

	if (node_begin(n, &tx, &err) != 0)
		return;
	log_info(n->world->log, "node", "a group is met in the network %s, "
	    "not in %s", to->name, group_network(g->group)->name);
	if (write_move(n, tx, g, to, &err) != 0) {
		log_warn(n->world->log, "node",
		    "a group could not follow to its network: %s", err.text);
		node_abort(tx);
		return;
	}
	buffer_slice(&n->to_open, pk);
	if (node_commit(tx, moved, n, &err) != 0)
		buffer_clear(&n->to_open);
}

static bool
may_move(struct node_group * g)
{
	struct log_status events, messages;

	log_status(group_metadata_log(g->group), &events);
	log_status(group_message_log(g->group), &messages);
	return (!g->closing && g->synced[FEED_METADATA] != NULL &&
	    node_group_guessed(g) && !is_proven(g) &&
	    events.joined + messages.joined <= MOVE_MAX);
}

void
node_networks_fire(struct world_timer * timer)
{
	struct node * n = list_entry(timer, struct node, guesses);
	const struct network * to;
	struct node_group * g;
	size_t at = 0;

	while ((g = node_each_group(n, &at)) != NULL)
		if (may_move(g) && (to = find_better(g)) != NULL) {
			/* One at a time: the walk does not outlive it. */
			move(n, g, to);
			break;
		}
	node_networks_watch(n);
}

void
node_networks_watch(struct node * n)
{
	uint32_t dice;

	if (n->networks.n < 2)
		return;
	world_random(n->world, (uint8_t *)&dice, sizeof(dice));
	(void)world_timer_start(n->world, &n->guesses,
	    LOOK_MS + dice % LOOK_MORE_MS);
}

void
node_networks_reopen(struct node * n)
{
	struct buffer keys = n->to_open;
	size_t i;

	n->to_open = (struct buffer){0};
	n->moved = false;
	for (i = 0; i + KEY_SIZE <= keys.n; i += KEY_SIZE)
		if (map_get(&n->groups, slice_of(keys.p + i, KEY_SIZE)) == NULL)
			node_follow_activate(n, slice_of(keys.p + i, KEY_SIZE));
	buffer_free(&keys);
}
