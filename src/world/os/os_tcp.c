/*
 * TCP connections.  What callers write is copied to one buffer per connection
 * and handed to libuv once per turn of the loop, so that many small frames cost
 * one system call and no callback runs inside a caller.
 */
#include <stdlib.h>

#include "world/os/os_impl.h"

enum state { DIALING, OPEN, CLOSING, ENDED };

struct world_tcp {
	struct os * os;
	uv_tcp_t handle;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	struct world_timer linger;
	const struct world_tcp_handler * handler;
	void * user;
	enum state state;
	bool paused;
	bool reading;
	bool finishing;           /* shutdown was asked for */
	size_t written;           /* bytes at libuv, not yet handed over */
	struct buffer out;
	struct list place;        /* in os->tcps */
	struct list dirty;        /* in os->dirty */
};

struct write {
	uv_write_t request;
	struct world_tcp * tcp;
	struct buffer bytes;
};

static void
freed(uv_handle_t * handle)
{
	struct world_tcp * tcp = handle->data;

	list_remove(&tcp->place);
	buffer_free(&tcp->out);
	free(tcp);
}

/* Let go of the socket now; nothing is called any more. */
static void
end(struct world_tcp * tcp)
{
	if (tcp->state == ENDED)
		return;
	tcp->state = ENDED;
	os_timer_stop(&tcp->os->world, &tcp->linger);
	list_remove(&tcp->dirty);
	uv_close((uv_handle_t *)&tcp->handle, freed);
}

/* The connection is over: say so, unless its owner already closed it. */
static void
lose(struct world_tcp * tcp, int status)
{
	bool tell = tcp->state != CLOSING && tcp->state != ENDED;

	end(tcp);
	if (tell && tcp->handler != NULL)
		tcp->handler->closed(tcp->user, status);
}

static struct world_tcp *
tcp_new(struct os * os)
{
	struct world_tcp * tcp;

	if ((tcp = calloc(1, sizeof(*tcp))) == NULL)
		return (NULL);
	if (uv_tcp_init(&os->loop, &tcp->handle) != 0) {
		free(tcp);
		return (NULL);
	}
	tcp->os = os;
	tcp->handle.data = tcp;
	list_init(&tcp->dirty);
	list_append(&os->tcps, &tcp->place);
	return (tcp);
}

static void
allocate(uv_handle_t * handle, size_t suggested, uv_buf_t * buf)
{
	struct world_tcp * tcp = handle->data;

	(void)suggested;
	*buf = uv_buf_init(tcp->os->read, READ_SIZE);
}

static void
arrived(uv_stream_t * stream, ssize_t n, const uv_buf_t * buf)
{
	struct world_tcp * tcp = stream->data;

	if (n > 0 && tcp->state == OPEN)
		tcp->handler->data(tcp->user, slice_of(buf->base, (size_t)n));
	else if (n == UV_EOF)
		lose(tcp, 0);
	else if (n < 0)
		lose(tcp, -ERR_STREAM_READ);
}

static void
read_as_wanted(struct world_tcp * tcp)
{
	bool wanted = tcp->state == OPEN && !tcp->paused;
	uv_stream_t * stream = (uv_stream_t *)&tcp->handle;

	if (wanted == tcp->reading)
		return;
	tcp->reading = wanted;
	if (wanted)
		(void)uv_read_start(stream, allocate, arrived);
	else
		(void)uv_read_stop(stream);
}

static void
touch(struct world_tcp * tcp)
{
	if (list_empty(&tcp->dirty))
		list_append(&tcp->os->dirty, &tcp->dirty);
}

static void
shut(uv_shutdown_t * request, int status)
{
	(void)status;
	end(request->data);
}

/* All was sent on a connection that its owner closed: say so to the peer. */
static void
finish(struct world_tcp * tcp)
{
	if (tcp->finishing || tcp->written > 0 || tcp->out.n > 0)
		return;
	tcp->finishing = true;
	tcp->shutdown.data = tcp;
	if (uv_shutdown(&tcp->shutdown, (uv_stream_t *)&tcp->handle, shut) != 0)
		end(tcp);
}

static void
written(uv_write_t * request, int status)
{
	struct write * write = request->data;
	struct world_tcp * tcp = write->tcp;

	tcp->written -= write->bytes.n;
	buffer_free(&write->bytes);
	free(write);
	if (tcp->state == ENDED)
		return;
	if (status != 0)
		lose(tcp, -ERR_STREAM_WRITE);
	else if (tcp->state == CLOSING)
		finish(tcp);
	else if (os_tcp_queued(tcp) == 0)
		tcp->handler->drained(tcp->user);
}

