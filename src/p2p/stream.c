/* stream.c: a stream of a connection: its bytes, its user, and its end. */
#include <stdlib.h>

#include "base/error.h"
#include "p2p/host_impl.h"

/* Bytes queued in a stream: no more beyond, and told again below. */
enum { QUEUE_HIGH = 1024 * 1024, QUEUE_LOW = 64 * 1024 };

/* All streams of a connection together may queue so many budgets. */
#define QUEUE_SHARE 4

/* How long a freed stream waits for the peer to end as well, ms. */
#define LINGER 60000

static void
make_ready(struct stream * s)
{
	if (list_empty(&s->ready_place))
		list_append(&s->h->ready, &s->ready_place);
	host_schedule(s->h);
}

/* --- bytes held while the user does not read ------------------------------ */

static void
hold(struct stream * s, struct slice bytes)
{
	if (!budget_take(&s->h->buffered, bytes.n)) {
		connection_fail(s->c, -ERR_STREAM_READ);
		return;
	}
	buffer_slice(&s->held, bytes);
	if (s->held.failed) {
		budget_give(&s->h->buffered, bytes.n);
		connection_fail(s->c, -ERR_INTERNAL);
		return;
	}
	s->c->held += bytes.n;
	budget_note(&s->h->held, s->c->held);
}

/* They are the user's, or nobody's, now. */
static struct buffer
release(struct stream * s)
{
	struct buffer held = s->held;

	s->held = (struct buffer){0};
	s->c->held -= held.n;
	budget_give(&s->h->buffered, held.n);
	if (held.n > 0 && s->c->stalled)
		connection_mark(s->c);
	return (held);
}

void
stream_consumed(struct stream * s, size_t n)
{
	if (s->y == NULL || n == 0)
		return;
	yamux_consumed(s->y, n, world_now(s->h->w), s->c->rtt);
	connection_mark(s->c);
}

static void
drop_held(struct stream * s)
{
	struct buffer held = release(s);

	stream_consumed(s, held.n);
	buffer_free(&held);
}

/* --- the end ------------------------------------------------------------ */

static void
close_yamux(struct stream * s)
{
	if (s->y == NULL)
		return;
	yamux_close(s->y);
	s->y = NULL;
	list_remove(&s->writing_place);
	connection_mark(s->c);
}

/* No more of it; its memory goes at the end of the turn. */
static void
go(struct stream * s)
{
	if (s->gone)
		return;
	s->gone = true;
	world_timer_stop(s->h->w, &s->timer);
	close_yamux(s);
	drop_held(s);
	list_remove(&s->ready_place);
	list_remove(&s->place);
	list_append(&s->h->dead_streams, &s->place);
	host_schedule(s->h);
}

void
stream_destroy(struct stream * s)
{
	list_remove(&s->place);
	list_remove(&s->ready_place);
	list_remove(&s->writing_place);
	world_timer_stop(s->h->w, &s->timer);
	multistream_free(s->negotiation);
	buffer_free(&s->held);
	free(s->protocol);
	free(s);
}

/* The user hears of it, unless there is none. */
static void
close_with(struct stream * s, int status)
{
	world_timer_stop(s->h->w, &s->timer);
	close_yamux(s);
	s->status = status;
	s->closed_due = true;
	if (s->abandoned)
		go(s);
	else
		make_ready(s);
}

void
stream_abort(struct stream * s, int status)
{
	if (s == NULL || s->gone || s->closed_due)
		return;
	/* What came before the peer ended is the user's all the same. */
	if (!s->ended)
		drop_held(s);
	close_with(s, status);
}

/* Both sides ended and all was sent. */
static void
finish(struct stream * s)
{
	if (s->y != NULL && !s->gone && yamux_finished(s->y))
		close_with(s, 0);
}

/* All that the streams of a connection may queue together: little, when peers
 * that do not read have used up what there is. */
static size_t
share(const struct connection * c)
{
	if (budget_is_tight(&c->h->queued))
		return ((size_t)budget_little(&c->h->queued));
	return (c->h->limits.buffered_per_connection * QUEUE_SHARE);
}

/* Is there room again for who wants to write?  For one that found the
 * connection full, only when there is plenty: it is not the only one. */
static bool
drained(const struct stream * s)
{
	return (yamux_queued(s->y) <= QUEUE_LOW && (!s->refused ||
	    yamux_waiting(s->c->yamux) <= share(s->c) / 2));
}

void
stream_flushed(struct stream * s)
{
	if (s->y == NULL)
		return;
	if (s->wants_drained && drained(s)) {
		s->wants_drained = s->refused = false;
		s->drained_due = true;
		make_ready(s);
	}
	if (!yamux_unsent(s->y) && !s->refused)
		list_remove(&s->writing_place);
	finish(s);
}

/* --- sending ------------------------------------------------------------ */

