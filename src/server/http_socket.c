/*
 * http_socket.c: a connection that speaks another protocol.  MHD keeps its
 * descriptor until it is told that we are done; we read and write a copy.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http_impl.h"

/* How long nothing of what waits may be taken once it is closed, ms. */
#define LINGER_MS 10000

/* And how long the client may then take to close, ms. */
#define FAREWELL_MS 2000

struct http_socket {
	struct list place;
	struct http_server * server;  /* NULL: it is gone */
	struct MHD_UpgradeResponseHandle * handle;
	struct http_link * link;  /* as long as it is not closing; or NULL */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	uv_timer_t linger;
	uv_shutdown_t shutdown;
	bool shutting;            /* the client knows that nothing follows */
	unsigned open;            /* handles of libuv */
	const struct http_socket_events * events;
	void * user;
	size_t queued;
	bool waits;               /* for `writable`, */
	size_t wake_at;           /* when so many bytes wait */
	bool gone;                /* the client, and its handler knows */
	bool released;            /* by its handler */
	bool closing;
	char input[16384];
};

struct piece {
	uv_write_t write;
	size_t n;
	uint8_t p[];
};

static void
handle_closed(uv_handle_t * handle)
{
	struct http_socket * s = handle->data;

	if (--s->open == 0 && s->released)
		free(s);
}

/* Nothing more is read or written. */
static void
shut(struct http_socket * s)
{
	if (s->closing)
		return;
	s->closing = true;
	list_remove(&s->place);
	uv_close(&s->uv.handle, handle_closed);
	uv_close((uv_handle_t *)&s->linger, handle_closed);
	(void)MHD_upgrade_action(s->handle, MHD_UPGRADE_ACTION_CLOSE);
	http_server_kick(s->server);
}

static void
lost(struct http_socket * s)
{
	const struct http_socket_events * events = s->events;

	shut(s);
	s->events = NULL;
	if (!s->gone && !s->released && events != NULL) {
		s->gone = true;
		events->closed(s);
	}
}

static void on_alloc(uv_handle_t * handle, size_t wanted, uv_buf_t * buf);
static void on_read(uv_stream_t * stream, ssize_t n, const uv_buf_t * buf);

static void
on_linger(uv_timer_t * timer)
{
	lost(timer->data);
}

/*
 * All is sent.  The client closes: were it us, while something of it is on its
 * way, the system would take back what it has not read.
 */
static void
say_farewell(struct http_socket * s)
{
	if (s->closing || s->shutting)
		return;
	s->shutting = true;
	/* Where MHD stands between, the client sees it by the protocol. */
	if (s->uv.handle.type == UV_TCP)
		(void)uv_shutdown(&s->shutdown, &s->uv.stream, NULL);
	(void)uv_read_start(&s->uv.stream, on_alloc, on_read);
	(void)uv_timer_start(&s->linger, on_linger, FAREWELL_MS, 0);
}

static void
on_alloc(uv_handle_t * handle, size_t wanted, uv_buf_t * buf)
{
	struct http_socket * s = handle->data;

	(void)wanted;
	*buf = uv_buf_init(s->input, sizeof(s->input));
}

static void
on_read(uv_stream_t * stream, ssize_t n, const uv_buf_t * buf)
{
	struct http_socket * s = stream->data;

	if (n < 0)
		lost(s);
	else if (n > 0 && s->events != NULL)
		s->events->data(s, slice_of(buf->base, (size_t)n));
}

static void
on_written(uv_write_t * write, int status)
{
	struct piece * piece = (struct piece *)(void *)write;
	struct http_socket * s = write->handle->data;

	s->queued -= piece->n;
	free(piece);
	if (s->closing)
		return;
	if (status != 0) {
		lost(s);
		return;
	}
	if (s->released && s->queued == 0)
		say_farewell(s);
	else if (s->released)
		(void)uv_timer_start(&s->linger, on_linger, LINGER_MS, 0);
	else if (s->waits && s->queued <= s->wake_at) {
		s->waits = false;
		if (s->events != NULL && s->events->writable != NULL)
			s->events->writable(s);
	}
}

