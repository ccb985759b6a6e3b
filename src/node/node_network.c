/*
 * node_network.c: several networks at once.
 *
 * A group is met in one network: its logs, topics and rotation are those.  By
 * which one is known from the call, the link, or the protocol by which the
 * contact came.  Two networks share a contact protocol, so it may be a guess;
 * then it stands until peers show up on the topic that the same group has in
 * another network while nobody has been in ours who knows: we follow them.
 * When somebody is met who knows, what was written elsewhere is written again.
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

	/* Of what was written elsewhere so many are brought, of each log. */
	BRING_MAX = 4096,
};

const struct network_list *
node_networks(const struct node * n)
{
	return (&n->networks);
}

int
node_name_network(const struct node * n, const char * names,
    const struct network ** network, struct error * err)
{
	struct network_list list, spoken = {0};
	size_t i;

	*network = NULL;
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
is_contact(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	struct node_group * g = user;

	(void)device_pk;
	return (memcmp(member_pk, group_contact_pk(g->group), KEY_SIZE) == 0);
}

/* Is it the event by which a group begins?  Those that came are looked at once. */
static bool
has_beginning(struct node_group * g)
{
	uint64_t n = log_arrivals(group_metadata_log(g->group));
	struct group_event e;
	bool found = false;

	while (!found && g->looked < n) {
		if (group_event_at(g->group, ++g->looked, &e) != 0)
			continue;
		found = e.event.type == EVENT_INITIAL_MEMBER_ANNOUNCED;
		group_event_free(&e);
	}
	return (found);
}

/*
 * Has somebody been here who knows: the contact, or who made the group?  Others
 * may have guessed as we did.
 */
static bool
is_proven(struct node_group * g)
{
	if (!g->proven)
		g->proven = group_info_of(g->group)->type == GROUP_CONTACT ?
		    group_each_device(g->group, is_contact, g) != 0 :
		    has_beginning(g);
	return (g->proven);
}

/* How many peers are on the topic that the group has in the network? */
static size_t
count_met(struct node_group * g, const struct network * network)
{
	const struct group_info * info = group_info_of(g->group);
	struct log_identity identity;
	struct buffer topic = {0};
	size_t n;

	log_identity_from_seed(&identity, info->secret);
	log_address(&topic, info->pk, identity.pub, network->metadata_store,
	    NULL, NULL, NULL, NULL);
	buffer_byte(&topic, 0);
	n = topic.failed ? 0 :
	    sync_count_met(g->node->sync, (const char *)topic.p);
	crypto_wipe(&identity, sizeof(identity));
	buffer_free(&topic);
	return (n);
}

/*
 * The network to follow the group to, or NULL: where more are than here; or as
 * many, by chance, since one of those may be the one who knows.
 */
static const struct network *
find_better(struct node_group * g)
{
	const struct network_list * list = &g->node->networks;
	const struct network * now = group_network(g->group);
	size_t i, here = count_met(g, now), there;
	uint8_t dice;

	world_random(g->node->world, &dice, 1);
	for (i = 0; i < list->n; i++) {
		if (strcmp(list->at[i]->metadata_store,
		    now->metadata_store) == 0)
			continue;
		there = count_met(g, list->at[i]);
		if (there > here || (there > 0 && there == here && dice < 64))
			return (list->at[i]);
	}
	return (NULL);
}

/* --- moving --------------------------------------------------------------- */

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

static int
write_move(struct node * n, struct node_tx * tx, struct node_group * g,
    const struct network * to, struct error * err)
{
	int rc;

	rc = account_set_network(n->account, route_key(g), to, true);
	if (rc != 0)
		return (error_set(err, -rc,
		    "the group's network cannot be kept"));
	return (node_tx_closed(tx, g) == 0 ? 0 :
	    error_set(err, ERR_INTERNAL, "out of memory"));
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

/* --- what was left behind ------------------------------------------------- */

static int
copy_event(struct group * to, struct group * from, uint64_t at,
    struct error * err)
{
	struct group_event e;
	int rc;

	if (group_event_at(from, at, &e) != 0)
		return (0);
	rc = e.event.type == EVENT_APP_METADATA &&
	    memcmp(e.event.device_pk, group_device_pk(from), KEY_SIZE) == 0 ?
	    group_write_event(to, e.event.type, e.event.payload, NULL, NULL,
	        err) : 0;
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
	rc = memcmp(m.headers.device_pk, group_device_pk(from), KEY_SIZE) != 0
	    ? 0 : group_write_message(to, m.message.plaintext, NULL, err);
	group_message_free(&m);
	return (rc);
}

/* What our user wrote; others bring their own. */
static int
copy_all(struct group * to, struct group * from, struct error * err)
{
	uint64_t n = log_arrivals(group_metadata_log(from)), at;
	int rc = 0;

	for (at = 1; at <= n && at <= BRING_MAX && rc == 0; at++)
		rc = copy_event(to, from, at, err);
	n = log_arrivals(group_message_log(from));
	for (at = 1; at <= n && at <= BRING_MAX && rc == 0; at++)
		rc = copy_message(to, from, at, err);
	return (rc);
}

/* Bring along what was written while the guess was another one. */
static int
bring_from(struct node_group * g, const struct network * network,
    struct error * err)
{
	struct node * n = g->node;
	struct group_config config = {0};
	struct group * from;
	int rc;

	rc = account_visited_config(n->account, group_info_of(g->group)->pk,
	    network, &config, err);
	if (rc == 0)
		rc = group_open(&n->context, &config, &from, err);
	crypto_wipe(&config, sizeof(config));
	if (rc != 0)
		return (rc);
	rc = copy_all(g->group, from, err);
	group_close(from);
	return (rc);
}

static int
bring_all(struct node_group * g, struct error * err)
{
	struct account_network at;
	unsigned id;
	int rc = 0;

	account_network(g->node->account, route_key(g), &at);
	for (id = 0; id < NETWORK_COUNT && rc == 0; id++)
		if ((at.visited & 1U << id) != 0)
			rc = bring_from(g, network_get((enum network_id)id),
			    err);
	if (rc == 0 && (rc = account_settle_network(g->node->account,
	    route_key(g))) != 0)
		rc = error_set(err, -rc, "the group's network cannot be kept");
	return (rc);
}

/* The guess was right: it is none any more. */
static void
settle(struct node_group * g)
{
	struct node * n = g->node;
	struct error err = {0};
	struct node_tx * tx;

	if (node_begin(n, &tx, &err) != 0)
		return;
	node_touch(tx, g);
	if (bring_all(g, &err) != 0) {
		log_warn(n->world->log, "node", "what was written in another "
		    "network could not be brought: %s", err.text);
		node_abort(tx);
		return;
	}
	(void)node_commit(tx, NULL, NULL, &err);
}

/* --- looking ---------------------------------------------------------------- */

/* True when the group moves: then the walk is over. */
static bool
look_at(struct node_group * g)
{
	const struct network * to;

	if (g->closing || g->synced[FEED_METADATA] == NULL ||
	    !node_group_guessed(g))
		return (false);
	if (is_proven(g)) {
		/* Who is here has our key: he can read what is brought. */
		if (!group_has_reaction(g->group))
			settle(g);
		return (false);
	}
	if ((to = find_better(g)) == NULL)
		return (false);
	move(g->node, g, to);
	return (true);
}

void
node_networks_fire(struct world_timer * timer)
{
	struct node * n = list_entry(timer, struct node, guesses);
	struct node_group * g;
	size_t at = 0;

	while ((g = node_each_group(n, &at)) != NULL)
		if (look_at(g))
			break;
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
