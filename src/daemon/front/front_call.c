/*
 * front_call.c: a call of the API between its carrier and its handler.  Both
 * may end it; the other is told, and whoever works on it meanwhile holds it.
 */
#include <stdlib.h>

#include "codec/protobuf.h"
#include "daemon/front/front_impl.h"
#include "server/grpc_frame.h"

/* Queued bytes of a call from which it has to wait when much waits in all. */
#define LITTLE ((size_t)4096)
/* Above this part of what there is, so that a message each has room. */
#define MUCH 4

static const char no_room[] = "more answers wait than there is room for";

static struct front_call *
call_of(struct api_call * call)
{
	/* The call is the first member. */
	return ((struct front_call *)(void *)call);
}

/* --- life ----------------------------------------------------------------- */

static void
call_free(struct front_call * c)
{
	struct front * f = c->front;

	world_timer_stop(f->world, &c->deadline);
	world_timer_stop(f->world, &c->due);
	budget_give(&f->n_calls, 1);
	budget_give(&f->buffered, c->charged);
	budget_give(&f->queued, c->queued);
	list_remove(&c->place);
	if (c->request != NULL)
		protobuf_free(c->request);
	buffer_wipe(&c->headers);
	buffer_free(&c->in);
	buffer_free(&c->trailers);
	buffer_free(&c->reply);
	free(c);
	front_call_gone_from(f);
}

void
front_call_hold(struct front_call * c)
{
	c->held++;
}

void
front_call_drop(struct front_call * c)
{
	if (--c->held == 0 && c->carrier == NULL &&
	    (!c->started || c->finished))
		call_free(c);
}

/* The carrier lets go; the client is told unless it is gone. */
static void
end(struct front_call * c, enum grpc_status status, const struct error * err)
{
	const struct front_carrier * carrier = c->carrier;

	if (carrier == NULL)
		return;
	world_timer_stop(c->front->world, &c->deadline);
	carrier->end(c, status, err);
	c->carrier = NULL;
	c->carriage = NULL;
	budget_give(&c->front->queued, c->queued);
	c->queued = 0;
}

/* The handler is told. */
static void
abandon(struct front_call * c)
{
	if (!c->started || c->finished || c->call.cancelled)
		return;
	c->call.cancelled = true;
	if (c->call.on_cancelled != NULL)
		c->call.on_cancelled(&c->call);
}

void
front_call_cancel(struct front_call * c, enum grpc_status status,
    const char * text)
{
	struct error err = grpc_status_text(text);

	front_call_hold(c);
	end(c, status, &err);
	abandon(c);
	front_call_drop(c);
}

void
front_call_gone(struct front_call * c)
{
	front_call_hold(c);
	world_timer_stop(c->front->world, &c->deadline);
	c->carrier = NULL;
	c->carriage = NULL;
	abandon(c);
	front_call_drop(c);
}

/* --- what the handler asks ------------------------------------------------ */

static void
transport_begin(struct api_call * call)
{
	struct front_call * c = call_of(call);

	if (c->carrier != NULL)
		c->carrier->begin(c);
}

/* What waits, counted; true: it is enough. */
static bool
count(struct front_call * c)
{
	struct budget * queued = &c->front->queued;
	size_t now = c->carrier->queued(c);

	budget_give(queued, c->queued);
	c->queued = now;
	queued->used += now;
	if (queued->used > queued->peak)
		queued->peak = queued->used;
	c->full = now >= HTTP_QUEUE ||
	    (now >= LITTLE && queued->used > queued->limit / MUCH);
	if (c->full && now < HTTP_QUEUE)
		c->carrier->wait(c, LITTLE / 4);
	return (c->full);
}

static bool
transport_reply(struct api_call * call, const void * message)
{
	struct front_call * c = call_of(call);

	struct budget * queued = &c->front->queued;
	size_t n;

	if (c->carrier == NULL || c->refusal != GRPC_OK)
		return (true);
	n = protobuf_c_message_get_packed_size(message);
	if (c->queued + n > FRONT_QUEUE_MAX ||
	    queued->used + n > queued->limit) {
		budget_refuse(queued);
		/* The handler is at work: it is told at the next turn. */
		c->refusal = GRPC_RESOURCE_EXHAUSTED;
		(void)world_timer_start(c->front->world, &c->due, 0);
		return (true);
	}
	c->carrier->message(c, message);
	return (count(c));
}

