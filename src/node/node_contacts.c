/* node_contacts.c: the contact manager's view of the account. */
#include <stdlib.h>

#include "node/node_impl.h"

/* Protocols by which a connected peer is a candidate for a contact. */
static const char * const contact_protocols[] = {
	"/wesh/contact_req/1.0.0", "/berty/contact_req/1.0.0", NULL};

static bool
contacts_enabled(void * user)
{
	struct node * n = user;

	/* What cannot be kept is not taken. */
	return (!store_read_only(n->store) &&
	    account_requests_enabled(n->account));
}

static bool
contacts_seed(void * user, uint8_t seed[32])
{
	struct node * n = user;

	return (account_seed(n->account, seed));
}

struct wanted_walk {
	struct node * node;
	void (*each)(void * to, const struct contact_wanted * wanted);
	void * to;
};

static int
give_wanted(void * user, const struct contact * c)
{
	struct wanted_walk * walk = user;
	struct contact_wanted wanted = {
		.own_metadata = buffer_all(&c->own_metadata),
		.network = c->any_network ? NULL : c->network,
	};

	if (c->state != CONTACT_TO_REQUEST || !c->has_seed ||
	    !network_list_has(&walk->node->networks, c->network))
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
	struct wanted_walk walk = {n, each, to};

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

/*
 * By which network a contact was met, as far as its protocol tells; another one
 * that has it may be spoken only later.
 */
static int
write_network(struct node * n, const uint8_t pk[32],
    const struct network * network, struct error * err)
{
	int status;

	status = account_set_network(n->account, pk, network,
	    network_is_ambiguous(network));
	return (status == 0 ? 0 : error_set(err, -status,
	    "the contact's network cannot be kept"));
}

static void
contacts_sent(void * user, const uint8_t pk[32],
    const struct network * network)
{
	struct node * n = user;
	struct error err = {0};
	struct node_tx * tx;

	if (node_begin(n, &tx, &err) != 0)
		goto err0;
	node_touch(tx, node_account_group(n));
	if (account_contact_sent(n->account, pk, &err) != 0 ||
	    write_network(n, pk, network, &err) != 0)
		goto err1;
	if (node_commit(tx, NULL, NULL, &err) != 0)
		goto err0;
	return;

err1:
	node_abort(tx);
err0:
	tell(n, "a delivered request was not recorded", &err);
}

/* A request whose record is on its way to disk. */
struct recorded {
	struct node * node;
	uint64_t incoming;
};

/* The manager may be gone: closing the store ends what is on its way. */
static void
recorded(void * user, int status)
{
	struct recorded * r = user;
	struct node * n = r->node;

	if (n->contacts != NULL && status == 0)
		contact_manager_answer(n->contacts, r->incoming);
	else if (n->contacts != NULL)
		contact_manager_update(n->contacts);
	free(r);
}

/* Refused for what the contact is, not for what the store could not do. */
static bool
is_refusal(const struct error * err)
{
	switch (err->code[0]) {
	case ERR_INVALID_INPUT:
	case ERR_DESERIALIZATION:
	case ERR_CONTACT_REQUEST_SAME_ACCOUNT:
	case ERR_CONTACT_REQUEST_CONTACT_ALREADY_ADDED:
	case ERR_CONTACT_REQUEST_CONTACT_BLOCKED:
	case ERR_CONTACT_REQUEST_INCOMING_ALREADY_RECEIVED:
		return (true);
	default:
		return (false);
	}
}

/*
 * Write the event, or nothing when the request is refused: the refusal may
 * stand on an event that is not durable yet, so it is committed all the same.
 */
static int
write_received(struct node * n, const struct shareable_contact * contact,
    const struct network * network, struct error * err)
{
	int status;

	if (!node_unanswered_room(n, contact->pk))
		return (error_set(err, ERR_INTERNAL,
		    "too many requests wait for an answer"));
	status = account_contact_received(n->account, contact->pk,
	    slice_of(contact->seed, contact->has_seed ? SEED_SIZE : 0),
	    contact->metadata, NULL, err);
	node_unanswered_changed(n);
	if (status == 0)
		return (write_network(n, contact->pk, network, err));
	if (!is_refusal(err))
		return (status);
	tell(n, "a contact request is refused", err);
	return (0);
}

static bool
contacts_welcome(void * user, const uint8_t pk[32])
{
	return (node_unanswered_room(user, pk));
}

static void
contacts_received(void * user, uint64_t incoming,
    const struct shareable_contact * contact, const struct network * network,
    const struct peer_id * from)
{
	struct node * n = user;
	struct error err = {0};
	struct recorded * r;
	struct node_tx * tx;

	(void)from;
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	*r = (struct recorded){n, incoming};
	if (node_begin(n, &tx, &err) != 0)
		goto err1;
	node_touch(tx, node_account_group(n));
	if (write_received(n, contact, network, &err) != 0)
		goto err2;
	if (node_commit(tx, recorded, r, &err) != 0)
		goto err1;
	return;

err2:
	node_abort(tx);
	node_unanswered_changed(n);
err1:
	free(r);
err0:
	tell(n, "a contact request was not recorded", &err);
	contact_manager_update(n->contacts);
}

static const struct contact_manager_handler contacts_handler = {
	.enabled = contacts_enabled,
	.seed = contacts_seed,
	.each_wanted = contacts_each_wanted,
	.sent = contacts_sent,
	.welcome = contacts_welcome,
	.received = contacts_received,
};

int
node_contacts_open(struct node * n)
{
	node_unanswered_open(n);
	if ((n->discovery = discovery_new(n->host)) == NULL)
		return (-ERR_INTERNAL);
	n->statics = discovery_static_new(n->discovery, n->host,
	    contact_protocols);
	if (n->statics == NULL)
		return (-ERR_INTERNAL);
	n->contacts = contact_manager_new(n->host, n->discovery,
	    &account_keys(n->account)->account, n->networks.at, n->networks.n,
	    &contacts_handler, n);
	return (n->contacts == NULL ? -ERR_INTERNAL : 0);
}

void
node_contacts_close(struct node * n)
{
	if (n->contacts != NULL)
		contact_manager_free(n->contacts);
	n->contacts = NULL;
	if (n->statics != NULL)
		discovery_static_free(n->statics);
	if (n->discovery != NULL)
		discovery_free(n->discovery);
}

void
node_contacts_changed(struct node * n)
{
	node_unanswered_changed(n);
	if (n->contacts != NULL)
		contact_manager_update(n->contacts);
}
