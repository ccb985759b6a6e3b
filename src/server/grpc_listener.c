#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/grpc_internal.h"

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

static struct sockaddr_un
unix_address(const char * path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memcpy(at.sun_path, path, strlen(path) + 1);
	return (at);
}

/* Make the folder of a socket file, readable by its owner alone. */
static int
make_folder(const char * path, struct error * err)
{
	char folder[GRPC_ADDRESS_PATH];
	char * slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return (0);
	*slash = '\0';
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return (0);
	return (error_set(err, ERR_INTERNAL, "%s: %s", folder,
	    strerror(errno)));
}

/* True if somebody accepts connections at the path. */
static bool
is_served(const char * path)
{
	struct sockaddr_un at = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool served;

	if (fd < 0)
		return (true);
	served = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ||
	    errno != ECONNREFUSED;
	(void)close(fd);
	return (served);
}

/* Clear the way: remove the socket of a server that is gone. */
static int
remove_stale(const char * path, struct error * err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return (0);
	if (!S_ISSOCK(st.st_mode))
		return (error_set(err, ERR_INVALID_INPUT,
		    "%s exists and is no socket", path));
	if (is_served(path))
		return (error_set(err, ERR_INVALID_INPUT,
		    "%s: another server answers there", path));
	if (unlink(path) != 0)
		return (error_set(err, ERR_INTERNAL, "%s: %s", path,
		    strerror(errno)));
	return (0);
}

/*
 * A bound socket with mode 0600.  On Linux the mode of the unbound socket is
 * that of the file, so that nobody else can connect even for a moment.
 */
static int
bind_unix(const char * path, int * result, struct error * err)
{
	struct sockaddr_un at = unix_address(path);
	int fd;

	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) < 0)
		goto err0;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fchmod(fd, 0600);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		goto err1;
	if (chmod(path, 0600) != 0)
		goto err2;
	*result = fd;
	return (0);

err2:
	(void)unlink(path);
err1:
	(void)close(fd);
err0:
	return (error_set(err, ERR_INTERNAL, "%s: %s", path,
	    strerror(errno)));
}

static int
listen_unix(struct grpc_listener * listener, struct error * err)
{
	const char * path = listener->path;
	int fd = -1, status;

	if ((status = make_folder(path, err)) != 0 ||
	    (status = remove_stale(path, err)) != 0 ||
	    (status = bind_unix(path, &fd, err)) != 0) {
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
