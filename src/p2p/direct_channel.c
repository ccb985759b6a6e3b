#include "p2p/direct_channel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "p2p/frame.h"
#include "p2p/outbox.h"

/* Budgets: a message, what is held of a peer's unfinished ones, bytes; how
 * long sending or receiving one may take, ms. */
enum {
	MESSAGE_MAX = 4 << 20,
	HELD_PEER = 8 << 20,
	SEND_MS = 60000,
	RECEIVE_MS = 60000,
	AGAIN_MS = 1000,          /* looked at again when the connection is full */
};

static const char PROTOCOL[] = "/go-orbit-db/direct-channel/1.2.0";

struct direct_channel {
	struct host * host;
	struct world * world;
	void (*message)(void * user, const struct peer_id * from,
	    struct slice message);
	void * user;
	struct list sending;
	struct list receiving;
};

struct sending {
	struct list place;
	struct direct_channel * d;
	struct stream * s;
	struct outbox outbox;
	struct world_timer timer;
	uint64_t until;
	bool opened;              /* the peer agreed to the protocol */
	bool ended;               /* all was handed to the stream, */
	bool left;                /* and went out */
	void (*sent)(void * user, int status);
	void * user;
};

struct receiving {
	struct list place;
	struct direct_channel * d;
	struct stream * s;
	struct peer_id from;
	struct frame_reader frames;
	struct world_timer timer;
	struct buffer message;
	bool whole;
};

/* --- sending --- */

static void
sending_free(struct sending * out)
{
	world_timer_stop(out->d->world, &out->timer);
	outbox_free(&out->outbox);
	list_remove(&out->place);
	free(out);
}

static void
finish(struct sending * out, int status)
{
	void (*sent)(void *, int) = out->sent;
	void * user = out->user;

	sending_free(out);
	if (sent != NULL)
		sent(user, status);
}

static void
pump(struct sending * out)
{
	if (out->ended || !outbox_pump(&out->outbox, out->s))
		return;
	out->ended = true;
	stream_end(out->s);
}

static void
out_opened(void * user, struct stream * s, const char * protocol)
{
	struct sending * out = user;

	(void)s;
	(void)protocol;
	out->opened = true;
	pump(out);
}

static void
out_drained(void * user, struct stream * s)
{
	struct sending * out = user;

	(void)s;
	out->left = out->ended;
	pump(out);
}

/* The receiver resets the stream once it has read the message: that is no
 * failure if all had left. */
static void
out_closed(void * user, struct stream * s, int status)
{
	struct sending * out = user;

	(void)s;
	if (out->opened && out->left)
		status = 0;
	else if (status == 0)
		status = -ERR_STREAM_WRITE;
	finish(out, status);
}

static const struct stream_handler OUT = {
	.opened = out_opened,
	.drained = out_drained,
	.closed = out_closed,
};

static void
look_again(struct world_timer * timer)
{
	struct sending * out = list_entry(timer, struct sending, timer);
	struct world * w = out->d->world;

	if (world_now(w) < out->until) {
		pump(out);
		(void)world_timer_start(w, &out->timer, AGAIN_MS);
		return;
	}
	stream_reset(out->s);
	finish(out, out->opened && out->left ? 0 : -ERR_STREAM_WRITE);
}

int
direct_channel_send(struct direct_channel * d, const struct peer_id * to,
    struct slice message, void (*sent)(void * user, int status), void * user)
{
	static const char * const protocols[] = {PROTOCOL, NULL};
	struct sending * out;
	int status;

	if (message.n > MESSAGE_MAX)
		return (-ERR_INVALID_INPUT);
	if ((out = calloc(1, sizeof(*out))) == NULL)
		return (-ERR_INTERNAL);
	out->d = d;
	out->sent = sent;
	out->user = user;
	out->timer.fire = look_again;
	out->until = clock_add(world_now(d->world), SEND_MS);
	list_init(&out->place);
	outbox_init(&out->outbox);
	if ((status = outbox_add(&out->outbox, message, false)) != 0)
		goto err1;
	if ((status = stream_open(d->host, to, protocols, &OUT, out,
	    &out->s)) != 0)
		goto err1;
	list_append(&d->sending, &out->place);
	(void)world_timer_start(d->world, &out->timer, AGAIN_MS);
	pump(out);
	return (0);

err1:
	sending_free(out);
	return (status);
}

