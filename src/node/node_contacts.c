/* node_contacts.c: the contact manager's view of the account. */
#include "node/node_impl.h"

/* Protocols by which a connected peer is a candidate for a contact. */
static const char * const contact_protocols[] = {
	"/wesh/contact_req/1.0.0", "/berty/contact_req/1.0.0", NULL};

static bool
contacts_enabled(void * user)
{
	struct node * n = user;

	return (account_requests_enabled(n->account));
}

static bool
contacts_seed(void * user, uint8_t seed[32])
{
	struct node * n = user;

	return (account_seed(n->account, seed));
}

struct wanted_walk {
	void (*each)(void * to, const struct contact_wanted * wanted);
	void * to;
};

static int
give_wanted(void * user, const struct contact * c)
{
	struct wanted_walk * walk = user;
	struct contact_wanted wanted = {
		.own_metadata = buffer_all(&c->own_metadata),
		.network = c->network,
	};

	if (c->state != CONTACT_TO_REQUEST || !c->has_seed)
		return (0);
	memcpy(wanted.pk, c->pk, KEY_SIZE);
	memcpy(wanted.seed, c->seed, SEED_SIZE);
	walk->each(walk->to, &wanted);
	return (0);
}

static void
contacts_each_wanted(void * user,
    void (*each)(void * to, const struct contact_wanted * wanted), void * to)
{
	struct node * n = user;
	struct wanted_walk walk = {each, to};

	(void)account_each_contact(n->account, give_wanted, &walk);
}

/* Log why a request could not be recorded: there is nobody else to tell. */
static void
tell(struct node * n, const char * what, const struct error * err)
{
	char text[256];

	(void)error_format(err, text, sizeof(text));
	log_warn(n->world->log, "contact", "%s: %s", what, text);
}

static void
contacts_sent(void * user, const uint8_t pk[32])
{
	struct node * n = user;
	struct error err = {0};
	struct node_tx * tx;

	if (node_begin(n, &tx, &err) != 0)
		goto err0;
	node_touch(tx, node_account_group(n));
	if (account_contact_sent(n->account, pk, &err) != 0)
		goto err1;
	if (node_commit(tx, NULL, NULL, &err) != 0)
		goto err0;
	return;

err1:
	node_abort(tx);
err0:
	tell(n, "a delivered request was not recorded", &err);
}

static void
contacts_received(void * user, const struct shareable_contact * contact,
    const struct network * network, const struct peer_id * from)
{
	struct node * n = user;
	struct error err = {0};
	struct node_tx * tx;

	(void)from;
	if (node_begin(n, &tx, &err) != 0)
		goto err0;
	node_touch(tx, node_account_group(n));
	if (account_contact_received(n->account, contact->pk,
	    slice_of(contact->seed, contact->has_seed ? SEED_SIZE : 0),
	    contact->metadata, network, &err) != 0)
		goto err1;
	if (node_commit(tx, NULL, NULL, &err) != 0)
		goto err0;
	return;

err1:
	node_abort(tx);
err0:
	tell(n, "a contact request was not recorded", &err);
}

static const struct contact_manager_handler contacts_handler = {
	.enabled = contacts_enabled,
	.seed = contacts_seed,
	.each_wanted = contacts_each_wanted,
	.sent = contacts_sent,
	.received = contacts_received,
};

int
node_contacts_open(struct node * n)
{
	if ((n->discovery = discovery_new(n->host)) == NULL)
		return (-ERR_INTERNAL);
	n->statics = discovery_static_new(n->discovery, n->host,
	    contact_protocols);
	if (n->statics == NULL)
		return (-ERR_INTERNAL);
	n->contacts = contact_manager_new(n->host, n->discovery,
	    &account_keys(n->account)->account, &n->network, 1,
	    &contacts_handler, n);
	return (n->contacts == NULL ? -ERR_INTERNAL : 0);
}

void
node_contacts_close(struct node * n)
{
	if (n->contacts != NULL)
		contact_manager_free(n->contacts);
	if (n->statics != NULL)
		discovery_static_free(n->statics);
	if (n->discovery != NULL)
		discovery_free(n->discovery);
}

void
node_contacts_changed(struct node * n)
{
	if (n->contacts != NULL)
		contact_manager_update(n->contacts);
}
