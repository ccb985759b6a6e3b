/* contact.c: contact requests. */
#include "api/v1/v1.h"

#define ACCOUNT(c) node_touch((c)->tx, node_account_group((c)->node))

/* Our rendezvous seed, kept in the caller's bytes; empty when there is none. */
static ProtobufCBinaryData
own_seed(struct account * a, uint8_t seed[SEED_SIZE])
{
	return (protobuf_bytes(slice_of(seed,
	    account_seed(a, seed) ? SEED_SIZE : 0)));
}

void
v1_contact_request_reference(struct api_call * call)
{
	V1(ContactRequestReference__Reply) reply =
	    V1_INIT(CONTACT_REQUEST_REFERENCE__REPLY);
	struct account * a = node_account(call->node);
	char names[V1_NETWORKS];
	uint8_t seed[SEED_SIZE];

	reply.public_rendezvous_seed = own_seed(a, seed);
	reply.enabled = account_requests_enabled(a);
	reply.network = v1_networks(call->node, names);
	api_answer(call, &reply);
}

static int
disable(struct change * c)
{
	ACCOUNT(c);
	return (account_disable_requests(c->account, &c->err));
}

void
v1_contact_request_disable(struct api_call * call)
{
	v1_change(call, disable, v1_answer_empty);
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
	char names[V1_NETWORKS];
	uint8_t seed[SEED_SIZE];

	reply.public_rendezvous_seed = own_seed(c->account, seed);
	reply.network = v1_networks(c->node, names);
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

	reply.public_rendezvous_seed = own_seed(c->account, seed);
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

int
v1_request_contact(struct change * c,
    const V1(ContactRequestSend__Request) * request)
{
	const V1(ShareableContact) * contact = request->contact;
	const struct network * network;
	int rc;

	ACCOUNT(c);
	if ((rc = check_contact(contact, &c->err)) != 0 ||
	    (rc = node_name_network(c->node, request->network, &network,
	        &c->err)) != 0)
		return (rc);
	rc = account_contact_enqueue(c->account, contact->pk.data,
	    contact->public_rendezvous_seed.data,
	    protobuf_slice(contact->metadata),
	    protobuf_slice(request->own_metadata),
	    network, &c->err);
	if (rc == 0)
		rc = v1_learn(c, request->addresses, request->n_addresses);
	return (rc);
}

static int
send_request(struct change * c)
{
	return (v1_request_contact(c, c->call->request));
}

void
v1_contact_request_send(struct api_call * call)
{
	v1_change(call, send_request, v1_answer_empty);
}

/* --- moves of one contact ------------------------------------------------- */

int
v1_move_contact(struct change * c, ProtobufCBinaryData bytes,
    int (*operation)(struct account * a, const uint8_t pk[32],
        struct error * err))
{
	struct slice pk;
	int rc;

	ACCOUNT(c);
	rc = v1_key(&pk, bytes, ERR_DESERIALIZATION, &c->err);
	return (rc == 0 ? operation(c->account, pk.p, &c->err) : rc);
}

static int
accept_request(struct change * c)
{
	const V1(ContactRequestAccept__Request) * request = c->call->request;

	return (v1_move_contact(c, request->contact_pk,
	    account_contact_accept));
}

void
v1_contact_request_accept(struct api_call * call)
{
	v1_change(call, accept_request, v1_answer_empty);
}

static int
discard_request(struct change * c)
{
	const V1(ContactRequestDiscard__Request) * request = c->call->request;

	return (v1_move_contact(c, request->contact_pk,
	    account_contact_discard));
}

void
v1_contact_request_discard(struct api_call * call)
{
	v1_change(call, discard_request, v1_answer_empty);
}

int
v1_shut_contact_group(struct change * c, const uint8_t pk[32])
{
	struct group_config config = {0};
	int rc = 0;

	if (account_contact_group_config(c->account, pk, &config, NULL) == 0)
		rc = node_shut(c->tx, slice_of(config.info.pk, KEY_SIZE),
		    &c->err);
	crypto_wipe(&config, sizeof(config));
	return (rc);
}

int
v1_block_contact(struct change * c, ProtobufCBinaryData pk)
{
	int rc = v1_move_contact(c, pk, account_contact_block);

	return (rc == 0 ? v1_shut_contact_group(c, pk.data) : rc);
}

static int
block(struct change * c)
{
	const V1(ContactBlock__Request) * request = c->call->request;

	return (v1_block_contact(c, request->contact_pk));
}

void
v1_contact_block(struct api_call * call)
{
	v1_change(call, block, v1_answer_empty);
}

static int
unblock(struct change * c)
{
	const V1(ContactUnblock__Request) * request = c->call->request;

	return (v1_move_contact(c, request->contact_pk,
	    account_contact_unblock));
}

void
v1_contact_unblock(struct api_call * call)
{
	v1_change(call, unblock, v1_answer_empty);
}
