/* http_server.c: libmicrohttpd's epoll descriptor inside of libuv's loop. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http_impl.h"
#include "server/socket_file.h"

/* Headers of a request, and what is read at a time, bytes. */
#define CONNECTION_MEMORY ((size_t)(32 * 1024))

/* --- the listening socket ------------------------------------------------- */

/* HOST:PORT, [HOST]:PORT, :PORT. */
static int
split(const char * address, char * host, size_t size, char port[6],
    struct error * err)
{
	const char * colon = strrchr(address, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - address);
	const char * from = address;
	const char * p;

	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		from++;
		n -= 2;
	}
	if (colon == NULL || n >= size || strlen(colon + 1) > 5 ||
	    colon[1] == '\0')
		return (error_set(err, ERR_INVALID_INPUT,
		    "'%.60s' is no HOST:PORT", address));
	for (p = colon + 1; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			return (error_set(err, ERR_INVALID_INPUT,
			    "'%.60s' names no port", address));
	memcpy(host, from, n);
	host[n] = '\0';
	(void)snprintf(port, 6, "%s", colon + 1);
	return (0);
}

static int
bind_socket(const struct addrinfo * at)
{
	int on = 1;
	int fd;

	fd = socket(at->ai_family, SOCK_STREAM, 0);
	if (fd < 0)
		return (-1);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 ||
	    listen(fd, SOMAXCONN) != 0) {
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

static void
name_socket(struct http_server * s, int fd)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);
	char host[64], port[8];

	s->address[0] = '\0';
	if (getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
	    getnameinfo((struct sockaddr *)&at, n, host, sizeof(host), port,
	        sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)snprintf(s->address, sizeof(s->address),
		    at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		    port);
}

/* A socket file, of which MHD knows no more than that it listens. */
static int
open_file(struct http_server * s, const char * path, int * fd,
    struct error * err)
{
	int rc;

	if (strlen(path) >= sizeof(s->path))
		return (error_set(err, ERR_INVALID_INPUT,
		    "the path of a socket has at most %zu characters",
		    sizeof(s->path) - 1));
	if ((rc = socket_file_bind(path, fd, err)) != 0)
		return (rc);
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
	(void)snprintf(s->address, sizeof(s->address), "%s", path);
	return (listen(*fd, SOMAXCONN) == 0 ? 0 : error_set(err, ERR_INTERNAL,
	    "%.60s cannot be listened on", path));
}

static int
open_socket(struct http_server * s, const char * address, int * fd,
    struct error * err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo * list = NULL, * at;
	char host[64], port[6];
	int rc;

	if (address[0] == '/')
		return (open_file(s, address, fd, err));
	if ((rc = split(address, host, sizeof(host), port, err)) != 0)
		return (rc);
	if (getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints,
	    &list) != 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "'%.60s' names no address of this machine", address));
	*fd = -1;
	for (at = list; at != NULL && *fd < 0; at = at->ai_next)
		*fd = bind_socket(at);
	freeaddrinfo(list);
	if (*fd < 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "%.60s cannot be listened on: is another server there?",
		    address));
	name_socket(s, *fd);
	return (0);
}

/* --- the loop ------------------------------------------------------------- */

static void on_timer(uv_timer_t * timer);

static void
run(struct http_server * s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(s->daemon);
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
		(void)uv_timer_start(&s->timer, on_timer, ms, 0);
	else
		(void)uv_timer_stop(&s->timer);
}

static void
on_timer(uv_timer_t * timer)
{
	run(timer->data);
}

static void
on_poll(uv_poll_t * poll, int status, int events)
{
	(void)status;
	(void)events;
	run(poll->data);
}

void
http_server_kick(struct http_server * s)
{
	if (!s->closing)
		(void)uv_timer_start(&s->timer, on_timer, 0, 0);
}

/* --- begin and end -------------------------------------------------------- */

static struct MHD_Daemon *
start_with(struct http_server * s, int fd, const struct buffer * certificate,
    const struct buffer * key)
{
	const struct http_options * o = &s->options;
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, certificate->p},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, key->p},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)
	        "NORMAL:-VERS-TLS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
	    {MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_ALLOW_UPGRADE;

	if (certificate->n > 0)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	return (MHD_start_daemon(flags, 0, NULL, NULL, http_on_access, s,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_URI_LOG_CALLBACK, http_on_uri, s,
	    MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, s,
	    MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, s,
	    MHD_OPTION_CONNECTION_LIMIT,
	        http_connections_max(s),
	    MHD_OPTION_CONNECTION_TIMEOUT,
	        o->idle_s == 0 ? 30U : o->idle_s,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END));
}

