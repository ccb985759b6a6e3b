/* connection.c: a TCP connection, from the dial to its last byte. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "p2p/host_impl.h"

/* What waits in the world for the network, bytes, before we stop flushing. */
#define WRITE_HIGH (256 * 1024)

/* A flush of about this much fits into one Noise frame, or two of TLS. */
#define FLUSH_SIZE (31 * 1024)

/* Answers to frames of the session that a peer does not read, bytes. */
#define CONTROL_MAX (64 * 1024)

/* Who is not up after this part of its time may have to go for another. */
#define HALF_OPEN_PART 5

/* --- counting ----------------------------------------------------------- */

static struct budget *
half_open(struct host * h, bool outbound)
{
	return (outbound ? &h->half_open_out : &h->half_open_in);
}

/* Is there room for one more? */
static bool
count(struct host * h, bool outbound)
{
	if (!budget_take(&h->n_connections, 1))
		goto err0;
	if (!outbound && !budget_take(&h->n_in, 1))
		goto err1;
	if (!budget_take(half_open(h, outbound), 1))
		goto err2;
	return (true);

err2:
	if (!outbound)
		budget_give(&h->n_in, 1);
err1:
	budget_give(&h->n_connections, 1);
err0:
	return (false);
}

static void
uncount(struct host * h, bool outbound)
{
	budget_give(&h->n_connections, 1);
	if (!outbound)
		budget_give(&h->n_in, 1);
}

/* --- the end ------------------------------------------------------------ */

void
connection_leave_half_open(struct connection * c)
{
	budget_give(half_open(c->h, c->outbound), 1);
}

/* No longer one of the peer's; its watchers hear when it was the last. */
static void
leave_peer(struct connection * c)
{
	struct peer * p = c->peer;

	list_remove(&c->peer_place);
	p->n_connections--;
	if (p->n_connections > 0)
		return;
	host_tell(c->h, EVENT_DOWN, &p->id, 0);
	peer_forget(p);
	dialer_lost(c->h, &p->id);
}

void
connection_fail(struct connection * c, int status)
{
	struct list * place, * next;
	struct dial * dial = c->dial;

	if (c->dead)
		return;
	c->dead = true;
	c->dial = NULL;
	world_timer_stop(c->h->w, &c->timer);
	if (c->tcp != NULL)
		world_tcp_close(c->h->w, c->tcp);
	c->tcp = NULL;
	list_each(place, next, &c->streams)
		stream_abort(list_entry(place, struct stream, place), status);
	list_remove(&c->place);
	list_remove(&c->dirty_place);
	list_append(&c->h->dead_connections, &c->place);
	uncount(c->h, c->outbound);
	budget_give(&c->h->queued, c->queued);
	c->queued = 0;
	if (c->up)
		leave_peer(c);
	else
		connection_leave_half_open(c);
	c->h->dial_waiting = true;
	if (dial != NULL)
		dialer_result(dial, c, status);
	host_schedule(c->h);
}

void
connection_free(struct connection * c)
{
	upgrade_free(c->upgrade);
	security_free(c->security);
	yamux_free(c->yamux);
	buffer_free(&c->raw);
	buffer_free(&c->plain);
	list_remove(&c->place);
	free(c);
}

/* --- sending ------------------------------------------------------------ */

int
connection_write(struct connection * c, const struct buffer * wire)
{
	if (wire->failed)
		return (-ERR_INTERNAL);
	if (wire->n == 0)
		return (0);
	if (world_tcp_queued(c->h->w, c->tcp) == 0)
		c->last_progress = world_now(c->h->w);
	return (world_tcp_write(c->h->w, c->tcp, buffer_all(wire)));
}

static void
tell_writers(struct connection * c)
{
	struct list * place, * next;

	list_each(place, next, &c->writing)
		stream_flushed(list_entry(place, struct stream,
		    writing_place));
}

