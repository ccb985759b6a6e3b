#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/grpc_frame.h"
#include "server/grpc_internal.h"
#include "server/grpc_status.h"

/* Resets and acknowledgements a client may cause, at once and per second. */
#define RESET_BURST 1000
#define RESET_RATE 100
#define OUTBOUND_ACKS 1000

static bool
equals(struct slice s, const char * text)
{
	return (slice_equal(s, slice_text(text)));
}

/* `application/grpc`, alone or with `+proto`, and parameters or none. */
static bool
is_grpc(struct slice type)
{
	size_t n = strlen("application/grpc");

	if (type.n < n || memcmp(type.p, "application/grpc", n) != 0)
		return (false);
	if (type.n >= n + 6 && memcmp(type.p + n, "+proto", 6) == 0)
		n += 6;
	return (type.n == n || type.p[n] == ';' || type.p[n] == ' ');
}

/* End a call that no handler knows of. */
static void
refuse(struct grpc_call * call, enum grpc_status status, const char * text)
{
	struct error err = grpc_status_text(text);

	grpc_call_end(call, status, &err);
}

/* Answer what is no gRPC request in the words of HTTP. */
static void
refuse_http(struct grpc_call * call, const char * status)
{
	nghttp2_nv nv = {(uint8_t *)(uintptr_t)":status",
	    (uint8_t *)(uintptr_t)status, 7, 3, NGHTTP2_NV_FLAG_NONE};

	call->ended = call->begun = true;
	(void)nghttp2_submit_response(call->connection->session, call->id, &nv,
	    1, NULL);
	grpc_connection_touch(call->connection);
}

