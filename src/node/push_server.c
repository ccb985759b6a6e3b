/* push_server.c: a relay that a service token names. */
#include <stdlib.h>

#include "account/account_token.h"
#include "group/wire.h"
#include "node/node_impl.h"
#include "node/node_push.h"

/* A relay that does not say its key so long, ms, is given up. */
#define INFO_TIMEOUT_MS 15000

struct asking {
	struct node * node;
	struct node_watcher watcher;
	struct buffer service_addr, bearer; /* end with NUL */
	struct web_request request;
	bool sent;
	void (*done)(void * user, const struct error * err);
	void * user;
};

static void
asking_free(struct asking * a)
{
	node_unwatch(a->node, &a->watcher);
	buffer_free(&a->request.answer);
	buffer_free(&a->service_addr);
	buffer_wipe(&a->bearer);
	free(a);
}

static void
finish(struct asking * a, const struct error * err)
{
	void (*done)(void * user, const struct error * why) = a->done;
	void * user = a->user;

	if (err != NULL)
		log_warn(a->node->world->log, "push",
		    "%s is not set as the push server: %s",
		    (const char *)a->service_addr.p, err->text);
	asking_free(a);
	if (done != NULL)
		done(user, err);
}

static void
asking_closed(void * user)
{
	struct asking * a = user;
	struct error err = {0};

	(void)error_set(&err, ERR_BRIDGE_NOT_RUNNING, "the node is closing");
	if (a->sent)
		web_cancel(node_web(a->node), &a->request);
	finish(a, &err);
}

static void
registered(void * user, int status)
{
	struct asking * a = user;
	struct error err = {0};

	a->watcher.closed = asking_closed;
	if (status != 0)
		(void)error_set(&err, -status, "%s",
		    store_failure(a->node->store));
	finish(a, status == 0 ? NULL : &err);
}

/* The change ends by itself, even when the node closes meanwhile. */
static int
write_server(struct asking * a, const uint8_t key[KEY_SIZE],
    struct error * err)
{
	struct slice service_addr =
	    slice_of(a->service_addr.p, a->service_addr.n - 1);
	struct node_tx * tx;
	int rc;

	if ((rc = node_begin(a->node, &tx, err)) != 0)
		return (rc);
	node_touch(tx, node_account_group(a->node));
	rc = account_push_set_server(a->node->account, key, service_addr, err);
	if (rc != 0) {
		node_abort(tx);
		return (rc);
	}
	a->watcher.closed = NULL;
	return (node_commit(tx, registered, a, err));
}

static void
informed(struct web_request * request, int rc)
{
	struct asking * a = list_entry(request, struct asking, request);
	struct error err = request->err;
	uint8_t key[KEY_SIZE];
	struct slice bytes;

	a->sent = false;
	if (rc != 0 || request->status != 0) {
		if (err.text[0] == '\0')
			(void)error_set(&err, ERR_PUSH_PROVIDER,
			    "it does not say its key (status %d)",
			    request->status);
	} else if (wire_find(buffer_all(&request->answer), 1, &bytes) != 0 ||
	    !wire_copy(key, sizeof(key), bytes))
		(void)error_set(&err, ERR_PUSH_INVALID_SERVER_CONFIG,
		    "its key has not 32 bytes");
	else if (write_server(a, key, &err) == 0)
		return;
	finish(a, &err);
}

int
node_push_use_server(struct node * n, struct slice service_addr,
    struct slice bearer, void (*done)(void * user, const struct error * err),
    void * user, struct error * err)
{
	struct asking * a;
	int rc;

	/* The store's last commits tell of themselves after all watchers were
	 * told; at the next start the token's relay is asked. */
	if (n->closed)
		return (error_set(err, ERR_BRIDGE_NOT_RUNNING,
		    "the node is closing"));
	if (node_web(n) == NULL)
		return (error_set(err, ERR_PUSH_PROVIDER,
		    "this program has no way to ask a push server"));
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	a->node = n;
	a->done = done;
	a->user = user;
	a->watcher.closed = asking_closed;
	a->watcher.user = a;
	node_watch(n, &a->watcher);
	buffer_slice(&a->service_addr, service_addr);
	buffer_byte(&a->service_addr, 0);
	buffer_slice(&a->bearer, bearer);
	buffer_byte(&a->bearer, 0);
	a->request = (struct web_request){
	    .service = "berty.push.v1.PushService", .call = "ServerInfo",
	    .server = (const char *)a->service_addr.p,
	    .bearer = bearer.n == 0 ? NULL : (const char *)a->bearer.p,
	    .insecure = node_services_insecure(n),
	    .timeout_ms = INFO_TIMEOUT_MS, .done = informed};
	rc = a->service_addr.failed || a->bearer.failed ? -ERR_INTERNAL :
	    web_send(node_web(n), &a->request);
	a->sent = rc == 0;
	if (rc != 0) {
		(void)error_set(err, -rc, "the push server cannot be asked");
		asking_free(a);
	}
	return (rc);
}

/* --- what a crash left undone --------------------------------------------- */

/* The newest token's relay. */
struct newest {
	struct buffer service_addr, bearer;
};

static int
note_token(void * user, const char * id,
    const Berty__Protocol__V1__ServiceToken * token)
{
	struct newest * newest = user;
	size_t i;

	(void)id;
	for (i = 0; i < token->n_supported_services; i++) {
		const Berty__Protocol__V1__ServiceTokenSupportedService * s =
		    token->supported_services[i];

		if (strcmp(s->service_type, "psh") != 0)
			continue;
		buffer_clear(&newest->service_addr);
		buffer_text(&newest->service_addr, s->service_endpoint);
		buffer_wipe(&newest->bearer);
		buffer_text(&newest->bearer, token->token);
	}
	return (0);
}

void
node_push_follow_tokens(struct node * n)
{
	struct buffer server = {0};
	struct newest newest = {{0}, {0}};

	if (n->web == NULL)
		return;
	if (account_push_server(n->account, &server) == -ERR_NOT_FOUND &&
	    account_each_token(n->account, note_token, &newest) == 0 &&
	    newest.service_addr.n > 0)
		(void)node_push_use_server(n, buffer_all(&newest.service_addr),
		    buffer_all(&newest.bearer), NULL, NULL, NULL);
	buffer_free(&server);
	buffer_free(&newest.service_addr);
	buffer_wipe(&newest.bearer);
}
