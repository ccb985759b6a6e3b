/* auth.c: tokens of services: how an account gets them, lists them, and lets
 * go of them. */
#include <stdlib.h>

#include "account/account_token.h"
#include "api/extension/extension.h"
#include "api/v1/v1.h"
#include "node/node_push.h"
#include "services/auth_flow.h"

/* Where the flow that waits for its user is kept: STORE_META, 0. */
#define NAME_SESSION "auth session"

static int64_t
unix_s(struct node * n)
{
	return (world_wall(node_world(n)) / 1000000000);
}

/* --- the session ---------------------------------------------------------- */

/* The flow that waits; -ERR_NOT_FOUND also when it has expired. */
static int
load_session(struct node * n, struct auth_session * s)
{
	struct buffer stored = {0};
	int rc;

	rc = store_get(node_store(n), STORE_META, 0, slice_text(NAME_SESSION),
	    &stored);
	if (rc == 0)
		rc = auth_session_decode(s, buffer_all(&stored));
	if (rc == 0 && auth_session_expired(s, unix_s(n)))
		rc = -ERR_NOT_FOUND;
	buffer_wipe(&stored);
	return (rc);
}

static int
drop_session(struct node * n)
{
	int rc = store_delete(node_store(n), STORE_META, 0,
	    slice_text(NAME_SESSION));

	return (rc == -ERR_NOT_FOUND ? 0 : rc);
}

/* --- AuthServiceInitFlow -------------------------------------------------- */


static int
save_session(struct change * c, const struct auth_session * s)
{
	struct buffer bytes = {0};
	int rc;

	auth_session_encode(&bytes, s);
	rc = bytes.failed ? -ERR_INTERNAL : store_put(node_store(c->node),
	    STORE_META, 0, slice_text(NAME_SESSION), buffer_all(&bytes));
	buffer_wipe(&bytes);
	return (rc == 0 ? 0 : error_set(&c->err, -rc,
	    "the authentication cannot be kept"));
}

static int
write_init(struct change * c)
{
	const V1(AuthServiceInitFlow__Request) * request = c->call->request;
	struct auth_session s;
	uint8_t random[48];
	int rc;

	world_random(node_world(c->node), random, sizeof(random));
	rc = auth_session_begin(&s, request->auth_url, random,
	    unix_s(c->node), &c->err);
	if (rc == 0)
		rc = save_session(c, &s);
	crypto_wipe(random, sizeof(random));
	crypto_wipe(&s, sizeof(s));
	return (rc);
}

/* The session is read again: it is what would be found after a restart. */
static void
answer_init(struct change * c)
{
	V1(AuthServiceInitFlow__Reply) reply =
	    V1_INIT(AUTH_SERVICE_INIT_FLOW__REPLY);
	struct auth_session s;
	struct buffer url = {0};

	if (load_session(c->node, &s) != 0) {
		(void)error_set(&c->err, ERR_SERVICES_AUTH_NOT_INITIALIZED,
		    "another authentication has begun meanwhile");
		api_fail(c->call, &c->err);
		return;
	}
	auth_session_url(&url, &s);
	buffer_byte(&url, 0);
	if (!url.failed) {
		reply.url = (char *)url.p;
		reply.secure_url = s.base[4] == 's' || s.base[4] == 'S';
	}
	api_answer(c->call, &reply);
	buffer_free(&url);
	crypto_wipe(&s, sizeof(s));
}

void
v1_auth_service_init_flow(struct api_call * call)
{
	v1_change(call, write_init, answer_init);
}

/* --- AuthServiceCompleteFlow ---------------------------------------------- */

/* A flow whose code is exchanged. */
struct complete {
	struct api_call * call;
	struct node * node;
	struct auth_session session;
	struct web_request request;
	bool asking;
	struct buffer url, form;
	struct node_watcher watcher;
	V1(ServiceToken) * token;
	char id[TOKEN_ID_SIZE + 1];
	struct error err;
};

static void
end_complete(struct complete * c, const struct error * err)
{
	V1(AuthServiceCompleteFlow__Reply) reply =
	    V1_INIT(AUTH_SERVICE_COMPLETE_FLOW__REPLY);

	if (c->asking)
		web_cancel(node_web(c->node), &c->request);
	node_unwatch(c->node, &c->watcher);
	c->call->on_cancelled = NULL;
	reply.token_id = c->id;
	if (err == NULL)
		api_answer(c->call, &reply);
	else
		api_fail(c->call, err);
	if (c->token != NULL)
		protobuf_free(c->token);
	buffer_wipe(&c->request.answer);
	buffer_wipe(&c->form);
	buffer_free(&c->url);
	crypto_wipe(c, sizeof(*c));
	free(c);
}