/* MHD reads the certificate once, as strings. */
static struct MHD_Daemon *
start(struct http_server * s, int fd)
{
	struct buffer certificate = {0}, key = {0};
	struct MHD_Daemon * daemon = NULL;

	if (s->options.certificate.n > 0) {
		buffer_slice(&certificate, s->options.certificate);
		buffer_byte(&certificate, 0);
		buffer_slice(&key, s->options.key);
		buffer_byte(&key, 0);
	}
	if (!certificate.failed && !key.failed)
		daemon = start_with(s, fd, &certificate, &key);
	s->options.certificate = s->options.key = slice_of(NULL, 0);
	buffer_free(&certificate);
	buffer_wipe(&key);
	return (daemon);
}

static int
watch(struct http_server * s, struct uv_loop_s * loop)
{
	const union MHD_DaemonInfo * info = MHD_get_daemon_info(s->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD);

	if (info == NULL ||
	    uv_poll_init(loop, &s->poll, info->epoll_fd) != 0)
		return (-ERR_INTERNAL);
	(void)uv_timer_init(loop, &s->timer);
	s->open = 2;
	s->poll.data = s->timer.data = s;
	return (uv_poll_start(&s->poll, UV_READABLE, on_poll) == 0
	    ? 0 : -ERR_INTERNAL);
}

/* A server on a socket that listens, which is closed if it fails. */
static int
open_on(struct http_server ** server, struct uv_loop_s * loop, int fd,
    const struct http_options * options, const struct logger * log,
    struct error * err)
{
	struct http_server * s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		(void)close(fd);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	s->options = *options;
	s->log = log;
	list_init(&s->requests);
	list_init(&s->sockets);
	list_init(&s->strangers);
	if ((s->daemon = start(s, fd)) == NULL) {
		(void)close(fd);
		free(s);
		return (error_set(err, ERR_INTERNAL, options->certificate.n > 0
		    ? "the HTTP server does not start with this certificate "
		    "and key" : "the HTTP server does not start"));
	}
	if (watch(s, loop) != 0) {
		http_server_free(s);
		return (error_set(err, ERR_INTERNAL,
		    "the HTTP server does not start"));
	}
	*server = s;
	return (0);
}

int
http_server_new(struct http_server ** server, struct uv_loop_s * loop,
    const char * address, const struct http_options * options,
    const struct logger * log, struct error * err)
{
	struct http_server at = {0};
	int fd, rc;

	if ((rc = open_socket(&at, address, &fd, err)) != 0)
		return (rc);
	if ((rc = open_on(server, loop, fd, options, log, err)) != 0) {
		if (at.path[0] != '\0')
			(void)unlink(at.path);
		return (rc);
	}
	memcpy((*server)->address, at.address, sizeof(at.address));
	memcpy((*server)->path, at.path, sizeof(at.path));
	return (0);
}

int
http_server_renew(struct http_server ** server, struct slice certificate,
    struct slice key, struct http_server ** old, struct error * err)
{
	struct http_server * s = *server;
	const union MHD_DaemonInfo * info = MHD_get_daemon_info(s->daemon,
	    MHD_DAEMON_INFO_LISTEN_FD);
	struct http_options options = s->options;
	struct http_server * next = NULL;
	int fd = info == NULL ? -1 : dup(info->listen_fd), rc;

	options.certificate = certificate;
	options.key = key;
	if (fd < 0)
		return (error_set(err, ERR_INTERNAL,
		    "the socket cannot be shared"));
	if ((rc = open_on(&next, s->timer.loop, fd, &options, s->log,
	    err)) != 0)
		return (rc);
	memcpy(next->address, s->address, sizeof(s->address));
	memcpy(next->path, s->path, sizeof(s->path));
	s->path[0] = '\0';
	(void)close(MHD_quiesce_daemon(s->daemon));
	*server = next;
	*old = s;
	return (0);
}

const char *
http_server_address(const struct http_server * server)
{
	return (server->address);
}

static void
handle_closed(uv_handle_t * handle)
{
	struct http_server * s = handle->data;

	if (--s->open == 0)
		free(s);
}

void
http_server_free(struct http_server * s)
{
	struct list * place, * next;

	if (s == NULL)
		return;
	s->closing = true;
	if (s->path[0] != '\0')
		(void)unlink(s->path);
	if (s->open > 0)
		(void)uv_poll_stop(&s->poll);
	/* MHD asks that nothing is suspended when it stops. */
	http_socket_end_all(s);
	list_each(place, next, &s->requests)
		http_wake(list_entry(place, struct http_request, place));
	MHD_stop_daemon(s->daemon);
	list_each(place, next, &s->requests)
		http_detach(list_entry(place, struct http_request, place));
	if (s->open == 0) {
		free(s);
		return;
	}
	uv_close((uv_handle_t *)&s->poll, handle_closed);
	uv_close((uv_handle_t *)&s->timer, handle_closed);
}
