/* context_call.c: calls as the host makes them, from any thread. */
#include "public/berty/context.h"
#include "public/world/public_config.h"

#include <stdlib.h>

#include "codec/protobuf.h"

/* What a client stream may hold before it refuses, bytes. */
enum { SEND_MAX = 1 << 20 };

bool
call_is_unary(const char * method)
{
	const struct api_method * m = method == NULL ? NULL :
	    api_find(method);

	return (m == NULL || (!m->client_stream && !m->server_stream));
}

/* --- beginning ------------------------------------------------------------ */

static void
start_now(struct berty * b, struct command * command)
{
	(void)b;
	carried_start(list_entry(command, struct carried, start));
}

static struct carried *
carried_new(struct berty * b, const struct api_method * method,
    const struct berty_handler * handler, void * user)
{
	struct carried * c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->b = b;
	c->api.transport = &carried_transport;
	c->api.method = method;
	c->handler = *handler;
	c->user = user;
	c->start.run = start_now;
	list_init(&c->start.place);
	list_init(&c->held);
	list_init(&c->place);
	return (c);
}

/*
 * Give it an id and queue its start; the code.  The loop may end and free it
 * before this thread looks again.
 */
static int
enqueue(struct carried * c, berty_id node, berty_id * id)
{
	struct berty * b = c->b;
	int rc = -ERR_NOT_FOUND;

	(void)pthread_mutex_lock(&b->lock);
	if ((c->at = context_find(&b->nodes, node)) != NULL) {
		c->id = context_name(b, &b->calls, c);
		rc = c->id == 0 ? -ERR_INTERNAL : 0;
	}
	if (rc == 0) {
		c->api.node = c->at->node;
		list_append(&c->at->calls, &c->place);
		loop_post(b, &c->start);
		*id = c->id;
	}
	(void)pthread_mutex_unlock(&b->lock);
	return (rc);
}

/* What comes from the host may be as long as it likes: it is its memory. */
static void *
decode(const ProtobufCMessageDescriptor * type, const void * p, size_t n)
{
	return (protobuf_decode(type, slice_of(p, n), n > SIZE_MAX / 64 ?
	    SIZE_MAX : n * 32 + 65536));
}

int
berty_call(struct berty * b, berty_id node, const char * method,
    const void * request, size_t n, const struct berty_handler * handler,
    void * user, berty_id * call)
{
	const struct api_method * m;
	struct berty_handler h;
	struct carried * c;
	berty_id id;
	int rc;

	if (handler == NULL || method == NULL ||
	    !public_config(&h, sizeof(h), handler, sizeof(h.size)) ||
	    h.end == NULL)
		return (-ERR_INVALID_INPUT);
	if ((m = api_find(method)) == NULL)
		return (-ERR_NOT_IMPLEMENTED);
	if (m->client_stream && n > 0)
		return (-ERR_INVALID_INPUT);
	if ((c = carried_new(b, m, &h, user)) == NULL)
		return (-ERR_INTERNAL);
	if (!m->client_stream &&
	    (c->api.request = decode(m->request, request, n)) == NULL) {
		rc = -ERR_DESERIALIZATION;
		goto err0;
	}
	if ((rc = enqueue(c, node, &id)) != 0)
		goto err0;
	if (call != NULL)
		*call = id;
	loop_wake(b);
	return (0);

err0:
	carried_free(c);
	return (rc);
}

/* --- what follows --------------------------------------------------------- */

/* A wish about a call, for the loop. */
struct wish {
	struct command command;
	berty_id id;
	void (*grant)(struct carried * c, struct wish * wish);
	void * message;
	size_t n;
};

static void
wish_free(struct wish * wish)
{
	if (wish->message != NULL)
		protobuf_free(wish->message);
	free(wish);
}

static struct carried *
find_call(struct berty * b, berty_id id)
{
	struct carried * c;

	(void)pthread_mutex_lock(&b->lock);
	c = context_find(&b->calls, id);
	(void)pthread_mutex_unlock(&b->lock);
	return (c);
}

static void grant_cancel(struct carried * c, struct wish * wish);

static void
wish_run(struct berty * b, struct command * command)
{
	struct wish * wish = list_entry(command, struct wish, command);
	struct carried * c = find_call(b, wish->id);

	/* The handler has not seen the call yet: in order, then. */
	if (c != NULL && c->state != CARRIED_RUNNING &&
	    wish->grant != grant_cancel) {
		list_append(&c->held, &command->place);
		return;
	}
	if (c != NULL)
		wish->grant(c, wish);
	wish_free(wish);
}

