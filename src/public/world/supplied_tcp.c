/* supplied_tcp.c: TCP connections of the host. */
#include <stdlib.h>

#include "base/error.h"
#include "public/world/supplied.h"

struct world_tcp {
	struct supplied * s;
	void * host;
	const struct world_tcp_handler * handler;
	void * user;
	bool ended;
};

struct world_listener {
	struct supplied * s;
	void * host;
	void (*accepted)(void * user, struct world_tcp * tcp,
	    const struct world_address * from);
	void * user;
};

/* --- what the host tells -------------------------------------------------- */

static void
on_connected(void * arg)
{
	struct world_tcp * tcp = arg;

	tcp->handler->connected(tcp->user);
}

static void
on_data(void * arg, const void * bytes, size_t n)
{
	struct world_tcp * tcp = arg;

	tcp->handler->data(tcp->user, slice_of(bytes, n));
}

static void
on_drained(void * arg)
{
	struct world_tcp * tcp = arg;

	tcp->handler->drained(tcp->user);
}

static void
on_closed(void * arg, int status)
{
	struct world_tcp * tcp = arg;

	/* The handler may close it once more. */
	tcp->ended = true;
	tcp->handler->closed(tcp->user, status);
	free(tcp);
}

static const struct berty_tcp_events events = {
	.connected = on_connected,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

/* --- connections ---------------------------------------------------------- */

int
supplied_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp)
{
	struct berty_address address = supplied_to(to);
	struct supplied * s = supplied_of(w);
	struct world_tcp * t;

	if (s->host.dial == NULL)
		return (-ERR_STREAM_WRITE);
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (-ERR_INTERNAL);
	t->s = s;
	t->handler = handler;
	t->user = user;
	if (s->host.dial(s->host.user, &address, &events, t, &t->host) != 0) {
		free(t);
		return (-ERR_STREAM_WRITE);
	}
	*tcp = t;
	return (0);
}

void
supplied_tcp_handle(struct world_tcp * tcp,
    const struct world_tcp_handler * handler, void * user)
{
	tcp->handler = handler;
	tcp->user = user;
}

int
supplied_tcp_write(struct world_tcp * tcp, struct slice bytes)
{
	if (tcp->ended)
		return (-ERR_STREAM_WRITE);
	return (tcp->s->host.tcp_write(tcp->s->host.user, tcp->host, bytes.p,
	    bytes.n) == 0 ? 0 : -ERR_STREAM_WRITE);
}

size_t
supplied_tcp_queued(const struct world_tcp * tcp)
{
	return (tcp->ended ? 0 :
	    tcp->s->host.tcp_queued(tcp->s->host.user, tcp->host));
}

void
supplied_tcp_pause(struct world_tcp * tcp, bool paused)
{
	if (!tcp->ended)
		tcp->s->host.tcp_pause(tcp->s->host.user, tcp->host, paused);
}

void
supplied_tcp_close(struct world_tcp * tcp)
{
	if (tcp->ended)
		return;
	tcp->s->host.tcp_close(tcp->s->host.user, tcp->host);
	free(tcp);
}

/* --- listening ------------------------------------------------------------ */

static void
on_accepted(void * arg, void * host, const struct berty_address * from)
{
	struct world_address address = supplied_from(from);
	struct world_listener * l = arg;
	struct world_tcp * tcp;

	if ((tcp = calloc(1, sizeof(*tcp))) == NULL) {
		l->s->host.tcp_close(l->s->host.user, host);
		return;
	}
	tcp->s = l->s;
	tcp->host = host;
	l->s->host.tcp_handle(l->s->host.user, host, &events, tcp);
	l->accepted(l->user, tcp, &address);
}

int
supplied_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound)
{
	struct berty_address address = supplied_to(at), got = {0};
	struct supplied * s = supplied_of(w);
	struct world_listener * l;
	int rc;

	if (s->host.listen == NULL)
		return (-ERR_NOT_IMPLEMENTED);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (-ERR_INTERNAL);
	l->s = s;
	l->accepted = accepted;
	l->user = user;
	rc = s->host.listen(s->host.user, &address, on_accepted, l, &l->host,
	    &got);
	if (rc != 0) {
		free(l);
		return (rc < 0 ? rc : -ERR_INTERNAL);
	}
	if (bound != NULL)
		*bound = supplied_from(&got);
	*listener = l;
	return (0);
}

void
supplied_listener_close(struct world_listener * listener)
{
	listener->s->host.listener_close(listener->s->host.user,
	    listener->host);
	free(listener);
}
