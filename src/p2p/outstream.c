#include "p2p/outstream.h"

#include "base/clock.h"

/* A peer whose identify never came is tried after this long, ms; and how long
 * one is left alone after its stream was lost. */
enum { IDENTIFY_MS = 1000, RETRY_MS = 1000, RETRY_LONGEST_MS = 60000 };

static uint64_t
now_of(const struct outstream * o)
{
	return (world_now(host_world(o->h)));
}

void
outstream_init(struct outstream * o, struct host * h,
    const struct peer_id * peer, const char * const * protocols,
    const struct outstream_handler * handler, void * user)
{
	*o = (struct outstream){.h = h, .peer = *peer, .protocols = protocols,
	    .handler = handler, .user = user};
	o->retry_at = clock_add(now_of(o), IDENTIFY_MS);
	outbox_init(&o->outbox, h);
}

static void
forget(struct outstream * o)
{
	o->s = NULL;
	o->ready = false;
	outbox_free(&o->outbox);
}

static void
back_off(struct outstream * o)
{
	forget(o);
	o->retry_at = clock_add(now_of(o),
	    clock_backoff(RETRY_MS, RETRY_LONGEST_MS, o->attempts));
	if (o->attempts < 16)
		o->attempts++;
}

void
outstream_free(struct outstream * o)
{
	if (o->s != NULL)
		stream_reset(o->s);
	forget(o);
}

static void
pump(struct outstream * o)
{
	if (outbox_pump(&o->outbox, o->s) && o->handler->drained != NULL)
		o->handler->drained(o->user);
}

static void
on_opened(void * user, struct stream * s, const char * protocol)
{
	struct outstream * o = user;
	unsigned which = 0;

	(void)s;
	while (o->protocols[which + 1] != NULL &&
	    strcmp(protocol, o->protocols[which]) != 0)
		which++;
	o->ready = true;
	o->attempts = 0;
	if (o->handler->opened != NULL)
		o->handler->opened(o->user, which);
	/* It may have been reset by whoever heard of it. */
	if (o->ready)
		pump(o);
}

static void
on_drained(void * user, struct stream * s)
{
	(void)s;
	pump(user);
}

static void
on_closed(void * user, struct stream * s, int status)
{
	struct outstream * o = user;

	(void)s;
	back_off(o);
	if (o->handler->lost != NULL)
		o->handler->lost(o->user, status);
}

int
outstream_open(struct outstream * o)
{
	static const struct stream_handler handler = {
		.opened = on_opened, .drained = on_drained,
		.closed = on_closed
	};
	int status;

	if (o->s != NULL)
		return (0);
	status = stream_open(o->h, &o->peer, o->protocols, &handler, o, &o->s);
	if (status != 0)
		back_off(o);
	return (status);
}

void
outstream_reset(struct outstream * o)
{
	struct stream * s = o->s;

	back_off(o);
	if (s != NULL)
		stream_reset(s);
}

bool
outstream_end_idle(struct outstream * o)
{
	if (!o->ready || outstream_waiting(o) > 0)
		return (false);
	stream_free(o->s);
	forget(o);
	return (true);
}

bool
outstream_backs_off(const struct outstream * o)
{
	return (o->s == NULL && o->attempts > 0 && o->retry_at > now_of(o));
}

int
outstream_send(struct outstream * o, struct slice message, bool droppable)
{
	int status = outbox_add(&o->outbox, message, droppable);

	if (status == 0 && o->ready)
		(void)outbox_pump(&o->outbox, o->s);
	return (status);
}

size_t
outstream_waiting(const struct outstream * o)
{
	return (o->outbox.bytes + (o->s == NULL ? 0 : stream_queued(o->s)));
}
