#include "account/account_impl.h"
#include "account/contact_moves.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"

/* Largest metadata that we send: more would crowd the last frame. */
#define METADATA_MAX 1024

/* What the event is made of. */
struct request {
	const uint8_t * pk;
	struct slice seed, metadata, own_metadata;
};

static int
write_enqueued(struct account * a, const struct request * r,
    const struct group_info * g, struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestEnqueued event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_ENQUEUED__INIT;
	Berty__Protocol__V1__ShareableContact contact =
	    BERTY__PROTOCOL__V1__SHAREABLE_CONTACT__INIT;

	contact.pk = protobuf_bytes(slice_of(r->pk, KEY_SIZE));
	contact.public_rendezvous_seed = protobuf_bytes(r->seed);
	contact.metadata = protobuf_bytes(r->metadata);
	event.device_pk = account_device(a);
	event.group_pk = protobuf_bytes(slice_of(g->pk, KEY_SIZE));
	event.contact = &contact;
	event.own_metadata = protobuf_bytes(r->own_metadata);
	return (account_write(a, EVENT_CONTACT_REQUEST_ENQUEUED, &event, err));
}

static int
write_received(struct account * a, const struct request * r,
    struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestReceived event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_RECEIVED__INIT;

	event.device_pk = account_device(a);
	event.contact_pk = protobuf_bytes(slice_of(r->pk, KEY_SIZE));
	event.contact_rendezvous_seed = protobuf_bytes(r->seed);
	event.contact_metadata = protobuf_bytes(r->metadata);
	return (account_write(a, EVENT_CONTACT_REQUEST_RECEIVED, &event, err));
}

static int
write_accepted(struct account * a, const struct request * r,
    const struct group_info * g, struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestAccepted event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_ACCEPTED__INIT;

	event.device_pk = account_device(a);
	event.contact_pk = protobuf_bytes(slice_of(r->pk, KEY_SIZE));
	event.group_pk = protobuf_bytes(slice_of(g->pk, KEY_SIZE));
	return (account_write(a, EVENT_CONTACT_REQUEST_ACCEPTED, &event, err));
}

/* 107, 109, 111 and 112 have the same two fields under the same numbers. */
static int
write_plain(struct account * a, const struct request * r, unsigned type,
    struct error * err)
{
	Berty__Protocol__V1__AccountContactRequestSent event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_REQUEST_SENT__INIT;

	event.device_pk = account_device(a);
	event.contact_pk = protobuf_bytes(slice_of(r->pk, KEY_SIZE));
	return (account_write(a, type, &event, err));
}

static int
write_event(struct account * a, const struct request * r, unsigned type,
    const struct group_info * g, struct error * err)
{

	switch (type) {
	case EVENT_CONTACT_REQUEST_ENQUEUED:
		return (write_enqueued(a, r, g, err));
	case EVENT_CONTACT_REQUEST_RECEIVED:
		return (write_received(a, r, err));
	case EVENT_CONTACT_REQUEST_ACCEPTED:
		return (write_accepted(a, r, g, err));
	default:
		return (write_plain(a, r, type, err));
	}
}

static bool
is_self(const struct account * a, const uint8_t pk[32])
{

	return (memcmp(pk, a->keys->account.pub, KEY_SIZE) == 0);
}

/* The event to write, or a negative code. */
static int
find_move(struct account * a, enum contact_operation operation,
    const uint8_t pk[32])
{
	struct contact c;
	int status;

	if (!ed25519_is_point(pk))
		return (-ERR_DESERIALIZATION);
	if (is_self(a, pk))
		return (contact_moves_of_self(operation));
	status = registers_contact(&a->registers, pk, &c);
	if (status == -ERR_NOT_FOUND)
		return (contact_moves(operation, CONTACT_UNDEFINED));
	if (status != 0)
		return (status);
	contact_free(&c);
	return (contact_moves(operation, c.state));
}

/*
 * What came over the network reports its cause alone; what the API asked for
 * puts 1002 in front, but for a bad key that is all that was given.
 */