/* A relay that comes with the token is used at once; it is no part of the
 * call, as in Go. */
static void
use_relays(struct complete * c)
{
	struct error err = {0};
	size_t i;

	for (i = 0; i < c->token->n_supported_services; i++) {
		const V1(ServiceTokenSupportedService) * s =
		    c->token->supported_services[i];

		if (strcmp(s->service_type, AUTH_PUSH) == 0)
			(void)node_push_use_server(c->node,
			    slice_text(s->service_endpoint),
			    slice_text(c->token->token), NULL, NULL, &err);
	}
}

static void
token_durable(void * user, int status)
{
	struct complete * c = user;

	if (status != 0) {
		(void)error_set(&c->err, -status,
		    "the change is not on disk: %s",
		    store_failure(node_store(c->node)));
		end_complete(c, &c->err);
		return;
	}
	use_relays(c);
	end_complete(c, NULL);
}

/* Inside a change: the flow is at its end, if it still is the one. */
static int
consume_session(struct complete * c)
{
	struct auth_session s;
	int rc;

	rc = load_session(c->node, &s);
	if (rc == 0 && strcmp(s.state, c->session.state) != 0)
		rc = -ERR_NOT_FOUND;
	crypto_wipe(&s, sizeof(s));
	if (rc == -ERR_NOT_FOUND)
		return (error_set(&c->err, ERR_SERVICES_AUTH_NOT_INITIALIZED,
		    "the authentication is over"));
	if (rc == 0)
		rc = drop_session(c->node);
	return (rc == 0 ? 0 : error_set(&c->err, -rc,
	    "the authentication cannot be ended"));
}

/* What the server refused, it will not give for the same code. */
static void
give_up_session(struct complete * c)
{
	struct error ignored = {0};
	struct node_tx * tx;

	if (node_begin(c->node, &tx, &ignored) != 0)
		return;
	if (consume_session(c) != 0)
		node_abort(tx);
	else
		(void)node_commit(tx, NULL, NULL, &ignored);
}

static void
keep_token(struct complete * c)
{
	struct node_tx * tx;

	if (node_begin(c->node, &tx, &c->err) != 0)
		goto err0;
	node_touch(tx, node_account_group(c->node));
	if (consume_session(c) != 0 ||
	    account_token_add(node_account(c->node), c->token, c->id,
	        &c->err) != 0)
		goto err1;
	/* It is decided: who waits for it no more changes nothing. */
	c->call->on_cancelled = NULL;
	node_unwatch(c->node, &c->watcher);
	if (node_commit(tx, token_durable, c, &c->err) != 0)
		goto err0;
	return;

err1:
	node_abort(tx);
err0:
	end_complete(c, &c->err);
}

static void
exchanged(struct web_request * r, int rc)
{
	struct complete * c = r->user;
	struct error refused;

	c->asking = false;
	if (rc != 0) {
		(void)error_set(&c->err, ERR_STREAM_WRITE, "%s", r->err.text);
		end_complete(c, &c->err);
		return;
	}
	rc = auth_answer(buffer_all(&r->answer), r->status, c->session.base,
	    unix_s(c->node), &c->token, &c->err);
	if (rc == 0) {
		keep_token(c);
		return;
	}
	refused = c->err;
	give_up_session(c);
	end_complete(c, &refused);
}

static void
complete_cancelled(struct api_call * call)
{
	end_complete(call->data, NULL);
}

static void
complete_closed(void * user)
{
	struct complete * c = user;

	(void)error_set(&c->err, ERR_STREAM_WRITE, "the node closes");
	end_complete(c, &c->err);
}

static int
ask_token(struct complete * c, struct slice code)
{
	static const char * const headers[] = {
	    "Content-Type: application/x-www-form-urlencoded",
	    "Accept: application/json", NULL};

	if (node_web(c->node) == NULL)
		return (error_set(&c->err, ERR_STREAM_WRITE,
		    "this program asks no servers"));
	buffer_printf(&c->url, "%s" AUTH_PATH_TOKEN, c->session.base);
	buffer_byte(&c->url, 0);
	auth_exchange_form(&c->form, &c->session, code);
	if (c->url.failed || c->form.failed)
		return (error_set(&c->err, ERR_INTERNAL, "out of memory"));
	c->request = (struct web_request){
		.url = (char *)c->url.p,
		.method = "POST",
		.headers = headers,
		.body = buffer_all(&c->form),
		.answer_max = AUTH_ANSWER_MAX,
		.done = exchanged,
		.user = c,
	};
	if (web_send(node_web(c->node), &c->request) != 0)
		return (error_set(&c->err, ERR_STREAM_WRITE, "%s",
		    c->request.err.text));
	c->asking = true;
	return (0);
}