static void
flush(struct connection * c)
{
	struct buffer plain = {0}, wire = {0};
	size_t high = budget_is_tight(&c->h->queued) ? FLUSH_SIZE : WRITE_HIGH;
	int status = 0;

	while (status == 0 && c->tcp != NULL &&
	    world_tcp_queued(c->h->w, c->tcp) < high) {
		buffer_clear(&plain);
		buffer_clear(&wire);
		(void)yamux_flush(c->yamux, &plain, FLUSH_SIZE);
		if (plain.n == 0)
			break;
		security_seal(c->security, &wire, buffer_all(&plain));
		status = plain.failed ? -ERR_INTERNAL :
		    connection_write(c, &wire);
	}
	/* A peer that makes us answer and never reads the answers. */
	if (status == 0 && yamux_control(c->yamux) > CONTROL_MAX)
		status = -ERR_STREAM_WRITE;
	buffer_free(&plain);
	buffer_free(&wire);
	if (status != 0)
		connection_fail(c, status);
	else
		tell_writers(c);
}

void
connection_close(struct connection * c, int status)
{
	struct buffer wire = {0};

	if (c->up && !c->dead) {
		yamux_goaway(c->yamux, YAMUX_NORMAL);
		flush(c);
	}
	if (c->up && c->tcp != NULL) {
		security_close(c->security, &wire);
		(void)connection_write(c, &wire);
		buffer_free(&wire);
	}
	connection_fail(c, status);
}

void
connection_mark(struct connection * c)
{
	if (c->dead || !c->up)
		return;
	if (list_empty(&c->dirty_place))
		list_append(&c->h->dirty, &c->dirty_place);
	host_schedule(c->h);
}

/* Count anew what waits to be sent on it. */
static void
count_queued(struct connection * c)
{
	struct budget * b = &c->h->queued;
	size_t n = yamux_waiting(c->yamux) + yamux_control(c->yamux) +
	    world_tcp_queued(c->h->w, c->tcp);

	budget_note(b, b->used - c->queued + n);
	c->queued = n;
}

void
connection_settle(struct connection * c)
{
	if (c->dead)
		return;
	if (c->stalled && c->held < c->h->limits.buffered_per_connection)
		connection_resume(c);
	if (!c->dead)
		flush(c);
	if (!c->dead)
		count_queued(c);
}

/* --- the world's callbacks ---------------------------------------------- */

static void
on_data(void * user, struct slice bytes)
{
	struct connection * c = user;
	struct host * h = c->h;
	int status = 0;

	c->last_read = world_now(h->w);
	if (!c->dead && !c->stalled)
		status = connection_receive(c, &bytes);
	if (!c->dead && c->stalled)
		buffer_slice(&c->raw, bytes);
	/* Nothing of c may be used after a failure but by the turn. */
	if (status != 0 || c->raw.failed)
		connection_fail(c, status != 0 ? status : -ERR_INTERNAL);
	else
		connection_mark(c);
	host_turn(h);
}

static void
on_drained(void * user)
{
	struct connection * c = user;
	struct host * h = c->h;

	c->last_progress = world_now(h->w);
	connection_mark(c);
	host_turn(h);
}

static void
on_closed(void * user, int status)
{
	struct connection * c = user;
	struct host * h = c->h;

	c->tcp = NULL;
	connection_fail(c, status != 0 ? status : -ERR_STREAM_READ);
	host_turn(h);
}

static int
begin_upgrade(struct connection * c)
{
	struct upgrade_config config = {.dialer = c->outbound,
	    .securities = c->securities, .identity = c->h->key,
	    .expected = c->expected, .tls = c->h->tls,
	    .wall = world_wall(c->h->w) / 1000000000};
	struct buffer out = {0};
	int status;

	world_random(c->h->w, config.static_private, 32);
	world_random(c->h->w, config.ephemeral_private, 32);
	c->upgrade = upgrade_new(&config, &out);
	crypto_wipe(&config, sizeof(config));
	status = c->upgrade == NULL ? -ERR_INTERNAL : connection_write(c, &out);
	buffer_free(&out);
	return (status);
}

static void
on_connected(void * user)
{
	struct connection * c = user;
	struct host * h = c->h;
	int status;

	if ((status = begin_upgrade(c)) != 0)
		connection_fail(c, status);
	host_turn(h);
}

static const struct world_tcp_handler tcp_handler = {
	on_connected, on_data, on_drained, on_closed
};

static void
on_timer(struct world_timer * timer)
{
	struct connection * c = list_entry(timer, struct connection, timer);
	struct host * h = c->h;

	if (c->up)
		keepalive_fire(c);
	else
		connection_fail(c, -ERR_STREAM_READ);
	host_turn(h);
}

