/*
 * context_carry.c: calls as the handlers of the API see them: this is their
 * transport.  All of it happens on the loop.
 */
#include "public/berty/context.h"

#include <stdlib.h>

#include "codec/protobuf.h"

static struct carried *
carried_of(struct api_call * api)
{
	return (list_entry(api, struct carried, api));
}

void
carried_free(struct carried * c)
{
	while (!list_empty(&c->held)) {
		struct command * command =
		    list_entry(c->held.next, struct command, place);

		list_remove(&command->place);
		wish_drop(command);
	}
	if (c->api.request != NULL)
		protobuf_free((void *)(uintptr_t)c->api.request);
	free(c);
}

/* --- callbacks of the host ------------------------------------------------ */

static void
callback_begin(struct berty * b)
{
	if (b->loop == NULL)
		loop_enter(b);
}

static void
callback_end(struct berty * b)
{
	if (b->loop == NULL)
		loop_leave(b);
}

/* --- the end -------------------------------------------------------------- */

void
carried_end(struct carried * c, const struct error * err)
{
	struct berty_error e = {0};

	if (c->ended)
		return;
	c->ended = true;
	(void)pthread_mutex_lock(&c->b->lock);
	context_forget(&c->b->calls, c->id);
	(void)pthread_mutex_unlock(&c->b->lock);
	if (err != NULL)
		(void)error_export(&e, err, 0);
	callback_begin(c->b);
	c->handler.end(c->user, c->id, err == NULL ? NULL : &e);
	callback_end(c->b);
}

static void
gone(struct carried * c)
{
	(void)pthread_mutex_lock(&c->b->lock);
	list_remove(&c->place);
	list_remove(&c->start.place);
	(void)pthread_mutex_unlock(&c->b->lock);
	carried_free(c);
}

static void
end_with(struct carried * c, int code, const char * text)
{
	struct error err = {0};

	(void)error_set(&err, code, "%s", text);
	carried_end(c, &err);
}

void
carried_cancel(struct carried * c, int code, const char * text)
{
	/* The end may close the node, which comes here again. */
	if (c->api.cancelled)
		return;
	c->api.cancelled = true;
	end_with(c, code, text);
	if (c->state != CARRIED_RUNNING)
		gone(c);
	else if (c->api.on_cancelled != NULL)
		c->api.on_cancelled(&c->api);
}

void
carried_orphan(struct carried * c)
{
	struct berty * b = c->b;

	end_with(c, ERR_BRIDGE_NOT_RUNNING, "the node was closed");
	if (c->state != CARRIED_RUNNING) {
		gone(c);
		return;
	}
	log_warn(&b->log, "call", "%s was not ended by closing its node",
	    c->api.method->name);
	(void)pthread_mutex_lock(&b->lock);
	list_remove(&c->place);
	list_append(&b->zombies, &c->place);
	(void)pthread_mutex_unlock(&b->lock);
}

/* --- the transport -------------------------------------------------------- */

static void
transport_begin(struct api_call * api)
{
	struct carried * c = carried_of(api);

	if (c->ended || c->handler.begin == NULL)
		return;
	callback_begin(c->b);
	c->handler.begin(c->user, c->id);
	callback_end(c->b);
}

static bool
transport_reply(struct api_call * api, const void * message)
{
	struct carried * c = carried_of(api);
	struct buffer bytes = {0};

	if (c->ended || c->handler.reply == NULL)
		return (false);
	protobuf_encode(&bytes, message);
	callback_begin(c->b);
	if (bytes.failed)
		log_error(&c->b->log, "call", "a reply of %s is lost: out of "
		    "memory", api->method->name);
	else if (c->handler.reply(c->user, c->id, bytes.p, bytes.n) !=
	    BERTY_MORE)
		c->full_reply = true;
	callback_end(c->b);
	buffer_wipe(&bytes);
	return (c->full_reply);
}

static void
transport_finish(struct api_call * api, const struct error * err)
{
	struct carried * c = carried_of(api);

	carried_end(c, err);
	gone(c);
}

const struct api_transport carried_transport = {
	.begin = transport_begin,
	.reply = transport_reply,
	.finish = transport_finish,
};

/* --- the start ------------------------------------------------------------ */

/* What came for the call while it waited is next. */
static void
take_held(struct carried * c)
{
	struct berty * b = c->b;

	(void)pthread_mutex_lock(&b->lock);
	list_splice(&c->held, &b->commands);
	list_splice(&b->commands, &c->held);
	(void)pthread_mutex_unlock(&b->lock);
}

void
carried_start(struct carried * c)
{
	if (!c->at->ready) {
		c->state = CARRIED_HELD;
		return;
	}
	c->state = CARRIED_RUNNING;
	take_held(c);
	c->api.method->handle(&c->api);
}