/* Hand over what is queued; libuv owns it until `written`. */
static int
send_out(struct world_tcp * tcp)
{
	struct write * write;
	uv_buf_t buf;

	if ((write = calloc(1, sizeof(*write))) == NULL)
		return (-ERR_STREAM_WRITE);
	write->tcp = tcp;
	write->request.data = write;
	write->bytes = tcp->out;
	buf = uv_buf_init((char *)write->bytes.p, (unsigned)write->bytes.n);
	if (uv_write(&write->request, (uv_stream_t *)&tcp->handle, &buf, 1,
	    written) != 0) {
		free(write);
		return (-ERR_STREAM_WRITE);
	}
	tcp->written += write->bytes.n;
	tcp->out = (struct buffer){0};
	return (0);
}

void
os_tcp_flush(struct os * os)
{
	struct world_tcp * tcp;
	struct list now;

	list_init(&now);
	list_splice(&now, &os->dirty);
	while (!list_empty(&now)) {
		tcp = list_entry(now.next, struct world_tcp, dirty);
		list_remove(&tcp->dirty);
		if (tcp->state == DIALING || tcp->state == ENDED)
			continue;
		if (tcp->out.n > 0 && send_out(tcp) != 0)
			lose(tcp, -ERR_STREAM_WRITE);
		else if (tcp->state == CLOSING)
			finish(tcp);
	}
}

static void
connected(uv_connect_t * request, int status)
{
	struct world_tcp * tcp = request->data;

	if (tcp->state != DIALING)
		return;
	if (status != 0) {
		lose(tcp, -ERR_STREAM_WRITE);
		return;
	}
	tcp->state = OPEN;
	(void)uv_tcp_nodelay(&tcp->handle, 1);
	read_as_wanted(tcp);
	if (tcp->out.n > 0)
		touch(tcp);
	tcp->handler->connected(tcp->user);
}

int
os_tcp_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp)
{
	struct sockaddr_storage address;
	struct world_tcp * t;

	if ((t = tcp_new(os_of(w))) == NULL)
		return (-ERR_INTERNAL);
	os_address_to(to, &address);
	t->handler = handler;
	t->user = user;
	t->state = DIALING;
	t->connect.data = t;
	if (uv_tcp_connect(&t->connect, &t->handle,
	    (const struct sockaddr *)&address, connected) != 0) {
		end(t);
		return (-ERR_STREAM_WRITE);
	}
	*tcp = t;
	return (0);
}

struct world_tcp *
os_tcp_accept(struct os * os, uv_stream_t * listener,
    struct world_address * from)
{
	struct sockaddr_storage address = {0};
	int size = sizeof(address);
	struct world_tcp * tcp;

	if ((tcp = tcp_new(os)) == NULL)
		return (NULL);
	tcp->state = OPEN;
	if (uv_accept(listener, (uv_stream_t *)&tcp->handle) != 0 ||
	    uv_tcp_getpeername(&tcp->handle, (struct sockaddr *)&address,
	    &size) != 0 ||
	    !os_address_from((const struct sockaddr *)&address, from)) {
		end(tcp);
		return (NULL);
	}
	(void)uv_tcp_nodelay(&tcp->handle, 1);
	return (tcp);
}

void
os_tcp_accepted(struct world_tcp * tcp)
{
	if (tcp->state == OPEN && tcp->handler == NULL)
		end(tcp);
	else
		read_as_wanted(tcp);
}

void
os_tcp_handle(struct world_tcp * tcp, const struct world_tcp_handler * handler,
    void * user)
{
	tcp->handler = handler;
	tcp->user = user;
}

int
os_tcp_write(struct world_tcp * tcp, struct slice bytes)
{
	if (tcp->state != OPEN && tcp->state != DIALING)
		return (-ERR_STREAM_WRITE);
	if (bytes.n > UINT32_MAX / 2 - tcp->out.n ||
	    buffer_reserve(&tcp->out, bytes.n) != 0)
		return (-ERR_STREAM_WRITE);
	buffer_slice(&tcp->out, bytes);
	if (bytes.n > 0)
		touch(tcp);
	return (0);
}

size_t
os_tcp_queued(const struct world_tcp * tcp)
{
	return (tcp->written + tcp->out.n);
}

void
os_tcp_pause(struct world_tcp * tcp, bool paused)
{
	tcp->paused = paused;
	read_as_wanted(tcp);
}

static void
linger_over(struct world_timer * timer)
{
	end(list_entry(timer, struct world_tcp, linger));
}

void
os_tcp_close(struct world_tcp * tcp)
{
	if (tcp->state == DIALING)
		end(tcp);
	if (tcp->state != OPEN)
		return;
	tcp->state = CLOSING;
	read_as_wanted(tcp);
	touch(tcp);
	tcp->linger.fire = linger_over;
	if (os_timer_start(&tcp->os->world, &tcp->linger, LINGER_MS) != 0)
		end(tcp);
}

void
os_tcp_end_all(struct os * os)
{
	struct list * at, * next;

	list_each(at, next, &os->tcps)
		end(list_entry(at, struct world_tcp, place));
}
