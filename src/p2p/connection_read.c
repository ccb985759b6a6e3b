/* connection_read.c: what comes on a connection: the upgrade, then frames. */
#include "base/error.h"
#include "p2p/host_impl.h"

/* Stop reading until the streams' users took what is held for them. */
static void
stall(struct connection * c)
{
	c->stalled = true;
	keepalive_stalled(c);
	world_tcp_pause(c->h->w, c->tcp, true);
}

static void
handle_event(struct connection * c, const struct yamux_event * e)
{
	struct stream * s =
	    e->stream == NULL ? NULL : yamux_user(e->stream);

	switch (e->type) {
	case YAMUX_INCOMING:
		stream_incoming(c, e->stream);
		break;
	case YAMUX_DATA:
		stream_data(s, e->data);
		break;
	case YAMUX_END:
		stream_ended(s);
		break;
	case YAMUX_RESET:
		stream_abort(s, -ERR_STREAM_READ);
		break;
	case YAMUX_PONG:
		keepalive_answer(c, e->value);
		break;
	case YAMUX_GOAWAY:
		break;
	}
}

/*
 * Look at opened bytes, never more at once than the budget has room for, so
 * that what users hold back cannot exceed it.
 */
static int
read_plain(struct connection * c)
{
	struct slice in = buffer_all(&c->plain), part;
	struct yamux_event event;
	size_t room;
	int status = 0;

	while (!c->dead && (in.n > 0 || status > 0)) {
		room = c->h->limits.buffered_per_connection - c->held;
		if (room == 0) {
			budget_refuse(&c->h->held);
			stall(c);
			break;
		}
		part = slice_of(in.p, in.n < room ? in.n : room);
		room = part.n;
		if ((status = yamux_next(c->yamux, &part, &event)) < 0)
			break;
		in = slice_of(in.p + (room - part.n), in.n - (room - part.n));
		if (status > 0)
			handle_event(c, &event);
	}
	buffer_consume(&c->plain, c->plain.n - in.n);
	return (status < 0 ? status : 0);
}

static int
read_frames(struct connection * c, struct slice * in)
{
	int status = 0;

	while (status >= 0 && !c->dead && !c->stalled) {
		if (c->plain.n > 0) {
			status = read_plain(c);
			continue;
		}
		if ((status = security_open(c->security, in, &c->plain)) == 0)
			break;
	}
	return (status < 0 ? status : 0);
}

/* The peer is known and wanted: from now on it has streams. */
static int
come_up(struct connection * c)
{
	const struct peer_id * id = upgrade_peer(c->upgrade);
	struct yamux_config config = {.client = c->outbound,
	    .all = &c->h->n_streams,
	    .streams = &c->h->streams,
	    .backlog = &c->h->backlog,
	    /* Half the budget: one stream that is paused must not use it up
	     * and so hold back what its user waits for. */
	    .growth = c->h->limits.buffered_per_connection / 2};
	struct peer * p;

	if (peer_id_equal(id, &c->h->id) ||
	    (c->expected.n > 0 && !peer_id_equal(id, &c->expected)))
		return (-ERR_INVALID_INPUT);
	if ((p = peerstore_get(&c->h->peers, id)) == NULL)
		return (-ERR_INTERNAL);
	if (!budget_allows(&c->h->per_peer, p->n_connections, 1))
		return (-ERR_STREAM_WRITE);
	if ((c->yamux = yamux_new(&config)) == NULL)
		return (-ERR_INTERNAL);
	c->security = upgrade_finish(c->upgrade, &c->plain);
	c->peer = p;
	connection_leave_half_open(c);
	c->up = true;
	c->since = world_now(c->h->w);
	c->h->dial_waiting = true;
	list_append(&p->connections, &c->peer_place);
	if (p->n_connections++ == 0)
		host_tell(c->h, EVENT_UP, &p->id, 0);
	upgrade_free(c->upgrade);
	c->upgrade = NULL;
	return (0);
}

static int
read_upgrade(struct connection * c, struct slice * in)
{
	struct buffer out = {0};
	struct dial * dial;
	int status, written;

	status = upgrade_feed(c->upgrade, in, &out);
	written = connection_write(c, &out);
	buffer_free(&out);
	if (status <= 0)
		return (status);
	if (written != 0 || (written = come_up(c)) != 0)
		return (written);
	dial = c->dial;
	c->dial = NULL;
	if (dial != NULL)
		dialer_result(dial, c, 0);
	keepalive_start(c);
	identify_service_ask(c);
	/* Watchers hear of a peer before its streams do. */
	host_deliver(c->h);
	return (0);
}

int
connection_receive(struct connection * c, struct slice * in)
{
	int status = 0;

	if (!c->up)
		status = read_upgrade(c, in);
	if (status == 0 && c->up && !c->dead)
		status = read_frames(c, in);
	return (status);
}

/* Go on with what was kept while reading stood still. */
void
connection_resume(struct connection * c)
{
	struct buffer raw = c->raw;
	struct slice in = buffer_all(&raw);
	int status;

	c->raw = (struct buffer){0};
	c->stalled = false;
	if ((status = read_frames(c, &in)) != 0)
		connection_fail(c, status);
	else if (c->stalled)
		buffer_slice(&c->raw, in);
	else if (!c->dead)
		world_tcp_pause(c->h->w, c->tcp, false);
	buffer_free(&raw);
}