/* --- the beginning ------------------------------------------------------ */

static struct connection *
connection_new(struct host * h, bool outbound,
    const struct multiaddr_tcp * remote)
{
	struct connection * c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (NULL);
	c->h = h;
	c->outbound = outbound;
	c->remote = *remote;
	c->remote.peer.n = 0;
	c->securities = h->securities;
	c->timer.fire = on_timer;
	list_init(&c->streams);
	list_init(&c->writing);
	list_init(&c->peer_place);
	list_init(&c->dirty_place);
	list_init(&c->place);
	return (c);
}

/* It was counted, and has so much time to come up. */
static void
enter(struct connection * c)
{
	list_append(&c->h->connections, &c->place);
	c->since = world_now(c->h->w);
	(void)world_timer_start(c->h->w, &c->timer,
	    c->h->limits.upgrade_ms);
}

int
connection_dial(struct host * h, const struct multiaddr_tcp * to,
    const struct peer_id * expected, unsigned securities,
    struct dial * dial)
{
	struct world_address address = {.v6 = to->v6, .port = to->port};
	struct connection * c;
	int status;

	if (!count(h, true))
		return (-ERR_STREAM_WRITE);
	status = -ERR_INTERNAL;
	if ((c = connection_new(h, true, to)) == NULL)
		goto err0;
	memcpy(address.ip, to->ip, sizeof(address.ip));
	status = world_dial(h->w, &address, &tcp_handler, c, &c->tcp);
	if (status != 0)
		goto err1;
	c->expected = *expected;
	c->securities = securities;
	c->dial = dial;
	enter(c);
	return (0);

err1:
	connection_free(c);
err0:
	uncount(h, true);
	budget_give(&h->half_open_out, 1);
	return (status);
}

static bool
opened_none(const struct connection * c)
{
	const struct list * place;

	for (place = c->streams.next; place != &c->streams;
	     place = place->next)
		if (!list_entry(place, const struct stream, place)->outgoing)
			return (false);
	return (true);
}

/* Has it had its time, and does nothing with what it takes up? */
static bool
is_idle(const struct connection * c)
{
	uint64_t age = clock_sub(world_now(c->h->w), c->since);

	if (c->outbound)
		return (false);
	if (!c->up)
		return (age >= c->h->limits.upgrade_ms / HALF_OPEN_PART);
	return (opened_none(c) && age >= c->h->limits.upgrade_ms);
}

/*
 * When strangers take up all there is, a new one has the place of the oldest
 * that is still not up, or that opened no stream: else a few who connect and
 * say nothing would keep everybody out.
 */
static void
make_room(struct host * h)
{
	bool half = h->half_open_in.used >= h->half_open_in.limit;
	struct list * place, * next;
	struct connection * c;

	if (!half && h->n_in.used < h->n_in.limit &&
	    h->n_connections.used < h->n_connections.limit)
		return;
	list_each(place, next, &h->connections) {
		c = list_entry(place, struct connection, place);
		if (!is_idle(c) || (half && c->up))
			continue;
		budget_refuse(half ? &h->half_open_in : &h->n_in);
		connection_close(c, -ERR_STREAM_WRITE);
		return;
	}
}

void
connection_accept(struct host * h, struct world_tcp * tcp,
    const struct world_address * from)
{
	struct multiaddr_tcp remote = {.v6 = from->v6, .port = from->port};
	struct connection * c = NULL;
	int status;

	memcpy(remote.ip, from->ip, sizeof(remote.ip));
	make_room(h);
	if (!count(h, false)) {
		world_tcp_close(h->w, tcp);
		return;
	}
	if ((c = connection_new(h, false, &remote)) == NULL) {
		uncount(h, false);
		budget_give(&h->half_open_in, 1);
		world_tcp_close(h->w, tcp);
		return;
	}
	c->tcp = tcp;
	world_tcp_handle(h->w, tcp, &tcp_handler, c);
	enter(c);
	if ((status = begin_upgrade(c)) != 0)
		connection_fail(c, status);
}

struct connection *
connection_of(const struct host * h, const struct peer_id * peer)
{
	struct peer * p = peerstore_find(&h->peers, peer);

	if (p == NULL || list_empty(&p->connections))
		return (NULL);
	return (list_entry(p->connections.next, struct connection,
	    peer_place));
}
