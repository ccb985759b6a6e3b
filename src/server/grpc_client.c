#include "server/grpc_client.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/grpc_dial.h"
#include "server/grpc_frame.h"
#include "server/grpc_status.h"

#define REPLY_MAX ((size_t)(64 * 1024 * 1024))
#define HEADER_MAX 16384  /* of one value that is kept */
#define WINDOW (1024 * 1024)

struct grpc_client {
	int fd;
	nghttp2_session * session;
	bool lost;                  /* the connection is of no more use */
	struct buffer unsent;
	const struct grpc_client_request * request;
	int32_t id;
	uint64_t until;
	struct buffer out;          /* the frame being sent */
	size_t out_at;
	bool sent_all;
	struct buffer in;
	size_t replies;
	void * single;              /* the first, when nobody wants each */
	bool closed;                /* the stream is */
	uint32_t reset;             /* with that code of HTTP/2 */
	int http;                   /* HTTP status */
	int status;                 /* gRPC status, -1: none came */
	struct buffer message;
	struct buffer details;
};

static void
keep(struct buffer * out, struct slice value)
{
	buffer_clear(out);
	if (value.n <= HEADER_MAX)
		buffer_slice(out, value);
}

static int
number(struct slice text)
{
	int n = 0;
	size_t i;

	if (text.n == 0 || text.n > 5)
		return (-1);
	for (i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return (-1);
		n = n * 10 + (text.p[i] - '0');
	}
	return (n);
}

static int
on_header(nghttp2_session * session, const nghttp2_frame * frame,
    const uint8_t * name, size_t name_n, const uint8_t * value, size_t value_n,
    uint8_t flags, void * user)
{
	struct grpc_client * client = user;
	struct slice n = slice_of(name, name_n);
	struct slice v = slice_of(value, value_n);

	(void)session;
	(void)flags;
	if (frame->hd.stream_id != client->id)
		return (0);
	if (slice_equal(n, slice_text(":status")))
		client->http = number(v);
	else if (slice_equal(n, slice_text("grpc-status")))
		client->status = number(v);
	else if (slice_equal(n, slice_text("grpc-message")))
		keep(&client->message, v);
	else if (slice_equal(n, slice_text("grpc-status-details-bin")))
		keep(&client->details, v);
	return (0);
}

static int
on_data(nghttp2_session * session, uint8_t flags, int32_t id,
    const uint8_t * p, size_t n, void * user)
{
	struct grpc_client * client = user;

	(void)session;
	(void)flags;
	if (id == client->id)
		buffer_append(&client->in, p, n);
	return (0);
}

static int
on_stream_close(nghttp2_session * session, int32_t id, uint32_t code,
    void * user)
{
	struct grpc_client * client = user;

	(void)session;
	if (id == client->id) {
		client->closed = true;
		client->reset = code;
	}
	return (0);
}

static int
make_session(struct grpc_client * client)
{
	nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
	nghttp2_session_callbacks * callbacks;
	int status;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return (-ERR_INTERNAL);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
	    on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
	    on_stream_close);
	status = nghttp2_session_client_new(&client->session, callbacks,
	    client);
	nghttp2_session_callbacks_del(callbacks);
	if (status != 0)
		return (-ERR_INTERNAL);
	if (nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE,
	    settings, 2) != 0 || nghttp2_session_set_local_window_size(
	    client->session, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW) != 0)
		return (-ERR_INTERNAL);
	return (0);
}

int
grpc_client_open(struct grpc_client ** result, const char * address,
    uint64_t timeout_ms, struct error * err)
{
	struct grpc_client * client = calloc(1, sizeof(*client));
	uint64_t until = timeout_ms == 0 ? UINT64_MAX :
	    clock_add(grpc_dial_now(), timeout_ms);
	int status;

	if (client == NULL)
		return (error_set(err, ERR_INTERNAL, "no memory"));
	client->fd = -1;
	if ((status = grpc_dial(address, until, &client->fd, err)) != 0)
		goto err0;
	if ((status = make_session(client)) != 0) {
		(void)error_set(err, ERR_INTERNAL, "no memory");
		goto err0;
	}
	*result = client;
	return (0);

err0:
	grpc_client_close(client);
	return (status);
}

void
grpc_client_close(struct grpc_client * client)
{
	if (client == NULL)
		return;
	nghttp2_session_del(client->session);
	if (client->fd >= 0)
		(void)close(client->fd);
	protobuf_free(client->single);
	buffer_free(&client->unsent);
	buffer_free(&client->out);
	buffer_free(&client->in);
	buffer_free(&client->message);
	buffer_free(&client->details);
	free(client);
}

enum grpc_status
grpc_client_status(const struct grpc_client * client)
{
	return (client->status < 0 ? GRPC_UNKNOWN :
	    (enum grpc_status)client->status);
}

