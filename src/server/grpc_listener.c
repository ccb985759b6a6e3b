#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/grpc_internal.h"
#include "server/socket_file.h"

#define BACKLOG 64

static void
on_closed(uv_handle_t * handle)
{
	struct grpc_listener * listener = handle->data;
	struct grpc_server * server = listener->server;

	free(listener);
	grpc_server_closed(server);
}

void
grpc_listener_close(struct grpc_listener * listener)
{
	list_remove(&listener->place);
	if (listener->path[0] != '\0')
		(void)unlink(listener->path);
	uv_close(&listener->socket.handle, on_closed);
}

static void
on_connection(uv_stream_t * stream, int status)
{
	if (status == 0)
		grpc_connection_accept(stream->data);
}

static int
listen_unix(struct grpc_listener * listener, struct error * err)
{
	const char * path = listener->path;
	int fd = -1, status;

	if ((status = socket_file_bind(path, &fd, err)) != 0) {
		listener->path[0] = '\0';
		return (status);
	}
	(void)snprintf(listener->address, sizeof(listener->address),
	    "/unix%s", path);
	if ((status = uv_pipe_open(&listener->socket.pipe, fd)) != 0) {
		(void)close(fd);
		return (error_set(err, ERR_INTERNAL, "%s: %s", path,
		    uv_strerror(status)));
	}
	return (0);
}

/* Bind, and learn the port that was given for port 0. */
static int
listen_tcp(struct grpc_listener * listener, const struct grpc_address * to,
    struct error * err)
{
	struct sockaddr_storage at = {0};
	const char * host = strcmp(to->host, "localhost") == 0 ? "127.0.0.1" :
	    to->host;
	bool v6 = strchr(host, ':') != NULL;
	int n = sizeof(at);
	int status;

	status = v6 ? uv_ip6_addr(host, to->port, (struct sockaddr_in6 *)&at) :
	    uv_ip4_addr(host, to->port, (struct sockaddr_in *)&at);
	if (status != 0)
		return (error_set(err, ERR_INVALID_INPUT, "%s is no address",
		    host));
	status = uv_tcp_bind(&listener->socket.tcp, (struct sockaddr *)&at, 0);
	if (status == 0)
		status = uv_tcp_getsockname(&listener->socket.tcp,
		    (struct sockaddr *)&at, &n);
	if (status != 0)
		return (error_set(err, ERR_INTERNAL, "%s:%u: %s", host,
		    to->port, uv_strerror(status)));
	(void)snprintf(listener->address, sizeof(listener->address),
	    "/%s/%.45s/tcp/%u%s", v6 ? "ip6" : "ip4", host,
	    (unsigned)ntohs(v6 ? ((struct sockaddr_in6 *)&at)->sin6_port :
	    ((struct sockaddr_in *)&at)->sin_port), to->tls ? "/tls" : "");
	return (0);
}

static int
start(struct grpc_listener * listener, const struct grpc_address * to,
    struct error * err)
{
	int status = to->local ? listen_unix(listener, err) :
	    listen_tcp(listener, to, err);

	if (status != 0)
		return (status);
	status = uv_listen(&listener->socket.stream, BACKLOG, on_connection);
	if (status != 0)
		return (error_set(err, ERR_INTERNAL, "%s: %s",
		    listener->address, uv_strerror(status)));
	return (0);
}

int
grpc_server_listen(struct grpc_server * server, const char * text,
    struct error * err)
{
	struct grpc_listener * listener;
	struct grpc_address to;
	int status;

	if ((status = grpc_address_parse(text, &to, err)) != 0)
		return (status);
	if (to.carrier != GRPC_CARRIER_GRPC)
		return (error_set(err, ERR_INVALID_INPUT, "%.60s: only gRPC "
		    "itself is served here", text));
	if ((status = grpc_access_listen(server, text, &to, err)) != 0)
		return (status);
	if ((listener = calloc(1, sizeof(*listener))) == NULL)
		return (error_set(err, ERR_INTERNAL, "no memory"));
	listener->server = server;
	listener->local = to.local;
	listener->tls = to.tls;
	memcpy(listener->path, to.path, sizeof(to.path));
	status = to.local ?
	    uv_pipe_init(server->loop, &listener->socket.pipe, 0) :
	    uv_tcp_init(server->loop, &listener->socket.tcp);
	if (status != 0) {
		free(listener);
		return (error_set(err, ERR_INTERNAL, "%s",
		    uv_strerror(status)));
	}
	listener->socket.handle.data = listener;
	server->handles++;
	list_append(&server->listeners, &listener->place);
	if ((status = start(listener, &to, err)) != 0)
		grpc_listener_close(listener);
	else
		log_info(server->log, "grpc", "listening on %s",
		    listener->address);
	return (status);
}

const char *
grpc_server_address(const struct grpc_server * server, size_t i)
{
	const struct list * place;

	for (place = server->listeners.next; place != &server->listeners;
	     place = place->next)
		if (i-- == 0)
			return (list_entry(place, struct grpc_listener,
			    place)->address);
	return (NULL);
}
