/* contact.c: contact requests. */
#include "api/v1/v1.h"

#define ACCOUNT(c) node_touch((c)->tx, node_account_group((c)->node))

/* Contact keys: 104 for a wrong size; the account checks the point. */
static int
contact_key(struct slice * pk, ProtobufCBinaryData bytes, struct error * err)
{
	return (v1_key(pk, bytes, ERR_DESERIALIZATION, err));
}

void
v1_contact_request_reference(struct api_call * call)
{
	V1(ContactRequestReference__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_REFERENCE__REPLY);
	struct account * a = node_account(call->node);
	uint8_t seed[SEED_SIZE];

	if (account_seed(a, seed))
		reply.public_rendezvous_seed =
		    protobuf_bytes(slice_of(seed, sizeof(seed)));
	reply.enabled = account_requests_enabled(a);
	api_answer(call, &reply);
}

static int
disable(struct change * c)
{
	ACCOUNT(c);
	return (account_disable_requests(c->account, &c->err));
}

static void
answer_disable(struct change * c)
{
	V1(ContactRequestDisable__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_DISABLE__REPLY);

	api_answer(c->call, &reply);
}

void
v1_contact_request_disable(struct api_call * call)
{
	v1_change(call, disable, answer_disable);
}

static int
enable(struct change * c)
{
	ACCOUNT(c);
	return (account_enable_requests(c->account, &c->err));
}

static void
answer_enable(struct change * c)
{
	V1(ContactRequestEnable__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_ENABLE__REPLY);
	uint8_t seed[SEED_SIZE];

	if (account_seed(c->account, seed))
		reply.public_rendezvous_seed =
		    protobuf_bytes(slice_of(seed, sizeof(seed)));
	api_answer(c->call, &reply);
}

void
v1_contact_request_enable(struct api_call * call)
{
	v1_change(call, enable, answer_enable);
}

static int
reset(struct change * c)
{
	ACCOUNT(c);
	return (account_reset_reference(c->account, &c->err));
}

static void
answer_reset(struct change * c)
{
	V1(ContactRequestResetReference__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_RESET_REFERENCE__REPLY);
	uint8_t seed[SEED_SIZE];

	if (account_seed(c->account, seed))
		reply.public_rendezvous_seed =
		    protobuf_bytes(slice_of(seed, sizeof(seed)));
	api_answer(c->call, &reply);
}

void
v1_contact_request_reset_reference(struct api_call * call)
{
	v1_change(call, reset, answer_reset);
}

/* The size rules of a shareable contact.  Source: CheckFormat of Go. */
static int
check_contact(const V1(ShareableContact) * contact, struct error * err)
{
	if (contact == NULL)
		return (error_set(err, ERR_INVALID_INPUT, "no contact given"));
	if (contact->public_rendezvous_seed.len != SEED_SIZE)
		(void)error_set(err, ERR_INVALID_INPUT,
		    "the rendezvous seed has %zu bytes, not 32",
		    contact->public_rendezvous_seed.len);
	else if (contact->pk.len == 0)
		(void)error_set(err, ERR_INVALID_INPUT, "no contact key given");
	else if (contact->pk.len != KEY_SIZE) {
		(void)error_set(err, ERR_DESERIALIZATION,
		    "the contact's key has %zu bytes, not 32",
		    contact->pk.len);
		(void)error_wrap(err, ERR_INVALID_INPUT);
		return (error_wrap(err, ERR_ORBIT_DB_APPEND));
	} else
		return (0);
	(void)error_wrap(err, ERR_INVALID_INPUT);
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

static int
learn_all(struct change * c, const ProtobufCBinaryData * addresses, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (node_learn_address(c->tx,
		    protobuf_slice(addresses[i])) == -ERR_DB_WRITE)
			return (error_set(&c->err, ERR_DB_WRITE, "%s",
			    store_failure(node_store(c->node))));
	return (0);
}

static int
send_request(struct change * c)
{
	const V1(ContactRequestSend__Request) * request = c->call->request;
	const V1(ShareableContact) * contact = request->contact;
	int rc;

	ACCOUNT(c);
	if ((rc = check_contact(contact, &c->err)) != 0)
		return (rc);
	rc = account_contact_enqueue(c->account, contact->pk.data,
	    contact->public_rendezvous_seed.data,
	    protobuf_slice(contact->metadata),
	    protobuf_slice(request->own_metadata),
	    group_network(account_group(c->account)), &c->err);
	if (rc == 0)
		rc = learn_all(c, request->addresses, request->n_addresses);
	return (rc);
}

static void
answer_send(struct change * c)
{
	V1(ContactRequestSend__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_SEND__REPLY);

	api_answer(c->call, &reply);
}

void
v1_contact_request_send(struct api_call * call)
{
	v1_change(call, send_request, answer_send);
}

static int
accept_request(struct change * c)
{
	const V1(ContactRequestAccept__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	ACCOUNT(c);
	if ((rc = contact_key(&pk, request->contact_pk, &c->err)) != 0)
		return (rc);
	return (account_contact_accept(c->account, pk.p, &c->err));
}

static void
answer_accept(struct change * c)
{
	V1(ContactRequestAccept__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_ACCEPT__REPLY);

	api_answer(c->call, &reply);
}

void
v1_contact_request_accept(struct api_call * call)
{
	v1_change(call, accept_request, answer_accept);
}

static int
discard_request(struct change * c)
{
	const V1(ContactRequestDiscard__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	ACCOUNT(c);
	if ((rc = contact_key(&pk, request->contact_pk, &c->err)) != 0)
		return (rc);
	return (account_contact_discard(c->account, pk.p, &c->err));
}

static void
answer_discard(struct change * c)
{
	V1(ContactRequestDiscard__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_DISCARD__REPLY);

	api_answer(c->call, &reply);
}

void
v1_contact_request_discard(struct api_call * call)
{
	v1_change(call, discard_request, answer_discard);
}

/* A blocked contact's group is closed with it. */
static int
shut_contact_group(struct change * c, const uint8_t * pk)
{
	struct group_config config = {0};
	int rc = 0;

	if (account_contact_group_config(c->account, pk, &config, NULL) == 0)
		rc = node_shut(c->tx, slice_of(config.info.pk, KEY_SIZE),
		    &c->err);
	crypto_wipe(&config, sizeof(config));
	return (rc);
}

static int
block(struct change * c)
{
	const V1(ContactBlock__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	ACCOUNT(c);
	if ((rc = contact_key(&pk, request->contact_pk, &c->err)) != 0)
		return (rc);
	if ((rc = account_contact_block(c->account, pk.p, &c->err)) != 0)
		return (rc);
	return (shut_contact_group(c, pk.p));
}

static void
answer_block(struct change * c)
{
	V1(ContactBlock__Reply) reply = V1_INIT(CONTACT_BLOCK__REPLY);

	api_answer(c->call, &reply);
}

void
v1_contact_block(struct api_call * call)
{
	v1_change(call, block, answer_block);
}

static int
unblock(struct change * c)
{
	const V1(ContactUnblock__Request) * request = c->call->request;
	struct slice pk;
	int rc;

	ACCOUNT(c);
	if ((rc = contact_key(&pk, request->contact_pk, &c->err)) != 0)
		return (rc);
	return (account_contact_unblock(c->account, pk.p, &c->err));
}

static void
answer_unblock(struct change * c)
{
	V1(ContactUnblock__Reply) reply = V1_INIT(CONTACT_UNBLOCK__REPLY);

	api_answer(c->call, &reply);
}

void
v1_contact_unblock(struct api_call * call)
{
	v1_change(call, unblock, answer_unblock);
}