/* Have it looked at by each flush, until there is nothing more to see. */
static void
join_writing(struct stream * s)
{
	if (list_empty(&s->writing_place))
		list_append(&s->c->writing, &s->writing_place);
	connection_mark(s->c);
}

/* Queue bytes of ours and see to it that they are flushed. */
int
stream_queue(struct stream * s, struct slice bytes)
{
	int status;

	if ((status = yamux_write(s->y, bytes)) != 0)
		return (status);
	join_writing(s);
	return (0);
}

/* --- telling the user --------------------------------------------------- */

static void
deliver_held(struct stream * s)
{
	struct buffer held = release(s);

	if (s->handler.data != NULL)
		s->handler.data(s->user, s, buffer_all(&held));
	if (!s->gone)
		stream_consumed(s, held.n);
	buffer_free(&held);
}

static void
deliver_small(struct stream * s)
{
	if (s->opened_due) {
		s->opened_due = false;
		if (s->handler.opened != NULL)
			s->handler.opened(s->user, s, s->protocol);
	}
	if (!s->gone && s->drained_due) {
		s->drained_due = false;
		if (s->handler.drained != NULL)
			s->handler.drained(s->user, s);
	}
}

void
stream_deliver(struct stream * s)
{
	if (s->gone)
		return;
	deliver_small(s);
	if (!s->gone && s->held.n > 0 && !s->paused)
		deliver_held(s);
	if (s->gone || s->held.n > 0)
		return;
	if (s->ended && !s->end_told) {
		s->end_told = true;
		if (s->handler.end != NULL)
			s->handler.end(s->user, s);
	}
	if (s->gone || !s->closed_due)
		return;
	if (s->handler.closed != NULL)
		s->handler.closed(s->user, s, s->status);
	go(s);
}

/* --- what the peer sends ------------------------------------------------ */

void
stream_data(struct stream * s, struct slice bytes)
{
	if (s == NULL || s->gone || s->closed_due)
		return;
	if (s->negotiation != NULL) {
		stream_negotiate(s, &bytes);
		if (s->gone || s->closed_due || s->negotiation != NULL)
			return;
	}
	if (bytes.n == 0)
		return;
	if (s->abandoned) {
		stream_consumed(s, bytes.n);
	} else if (s->paused || s->held.n > 0) {
		hold(s, bytes);
	} else {
		if (s->handler.data != NULL)
			s->handler.data(s->user, s, bytes);
		if (!s->gone)
			stream_consumed(s, bytes.n);
	}
}

void
stream_ended(struct stream * s)
{
	if (s == NULL || s->gone || s->closed_due)
		return;
	if (s->negotiation != NULL && s->outgoing) {
		stream_abort(s, -ERR_STREAM_READ);
		return;
	}
	s->ended = true;
	/* A reset would overtake our last answer. */
	if (s->negotiation != NULL) {
		stream_free(s);
		return;
	}
	if (!s->abandoned)
		stream_deliver(s);
	finish(s);
}

/* --- what the user asks for --------------------------------------------- */

void
stream_handle(struct stream * s, const struct stream_handler * handler,
    void * user)
{
	s->handler = *handler;
	s->user = user;
}

const struct peer_id *
stream_peer(const struct stream * s)
{
	return (&s->peer);
}

bool
stream_connected(const struct stream * s)
{
	return (!s->c->dead);
}

int
stream_write(struct stream * s, struct slice bytes)
{
	int status;

	if (s->y == NULL || s->abandoned ||
	    (s->negotiation != NULL && !s->single))
		return (-ERR_STREAM_WRITE);
	if (yamux_queued(s->y) >= QUEUE_HIGH)
		return (-ERR_STREAM_WRITE);
	if (yamux_waiting(s->c->yamux) >= share(s->c)) {
		budget_refuse(&s->h->queued);
		s->wants_drained = s->refused = true;
		join_writing(s);
		return (-ERR_STREAM_WRITE);
	}
	if ((status = stream_queue(s, bytes)) == 0)
		s->wants_drained = true;
	return (status);
}

size_t
stream_queued(const struct stream * s)
{
	return (s->y == NULL ? 0 : yamux_queued(s->y));
}

void
stream_pause(struct stream * s, bool paused)
{
	s->paused = paused;
	if (!paused && !s->gone && (s->held.n > 0 || s->closed_due))
		make_ready(s);
}

void
stream_end(struct stream * s)
{
	if (s->y == NULL)
		return;
	yamux_end(s->y);
	join_writing(s);
}

void
stream_reset(struct stream * s)
{
	go(s);
}

void
stream_free(struct stream * s)
{
	if (s->gone)
		return;
	s->handler = (struct stream_handler){0};
	s->abandoned = true;
	if (s->y == NULL) {
		go(s);
		return;
	}
	drop_held(s);
	stream_end(s);
	(void)world_timer_start(s->h->w, &s->timer, LINGER);
	finish(s);
}
