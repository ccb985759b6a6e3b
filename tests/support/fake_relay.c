#include "support/fake_relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "berty/push/v1/pushtypes.pb-c.h"
#include "group/push.h"

/* What it pushes is kept under the device's token. */
static void
push_to(struct fake_relay * r, struct slice envelope, struct slice opaque)
{
	static const uint8_t nonce[24] = {'n'};
	API(PushServiceReceiver) * receiver;
	struct buffer clear = {0};
	struct fake_push * p;

	assert_true(r->n < FAKE_RELAY_PUSHES);
	p = &r->pushes[r->n++];
	assert_int_equal(push_token_open(&clear, opaque, r->private), 0);
	receiver = protobuf_decode(
	    &berty__protocol__v1__push_service_receiver__descriptor,
	    buffer_all(&clear), 100000);
	assert_non_null(receiver);
	(void)snprintf(p->token, sizeof(p->token), "%.*s",
	    (int)receiver->token.len, (const char *)receiver->token.data);
	assert_int_equal(receiver->recipient_public_key.len, 32);
	assert_int_equal(push_expose(&p->payload, envelope, r->private,
	    receiver->recipient_public_key.data, nonce), 0);
	protobuf_free(receiver);
	buffer_free(&clear);
}

static void
take(struct fake_relay * r, struct fake_exchange * x)
{
	Berty__Push__V1__PushServiceSend__Reply reply =
	    BERTY__PUSH__V1__PUSH_SERVICE_SEND__REPLY__INIT;
	Berty__Push__V1__PushServiceSend__Request * request;
	struct buffer envelope = {0};
	size_t i;

	r->asked++;
	x->never = r->silent;
	if (r->refuses) {
		x->status = 2;
		(void)error_set(&x->err, ERR_PUSH_UNKNOWN_PROVIDER,
		    "unable to send 1/1 push to receivers");
		return;
	}
	request = protobuf_decode(
	    &berty__push__v1__push_service_send__request__descriptor,
	    x->request->body, 1 << 20);
	assert_non_null(request);
	assert_non_null(request->envelope);
	assert_true(request->n_receivers > 0);
	assert_int_equal(request->priority,
	    BERTY__PUSH__V1__PUSH_SERVICE_PRIORITY__PushPriorityNormal);
	protobuf_encode(&envelope, request->envelope);
	assert_int_equal(push_check(buffer_all(&envelope)), 0);
	for (i = 0; i < request->n_receivers; i++)
		push_to(r, buffer_all(&envelope),
		    protobuf_slice(request->receivers[i]->opaque_token));
	buffer_free(&envelope);
	protobuf_free(request);
	fake_web_message(x, &reply);
}

static void
serve(void * user, struct fake_exchange * x)
{
	Berty__Push__V1__PushServiceServerInfo__Reply info =
	    BERTY__PUSH__V1__PUSH_SERVICE_SERVER_INFO__REPLY__INIT;
	struct fake_relay * r = user;

	assert_string_equal(x->request->service, "berty.push.v1.PushService");
	r->stranger = x->request->stranger;
	if (strcmp(x->request->call, "Send") == 0) {
		take(r, x);
		return;
	}
	assert_string_equal(x->request->call, "ServerInfo");
	info.public_key = protobuf_bytes(slice_of(r->public, 32));
	fake_web_message(x, &info);
}

void
fake_relay_open(struct fake_relay * r, struct fleet * f, uint8_t seed,
    const char * service_addr)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	r->service_addr = service_addr;
	r->private[0] = seed;
	r->private[1] = 1;
	x25519_base(r->public, r->private);
	for (i = 0; i < f->n; i++)
		fake_web_serve(f->nodes[i].web, service_addr, serve, r);
}

void
fake_relay_close(struct fake_relay * r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		buffer_free(&r->pushes[i].payload);
	r->n = 0;
}

static void
fill(struct fake_relay * r, API(PushServer) * server,
    API(PushServiceReceiver) * receiver, const char * token)
{
	server->server_key = protobuf_bytes(slice_of(r->public, 32));
	server->service_addr = (char *)(uintptr_t)r->service_addr;
	receiver->token_type =
	    BERTY__PUSH__V1__PUSH_SERVICE_TOKEN_TYPE__PushTokenFirebaseCloudMessaging;
	receiver->bundle_id = (char *)(uintptr_t)"test.app";
	receiver->token = protobuf_bytes(slice_text(token));
}

void
fake_relay_register(struct fake_relay * r, struct fleet * f, size_t i,
    const char * token)
{
	API(PushSetServer__Request) set_server =
	    API_INIT(PUSH_SET_SERVER__REQUEST);
	API(PushSetDeviceToken__Request) set_token =
	    API_INIT(PUSH_SET_DEVICE_TOKEN__REQUEST);
	API(PushServer) server = API_INIT(PUSH_SERVER);
	API(PushServiceReceiver) receiver = API_INIT(PUSH_SERVICE_RECEIVER);

	fill(r, &server, &receiver, token);
	set_server.server = &server;
	set_token.receiver = &receiver;
	fleet_tell(f, i, "PushSetServer", &set_server);
	fleet_tell(f, i, "PushSetDeviceToken", &set_token);
}

void
fake_relay_share(struct fake_relay * r, struct fleet * f, size_t i,
    const char * token, const uint8_t group_pk[32])
{
	API(PushShareToken__Request) share =
	    API_INIT(PUSH_SHARE_TOKEN__REQUEST);
	API(PushServer) server = API_INIT(PUSH_SERVER);
	API(PushServiceReceiver) receiver = API_INIT(PUSH_SERVICE_RECEIVER);

	fill(r, &server, &receiver, token);
	share.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	share.server = &server;
	share.receiver = &receiver;
	fleet_tell(f, i, "PushShareToken", &share);
}