static void
transport_finish(struct api_call * call, const struct error * err)
{
	struct front_call * c = call_of(call);
	bool legacy = c->front->options.legacy_status;
	struct error clean = {0};
	enum grpc_status status;

	if (err != NULL)
		clean = grpc_status_clean(err);
	status = grpc_status_of(&clean, legacy);
	if (status != GRPC_OK && call->too_large && !legacy)
		status = GRPC_RESOURCE_EXHAUSTED;
	if (c->refusal != GRPC_OK && status == GRPC_OK) {
		status = c->refusal;
		clean = grpc_status_text(no_room);
	}
	front_call_hold(c);
	c->finished = true;
	end(c, status, status == GRPC_OK ? NULL : &clean);
	front_call_drop(c);
}

static void
transport_pause(struct api_call * call, bool paused)
{
	struct front_call * c = call_of(call);

	c->paused = paused;
	if (c->carrier == NULL)
		return;
	c->carrier->pause(c, paused);
	if (!paused)
		(void)world_timer_start(c->front->world, &c->due, 0);
}

static struct slice
transport_metadata(struct api_call * call, const char * name)
{
	return (front_metadata(call_of(call), name));
}

static void
transport_trailer(struct api_call * call, const char * name,
    struct slice value)
{
	front_trailer(call_of(call), name, value);
}

static const struct api_transport transport = {
	.begin = transport_begin,
	.reply = transport_reply,
	.finish = transport_finish,
	.pause = transport_pause,
	.metadata = transport_metadata,
	.trailer = transport_trailer,
};

/* --- timers --------------------------------------------------------------- */

static void
on_deadline(struct world_timer * timer)
{
	front_call_cancel(list_entry(timer, struct front_call, deadline),
	    GRPC_DEADLINE_EXCEEDED, "the deadline has passed");
}

static void
on_due(struct world_timer * timer)
{
	struct front_call * c = list_entry(timer, struct front_call, due);

	if (c->refusal != GRPC_OK)
		front_call_cancel(c, c->refusal, no_room);
	else
		front_call_read(c);
}

/* --- begin ---------------------------------------------------------------- */

struct front_call *
front_call_new(struct front * f, const struct front_carrier * carrier,
    void * carriage)
{
	struct front_call * c;

	if (!budget_take(&f->n_calls, 1))
		return (NULL);
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		budget_give(&f->n_calls, 1);
		return (NULL);
	}
	c->front = f;
	c->carrier = carrier;
	c->carriage = carriage;
	c->deadline.fire = on_deadline;
	c->due.fire = on_due;
	list_append(&f->calls, &c->place);
	return (c);
}

static void
start(struct front_call * c)
{
	c->started = true;
	c->call.transport = &transport;
	c->call.method = c->entry->method;
	c->call.node = c->entry->service->node;
	c->call.user = c->entry->service->user;
	c->call.request = c->request;
	c->entry->method->handle(&c->call);
}

bool
front_call_open(struct front_call * c, const struct front_listener * l,
    const struct front_entry * entry)
{
	struct slice timeout = front_header(c, "grpc-timeout");
	const char * advice;
	uint64_t ms;
	bool is_open;

	advice = front_judge_token(l, entry == NULL ? NULL :
	    &entry->service->service, front_header(c, "authorization"),
	    &c->token);
	if (advice != NULL) {
		front_call_cancel(c, GRPC_UNAUTHENTICATED, advice);
		return (false);
	}
	c->carrier->know(c);
	if (entry == NULL) {
		front_call_cancel(c, GRPC_UNIMPLEMENTED, "unknown method");
		return (false);
	}
	c->entry = entry;
	if (timeout.n > 0) {
		if (grpc_frame_timeout(timeout, &ms) != 0) {
			front_call_cancel(c, GRPC_INTERNAL,
			    "grpc-timeout is malformed");
			return (false);
		}
		(void)world_timer_start(c->front->world, &c->deadline, ms);
	}
	if (!entry->method->client_stream)
		return (true);
	front_call_hold(c);
	start(c);
	/* It may have answered at once. */
	is_open = c->carrier != NULL;
	front_call_drop(c);
	return (is_open);
}

/* --- the request ---------------------------------------------------------- */

/* Count the bytes that are kept; without room the call ends. */
void
front_call_charge(struct front_call * c)
{
	size_t n = c->in.n - c->in_at;
	struct budget * buffered = &c->front->buffered;

	if (n <= c->charged) {
		budget_give(buffered, c->charged - n);
		c->charged = n;
	} else if (budget_take_fair(buffered, c->charged, n - c->charged))
		c->charged = n;
	else
		front_call_cancel(c, GRPC_RESOURCE_EXHAUSTED, "more requests "
		    "wait than there is room for");
}

