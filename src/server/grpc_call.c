/* A call, from its stream's start to its end, and what its handler does. */
#include <stdlib.h>

#include "server/grpc_frame.h"
#include "server/grpc_internal.h"
#include "server/grpc_status.h"

struct grpc_call *
grpc_call_new(struct grpc_connection * connection, int32_t id)
{
	struct budget * calls = &connection->server->n_calls;
	struct grpc_call * call;

	if (!budget_take(calls, 1))
		return (NULL);
	if ((call = calloc(1, sizeof(*call))) == NULL) {
		budget_give(calls, 1);
		return (NULL);
	}
	call->connection = connection;
	call->id = id;
	call->refs = 1;
	call->deadline = UINT64_MAX;
	list_init(&call->due);
	list_init(&call->timed);
	list_append(&connection->calls, &call->place);
	budget_note(&connection->server->streams, ++connection->n_calls);
	return (call);
}

void
grpc_call_hold(struct grpc_call * call)
{
	call->refs++;
}

void
grpc_call_drop(struct grpc_call * call)
{
	if (--call->refs > 0)
		return;
	protobuf_free(call->request);
	buffer_free(&call->path);
	buffer_wipe(&call->metadata);
	buffer_free(&call->trailers);
	buffer_free(&call->in);
	buffer_free(&call->out);
	buffer_free(&call->message);
	buffer_free(&call->details);
	free(call);
}

/* Give the call to its handler, which has it until it finishes. */
void
grpc_call_start(struct grpc_call * call)
{
	call->started = true;
	grpc_call_hold(call);
	call->entry->method->handle(call, call->entry->user);
}

/* Count what the call buffers of its request against the server's budget. */
void
grpc_call_charge(struct grpc_call * call)
{
	size_t n = call->in.n + call->metadata.n;
	struct grpc_server * server;

	if (call->connection == NULL)
		return;
	server = call->connection->server;
	budget_note(&server->buffered,
	    server->buffered.used - call->charged + n);
	call->charged = n;
}

static void
call_forget_output(struct grpc_call * call)
{
	buffer_free(&call->out);
	call->out_at = 0;
	grpc_response_count(call);
}

static void
call_forget_input(struct grpc_call * call)
{
	buffer_free(&call->in);
	call->in_at = 0;
	grpc_call_charge(call);
}

/* Decide the status and send it after what is queued; the first one counts. */
void
grpc_call_end(struct grpc_call * call, enum grpc_status status,
    const struct error * err)
{
	struct buffer details = {0};
	char text[1024];

	if (call->ended)
		return;
	call->ended = true;
	call->status = status;
	call_forget_input(call);
	list_remove(&call->timed);
	if (call->connection == NULL)
		return;
	if (err != NULL && status != GRPC_OK) {
		(void)error_format(err, text, sizeof(text));
		grpc_status_encode_text(&call->message, text);
	}
	if (err != NULL && err->n > 0 && status != GRPC_OK) {
		grpc_status_details(&details, status, err);
		grpc_status_base64(&call->details, buffer_all(&details));
		buffer_free(&details);
	}
	if (!call->begun && status != GRPC_OK)
		grpc_response_end_only(call);
	else
		grpc_response_begin(call);
	grpc_response_wake(call);
}

static void
call_tell_cancelled(struct grpc_call * call)
{
	if (!call->started || call->finished || call->cancelled)
		return;
	call->cancelled = true;
	if (call->events != NULL && call->events->cancelled != NULL)
		call->events->cancelled(call);
}

/*
 * End the call from our side.  A reply that is partly sent cannot be followed
 * by a status, so then the stream is reset.
 */