static int
on_begin_headers(nghttp2_session * session, const nghttp2_frame * frame,
    void * user)
{
	struct grpc_connection * connection = user;
	struct grpc_call * call;

	if (frame->hd.type != NGHTTP2_HEADERS ||
	    frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return (0);
	/* What was refused so may be tried again: nothing came of it. */
	if ((call = grpc_call_new(connection, frame->hd.stream_id)) == NULL) {
		(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
		    frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
		return (0);
	}
	(void)nghttp2_session_set_stream_user_data(session, call->id, call);
	return (0);
}

static void
set_timeout(struct grpc_call * call, struct slice value)
{
	uint64_t ms;

	if (grpc_frame_timeout(value, &ms) != 0)
		call->bad_timeout = true;
	else
		call->deadline = clock_add(
		    grpc_server_now(call->connection->server), ms);
}

static int
on_header(nghttp2_session * session, const nghttp2_frame * frame,
    const uint8_t * name, size_t name_n, const uint8_t * value, size_t value_n,
    uint8_t flags, void * user)
{
	struct grpc_call * call = nghttp2_session_get_stream_user_data(session,
	    frame->hd.stream_id);
	struct slice n = slice_of(name, name_n);
	struct slice v = slice_of(value, value_n);

	(void)flags;
	(void)user;
	if (call == NULL || frame->hd.type != NGHTTP2_HEADERS ||
	    frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return (0);
	/* 32 for each, as SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113). */
	call->headers += n.n + v.n + 32;
	if (call->headers > GRPC_HEADERS_MAX)
		return (0);
	if (equals(n, ":path"))
		buffer_slice(&call->path, v);
	else if (equals(n, ":method"))
		call->http_post = equals(v, "POST");
	else if (equals(n, "content-type"))
		call->http_grpc = is_grpc(v);
	else if (equals(n, "grpc-encoding"))
		call->bad_encoding = !equals(v, "identity");
	else if (equals(n, "grpc-timeout"))
		set_timeout(call, v);
	else
		grpc_metadata_take(call, n, v);
	return (0);
}

/* Say which half of a path is unknown, as Go does. */
static void
refuse_path(struct grpc_call * call)
{
	char text[200];
	const char * path = (const char *)call->path.p;
	size_t n = call->path.n, cut = n;

	while (cut > 1 && path[cut - 1] != '/')
		cut--;
	if (n < 3 || path[0] != '/' || cut < 3)
		(void)snprintf(text, sizeof(text), "malformed method name");
	else
		(void)snprintf(text, sizeof(text),
		    "unknown method %.*s for service %.*s", (int)(n - cut),
		    path + cut, (int)(cut - 2), path + 1);
	refuse(call, GRPC_UNIMPLEMENTED, text);
}

/* The request headers are complete: refuse, or find the method. */
static void
dispatch(struct grpc_call * call)
{
	struct grpc_server * server = call->connection->server;

	call->entry = map_get(&server->methods, buffer_all(&call->path));
	if (call->headers > GRPC_HEADERS_MAX)
		refuse_http(call, "431");
	else if (!call->http_post)
		refuse_http(call, "405");
	else if (!call->http_grpc)
		refuse_http(call, "415");
	else if (call->entry == NULL)
		refuse_path(call);
	else if (call->bad_encoding)
		refuse(call, GRPC_UNIMPLEMENTED,
		    "only the identity encoding is supported");
	else if (call->bad_timeout)
		refuse(call, GRPC_INTERNAL, "malformed grpc-timeout");
	else if (call->metadata.failed)
		refuse(call, GRPC_RESOURCE_EXHAUSTED,
		    "too many unfinished requests");
	else if (server->stopping)
		refuse(call, GRPC_UNAVAILABLE, "the server stops");
	else if (grpc_access_judge(call)) {
		if (call->deadline != UINT64_MAX)
			grpc_server_time(server, call, call->deadline);
		if (call->entry->method->client_stream)
			grpc_call_start(call);
	}
	buffer_free(&call->path);
}

/* A message that cannot be had ends the call. */
static void
refuse_frame(struct grpc_call * call, enum grpc_frame_result why)
{
	enum grpc_status status = GRPC_INTERNAL;
	const char * text = "malformed message frame";

	if (why == GRPC_FRAME_TOO_LARGE) {
		status = GRPC_RESOURCE_EXHAUSTED;
		text = "the message is larger than allowed";
	} else if (why == GRPC_FRAME_COMPRESSED) {
		status = GRPC_UNIMPLEMENTED;
		text = "compressed messages are not supported";
	}
	grpc_call_cancel(call, status, text);
}

static void *
decode(struct grpc_call * call, struct slice bytes)
{
	void * message = protobuf_decode(call->entry->method->request, bytes,
	    protobuf_cap(bytes.n));

	if (message == NULL)
		grpc_call_cancel(call, GRPC_INTERNAL,
		    "the message cannot be decoded");
	return (message);
}

static enum grpc_frame_result
next_frame(struct grpc_call * call, struct slice * message)
{
	size_t max = call->connection->server->options.message_max;

	if (call->in_at == call->in.n)
		return (GRPC_FRAME_MORE);
	return (grpc_frame_read(slice_of(call->in.p + call->in_at,
	    call->in.n - call->in_at), max, message));
}

/* One message of a client stream; false when there is nothing to give. */
static bool
give_message(struct grpc_call * call)
{
	struct slice bytes;
	enum grpc_frame_result result = next_frame(call, &bytes);
	void * message;

	if (result == GRPC_FRAME_MORE)
		return (false);
	if (result != GRPC_FRAME_MESSAGE) {
		refuse_frame(call, result);
		return (false);
	}
	if ((message = decode(call, bytes)) == NULL)
		return (false);
	call->in_at += GRPC_FRAME_HEADER + bytes.n;
	if (call->events != NULL && call->events->message != NULL)
		call->events->message(call, message);
	protobuf_free(message);
	return (true);
}

/* Give back the window that a stream's bytes took. */
static void
release_window(struct grpc_call * call)
{
	if (call->held == 0 || call->connection == NULL)
		return;
	(void)nghttp2_session_consume_stream(call->connection->session,
	    call->id, call->held);
	call->held = 0;
	grpc_connection_touch(call->connection);
}

/* Give the handler of a client stream what has come. */
void
grpc_stream_read(struct grpc_call * call)
{
	if (!call->started || !call->entry->method->client_stream)
		return;
	grpc_call_hold(call);
	while (!call->ended && !call->paused && !call->finished &&
	    give_message(call))
		continue;
	if (!call->ended && !call->paused && !call->finished) {
		buffer_consume(&call->in, call->in_at);
		call->in_at = 0;
		grpc_call_charge(call);
		release_window(call);
		if (call->remote_closed && call->in.n > 0)
			grpc_call_cancel(call, GRPC_INTERNAL,
			    "the stream ends within a message");
		else if (call->remote_closed && !call->end_given) {
			call->end_given = true;
			if (call->events != NULL && call->events->end != NULL)
				call->events->end(call);
		}
	}
	grpc_call_drop(call);
}

/* The request of a call without a client stream has come whole. */
static void
read_single(struct grpc_call * call)
{
	struct slice bytes;

	if (next_frame(call, &bytes) != GRPC_FRAME_MESSAGE ||
	    bytes.n + GRPC_FRAME_HEADER != call->in.n) {
		refuse(call, GRPC_INTERNAL,
		    "the request must be exactly one message");
		return;
	}
	if ((call->request = decode(call, bytes)) == NULL)
		return;
	buffer_free(&call->in);
	grpc_call_charge(call);
	/* Not before all that came with it was looked at: a client that resets
	 * calls as it makes them must not have them answered first. */
	call->ready = true;
	grpc_call_due(call);
}

/* Refuse a large or compressed request before it has come whole. */
static void
check_single(struct grpc_call * call)
{
	struct slice bytes;
	enum grpc_frame_result result = next_frame(call, &bytes);

	if (result != GRPC_FRAME_MORE && result != GRPC_FRAME_MESSAGE)
		refuse_frame(call, result);
	else if (call->in.n > call->connection->server->options.message_max +
	    GRPC_FRAME_HEADER)
		refuse_frame(call, GRPC_FRAME_MALFORMED);
}

static int
on_data(nghttp2_session * session, uint8_t flags, int32_t id,
    const uint8_t * p, size_t n, void * user)
{
	struct grpc_connection * connection = user;
	struct grpc_call * call = nghttp2_session_get_stream_user_data(session,
	    id);

	(void)flags;
	(void)nghttp2_session_consume_connection(session, n);
	grpc_connection_touch(connection);
	if (call == NULL || call->ended) {
		(void)nghttp2_session_consume_stream(session, id, n);
		return (0);
	}
	call->held += n;
	if (!budget_allows(&connection->server->buffered,
	    connection->server->buffered.used, n))
		call->in.failed = true;
	buffer_append(&call->in, p, n);
	grpc_call_charge(call);
	if (call->in.failed)
		grpc_call_cancel(call, GRPC_RESOURCE_EXHAUSTED,
		    "too many unfinished requests");
	else if (call->entry->method->client_stream)
		grpc_stream_read(call);
	else {
		release_window(call);
		check_single(call);
	}
	return (0);
}

static int
on_frame(nghttp2_session * session, const nghttp2_frame * frame, void * user)
{
	struct grpc_connection * connection = user;
	struct grpc_call * call = NULL;

	if (!connection->guarded)
		connection->preface_at = 0;
	if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
		call = nghttp2_session_get_stream_user_data(session,
		    frame->hd.stream_id);
	if (call == NULL)
		return (0);
	grpc_call_hold(call);
	if (frame->hd.type == NGHTTP2_HEADERS &&
	    frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		dispatch(call);
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
		call->remote_closed = true;
		if (!call->ended && !call->entry->method->client_stream)
			read_single(call);
		else if (!call->ended && !call->paused)
			grpc_stream_read(call);
	}
	grpc_call_drop(call);
	return (0);
}

/* Our side is done: a client that still sends is told to stop. */
static int
on_frame_sent(nghttp2_session * session, const nghttp2_frame * frame,
    void * user)
{
	struct grpc_call * call;

	(void)user;
	if (frame->hd.type != NGHTTP2_HEADERS ||
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
		return (0);
	call = nghttp2_session_get_stream_user_data(session,
	    frame->hd.stream_id);
	if (call != NULL && !call->remote_closed)
		(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
		    frame->hd.stream_id, NGHTTP2_NO_ERROR);
	return (0);
}

/* nghttp2 itself turned something down. */
static int
on_invalid(nghttp2_session * session, const nghttp2_frame * frame, int code,
    void * user)
{
	struct grpc_connection * connection = user;

	(void)session;
	(void)code;
	if (frame->hd.type == NGHTTP2_HEADERS &&
	    connection->n_calls >= connection->server->options.streams_max)
		budget_refuse(&connection->server->streams);
	return (0);
}

static int
on_stream_close(nghttp2_session * session, int32_t id, uint32_t code,
    void * user)
{
	struct grpc_call * call = nghttp2_session_get_stream_user_data(session,
	    id);

	(void)code;
	(void)user;
	if (call != NULL)
		grpc_call_detach(call);
	return (0);
}

static int
submit_settings(nghttp2_session * session, const struct grpc_options * options)
{
	nghttp2_settings_entry list[] = {
	    {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options->streams_max},
	    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, GRPC_WINDOW},
	    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_HEADERS_MAX}};

	if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, list, 3) != 0)
		return (-ERR_INTERNAL);
	if (nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE,
	    0, GRPC_CONNECTION_WINDOW) != 0)
		return (-ERR_INTERNAL);
	return (0);
}

nghttp2_session *
grpc_stream_session(struct grpc_connection * connection)
{
	nghttp2_session * session = NULL;
	nghttp2_session_callbacks * callbacks;
	nghttp2_option * option;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		goto err0;
	if (nghttp2_option_new(&option) != 0)
		goto err1;
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_outbound_ack(option, OUTBOUND_ACKS);
	nghttp2_option_set_stream_reset_rate_limit(option, RESET_BURST,
	    RESET_RATE);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
	    on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
	    on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
	    on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
	    on_frame_sent);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks,
	    on_invalid);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
	    on_stream_close);
	if (nghttp2_session_server_new2(&session, callbacks, connection,
	    option) != 0)
		session = NULL;
	else if (submit_settings(session,
	    &connection->server->options) != 0) {
		nghttp2_session_del(session);
		session = NULL;
	}
	nghttp2_option_del(option);
err1:
	nghttp2_session_callbacks_del(callbacks);
err0:
	return (session);
}