/* A copy of the descriptor, as the kind of socket that it is. */
static int
take(struct http_socket * s, uv_loop_t * loop, int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t n = sizeof(at);
	int copy = dup(fd), rc;

	if (copy < 0 || getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		goto err0;
	rc = at.ss_family == AF_UNIX ? uv_pipe_init(loop, &s->uv.pipe, 0) :
	    uv_tcp_init(loop, &s->uv.tcp);
	if (rc != 0)
		goto err0;
	s->uv.handle.data = s->linger.data = s;
	(void)uv_timer_init(loop, &s->linger);
	s->open = 2;
	rc = at.ss_family == AF_UNIX ? uv_pipe_open(&s->uv.pipe, copy) :
	    uv_tcp_open(&s->uv.tcp, copy);
	if (rc == 0)
		return (uv_read_start(&s->uv.stream, on_alloc, on_read));
err0:
	if (copy >= 0)
		(void)close(copy);
	return (-ERR_INTERNAL);
}

/* Called by MHD, after it has sent the answer. */
void
http_socket_begin(void * user, struct MHD_Connection * c, void * request,
    const char * came, size_t n, MHD_socket fd,
    struct MHD_UpgradeResponseHandle * handle)
{
	struct http_server * server = user;
	struct http_request * r = request;
	struct http_socket * s = calloc(1, sizeof(*s));
	void * upgraded_user = r->upgraded_user;
	const union MHD_ConnectionInfo * info = MHD_get_connection_info(c,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	r->upgraded_user = NULL;
	if (s == NULL) {
		(void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
		r->upgraded(upgraded_user, NULL, slice_of(NULL, 0));
		return;
	}
	s->server = server;
	s->handle = handle;
	s->link = info == NULL ? NULL : info->socket_context;
	list_append(&server->sockets, &s->place);
	if (take(s, server->timer.loop, fd) == 0) {
		r->upgraded(upgraded_user, s, slice_of(came, n));
		return;
	}
	r->upgraded(upgraded_user, NULL, slice_of(NULL, 0));
	s->released = true;
	if (s->open > 0) {
		shut(s);
		return;
	}
	list_remove(&s->place);
	(void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
	free(s);
}

void
http_socket_end_all(struct http_server * server)
{
	struct list * place, * next;

	list_each(place, next, &server->sockets)
		lost(list_entry(place, struct http_socket, place));
}

void
http_socket_know(struct http_socket * s)
{
	if (!s->closing && s->link != NULL)
		list_remove(&s->link->place);
}

void
http_socket_watch(struct http_socket * s,
    const struct http_socket_events * events, void * user)
{
	s->events = events;
	s->user = user;
}

void *
http_socket_user(const struct http_socket * s)
{
	return (s->user);
}

void
http_socket_pause(struct http_socket * s, bool paused)
{
	if (s->closing)
		return;
	if (paused)
		(void)uv_read_stop(&s->uv.stream);
	else
		(void)uv_read_start(&s->uv.stream, on_alloc, on_read);
}

bool
http_socket_write(struct http_socket * s, struct slice bytes)
{
	struct piece * piece;
	uv_buf_t buf;

	if (s->closing || s->gone)
		return (true);
	if ((piece = malloc(sizeof(*piece) + bytes.n)) == NULL) {
		(void)uv_timer_start(&s->linger, on_linger, 0, 0);
		return (true);
	}
	piece->n = bytes.n;
	memcpy(piece->p, bytes.p, bytes.n);
	buf = uv_buf_init((char *)piece->p, (unsigned)bytes.n);
	if (uv_write(&piece->write, &s->uv.stream, &buf, 1, on_written) != 0) {
		free(piece);
		(void)uv_timer_start(&s->linger, on_linger, 0, 0);
		return (true);
	}
	s->queued += bytes.n;
	s->waits = s->queued >= HTTP_QUEUE;
	s->wake_at = HTTP_QUEUE / 4;
	return (s->waits);
}

void
http_socket_wait(struct http_socket * s, size_t n)
{
	s->waits = true;
	s->wake_at = n;
}

size_t
http_socket_queued(const struct http_socket * s)
{
	return (s->queued);
}

void
http_socket_close(struct http_socket * s)
{
	s->events = NULL;
	s->released = true;
	if (s->open == 0)
		free(s);
	else if (s->queued == 0)
		say_farewell(s);
	else if (!s->closing)
		(void)uv_timer_start(&s->linger, on_linger, LINGER_MS, 0);
}
