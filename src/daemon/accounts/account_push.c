/* account_push.c: pushes, for whichever account they are. */
#include <stdlib.h>
#include <string.h>

#include "account/account_push.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "daemon/accounts/account_service.h"
#include "node/node_push.h"

/* --- opening a push -------------------------------------------------------- */

/* One account after the other is asked whether it can open it. */
struct opening_push {
	struct accounts * accounts;
	struct api_call * call;
	struct buffer payload;
	struct node_push_receive * receive; /* under way */
	char id[ACCOUNT_ID_MAX + 1];        /* in this account */
	bool begun;
	struct error err;                   /* of the last */
};

static void ask_next(struct opening_push * o);

static void
opening_free(struct opening_push * o)
{
	buffer_free(&o->payload);
	free(o);
}

static void
answer_push(struct opening_push * o, const struct push_message * m,
    const uint8_t group_pk[32])
{
	ACCOUNT(PushReceive__Reply) reply =
	    ACCOUNT_INIT(PUSH_RECEIVE__REPLY);
	Berty__Push__V1__DecryptedPush push =
	    BERTY__PUSH__V1__DECRYPTED_PUSH__INIT;
	Berty__Push__V1__FormatedPush shown =
	    BERTY__PUSH__V1__FORMATED_PUSH__INIT;
	ACCOUNT(AccountMetadata) * metadata = NULL;
	struct buffer group = {0}, member = {0};

	base64url_encode(&group, slice_of(group_pk, 32));
	buffer_byte(&group, 0);
	base64url_encode(&member, slice_of(m->message.headers.device_pk, 32));
	buffer_byte(&member, 0);
	(void)account_metadata_read(o->accounts->root, o->id, &metadata,
	    NULL);
	push.account_id = o->id;
	if (metadata != NULL)
		push.account_name = metadata->name;
	push.conversation_public_key = (char *)group.p;
	push.member_public_key = (char *)member.p;
	push.push_type =
	    BERTY__PUSH__V1__DECRYPTED_PUSH__PUSH_TYPE__Message;
	push.already_received = m->already_received;
	shown.push_type = push.push_type;
	shown.title = push.account_name;
	reply.push_data = &push;
	reply.push = &shown;
	if (!group.failed && !member.failed)
		api_answer(o->call, &reply);
	else
		api_fail(o->call, &o->err);
	if (metadata != NULL)
		protobuf_free(metadata);
	buffer_free(&group);
	buffer_free(&member);
}

static void
received(void * user, const struct push_message * m,
    const uint8_t group_pk[32], const struct error * err)
{
	struct opening_push * o = user;

	o->receive = NULL;
	if (err != NULL) {
		o->err = *err;
		ask_next(o);
		return;
	}
	answer_push(o, m, group_pk);
	opening_free(o);
}

/* The account after the one that was asked last; NULL: that was all. */
static struct account_node *
next_account(struct opening_push * o)
{
	struct accounts * a = o->accounts;
	struct account_node * n = o->begun ? accounts_find(a, o->id) : NULL;
	struct list * place = n != NULL ? n->place.next : a->nodes.next;

	if (o->begun && n == NULL)
		return (NULL);
	for (; place != &a->nodes; place = place->next) {
		n = list_entry(place, struct account_node, place);
		if (n->stage == ACCOUNT_OPEN)
			return (n);
	}
	return (NULL);
}

static void
ask_next(struct opening_push * o)
{
	struct account_node * n;

	while ((n = next_account(o)) != NULL) {
		o->begun = true;
		(void)memcpy(o->id, n->id, sizeof(o->id));
		if (node_push_receive(served_node(n->served),
		    buffer_all(&o->payload), received, o, &o->receive,
		    &o->err) == 0)
			return;
	}
	if (o->err.n == 0)
		(void)error_set(&o->err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "no account is open that could have sent for it");
	api_fail(o->call, &o->err);
	opening_free(o);
}

static void
opening_cancelled(struct api_call * call)
{
	struct opening_push * o = call->data;

	if (o->receive != NULL)
		node_push_receive_cancel(o->receive);
	api_fail(call, NULL);
	opening_free(o);
}

void
account_push_receive(struct api_call * call)
{
	const ACCOUNT(PushReceive__Request) * r = call->request;
	struct opening_push * o = calloc(1, sizeof(*o));
	struct error err = {0};

	if (o == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
		return;
	}
	o->accounts = call->user;
	o->call = call;
	if (base64url_decode(&o->payload, slice_text(r->payload)) != 0 ||
	    o->payload.failed) {
		(void)error_set(&err, ERR_DESERIALIZATION,
		    "the payload is not base64url");
		opening_free(o);
		api_fail(call, &err);
		return;
	}
	call->data = o;
	call->on_cancelled = opening_cancelled;
	ask_next(o);
}

/* --- the device's token ---------------------------------------------------- */

int
account_push_apply(struct accounts * a, struct account_node * n,
    struct error * err)
{
	struct node * node = served_node(n->served);
	struct push_receiver r = {.token_type = a->push.token_type,
	    .bundle_id = buffer_all(&a->push.bundle_id),
	    .token = buffer_all(&a->push.token)};
	struct node_tx * tx;
	int rc;

	if (a->push.token_type == 0)
		return (0);
	if ((rc = node_begin(node, &tx, err)) != 0)
		return (rc);
	node_touch(tx, node_account_group(node));
	if ((rc = account_push_set_token(node_account(node), &r, err)) != 0) {
		node_abort(tx);
		return (rc);
	}
	return (node_commit(tx, NULL, NULL, err));
}

/* For the accounts that are open, and those that open while we run. */
void
account_push_register(struct api_call * call)
{
	const ACCOUNT(PushPlatformTokenRegister__Request) * r = call->request;
	ACCOUNT(PushPlatformTokenRegister__Reply) reply =
	    ACCOUNT_INIT(PUSH_PLATFORM_TOKEN_REGISTER__REPLY);
	const Berty__Protocol__V1__PushServiceReceiver * from = r->receiver;
	struct accounts * a = call->user;
	struct list * place, * following;
	struct error err = {0};
	int rc = 0;

	if (from == NULL || from->token_type <= 0 || from->token.len == 0) {
		(void)error_set(&err, ERR_INVALID_INPUT, "no device token");
		api_fail(call, &err);
		return;
	}
	a->push.token_type = (unsigned)from->token_type;
	buffer_clear(&a->push.bundle_id);
	buffer_text(&a->push.bundle_id, from->bundle_id);
	buffer_clear(&a->push.token);
	buffer_slice(&a->push.token, protobuf_slice(from->token));
	list_each(place, following, &a->nodes) {
		struct account_node * n =
		    list_entry(place, struct account_node, place);

		if (rc == 0 && n->stage == ACCOUNT_OPEN)
			rc = account_push_apply(a, n, &err);
	}
	if (rc == 0)
		api_answer(call, &reply);
	else
		api_fail(call, &err);
}