/* --- receiving --- */

static void
receiving_free(struct receiving * in)
{
	world_timer_stop(in->d->world, &in->timer);
	frame_free(&in->frames);
	buffer_free(&in->message);
	list_remove(&in->place);
	free(in);
}

static size_t
held_for(const struct direct_channel * d, const struct peer_id * peer)
{
	const struct list * place;
	size_t held = 0;

	for (place = d->receiving.next; place != &d->receiving;
	     place = place->next) {
		const struct receiving * in =
		    list_entry(place, const struct receiving, place);

		if (peer_id_equal(&in->from, peer))
			held += in->frames.held.n;
	}
	return (held);
}

static int
take_message(void * user, struct slice message)
{
	struct receiving * in = user;

	buffer_slice(&in->message, message);
	in->whole = !in->message.failed;
	return (1);
}

/*
 * Nothing but one message is read of a stream.  The reference resets it then;
 * we end it, so that the answer of a negotiation that came with the message is
 * not lost to the sender.
 */
static void
in_data(void * user, struct stream * s, struct slice bytes)
{
	struct receiving * in = user;
	struct direct_channel * d = in->d;

	if (held_for(d, &in->from) + bytes.n <= HELD_PEER &&
	    frame_feed(&in->frames, bytes, take_message, in) == 0)
		return;
	if (in->whole) {
		stream_free(s);
		d->message(d->user, &in->from, buffer_all(&in->message));
	} else
		stream_reset(s);
	receiving_free(in);
}

static void
in_end(void * user, struct stream * s)
{
	stream_reset(s);
	receiving_free(user);
}

static void
in_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	receiving_free(user);
}

static const struct stream_handler IN = {
	.data = in_data,
	.end = in_end,
	.closed = in_closed,
};

static void
receive_late(struct world_timer * timer)
{
	struct receiving * in = list_entry(timer, struct receiving, timer);

	stream_reset(in->s);
	receiving_free(in);
}

static void
accept_in(void * user, struct stream * s, const char * protocol)
{
	struct direct_channel * d = user;
	struct receiving * in = calloc(1, sizeof(*in));

	(void)protocol;
	if (in == NULL) {
		stream_reset(s);
		return;
	}
	in->d = d;
	in->s = s;
	in->from = *stream_peer(s);
	in->frames.max = MESSAGE_MAX;
	in->frames.shared = host_unfinished(d->host);
	in->timer.fire = receive_late;
	list_append(&d->receiving, &in->place);
	stream_handle(s, &IN, in);
	(void)world_timer_start(d->world, &in->timer, RECEIVE_MS);
}

/* --- life --- */

struct direct_channel *
direct_channel_new(struct host * h,
    void (*message)(void * user, const struct peer_id * from,
        struct slice message),
    void * user)
{
	struct direct_channel * d = calloc(1, sizeof(*d));

	if (d == NULL)
		return (NULL);
	d->host = h;
	d->world = host_world(h);
	d->message = message;
	d->user = user;
	list_init(&d->sending);
	list_init(&d->receiving);
	if (host_serve(h, PROTOCOL, accept_in, d) != 0) {
		free(d);
		return (NULL);
	}
	return (d);
}

void
direct_channel_free(struct direct_channel * d)
{
	struct list * place, * following;

	if (d == NULL)
		return;
	host_unserve(d->host, PROTOCOL);
	list_each (place, following, &d->sending) {
		struct sending * out = list_entry(place, struct sending, place);

		stream_reset(out->s);
		sending_free(out);
	}
	list_each (place, following, &d->receiving) {
		struct receiving * in =
		    list_entry(place, struct receiving, place);

		stream_reset(in->s);
		receiving_free(in);
	}
	free(d);
}
