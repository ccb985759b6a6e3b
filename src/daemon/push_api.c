#include "daemon/push_api.h"

#include <stdlib.h>
#include <strings.h>

#include "berty/push/v1/pushtypes.pb-c.h"
#include "codec/protobuf.h"

#define PUSH(name) Berty__Push__V1__##name

/* --- ServerInfo ----------------------------------------------------------- */

static int
authorize(struct api_call * call, struct error * err)
{
	static const char scheme[] = "bearer ";
	const struct push_api * api = call->user;
	struct slice header = api_metadata(call, "authorization");
	size_t n = sizeof(scheme) - 1;
	char id[AUTH_TOKEN_ID_MAX];

	if (!api->asks_token)
		return (0);
	if (header.n <= n ||
	    strncasecmp((const char *)header.p, scheme, n) != 0)
		return (error_set(err, ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN,
		    "this relay asks for a token of its issuer: authorization: "
		    "bearer TOKEN"));
	return (auth_token_verify(&api->verifier,
	    slice_of(header.p + n, header.n - n), AUTH_PUSH,
	    world_wall(api->world) / 1000000000, id, err));
}

static void
answer_info(struct api_call * call, size_t n)
{
	const struct push_api * api = call->user;
	PUSH(PushServiceServerInfo__Reply) reply =
	    BERTY__PUSH__V1__PUSH_SERVICE_SERVER_INFO__REPLY__INIT;
	PUSH(PushServiceSupportedTokenType) * types;
	PUSH(PushServiceSupportedTokenType) ** list;
	struct error err = {0};
	size_t i;

	types = calloc(n + 1, sizeof(*types));
	list = calloc(n + 1, sizeof(*list));
	for (i = 0; types != NULL && list != NULL && i < n; i++) {
		const struct push_provider * p = push_relay_provider(
		    api->relay, i);

		berty__push__v1__push_service_supported_token_type__init(
		    &types[i]);
		types[i].app_bundle_id = p->bundle;
		types[i].token_type = (PUSH(PushServiceTokenType))p->type;
		list[i] = &types[i];
	}
	reply.public_key = protobuf_bytes(slice_of(push_relay_public_key(
	    api->relay), 32));
	reply.supported_token_types = list;
	reply.n_supported_token_types = n;
	if (types != NULL && list != NULL)
		api_answer(call, &reply);
	else {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
	}
	free(types);
	free(list);
}

static void
server_info(struct api_call * call)
{
	const struct push_api * api = call->user;
	struct error err = {0};
	size_t n = 0;

	if (authorize(call, &err) != 0) {
		api_fail(call, &err);
		return;
	}
	while (push_relay_provider(api->relay, n) != NULL)
		n++;
	answer_info(call, n);
}

/* --- Send ----------------------------------------------------------------- */

/* Who called went away; what it asked for is done. */
static void
cancelled(struct api_call * call)
{
	struct error err = {0};

	push_relay_forget(call->data);
	(void)error_set(&err, ERR_PUSH_PROVIDER,
	    "nobody waits for the answer");
	api_fail(call, &err);
}

static void
pushed(void * user, int status, const struct error * err)
{
	PUSH(PushServiceSend__Reply) reply =
	    BERTY__PUSH__V1__PUSH_SERVICE_SEND__REPLY__INIT;

	if (status == 0)
		api_answer(user, &reply);
	else
		api_fail(user, err);
}

static int
send_all(struct api_call * call, const PUSH(PushServiceSend__Request) * request,
    struct slice * tokens, struct slice envelope, struct error * err)
{
	const struct push_api * api = call->user;
	struct push_request q = {.envelope = envelope,
	    .low = request->priority ==
	        BERTY__PUSH__V1__PUSH_SERVICE_PRIORITY__PushPriorityLow,
	    .n = request->n_receivers, .tokens = tokens};
	struct push_job * job;
	size_t i;
	int rc;

	for (i = 0; i < q.n; i++)
		tokens[i] = protobuf_slice(
		    request->receivers[i]->opaque_token);
	rc = push_relay_send(api->relay, &q, pushed, call, &job, err);
	if (rc == 0) {
		call->data = job;
		call->on_cancelled = cancelled;
	}
	return (rc);
}

static void
send_push(struct api_call * call)
{
	const PUSH(PushServiceSend__Request) * request = call->request;
	struct buffer envelope = {0};
	struct slice * tokens = NULL;
	struct error err = {0};
	int rc;

	if (request->envelope == NULL)
		rc = error_set(&err, ERR_INVALID_INPUT,
		    "there is nothing to push");
	else if (request->n_receivers > PUSH_RECEIVERS_MAX)
		rc = error_set(&err, ERR_INVALID_INPUT, "too many receivers");
	else {
		protobuf_encode(&envelope, request->envelope);
		tokens = calloc(request->n_receivers + 1, sizeof(*tokens));
		rc = envelope.failed || tokens == NULL ? error_set(&err,
		    ERR_INTERNAL, "out of memory") : send_all(call, request,
		    tokens, buffer_all(&envelope), &err);
	}
	free(tokens);
	buffer_free(&envelope);
	if (rc != 0)
		api_fail(call, &err);
}

/* --- table ---------------------------------------------------------------- */

#define SERVICE "berty.push.v1.PushService"

static const struct api_method methods[] = {
	{SERVICE, "ServerInfo",
	 &berty__push__v1__push_service_server_info__request__descriptor,
	 &berty__push__v1__push_service_server_info__reply__descriptor,
	 false, false, server_info},
	{SERVICE, "Send",
	 &berty__push__v1__push_service_send__request__descriptor,
	 &berty__push__v1__push_service_send__reply__descriptor,
	 false, false, send_push},
};

const struct api_service push_api_service = {
	.methods = methods, .n = 2, .own_access = true,
};