static int
begin_complete(struct complete * c)
{
	const V1(AuthServiceCompleteFlow__Request) * request =
	    c->call->request;
	struct buffer code = {0};
	int rc;

	rc = load_session(c->node, &c->session);
	if (rc != 0 && rc != -ERR_NOT_FOUND)
		return (error_set(&c->err, -rc,
		    "the authentication cannot be read"));
	rc = auth_callback(&code, request->callback_url,
	    rc == 0 ? &c->session : NULL, &c->err);
	if (rc == 0)
		rc = ask_token(c, buffer_all(&code));
	buffer_wipe(&code);
	return (rc);
}

void
v1_auth_service_complete_flow(struct api_call * call)
{
	struct error none = {.n = 1, .code = {ERR_INTERNAL},
	    .text = "out of memory"};
	struct complete * c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		api_fail(call, &none);
		return;
	}
	c->call = call;
	c->node = call->node;
	c->watcher = (struct node_watcher){.closed = complete_closed,
	    .user = c};
	list_init(&c->watcher.place);
	if (begin_complete(c) != 0) {
		end_complete(c, &c->err);
		return;
	}
	node_watch(c->node, &c->watcher);
	call->data = c;
	call->on_cancelled = complete_cancelled;
}

/* --- ServicesTokenList ---------------------------------------------------- */

static int
reply_token(void * user, const char * id, const V1(ServiceToken) * token)
{
	V1(ServicesTokenList__Reply) reply =
	    V1_INIT(SERVICES_TOKEN_LIST__REPLY);
	struct api_call * call = user;

	reply.token_id = (char *)(uintptr_t)id;
	reply.service = (V1(ServiceToken) *)(uintptr_t)token;
	(void)call->transport->reply(call, &reply);
	return (0);
}

void
v1_services_token_list(struct api_call * call)
{
	struct error err = {0};
	int rc;

	rc = account_each_token(node_account(call->node), reply_token, call);
	if (rc != 0)
		(void)error_set(&err, -rc, "the tokens cannot be read");
	call->transport->finish(call, rc == 0 ? NULL : &err);
}

/* --- DebugAuthServiceSetToken --------------------------------------------- */

static int
set_token(struct change * c)
{
	const V1(DebugAuthServiceSetToken__Request) * request =
	    c->call->request;
	const V1(AuthExchangeResponse) * from = request->token;
	V1(ServiceToken) token = V1_INIT(SERVICE_TOKEN);
	V1(ServiceTokenSupportedService) list[AUTH_SERVICES_MAX];
	V1(ServiceTokenSupportedService) * places[AUTH_SERVICES_MAX];
	char id[TOKEN_ID_SIZE + 1];
	size_t i;

	if (from == NULL)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "there is no token in the request"));
	if (from->n_services > AUTH_SERVICES_MAX)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "a token is for %d services at most", AUTH_SERVICES_MAX));
	for (i = 0; i < from->n_services; i++) {
		places[i] = &list[i];
		berty__protocol__v1__service_token_supported_service__init(
		    places[i]);
		places[i]->service_type = from->services[i]->key;
		places[i]->service_endpoint = from->services[i]->value;
	}
	token.token = from->access_token;
	token.authentication_url = request->authentication_url;
	token.n_supported_services = from->n_services;
	token.supported_services = places;
	token.expiration = -1;
	node_touch(c->tx, node_account_group(c->node));
	return (account_token_add(c->account, &token, id, &c->err));
}

void
v1_debug_auth_service_set_token(struct api_call * call)
{
	v1_change(call, set_token, v1_answer_empty);
}

/* --- berty.extension.v1: ServicesTokenRemove ------------------------------ */

static int
remove_token(struct change * c)
{
	const EXT(ServicesTokenRemove__Request) * request = c->call->request;

	node_touch(c->tx, node_account_group(c->node));
	return (account_token_remove(c->account, request->token_id, &c->err));
}

void
extension_services_token_remove(struct api_call * call)
{
	v1_change(call, remove_token, v1_answer_empty);
}
