#include <stdlib.h>

#include "base/clock.h"
#include "server/grpc_internal.h"

/* What a connection keeps of its write buffer while it has nothing to say. */
#define IDLE_BUFFER 1024

/* Writes in a row to a client that takes them all at once. */
#define FLUSH_ROUNDS 8

static void
on_closed(uv_handle_t * handle)
{
	struct grpc_connection * connection = handle->data;
	struct grpc_server * server = connection->server;

	buffer_free(&connection->out);
	free(connection);
	grpc_server_closed(server);
}

/* Close at once; never from within a callback of nghttp2. */
void
grpc_connection_close(struct grpc_connection * connection)
{
	struct list * place, * following;

	if (connection->closing)
		return;
	connection->closing = true;
	list_remove(&connection->place);
	list_remove(&connection->dirty);
	if (connection->counted)
		budget_give(&connection->server->n_connections, 1);
	list_each(place, following, &connection->calls)
		grpc_call_detach(list_entry(place, struct grpc_call, place));
	nghttp2_session_del(connection->session);
	connection->session = NULL;
	uv_close(&connection->socket.handle, on_closed);
}

/* Have the loop write what there is to write, before it waits again. */
void
grpc_connection_touch(struct grpc_connection * connection)
{
	if (connection->closing)
		return;
	list_remove(&connection->dirty);
	list_append(&connection->server->dirty, &connection->dirty);
}

static void
on_written(uv_write_t * request, int status)
{
	struct grpc_connection * connection = request->data;

	connection->writing = false;
	if (status < 0)
		grpc_connection_close(connection);
	else
		grpc_connection_touch(connection);
}

/* Collect up to GRPC_WRITE_SIZE bytes, more or less; false: close. */
static bool
collect(struct grpc_connection * connection)
{
	const uint8_t * p;
	ssize_t n;

	buffer_clear(&connection->out);
	while (connection->out.n < GRPC_WRITE_SIZE) {
		n = nghttp2_session_mem_send(connection->session, &p);
		if (n < 0)
			return (false);
		if (n == 0)
			break;
		buffer_append(&connection->out, p, (size_t)n);
	}
	return (!connection->out.failed);
}

/* Hand `out` to the socket; what it does not take at once goes as it can. */
static int
write_out(struct grpc_connection * connection)
{
	uv_buf_t bytes = uv_buf_init((char *)connection->out.p,
	    (unsigned)connection->out.n);
	int n = uv_try_write(&connection->socket.stream, &bytes, 1);

	if (n < 0 && n != UV_EAGAIN)
		return (n);
	if (n > 0) {
		bytes.base += n;
		bytes.len -= (size_t)n;
	}
	if (bytes.len == 0)
		return (0);
	connection->write.data = connection;
	connection->writing = true;
	return (uv_write(&connection->write, &connection->socket.stream,
	    &bytes, 1, on_written));
}

void
grpc_connection_flush(struct grpc_connection * connection)
{
	unsigned rounds = FLUSH_ROUNDS;

	while (!connection->writing) {
		if (rounds-- == 0) {
			grpc_connection_touch(connection);
			return;
		}
		if (!collect(connection))
			goto err0;
		if (connection->out.n == 0)
			break;
		if (write_out(connection) != 0)
			goto err0;
	}
	if (connection->writing)
		return;
	if (connection->out.size > IDLE_BUFFER)
		buffer_free(&connection->out);
	if (nghttp2_session_want_read(connection->session) == 0 &&
	    nghttp2_session_want_write(connection->session) == 0)
		goto err0;
	return;

err0:
	grpc_connection_close(connection);
}

static void
on_alloc(uv_handle_t * handle, size_t suggested, uv_buf_t * bytes)
{
	struct grpc_connection * connection = handle->data;

	(void)suggested;
	*bytes = uv_buf_init((char *)connection->server->input,
	    sizeof(connection->server->input));
}

static void
on_read(uv_stream_t * stream, ssize_t n, const uv_buf_t * bytes)
{
	struct grpc_connection * connection = stream->data;

	if (n == 0 || connection->closing)
		return;
	if (n < 0 || nghttp2_session_mem_recv(connection->session,
	    (const uint8_t *)bytes->base, (size_t)n) < 0)
		grpc_connection_close(connection);
	else
		grpc_connection_touch(connection);
}

static int
init_socket(struct grpc_listener * listener, union grpc_socket * socket)
{
	uv_loop_t * loop = listener->server->loop;

	if (listener->local)
		return (uv_pipe_init(loop, &socket->pipe, 0));
	return (uv_tcp_init(loop, &socket->tcp));
}

/* Become a connection of the server, or close. */
static void
begin(struct grpc_connection * connection)
{
	struct grpc_server * server = connection->server;

	connection->counted = budget_take(&server->n_connections, 1);
	list_append(&server->connections, &connection->place);
	connection->session = grpc_stream_session(connection);
	connection->preface_at = clock_add(grpc_server_now(server),
	    server->options.preface_ms);
	if (connection->session == NULL || server->stopping ||
	    !connection->counted ||
	    uv_read_start(&connection->socket.stream, on_alloc, on_read) != 0) {
		grpc_connection_close(connection);
		return;
	}
	grpc_connection_touch(connection);
	grpc_server_arm(server);
}

void
grpc_connection_accept(struct grpc_listener * listener)
{
	struct grpc_connection * connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return;
	connection->server = listener->server;
	list_init(&connection->place);
	list_init(&connection->dirty);
	list_init(&connection->calls);
	if (init_socket(listener, &connection->socket) != 0) {
		free(connection);
		return;
	}
	connection->socket.handle.data = connection;
	listener->server->handles++;
	if (uv_accept(&listener->socket.stream,
	    &connection->socket.stream) != 0) {
		connection->closing = true;
		uv_close(&connection->socket.handle, on_closed);
		return;
	}
	if (!listener->local)
		(void)uv_tcp_nodelay(&connection->socket.tcp, 1);
	begin(connection);
}
