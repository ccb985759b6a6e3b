/* The client's connection: HTTP/2 over a socket that does not block. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "server/grpc_client_impl.h"
#include "server/grpc_frame.h"

#define HEADER_MAX 16384  /* of one value that is kept */
#define WINDOW (1024 * 1024)

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
on_frame(nghttp2_session * session, const nghttp2_frame * frame, void * user)
{
	struct grpc_client * client = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_SETTINGS)
		client->greeted = true;
	return (0);
}

int
grpc_client_connect(struct grpc_client * client)
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
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
	    on_frame);
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
	grpc_frame_header(&client->out,
	    protobuf_c_message_get_packed_size(message));
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
int
grpc_client_submit(struct grpc_client * client)
{
	const struct grpc_client_request * r = client->request;
	nghttp2_data_provider provider = {{.ptr = client}, read_request};
	struct buffer timeout = {0};
	nghttp2_nv list[8];
	char path[256];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/%s/%s", r->service, r->method);
	list[n++] = header(":method", "POST");
	list[n++] = header(":scheme", client->tls == NULL ? "http" : "https");
	list[n++] = header(":path", path);
	list[n++] = header(":authority", client->authority);
	list[n++] = header("content-type", "application/grpc");
	list[n++] = header("te", "trailers");
	if (client->bearer.n > 0) {
		list[n] = header("authorization",
		    (const char *)client->bearer.p);
		/* Compression could tell it (RFC 7541 §7.1.3). */
		list[n++].flags = NGHTTP2_NV_FLAG_NO_INDEX;
	}
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

/* Put into `unsent` what is to be said next, if there is anything. */
static void
fill(struct grpc_client * client)
{
	const uint8_t * p;
	ssize_t n = 0;

	if (client->tls != NULL)
		tls_channel_take(client->tls, &client->unsent);
	if (client->session != NULL)
		n = nghttp2_session_mem_send(client->session, &p);
	if (n > 0 && client->tls != NULL)
		tls_channel_send(client->tls, slice_of(p, (size_t)n),
		    &client->unsent);
	else if (n > 0)
		buffer_append(&client->unsent, p, (size_t)n);
	client->lost |= n < 0 || client->unsent.failed;
}

/* Write what the socket takes. */
void
grpc_client_flush(struct grpc_client * client)
{
	ssize_t n;

	for (;;) {
		if (client->unsent.n == 0)
			fill(client);
		if (client->unsent.n == 0 || client->lost)
			return;
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

void
grpc_client_receive(struct grpc_client * client)
{
	uint8_t bytes[16384];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);
	struct slice in;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->lost |= n <= 0;
	in = slice_of(bytes, n < 0 ? 0 : (size_t)n);
	/* What came before the end is heard, too. */
	if (client->tls != NULL) {
		client->lost |= tls_channel_receive(client->tls, in,
		    &client->plain) != 0;
		in = buffer_all(&client->plain);
	}
	if (in.n > 0 && nghttp2_session_mem_recv(client->session, in.p,
	    in.n) < 0)
		client->lost = true;
	buffer_clear(&client->plain);
}