/* Put the next message to send into `out`, or note that all were sent. */
static void
next_message(struct grpc_client * client)
{
	const struct grpc_client_request * r = client->request;
	const void * message = NULL;

	buffer_clear(&client->out);
	client->out_at = 0;
	if (r->next != NULL)
		message = r->next(r->user);
	if (message == NULL) {
		client->sent_all = true;
		return;
	}
	buffer_byte(&client->out, 0);
	buffer_be32(&client->out,
	    (uint32_t)protobuf_c_message_get_packed_size(message));
	protobuf_encode(&client->out, message);
}

static ssize_t
read_request(nghttp2_session * session, int32_t id, uint8_t * p, size_t n,
    uint32_t * flags, nghttp2_data_source * source, void * user)
{
	struct grpc_client * client = source->ptr;

	(void)session;
	(void)id;
	(void)user;
	if (client->out_at == client->out.n)
		next_message(client);
	if (client->out.failed)
		return (NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);
	if (n > client->out.n - client->out_at)
		n = client->out.n - client->out_at;
	if (n > 0)
		memcpy(p, client->out.p + client->out_at, n);
	client->out_at += n;
	if (client->sent_all || (client->request->next == NULL &&
	    client->out_at == client->out.n))
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return ((ssize_t)n);
}

static nghttp2_nv
header(const char * name, const char * value)
{
	return ((nghttp2_nv){(uint8_t *)(uintptr_t)name,
	    (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
	    NGHTTP2_NV_FLAG_NONE});
}

/* Forget the last call and ask for this one. */
static int
submit(struct grpc_client * client)
{
	const struct grpc_client_request * r = client->request;
	nghttp2_data_provider provider = {{.ptr = client}, read_request};
	struct buffer timeout = {0};
	nghttp2_nv list[9];
	char path[256];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/%s/%s", r->service, r->method);
	list[n++] = header(":method", "POST");
	list[n++] = header(":scheme", "http");
	list[n++] = header(":path", path);
	list[n++] = header(":authority", "localhost");
	list[n++] = header("content-type", "application/grpc");
	list[n++] = header("te", "trailers");
	if (r->authorization != NULL)
		list[n++] = header("authorization", r->authorization);
	if (r->timeout_ms != 0) {
		grpc_frame_write_timeout(&timeout, r->timeout_ms);
		buffer_byte(&timeout, 0);
		if (!timeout.failed)
			list[n++] = header("grpc-timeout",
			    (const char *)timeout.p);
	}
	client->id = nghttp2_submit_request(client->session, NULL, list, n,
	    &provider, NULL);
	buffer_free(&timeout);
	return (client->id < 0 ? -ERR_INTERNAL : 0);
}

static void
reset_state(struct grpc_client * client,
    const struct grpc_client_request * request)
{
	client->request = request;
	client->until = request->timeout_ms == 0 ? UINT64_MAX :
	    clock_add(grpc_dial_now(), request->timeout_ms);
	client->out_at = 0;
	client->sent_all = client->closed = false;
	client->reset = 0;
	client->http = 0;
	client->status = -1;
	client->replies = 0;
	protobuf_free(client->single);
	client->single = NULL;
	buffer_clear(&client->out);
	buffer_clear(&client->in);
	buffer_clear(&client->message);
	buffer_clear(&client->details);
	if (request->message != NULL) {
		buffer_byte(&client->out, 0);
		buffer_be32(&client->out, (uint32_t)
		    protobuf_c_message_get_packed_size(request->message));
		protobuf_encode(&client->out, request->message);
	}
}

/* Write what the socket takes. */
static void
flush(struct grpc_client * client)
{
	const uint8_t * p;
	ssize_t n;

	for (;;) {
		if (client->unsent.n == 0) {
			n = nghttp2_session_mem_send(client->session, &p);
			if (n <= 0) {
				client->lost |= n < 0;
				return;
			}
			buffer_append(&client->unsent, p, (size_t)n);
		}
		n = send(client->fd, client->unsent.p, client->unsent.n,
		    MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			client->lost |= errno != EAGAIN;
			return;
		}
		buffer_consume(&client->unsent, (size_t)n);
	}
}

static void
receive(struct grpc_client * client)
{
	uint8_t bytes[16384];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || nghttp2_session_mem_recv(client->session, bytes,
	    (size_t)n) < 0)
		client->lost = true;
}

/* Give a reply to who wants each of them, or keep the first. */
static int
take_reply(struct grpc_client * client, void * reply)
{
	const struct grpc_client_request * r = client->request;
	int status = 0;

	if (r->each == NULL && client->single == NULL) {
		client->single = reply;
		return (0);
	}
	if (r->each != NULL)
		status = r->each(r->user, reply);
	protobuf_free(reply);
	return (status);
}