static int
report(enum contact_operation operation, int status, struct error * err)
{
	bool bad_key = status == -ERR_DESERIALIZATION;

	error_set(err, -status, "%s", bad_key
	    ? "that key is no point of the curve"
	    : "the contact's state does not allow it");
	if (operation == CONTACT_SENT || operation == CONTACT_INCOMING ||
	    (bad_key && operation != CONTACT_ENQUEUE))
		return (status);
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

static int
operate(struct account * a, enum contact_operation operation,
    const struct request * r, struct error * err)
{
	struct group_info g;
	int type, status;

	if ((type = find_move(a, operation, r->pk)) < 0)
		return (report(operation, type, err));
	if (group_of_contact(&g, NULL, &a->keys->account, r->pk) != 0)
		return (report(operation, -ERR_DESERIALIZATION, err));
	status = write_event(a, r, (unsigned)type, &g, err);
	crypto_wipe(&g, sizeof(g));
	return (status);
}

/*
 * The network goes with the event.  One that asked us before said where it is
 * met; who is asked somewhere else would look for us in vain.
 */
static int
note_network(struct account * a, const struct request * r,
    const struct network * network, bool asked_us, struct error * err)
{
	int status;

	if (asked_us)
		return (0);
	status = network == NULL ? account_any_network(a, r->pk) :
	    account_set_network(a, r->pk, network, false);
	return (status == 0 ? 0 : error_from(err, ERR_ORBIT_DB_APPEND, status,
	    "the contact's network cannot be kept"));
}

static bool
has_asked_us(struct account * a, const uint8_t pk[32])
{
	struct contact c;
	bool asked;

	if (registers_contact(&a->registers, pk, &c) != 0)
		return (false);
	asked = c.state == CONTACT_RECEIVED;
	contact_free(&c);
	return (asked);
}

int
account_contact_enqueue(struct account * a, const uint8_t pk[32],
    const uint8_t seed[32], struct slice metadata, struct slice own_metadata,
    const struct network * network, struct error * err)
{
	struct request r = {pk, slice_of(seed, SEED_SIZE), metadata,
	    own_metadata};
	bool asked_us = has_asked_us(a, pk);
	int status;

	if (metadata.n > METADATA_MAX || own_metadata.n > METADATA_MAX) {
		error_set(err, ERR_INVALID_INPUT,
		    "metadata is at most %d bytes", METADATA_MAX);
		return (error_wrap(err, ERR_ORBIT_DB_APPEND));
	}
	status = operate(a, CONTACT_ENQUEUE, &r, err);
	return (status != 0 ? status :
	    note_network(a, &r, network, asked_us, err));
}

int
account_contact_received(struct account * a, const uint8_t pk[32],
    struct slice seed, struct slice metadata, const struct network * network,
    struct error * err)
{
	struct request r = {pk, seed, metadata, {0}};
	int status;

	if (seed.n != 0 && seed.n != SEED_SIZE)
		return (error_set(err, ERR_INVALID_INPUT,
		    "a seed is 32 bytes"));
	status = operate(a, CONTACT_INCOMING, &r, err);
	return (status != 0 ? status :
	    note_network(a, &r, network, network == NULL, err));
}

static int
operate_on(struct account * a, enum contact_operation operation,
    const uint8_t pk[32], struct error * err)
{
	struct request r = {.pk = pk};

	return (operate(a, operation, &r, err));
}

int
account_contact_sent(struct account * a, const uint8_t pk[32],
    struct error * err)
{

	return (operate_on(a, CONTACT_SENT, pk, err));
}

int
account_contact_accept(struct account * a, const uint8_t pk[32],
    struct error * err)
{

	return (operate_on(a, CONTACT_ACCEPT, pk, err));
}

int
account_contact_discard(struct account * a, const uint8_t pk[32],
    struct error * err)
{

	return (operate_on(a, CONTACT_DISCARD, pk, err));
}

int
account_contact_block(struct account * a, const uint8_t pk[32],
    struct error * err)
{

	return (operate_on(a, CONTACT_BLOCK, pk, err));
}

int
account_contact_unblock(struct account * a, const uint8_t pk[32],
    struct error * err)
{

	return (operate_on(a, CONTACT_UNBLOCK, pk, err));
}

/* 111 and 112 have the same fields under the same numbers. */
static int
write_removal(struct account * a, const uint8_t pk[32], unsigned type,
    struct error * err)
{
	Berty__Protocol__V1__AccountContactUnblocked event =
	    BERTY__PROTOCOL__V1__ACCOUNT_CONTACT_UNBLOCKED__INIT;

	event.device_pk = account_device(a);
	event.contact_pk = protobuf_bytes(slice_of(pk, KEY_SIZE));
	event.removal = true;
	return (account_write(a, type, &event, err));
}

/* Who is nobody to us, or blocked, is nobody to remove. */
static int
check_removal(struct account * a, const uint8_t pk[32])
{
	struct contact c;
	int status;

	if (!ed25519_is_point(pk))
		return (-ERR_DESERIALIZATION);
	status = registers_contact(&a->registers, pk, &c);
	if (status == -ERR_NOT_FOUND)
		return (-ERR_INVALID_INPUT);
	if (status != 0)
		return (status);
	contact_free(&c);
	switch (c.state) {
	case CONTACT_TO_REQUEST:
	case CONTACT_RECEIVED:
	case CONTACT_ADDED:
	case CONTACT_DISCARDED:
		return (0);
	default:
		return (-ERR_INVALID_INPUT);
	}
}

int
account_contact_remove(struct account * a, const uint8_t pk[32],
    struct error * err)
{
	int status;

	if ((status = check_removal(a, pk)) != 0)
		return (report(CONTACT_BLOCK, status, err));
	status = write_removal(a, pk, EVENT_CONTACT_BLOCKED, err);
	if (status == 0)
		status = write_removal(a, pk, EVENT_CONTACT_UNBLOCKED, err);
	return (status);
}

static void
put_network(struct account * a, struct contact * c)
{
	struct account_network at;

	account_network(a, c->pk, &at);
	c->network = at.network;
	c->any_network = at.any;
}

int
account_contact(struct account * a, const uint8_t pk[32], struct contact * c)
{
	int status;

	if ((status = registers_contact(&a->registers, pk, c)) == 0)
		put_network(a, c);
	return (status);
}

struct walk {
	struct account * account;
	int (*each)(void * user, const struct contact * c);
	void * user;
};

static int
each_with_network(void * user, const struct contact * c)
{
	struct walk * walk = user;
	struct contact whole = *c;

	put_network(walk->account, &whole);
	return (walk->each(walk->user, &whole));
}

int
account_each_contact(struct account * a, int (*each)(void * user,
    const struct contact * c), void * user)
{
	struct walk walk = {a, each, user};

	return (registers_each_contact(&a->registers, each_with_network,
	    &walk));
}

struct tally {
	enum contact_state state;
	uint64_t n;
};

static int
tally_one(void * user, const struct contact * c)
{
	struct tally * tally = user;

	tally->n += c->state == tally->state;
	return (0);
}

int
account_count_contacts(struct account * a, enum contact_state state,
    uint64_t * n)
{
	struct tally tally = {.state = state};
	int status;

	if ((status = registers_each_contact(&a->registers, tally_one,
	    &tally)) == 0)
		*n = tally.n;
	return (status);
}
