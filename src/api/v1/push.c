/* push.c: how relays reach this device, and what they brought. */
#include "api/v1/v1.h"
#include "group/push.h"
#include "node/node_push.h"

/* The longest that a platform's token and an application's name may be. */
enum { TOKEN_MAX = 4096, BUNDLE_MAX = 512 };

/* --- what a request says -------------------------------------------------- */

/* A token of a platform.  0 or -ERR_INVALID_INPUT. */
static int
read_receiver(struct push_receiver * r, const V1(PushServiceReceiver) * from,
    struct error * err)
{
	if (from == NULL || from->token_type <= 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "no device token, or one of no platform"));
	r->token_type = (unsigned)from->token_type;
	r->bundle_id = slice_text(from->bundle_id);
	r->token = protobuf_slice(from->token);
	if (r->token.n == 0 || r->token.n > TOKEN_MAX ||
	    r->bundle_id.n > BUNDLE_MAX)
		return (error_set(err, ERR_INVALID_INPUT, "the device token is "
		    "empty, or it or its bundle id are too long"));
	return (0);
}

/* A relay: its key is one, and its address a text. */
static int
read_server(struct change * c, const V1(PushServer) * from,
    const uint8_t ** key, struct slice * service_addr)
{
	uint8_t shared[KEY_SIZE];
	int status;

	if (from == NULL)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "no push server given"));
	if (from->server_key.len != KEY_SIZE)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "a push server's key has 32 bytes, this one has %zu",
		    from->server_key.len));
	status = x25519(shared, account_push_key(c->account)->private,
	    from->server_key.data);
	crypto_wipe(shared, sizeof(shared));
	*key = from->server_key.data;
	*service_addr = slice_text(from->service_addr);
	if (status != 0 || !push_server_address(*service_addr))
		return (error_set(&c->err, ERR_INVALID_INPUT, "the push "
		    "server's key is no key, or its address no host:port"));
	return (0);
}

/* --- this device ---------------------------------------------------------- */

static int
set_device_token(struct change * c)
{
	const V1(PushSetDeviceToken__Request) * request = c->call->request;
	struct push_receiver receiver;
	int rc;

	if ((rc = read_receiver(&receiver, request->receiver, &c->err)) != 0)
		return (rc);
	node_touch(c->tx, node_account_group(c->node));
	rc = account_push_set_token(c->account, &receiver, &c->err);
	return (rc == 0 ? 0 : error_wrap(&c->err, ERR_INTERNAL));
}

void
v1_push_set_device_token(struct api_call * call)
{
	v1_change(call, set_device_token, v1_answer_empty);
}

static int
set_server(struct change * c)
{
	const V1(PushSetServer__Request) * request = c->call->request;
	struct slice service_addr;
	const uint8_t * key = NULL;
	int rc;

	if ((rc = read_server(c, request->server, &key, &service_addr)) != 0)
		return (rc);
	node_touch(c->tx, node_account_group(c->node));
	rc = account_push_set_server(c->account, key, service_addr, &c->err);
	return (rc == 0 ? 0 : error_wrap(&c->err, ERR_INTERNAL));
}

void
v1_push_set_server(struct api_call * call)
{
	v1_change(call, set_server, v1_answer_empty);
}

/* --- telling a group ------------------------------------------------------ */

/* Pushes of this relay will come, if they are sealed for our key. */
static int
put_recipient(struct change * c, struct push_receiver * r,
    ProtobufCBinaryData given, const uint8_t * server_key)
{
	const uint8_t * own = account_push_key(c->account)->public;

	if (given.len != 0 && given.len != KEY_SIZE)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "the recipient's key has 32 bytes, this one has %zu",
		    given.len));
	memcpy(r->recipient, given.len == 0 ? own : given.data, KEY_SIZE);
	if (memcmp(r->recipient, own, KEY_SIZE) == 0 &&
	    account_push_know_server(c->account, server_key) != 0)
		return (error_set(&c->err, ERR_DB_WRITE, "%s",
		    store_failure(node_store(c->node))));
	return (0);
}

