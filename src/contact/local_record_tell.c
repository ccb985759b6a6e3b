/* local_record_tell.c: telling neighbours our namespaces. */
#include <stdlib.h>

#include "base/reader.h"
#include "codec/utf8.h"
#include "contact/local_record_impl.h"

/* What we tell is good for as long, seconds; as Go. */
#define TTL_S 7200

/* A connected peer near by, and what it is still to be told. */
struct near {
	struct local_record * l;
	struct peer_id peer;
	const struct dialect * dialect;
	struct buffer frames;     /* behind their lengths */
	size_t at;
	struct stream * stream;   /* carries one of them */
	struct world_timer timer; /* its end */
	struct world_timer again; /* all is told a second time */
	struct list place;
};

static void next_frame(struct near * n);

static void
near_done(struct near * n)
{
	world_timer_stop(n->l->w, &n->timer);
	n->stream = NULL;
	next_frame(n);
}

/* The reader resets the stream when it has read: that is no failure. */
static void
near_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	near_done(user);
}

static const struct stream_handler near_handler = {.closed = near_closed};

static void
near_late(struct world_timer * timer)
{
	struct near * n = list_entry(timer, struct near, timer);

	stream_reset(n->stream);
	near_done(n);
}

static bool
send_frame(struct near * n, struct slice frame)
{
	const char * const protocols[] = {n->dialect->protocol, NULL};

	if (stream_open(n->l->host, &n->peer, protocols, &near_handler, n,
	    &n->stream) != 0)
		return (false);
	if (stream_write(n->stream, frame) != 0) {
		stream_reset(n->stream);
		n->stream = NULL;
		return (false);
	}
	stream_end(n->stream);
	(void)world_timer_start(n->l->w, &n->timer, LOCAL_RECORD_STREAM_MS);
	return (true);
}

/* One frame a stream, one stream at a time: Go reads no second frame. */
static void
next_frame(struct near * n)
{
	struct reader r = reader_of(slice_of(n->frames.p + n->at,
	    n->frames.n - n->at));
	size_t size;

	if (n->stream != NULL)
		return;
	if (r.n > 0) {
		(void)reader_prefixed(&r, LOCAL_RECORD_SENT);
		size = n->frames.n - n->at - r.n;
		n->at += size;
		if (send_frame(n, slice_of(n->frames.p + n->at - size, size)))
			return;
	}
	/* All is told; or it could not be, and is told again when renewed. */
	buffer_free(&n->frames);
	n->at = 0;
}

/* Tell a neighbour our namespaces; only those that are fresh. */
static void
tell(struct near * n, bool fresh)
{
	struct local_record_writer w = {.out = &n->frames};
	int64_t expire = local_record_now(n->l) + TTL_S;
	struct list * at, * next;
	struct own * o;

	list_each(at, next, &n->l->own) {
		o = list_entry(at, struct own, place);
		if ((!fresh || o->fresh) && (!n->dialect->text ||
		    utf8_valid(buffer_all(&o->ns))))
			local_record_write(&w, buffer_all(&o->ns), expire);
	}
	local_record_write_end(&w);
	if (n->frames.failed && n->stream == NULL) {
		buffer_free(&n->frames);
		n->at = 0;
	}
	next_frame(n);
}

void
local_record_tell(struct local_record * l, bool fresh)
{
	struct list * at, * next;

	list_each(at, next, &l->near)
		tell(list_entry(at, struct near, place), fresh);
	list_each(at, next, &l->own)
		list_entry(at, struct own, place)->fresh = false;
}

/* --- neighbours --------------------------------------------------------- */

/*
 * A node of 2022 keeps with a record the addresses it knows of us when it
 * reads it: none, when that is before it has heard our identify, and nobody
 * is found by such a record.  By now it has.
 * Source: berty driver_localdiscovery.go:handleStream.
 */
static void
tell_again(struct world_timer * timer)
{
	tell(list_entry(timer, struct near, again), false);
}

static void
near_free(struct near * n)
{
	world_timer_stop(n->l->w, &n->timer);
	world_timer_stop(n->l->w, &n->again);
	if (n->stream != NULL)
		stream_reset(n->stream);
	list_remove(&n->place);
	buffer_free(&n->frames);
	free(n);
}

static struct near *
near_find(struct local_record * l, const struct peer_id * peer,
    const struct dialect * dialect)
{
	struct list * at, * next;
	struct near * n;

	list_each(at, next, &l->near) {
		n = list_entry(at, struct near, place);
		if (n->dialect == dialect && peer_id_equal(&n->peer, peer))
			return (n);
	}
	return (NULL);
}

static bool
is_near(struct local_record * l, const struct peer_id * peer)
{
	struct host_peer_info info = {0};
	bool near;

	if (host_peer_info(l->host, peer, &info) != 0)
		return (false);
	near = multiaddr_is_private(buffer_all(&info.address));
	buffer_free(&info.address);
	buffer_free(&info.agent);
	return (near);
}

static void
near_new(struct local_record * l, const struct peer_id * peer,
    const struct dialect * dialect)
{
	struct near * n;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		return;
	n->l = l;
	n->peer = *peer;
	n->dialect = dialect;
	n->timer.fire = near_late;
	n->again.fire = tell_again;
	list_append(&l->near, &n->place);
	tell(n, false);
	if (dialect->again_ms > 0)
		(void)world_timer_start(l->w, &n->again, dialect->again_ms);
}

/* Its protocols are known, or changed. */
void
local_record_met(void * user, const struct peer_id * peer)
{
	struct local_record * l = user;
	const struct dialect * d;
	struct near * n;
	bool speaks;

	if (!is_near(l, peer))
		return;
	for (d = l->dialects; d < l->dialects + l->n_dialects; d++) {
		n = near_find(l, peer, d);
		speaks = host_peer_speaks(l->host, peer, d->protocol);
		if (n == NULL && speaks)
			near_new(l, peer, d);
		else if (n != NULL && !speaks)
			near_free(n);
	}
}

void
local_record_lost(void * user, const struct peer_id * peer)
{
	struct local_record * l = user;
	const struct dialect * d;
	struct near * n;

	for (d = l->dialects; d < l->dialects + l->n_dialects; d++)
		if ((n = near_find(l, peer, d)) != NULL)
			near_free(n);
}

void
local_record_tell_free(struct local_record * l)
{
	while (!list_empty(&l->near))
		near_free(list_entry(l->near.next, struct near, place));
}