void
grpc_call_cancel(struct grpc_call * call, enum grpc_status status,
    const char * text)
{
	struct error err = grpc_status_text(text);

	grpc_call_hold(call);
	if (!call->ended && call->connection != NULL &&
	    grpc_call_queued(call) > 0) {
		(void)nghttp2_submit_rst_stream(call->connection->session,
		    NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
		call_forget_output(call);
		call->ended = true;
		call_forget_input(call);
		list_remove(&call->timed);
		grpc_connection_touch(call->connection);
	}
	grpc_call_end(call, status, &err);
	call_tell_cancelled(call);
	grpc_call_drop(call);
}

/* The stream is gone: the connection lets go of the call. */
void
grpc_call_detach(struct grpc_call * call)
{
	call_forget_input(call);
	call_forget_output(call);
	budget_give(&call->connection->server->buffered, call->charged);
	call->charged = 0;
	budget_give(&call->connection->server->n_calls, 1);
	call->connection->n_calls--;
	list_remove(&call->place);
	list_remove(&call->due);
	list_remove(&call->timed);
	call->connection = NULL;
	call->ended = true;
	call_tell_cancelled(call);
	grpc_call_drop(call);
}

/* Have the loop look at the call once whoever calls now has returned. */
void
grpc_call_due(struct grpc_call * call)
{
	list_remove(&call->due);
	list_append(&call->connection->server->due, &call->due);
}

void
grpc_call_attend(struct grpc_call * call)
{
	if (call->ready) {
		call->ready = false;
		if (!call->ended)
			grpc_call_start(call);
		return;
	}
	if (grpc_call_queued(call) > GRPC_QUEUE_MAX || call->out.failed) {
		grpc_call_cancel(call, GRPC_RESOURCE_EXHAUSTED,
		    "the client reads too slowly");
		return;
	}
	if (!call->finished && !call->paused)
		grpc_stream_read(call);
	if (!call->was_full || call->finished || call->cancelled ||
	    grpc_call_queued(call) > grpc_response_enough(call) / 4)
		return;
	call->was_full = false;
	if (call->events != NULL && call->events->writable != NULL)
		call->events->writable(call);
}

const struct grpc_method *
grpc_call_method(const struct grpc_call * call)
{
	return (call->entry->method);
}

const void *
grpc_call_request(const struct grpc_call * call)
{
	return (call->request);
}

void
grpc_call_set_data(struct grpc_call * call, void * data)
{
	call->data = data;
}

void *
grpc_call_data(const struct grpc_call * call)
{
	return (call->data);
}

void
grpc_call_watch(struct grpc_call * call, const struct grpc_call_events * events)
{
	call->events = events;
}

void
grpc_call_begin(struct grpc_call * call)
{
	if (!call->ended)
		grpc_response_begin(call);
}

/* After a frame was put into `out`. */
static size_t
call_queued_more(struct grpc_call * call)
{
	size_t queued = grpc_call_queued(call);

	grpc_response_count(call);
	call->replies++;
	grpc_response_begin(call);
	grpc_response_wake(call);
	if (queued > GRPC_QUEUE_MAX || call->out.failed)
		grpc_call_due(call);
	if (queued < grpc_response_enough(call))
		return (queued);
	call->was_full = true;
	return (queued < GRPC_CALL_QUEUE ? GRPC_CALL_QUEUE : queued);
}

/* Room for a message of n bytes? */
static bool
call_has_room(struct grpc_call * call, size_t n)
{
	struct budget * b = &call->connection->server->queued;

	return (n <= GRPC_QUEUE_MAX && budget_allows(b, b->used, n));
}

size_t
grpc_call_reply(struct grpc_call * call, const void * message)
{
	size_t n;

	if (call->ended)
		return (GRPC_CALL_QUEUE);
	n = protobuf_c_message_get_packed_size(message);
	grpc_frame_header(&call->out, n);
	if (!call_has_room(call, n))
		call->out.failed = true;
	else
		protobuf_encode(&call->out, message);
	return (call_queued_more(call));
}

size_t
grpc_call_reply_bytes(struct grpc_call * call, struct slice message)
{
	if (call->ended)
		return (GRPC_CALL_QUEUE);
	grpc_frame_header(&call->out, message.n);
	if (!call_has_room(call, message.n))
		call->out.failed = true;
	else
		buffer_slice(&call->out, message);
	return (call_queued_more(call));
}

/* The handler lets go of the call. */
static void
call_finish(struct grpc_call * call, enum grpc_status status,
    const struct error * err)
{
	struct error missing = {.n = 1, .code = {ERR_INTERNAL},
	    .text = "the call gave no reply"};

	call->finished = true;
	if (!call->ended && status == GRPC_OK && call->replies == 0 &&
	    !call->entry->method->server_stream) {
		status = GRPC_INTERNAL;
		err = &missing;
	}
	if (call->out.failed && !call->ended)
		grpc_call_cancel(call, GRPC_RESOURCE_EXHAUSTED, "no memory");
	grpc_call_end(call, status, err);
	grpc_call_drop(call);
}

static bool
has_legacy_status(const struct grpc_call * call)
{
	return (call->connection != NULL &&
	    call->connection->server->options.legacy_status);
}

void
grpc_call_finish(struct grpc_call * call, const struct error * err)
{
	struct error clean = {0};

	if (err != NULL)
		clean = grpc_status_clean(err);
	call_finish(call, grpc_status_of(&clean, has_legacy_status(call)),
	    &clean);
}

void
grpc_call_finish_as(struct grpc_call * call, enum grpc_status status,
    const struct error * err)
{
	struct error clean = grpc_status_clean(err);

	if (has_legacy_status(call))
		status = grpc_status_of(&clean, true);
	call_finish(call, status, &clean);
}

void
grpc_call_answer(struct grpc_call * call, const void * message)
{
	(void)grpc_call_reply(call, message);
	grpc_call_finish(call, NULL);
}

void
grpc_call_fail(struct grpc_call * call, enum grpc_status status,
    const char * text)
{
	struct error err = grpc_status_text(text);

	call_finish(call, status, &err);
}

bool
grpc_call_cancelled(const struct grpc_call * call)
{
	return (call->cancelled || call->connection == NULL);
}

void
grpc_call_pause(struct grpc_call * call, bool paused)
{
	if (call->paused && !paused && call->connection != NULL)
		grpc_call_due(call);
	call->paused = paused;
}
