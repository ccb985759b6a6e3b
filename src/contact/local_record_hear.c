/* local_record_hear.c: what neighbours tell. */
#include <stdlib.h>

#include "base/clock.h"
#include "contact/local_record_impl.h"
#include "p2p/frame.h"

/* A stream on which a frame comes. */
struct incoming {
	struct local_record * l;
	struct stream * stream;
	struct frame_reader reader;
	struct world_timer timer;
	struct list place;
};

static void
incoming_free(struct incoming * in)
{
	world_timer_stop(in->l->w, &in->timer);
	list_remove(&in->place);
	budget_give(&in->l->n_incoming, 1);
	frame_free(&in->reader);
	free(in);
}

static void
hear_record(void * user, struct slice ns, int64_t expire)
{
	struct incoming * in = user;
	struct local_record * l = in->l;
	const struct peer_id * peer = stream_peer(in->stream);
	int64_t now = local_record_now(l);
	uint64_t left;

	if (ns.n == 0 || ns.n > LOCAL_RECORD_NAMESPACE || expire <= now)
		return;
	left = (uint64_t)expire - (uint64_t)now;
	if (left > LOCAL_RECORD_DAY)
		left = LOCAL_RECORD_DAY;
	if (neighbourhood_keep(&l->told, peer, ns, world_now(l->w),
	    clock_add(world_now(l->w), left * 1000)))
		discovery_found_by(l->discovery, l->driver.name, ns, peer);
}

static int
hear_frame(void * user, struct slice frame)
{
	struct incoming * in = user;

	if (local_record_read(frame, hear_record, in) != 0)
		log_debug(in->l->w->log, "localdisc", "a bad local record");
	/* There is one frame in a stream. */
	return (1);
}

static void
incoming_data(void * user, struct stream * s, struct slice bytes)
{
	struct incoming * in = user;

	if (frame_feed(&in->reader, bytes, hear_frame, in) == 0)
		return;
	stream_reset(s);
	incoming_free(in);
}

static void
incoming_end(void * user, struct stream * s)
{
	stream_reset(s);
	incoming_free(user);
}

static void
incoming_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	incoming_free(user);
}

static void
incoming_late(struct world_timer * timer)
{
	struct incoming * in = list_entry(timer, struct incoming, timer);

	stream_reset(in->stream);
	incoming_free(in);
}

static const struct stream_handler incoming_handler = {
	.data = incoming_data,
	.end = incoming_end,
	.closed = incoming_closed,
};

void
local_record_hear(void * user, struct stream * s, const char * protocol)
{
	struct local_record * l = user;
	struct incoming * in;

	(void)protocol;
	if ((in = calloc(1, sizeof(*in))) == NULL ||
	    !budget_take(&l->n_incoming, 1)) {
		free(in);
		stream_reset(s);
		return;
	}
	in->l = l;
	in->stream = s;
	in->reader.max = LOCAL_RECORD_READ;
	in->timer.fire = incoming_late;
	list_append(&l->incoming, &in->place);
	(void)world_timer_start(l->w, &in->timer, LOCAL_RECORD_STREAM_MS);
	stream_handle(s, &incoming_handler, in);
}

void
local_record_hear_free(struct local_record * l)
{
	struct incoming * in;

	while (!list_empty(&l->incoming)) {
		in = list_entry(l->incoming.next, struct incoming, place);
		stream_reset(in->stream);
		incoming_free(in);
	}
}