/* The payload of event 404. */
static int
build_update(struct change * c, struct group * g,
    const V1(PushShareToken__Request) * request, struct buffer * payload)
{
	V1(PushMemberTokenUpdate) event = V1_INIT(PUSH_MEMBER_TOKEN_UPDATE);
	V1(PushServer) server = V1_INIT(PUSH_SERVER);
	struct buffer receiver = {0}, token = {0};
	struct push_receiver r;
	struct slice service_addr;
	uint8_t random[32];
	const uint8_t * key = NULL;
	int rc;

	if ((rc = read_server(c, request->server, &key, &service_addr)) != 0 ||
	    (rc = read_receiver(&r, request->receiver, &c->err)) != 0 ||
	    (rc = put_recipient(c, &r, request->receiver->recipient_public_key,
	        key)) != 0)
		return (rc);
	push_receiver_encode(&receiver, &r);
	world_random(node_world(c->node), random, sizeof(random));
	rc = push_token_seal(&token, buffer_all(&receiver), key, random);
	crypto_wipe(random, sizeof(random));
	server.server_key = request->server->server_key;
	server.service_addr = request->server->service_addr;
	event.server = &server;
	event.token = protobuf_bytes(buffer_all(&token));
	event.device_pk =
	    protobuf_bytes(slice_of(group_device_pk(g), KEY_SIZE));
	if (rc == 0)
		protobuf_encode(payload, &event);
	if (rc != 0 || receiver.failed || token.failed || payload->failed)
		rc = error_set(&c->err, ERR_INTERNAL,
		    "the token cannot be sealed");
	buffer_free(&receiver);
	buffer_free(&token);
	return (rc);
}

static int
share_token(struct change * c)
{
	const V1(PushShareToken__Request) * request = c->call->request;
	struct buffer payload = {0};
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk, ERR_INVALID_INPUT, &g,
	    &c->err)) != 0)
		return (rc);
	node_touch(c->tx, g);
	rc = build_update(c, node_group_of(g), request, &payload);
	if (rc == 0)
		rc = group_write_event(node_group_of(g),
		    EVENT_PUSH_MEMBER_TOKEN_UPDATE, buffer_all(&payload),
		    NULL, NULL, &c->err);
	buffer_free(&payload);
	return (rc == 0 ? 0 : error_wrap(&c->err, ERR_INTERNAL));
}

void
v1_push_share_token(struct api_call * call)
{
	v1_change(call, share_token, v1_answer_empty);
}

/* --- PushReceive ---------------------------------------------------------- */

static void
receive_done(void * user, const struct push_message * m,
    const uint8_t group_pk[32], const struct error * err)
{
	V1(PushReceive__Reply) reply = V1_INIT(PUSH_RECEIVE__REPLY);
	V1(OutOfStoreMessage) message = V1_INIT(OUT_OF_STORE_MESSAGE);
	struct api_call * call = user;

	if (err != NULL) {
		api_fail(call, err);
		return;
	}
	message.cid = protobuf_bytes(m->message.cid);
	message.device_pk = protobuf_bytes(slice_of(
	    m->message.headers.device_pk, KEY_SIZE));
	message.counter = m->message.headers.counter;
	message.sig = protobuf_bytes(slice_of(m->message.headers.sig,
	    SIGNATURE_SIZE));
	message.encrypted_payload = protobuf_bytes(m->message.box);
	message.nonce = protobuf_bytes(m->message.nonce);
	reply.message = &message;
	reply.cleartext = protobuf_bytes(buffer_all(&m->clear));
	reply.group_public_key = protobuf_bytes(slice_of(group_pk, KEY_SIZE));
	reply.already_received = m->already_received;
	api_answer(call, &reply);
}

static void
receive_cancelled(struct api_call * call)
{
	node_push_receive_cancel(call->data);
	api_fail(call, NULL);
}

void
v1_push_receive(struct api_call * call)
{
	const V1(PushReceive__Request) * request = call->request;
	struct node_push_receive * receive;
	struct error err = {0};

	if (node_push_receive(call->node, protobuf_slice(request->payload),
	    receive_done, call, &receive, &err) != 0) {
		api_fail(call, &err);
		return;
	}
	call->data = receive;
	call->on_cancelled = receive_cancelled;
}