/* Hand out the replies that are whole. */
static int
give_replies(struct grpc_client * client, struct error * err)
{
	const struct grpc_client_request * r = client->request;
	struct slice bytes;
	enum grpc_frame_result result;
	void * reply;
	size_t at = 0;
	int status = 0;

	while (status == 0 && at < client->in.n) {
		result = grpc_frame_read(slice_of(client->in.p + at,
		    client->in.n - at), REPLY_MAX, &bytes);
		if (result == GRPC_FRAME_MORE)
			break;
		reply = result != GRPC_FRAME_MESSAGE ? NULL :
		    protobuf_decode(r->reply, bytes, protobuf_cap(bytes.n));
		if (reply == NULL)
			return (error_set(err, ERR_DESERIALIZATION,
			    "the reply cannot be decoded"));
		at += GRPC_FRAME_HEADER + bytes.n;
		client->replies++;
		status = take_reply(client, reply);
	}
	buffer_consume(&client->in, at);
	return (status);
}

/* Tell the server that nobody listens any more. */
static void
cancel(struct grpc_client * client)
{
	if (client->closed || client->lost)
		return;
	(void)nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE,
	    client->id, NGHTTP2_CANCEL);
	flush(client);
}

/* An end that this side makes up. */
static int
fail(struct grpc_client * client, enum grpc_status status, const char * text,
    struct error * err)
{
	cancel(client);
	client->status = (int)status;
	return (error_set(err, ERR_STREAM_READ, "%s", text));
}

/* The chain that the trailers tell of. */
static void
read_chain(struct grpc_client * client, struct error * err)
{
	struct buffer bytes = {0};
	char text[400];

	error_clear(err);
	if (client->details.n > 0 && grpc_status_unbase64(&bytes,
	    buffer_all(&client->details)) == 0)
		(void)grpc_status_parse(buffer_all(&bytes), err);
	if (err->n == 0) {
		buffer_clear(&bytes);
		grpc_status_decode_text(&bytes, buffer_all(&client->message));
		(void)snprintf(text, sizeof(text), "%.*s",
		    (int)(bytes.n < 390 ? bytes.n : 390),
		    bytes.n > 0 ? (const char *)bytes.p : "");
		grpc_status_guess(grpc_client_status(client), text, err);
	}
	buffer_free(&bytes);
}

/* The stream is closed: what came of it. */
static int
conclude(struct grpc_client * client, struct error * err)
{
	struct error own;

	if (err == NULL)
		err = &own;
	if (client->status == GRPC_OK)
		return (0);
	if (client->status < 0 && client->http != 0 && client->http != 200)
		return (error_set(err, ERR_STREAM_READ,
		    "the server answered with HTTP status %d", client->http));
	if (client->status < 0) {
		client->status = client->reset == NGHTTP2_CANCEL ?
		    GRPC_CANCELLED : GRPC_UNAVAILABLE;
		return (error_set(err, ERR_STREAM_READ,
		    "the server ended the call (HTTP/2 code %u)",
		    (unsigned)client->reset));
	}
	read_chain(client, err);
	return (-err->code[0]);
}

/* One turn: send, wait, receive.  0 to go on, else how the call ended. */
static int
turn(struct grpc_client * client, struct error * err)
{
	int status;

	flush(client);
	if (client->lost)
		return (fail(client, GRPC_UNAVAILABLE,
		    "the connection was lost", err));
	switch (grpc_dial_wait(client->fd, client->unsent.n > 0, client->until,
	    client->request->stop)) {
	case GRPC_DIAL_READY:
		break;
	case GRPC_DIAL_TIMEOUT:
		return (fail(client, GRPC_DEADLINE_EXCEEDED,
		    "the server did not answer in time", err));
	case GRPC_DIAL_STOPPED:
		return (fail(client, GRPC_CANCELLED, "interrupted", err));
	default:
		client->lost = true;
		return (0);
	}
	receive(client);
	status = give_replies(client, err);
	if (status != 0) {
		cancel(client);
		client->status = GRPC_CANCELLED;
		return (status);
	}
	if (client->in.failed)
		return (fail(client, GRPC_RESOURCE_EXHAUSTED, "no memory",
		    err));
	return (0);
}

int
grpc_client_run(struct grpc_client * client,
    const struct grpc_client_request * request, struct error * err)
{
	int status;

	reset_state(client, request);
	if (client->lost || submit(client) != 0)
		return (fail(client, GRPC_UNAVAILABLE,
		    "the connection was lost", err));
	while (!client->closed)
		if ((status = turn(client, err)) != 0)
			return (status);
	flush(client);
	return (conclude(client, err));
}

int
grpc_client_call(struct grpc_client * client, const char * service,
    const char * method, const void * message,
    const ProtobufCMessageDescriptor * reply_type, void ** reply,
    uint64_t timeout_ms, struct error * err)
{
	struct grpc_client_request request = {.service = service,
	    .method = method, .reply = reply_type, .message = message,
	    .timeout_ms = timeout_ms};
	int status;

	status = grpc_client_run(client, &request, err);
	if (status == 0 && client->replies != 1)
		status = error_set(err, ERR_DESERIALIZATION,
		    "expected one reply, got %zu", client->replies);
	if (status != 0)
		protobuf_free(client->single);
	else
		*reply = client->single;
	client->single = NULL;
	return (status);
}