void
wish_drop(struct command * command)
{
	wish_free(list_entry(command, struct wish, command));
}

static struct wish *
wish_new(berty_id id, void (*grant)(struct carried * c, struct wish * wish))
{
	struct wish * wish;

	if ((wish = calloc(1, sizeof(*wish))) == NULL)
		return (NULL);
	wish->command.run = wish_run;
	wish->id = id;
	wish->grant = grant;
	return (wish);
}

/* Queue a wish if `may` (NULL: always) lets it; takes the wish. */
static int
wish_post(struct berty * b, struct wish * wish,
    int (*may)(struct carried * c, struct wish * wish))
{
	struct carried * c;
	int rc = -ERR_NOT_FOUND;

	if (wish == NULL)
		return (-ERR_INTERNAL);
	(void)pthread_mutex_lock(&b->lock);
	if ((c = context_find(&b->calls, wish->id)) != NULL)
		rc = may == NULL ? 0 : may(c, wish);
	if (rc == 0)
		loop_post(b, &wish->command);
	(void)pthread_mutex_unlock(&b->lock);
	if (rc != 0)
		wish_free(wish);
	else
		loop_wake(b);
	return (rc);
}

/* --- sending -------------------------------------------------------------- */

static int
may_send(struct carried * c, struct wish * wish)
{
	if (!c->api.method->client_stream || c->closed_send)
		return (-ERR_INVALID_INPUT);
	if (c->queued >= SEND_MAX) {
		c->full = true;
		return (-ERR_STREAM_WRITE);
	}
	c->queued += wish->n;
	return (0);
}

static int
may_close(struct carried * c, struct wish * wish)
{
	(void)wish;
	if (!c->api.method->client_stream || c->closed_send)
		return (-ERR_INVALID_INPUT);
	c->closed_send = true;
	return (0);
}

static void
grant_send(struct carried * c, struct wish * wish)
{
	struct berty * b = c->b;
	bool room;

	if (c->api.on_message != NULL && !c->api.cancelled)
		c->api.on_message(&c->api, wish->message);
	/* The handler may have ended the call. */
	(void)pthread_mutex_lock(&b->lock);
	c = context_find(&b->calls, wish->id);
	if (c != NULL)
		c->queued -= wish->n;
	room = c != NULL && c->full && c->queued < SEND_MAX;
	if (room)
		c->full = false;
	(void)pthread_mutex_unlock(&b->lock);
	if (room && c->handler.writable != NULL)
		c->handler.writable(c->user, c->id);
}

static void
grant_close(struct carried * c, struct wish * wish)
{
	(void)wish;
	if (c->api.on_end != NULL && !c->api.cancelled)
		c->api.on_end(&c->api);
}

int
berty_call_send(struct berty * b, berty_id call, const void * message,
    size_t n)
{
	const struct api_method * method = NULL;
	struct carried * c;
	struct wish * wish;

	(void)pthread_mutex_lock(&b->lock);
	if ((c = context_find(&b->calls, call)) != NULL)
		method = c->api.method;
	(void)pthread_mutex_unlock(&b->lock);
	if (method == NULL)
		return (-ERR_NOT_FOUND);
	if (!method->client_stream)
		return (-ERR_INVALID_INPUT);
	if ((wish = wish_new(call, grant_send)) == NULL)
		return (-ERR_INTERNAL);
	wish->n = n;
	wish->message = decode(method->request, message, n);
	if (wish->message == NULL) {
		wish_free(wish);
		return (-ERR_DESERIALIZATION);
	}
	return (wish_post(b, wish, may_send));
}

int
berty_call_close_send(struct berty * b, berty_id call)
{
	return (wish_post(b, wish_new(call, grant_close), may_close));
}

/* --- flow, cancelling ----------------------------------------------------- */

static void
grant_resume(struct carried * c, struct wish * wish)
{
	(void)wish;
	if (!c->full_reply)
		return;
	c->full_reply = false;
	if (c->api.on_writable != NULL)
		c->api.on_writable(&c->api);
}

static void
grant_cancel(struct carried * c, struct wish * wish)
{
	(void)wish;
	carried_cancel(c, ERR_BRIDGE_INTERRUPTED, "cancelled");
}

int
berty_call_resume(struct berty * b, berty_id call)
{
	return (wish_post(b, wish_new(call, grant_resume), NULL));
}

int
berty_call_cancel(struct berty * b, berty_id call)
{
	return (wish_post(b, wish_new(call, grant_cancel), NULL));
}