void
front_call_take(struct front_call * c, struct slice bytes)
{
	buffer_slice(&c->in, bytes);
	if (c->in.failed)
		front_call_cancel(c, GRPC_RESOURCE_EXHAUSTED, "out of memory");
	else
		front_call_charge(c);
}

static void *
decode(struct front_call * c, struct slice message)
{
	void * request;

	if (message.n > FRONT_MESSAGE_MAX) {
		front_call_cancel(c, GRPC_RESOURCE_EXHAUSTED,
		    "the message is too large");
		return (NULL);
	}
	request = protobuf_decode(c->entry->method->request, message,
	    protobuf_cap(message.n));
	if (request == NULL)
		front_call_cancel(c, GRPC_INVALID_ARGUMENT,
		    "the request cannot be decoded");
	return (request);
}

/* The one message of a call, or one of many. */
static void
deliver(struct front_call * c, struct slice message)
{
	void * request;

	if (!c->entry->method->client_stream &&
	    (c->started || c->in.n > c->in_at)) {
		front_call_cancel(c, GRPC_INVALID_ARGUMENT,
		    "the call takes one message");
		return;
	}
	if ((request = decode(c, message)) == NULL)
		return;
	if (!c->started) {
		c->request = request;
		start(c);
		return;
	}
	if (c->call.on_message != NULL)
		c->call.on_message(&c->call, request);
	protobuf_free(request);
}

static bool
is_listening(const struct front_call * c)
{
	return (c->carrier != NULL && !c->finished && !c->paused);
}

static void
give_end(struct front_call * c)
{
	if (!c->input_ended || c->end_given || !is_listening(c))
		return;
	c->end_given = true;
	if (c->in.n > c->in_at)
		front_call_cancel(c, GRPC_INTERNAL,
		    "the request ends inside of a message");
	else if (!c->started)
		front_call_cancel(c, GRPC_INVALID_ARGUMENT,
		    "the request is missing");
	else if (c->call.on_end != NULL)
		c->call.on_end(&c->call);
}

void
front_call_read(struct front_call * c)
{
	struct buffer message = {0};
	struct error err = {0};
	enum front_found found = FRONT_MESSAGE;

	front_call_hold(c);
	while (is_listening(c) && found == FRONT_MESSAGE) {
		buffer_clear(&message);
		found = c->carrier->next(c, &message, &err);
		if (found == FRONT_MESSAGE && message.failed)
			front_call_cancel(c, GRPC_RESOURCE_EXHAUSTED,
			    "out of memory");
		else if (found == FRONT_MESSAGE)
			deliver(c, buffer_all(&message));
	}
	buffer_free(&message);
	buffer_consume(&c->in, c->in_at);
	c->in_at = 0;
	if (found == FRONT_FAILED) {
		end(c, c->refusal, &err);
		abandon(c);
	} else
		give_end(c);
	if (c->carrier != NULL)
		front_call_charge(c);
	front_call_drop(c);
}

void
front_call_input_end(struct front_call * c)
{
	c->input_ended = true;
	front_call_read(c);
}

void
front_call_writable(struct front_call * c)
{
	bool was = c->full;

	if (c->carrier == NULL)
		return;
	(void)count(c);
	if (!was || c->full || !c->started || c->finished)
		return;
	front_call_hold(c);
	if (c->call.on_writable != NULL)
		c->call.on_writable(&c->call);
	front_call_drop(c);
}

/* --- frames --------------------------------------------------------------- */

enum front_found
front_next_frame(struct front_call * c, struct buffer * out,
    struct error * err)
{
	struct slice message, in = slice_of(c->in.p + c->in_at,
	    c->in.n - c->in_at);

	switch (grpc_frame_read(in, FRONT_MESSAGE_MAX, &message)) {
	case GRPC_FRAME_MORE:
		return (FRONT_WAIT);
	case GRPC_FRAME_MESSAGE:
		buffer_slice(out, message);
		c->in_at += GRPC_FRAME_HEADER + message.n;
		return (FRONT_MESSAGE);
	case GRPC_FRAME_TOO_LARGE:
		c->refusal = GRPC_RESOURCE_EXHAUSTED;
		*err = grpc_status_text("the message is too large");
		return (FRONT_FAILED);
	case GRPC_FRAME_COMPRESSED:
		c->refusal = GRPC_UNIMPLEMENTED;
		*err = grpc_status_text("messages are not read compressed");
		return (FRONT_FAILED);
	default:
		c->refusal = GRPC_INTERNAL;
		*err = grpc_status_text("these are no frames of gRPC");
		return (FRONT_FAILED);
	}
}
