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
	tls_channel_free(connection->tls);
	free(connection);
	grpc_server_closed(server);
}

/* The handshake is over, one way or the other. */
static void
end_shaking(struct grpc_connection * connection)
{
	if (connection->shaking)
		budget_give(&connection->server->handshakes, 1);
	connection->shaking = false;
}

/* TLS has a last word: why it ends.  Who does not take it now goes without. */
static void
say_goodbye(struct grpc_connection * connection)
{
	struct buffer last = {0};
	uv_buf_t bytes;

	tls_channel_end(connection->tls, &last);
	bytes = uv_buf_init((char *)last.p, (unsigned)last.n);
	if (last.n > 0 && !last.failed && !connection->writing)
		(void)uv_try_write(&connection->socket.stream, &bytes, 1);
	buffer_free(&last);
}

/* Close at once; never from within a callback of nghttp2. */
void
grpc_connection_close(struct grpc_connection * connection)
{
	struct list * place, * following;

	if (connection->closing)
		return;
	connection->closing = true;
	end_shaking(connection);
	if (connection->tls != NULL)
		say_goodbye(connection);
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

/* Frames up to GRPC_WRITE_SIZE bytes, more or less. */
static bool
collect_frames(struct grpc_connection * connection, struct buffer * out)
{
	const uint8_t * p;
	ssize_t n;

	while (out->n < GRPC_WRITE_SIZE) {
		n = nghttp2_session_mem_send(connection->session, &p);
		if (n < 0)
			return (false);
		if (n == 0)
			break;
		buffer_append(out, p, (size_t)n);
	}
	return (!out->failed);
}

static bool
collect_sealed(struct grpc_connection * connection)
{
	struct buffer * plain = &connection->server->plain;

	tls_channel_take(connection->tls, &connection->out);
	if (tls_channel_ready(connection->tls)) {
		buffer_clear(plain);
		if (!collect_frames(connection, plain))
			return (false);
		tls_channel_send(connection->tls, buffer_all(plain),
		    &connection->out);
	}
	return (!connection->out.failed);
}

/* Fill `out` with what is to be written; false: close. */
static bool
collect(struct grpc_connection * connection)
{
	buffer_clear(&connection->out);
	if (connection->tls != NULL)
		return (collect_sealed(connection));
	return (collect_frames(connection, &connection->out));
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

/* From now on it has to speak HTTP/2. */
static void
shaken(struct grpc_connection * connection)
{
	struct grpc_server * server = connection->server;

	end_shaking(connection);
	connection->preface_at = clock_add(grpc_server_now(server),
	    server->options.preface_ms);
	grpc_server_arm(server);
}

/* Open what came; *bytes is what it says.  False: close. */
static bool
open_sealed(struct grpc_connection * connection, struct slice * bytes)
{
	struct grpc_server * server = connection->server;

	buffer_clear(&server->plain);
	if (tls_channel_receive(connection->tls, *bytes,
	    &server->plain) != 0) {
		if (connection->shaking)
			log_info(server->log, "grpc", "a TLS handshake failed: "
			    "%s", tls_channel_why(connection->tls));
		return (false);
	}
	if (connection->shaking && tls_channel_ready(connection->tls))
		shaken(connection);
	*bytes = buffer_all(&server->plain);
	return (true);
}

static void
on_read(uv_stream_t * stream, ssize_t n, const uv_buf_t * bytes)
{
	struct grpc_connection * connection = stream->data;
	struct slice in;

	if (n == 0 || connection->closing)
		return;
	in = slice_of(bytes->base, n < 0 ? 0 : (size_t)n);
	if (n < 0 || (connection->tls != NULL &&
	    !open_sealed(connection, &in)) ||
	    nghttp2_session_mem_recv(connection->session, in.p, in.n) < 0)
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

/* Is it one that still shakes hands, or any that has not shown its token? */
static bool
is_stranger(const struct grpc_connection * c, bool shaking)
{
	return (shaking ? c->shaking : c->guarded && c->preface_at != 0);
}

static size_t
count_strangers(const struct grpc_server * server, uint64_t from, bool shaking)
{
	const struct grpc_connection * c;
	const struct list * place;
	size_t n = 0;

	for (place = server->connections.next; place != &server->connections;
	     place = place->next) {
		c = list_entry(place, const struct grpc_connection, place);
		n += c->from == from && is_stranger(c, shaking);
	}
	return (n);
}

/*
 * Close a stranger: of the network that most of them come from, so that many of
 * one do not drive out another's, the one that has waited longest.  False when
 * there is none.
 */
static bool
give_way(struct grpc_server * server, bool shaking)
{
	struct grpc_connection * c, * found = NULL;
	struct list * place, * following;
	size_t n, most = 0;

	list_each(place, following, &server->connections) {
		c = list_entry(place, struct grpc_connection, place);
		if (!is_stranger(c, shaking))
			continue;
		n = count_strangers(server, c->from, shaking);
		if (n > most) {
			most = n;
			found = c;
		}
	}
	if (found != NULL)
		grpc_connection_close(found);
	return (found != NULL);
}

static bool
take(struct grpc_server * server, struct budget * b, bool shaking)
{
	return (budget_take(b, 1) ||
	    (give_way(server, shaking) && budget_take(b, 1)));
}

/* Count it, and begin TLS where that is spoken; false: no room. */
static bool
admit(struct grpc_connection * connection, bool tls)
{
	struct grpc_server * server = connection->server;
	struct tls_credentials * credentials;
	uint64_t ms = server->options.preface_ms;

	connection->counted = take(server, &server->n_connections, false);
	if (!connection->counted)
		return (false);
	if (tls) {
		ms = server->options.handshake_ms;
		connection->shaking = take(server, &server->handshakes, true);
		credentials = access_credentials(server->options.access, NULL);
		if (connection->shaking && credentials != NULL)
			connection->tls = tls_channel_accept(credentials);
	}
	connection->preface_at = clock_add(grpc_server_now(server), ms);
	return (!tls || connection->tls != NULL);
}

/* Become a connection of the server, or close. */
static void
begin(struct grpc_connection * connection, bool tls)
{
	struct grpc_server * server = connection->server;
	bool admitted = admit(connection, tls);

	list_append(&server->connections, &connection->place);
	connection->session = grpc_stream_session(connection);
	if (!admitted || connection->session == NULL || server->stopping ||
	    uv_read_start(&connection->socket.stream, on_alloc, on_read) != 0) {
		grpc_connection_close(connection);
		return;
	}
	grpc_connection_touch(connection);
	grpc_server_arm(server);
}

/* An IPv4 address, or the part of an IPv6 address that a host cannot choose. */
static uint64_t
network_of(const union grpc_socket * socket)
{
	struct sockaddr_storage at;
	uint64_t network = 0;
	int n = sizeof(at);

	if (uv_tcp_getpeername(&socket->tcp, (struct sockaddr *)&at, &n) != 0)
		return (0);
	if (at.ss_family == AF_INET)
		network = ((struct sockaddr_in *)&at)->sin_addr.s_addr;
	else if (at.ss_family == AF_INET6)
		memcpy(&network, &((struct sockaddr_in6 *)&at)->sin6_addr,
		    sizeof(network));
	return (network);
}

/* Is the user at the other end let in? */
static bool
is_ours(struct grpc_connection * connection)
{
	uv_os_fd_t fd;

	if (uv_fileno(&connection->socket.handle, &fd) == 0 &&
	    grpc_peer_may(fd))
		return (true);
	log_warn(connection->server->log, "grpc",
	    "another user of this machine was turned away");
	return (false);
}

/* Calls over TCP need a token, if there are any. */
static bool
is_guarded(const struct grpc_listener * listener)
{
	const struct grpc_options * o = &listener->server->options;

	return (!listener->local && !o->own_access && o->access != NULL &&
	    access_wants_token(o->access));
}

void
grpc_connection_accept(struct grpc_listener * listener)
{
	struct grpc_connection * connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return;
	connection->server = listener->server;
	connection->guarded = is_guarded(listener);
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
	    &connection->socket.stream) != 0 ||
	    (listener->local && !is_ours(connection))) {
		connection->closing = true;
		uv_close(&connection->socket.handle, on_closed);
		return;
	}
	if (!listener->local) {
		(void)uv_tcp_nodelay(&connection->socket.tcp, 1);
		connection->from = network_of(&connection->socket);
	}
	begin(connection, listener->tls);
}
