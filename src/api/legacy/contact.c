/* contact.c: references, contact requests and contacts. */
#include "api/legacy/legacy.h"

static void
touch_account(struct change * c)
{
	node_touch(c->tx, node_account_group(c->node));
}

/* --- the own reference --------------------------------------------------- */

static void
answer_reference(struct api_call * call)
{
	LEGACY(ContactRequestReference__Reply) reply =
	    LEGACY_INIT(CONTACT_REQUEST_REFERENCE__REPLY);
	struct error err = {0};
	struct buffer out = {0};

	legacy_contact_reference(&out, call->node);
	if (out.failed) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
	} else {
		reply.reference = protobuf_bytes(buffer_all(&out));
		api_answer(call, &reply);
	}
	buffer_free(&out);
}

static int
reset(struct change * c)
{
	touch_account(c);
	return (account_reset_reference(c->account, &c->err));
}

static void
answer_made(struct change * c)
{
	answer_reference(c->call);
}

void
legacy_contact_request_reference(struct api_call * call)
{
	uint8_t seed[SEED_SIZE];

	if (account_seed(node_account(call->node), seed))
		answer_reference(call);
	else
		v1_change(call, reset, answer_made);
}

static void
answer_reset(struct change * c)
{
	LEGACY(ContactRequestResetLink__Reply) reply =
	    LEGACY_INIT(CONTACT_REQUEST_RESET_LINK__REPLY);
	struct buffer out = {0};

	legacy_contact_reference(&out, c->node);
	if (out.failed) {
		(void)error_set(&c->err, ERR_INTERNAL, "out of memory");
		api_fail(c->call, &c->err);
	} else {
		reply.reference = protobuf_bytes(buffer_all(&out));
		api_answer(c->call, &reply);
	}
	buffer_free(&out);
}

void
legacy_contact_request_reset_reference(struct api_call * call)
{
	v1_change(call, reset, answer_reset);
}

/* --- requests ------------------------------------------------------------ */

static int
disable(struct change * c)
{
	touch_account(c);
	return (account_disable_requests(c->account, &c->err));
}

void
legacy_contact_request_disable(struct api_call * call)
{
	v1_change(call, disable, v1_answer_empty);
}

static int
enable(struct change * c)
{
	touch_account(c);
	return (account_enable_requests(c->account, &c->err));
}

void
legacy_contact_request_enable(struct api_call * call)
{
	v1_change(call, enable, v1_answer_empty);
}

static int
enqueue(struct change * c)
{
	const LEGACY(ContactRequestEnqueue__Request) * request =
	    c->call->request;

	return (legacy_use_contact(c, protobuf_slice(request->reference),
	    protobuf_slice(request->meta)));
}

void
legacy_contact_request_enqueue(struct api_call * call)
{
	v1_change(call, enqueue, v1_answer_empty);
}

/* Who is accepted is talked with: the group is opened at once. */
static int
open_group(struct change * c, const uint8_t pk[32])
{
	struct group_config config = {0};
	int rc;

	rc = account_contact_group_config(c->account, pk, &config, &c->err);
	if (rc == 0) {
		memcpy(c->key, config.info.pk, KEY_SIZE);
		rc = node_activate(c->tx, slice_of(c->key, KEY_SIZE), false,
		    NULL, &c->err);
	}
	crypto_wipe(&config, sizeof(config));
	return (rc);
}

static int
accept_request(struct change * c)
{
	const LEGACY(ContactRequestAccept__Request) * request =
	    c->call->request;
	int rc;

	rc = v1_move_contact(c, request->contact_pub_key,
	    account_contact_accept);
	return (rc == 0 ? open_group(c, request->contact_pub_key.data) : rc);
}

void
legacy_contact_request_accept(struct api_call * call)
{
	v1_change(call, accept_request, legacy_answer_group);
}

/* --- contacts ------------------------------------------------------------ */

static int
forget(struct change * c)
{
	const LEGACY(ContactRemove__Request) * request = c->call->request;
	int rc;

	rc = v1_move_contact(c, request->contact_pub_key,
	    account_contact_remove);
	return (rc == 0
	    ? v1_shut_contact_group(c, request->contact_pub_key.data) : rc);
}

void
legacy_contact_remove(struct api_call * call)
{
	v1_change(call, forget, v1_answer_empty);
}

static int
block(struct change * c)
{
	const LEGACY(ContactBlock__Request) * request = c->call->request;

	return (v1_block_contact(c, request->contact_pub_key));
}

void
legacy_contact_block(struct api_call * call)
{
	v1_change(call, block, v1_answer_empty);
}

static int
unblock(struct change * c)
{
	const LEGACY(ContactUnblock__Request) * request = c->call->request;

	return (v1_move_contact(c, request->contact_pub_key,
	    account_contact_unblock));
}

void
legacy_contact_unblock(struct api_call * call)
{
	v1_change(call, unblock, v1_answer_empty);
}
