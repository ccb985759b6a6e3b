#include "p2p/direct_channel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "p2p/frame.h"
#include "p2p/outbox.h"
#include "p2p/patience.h"

/* Budgets: a message, what is held of a peer's unfinished ones, bytes; how
 * long sending or receiving one may take, ms. */
enum {
	MESSAGE_MAX = 4 << 20,
	HELD_PEER = 8 << 20,
	SEND_MS = 60000,
	RECEIVE_MS = 60000,
	AGAIN_MS = 1000,          /* looked at again when the connection is full */
};

/* Messages of no use that are looked at.  An honest peer may send some, of a
 * group that was left, or when its clock is far off. */
static const struct bucket_size USELESS = {.burst = 64, .rate = 4};

static const char PROTOCOL[] = "/go-orbit-db/direct-channel/1.2.0";

struct direct_channel {
	struct host * host;
	struct world * world;
	bool (*message)(void * user, const struct peer_id * from,
	    struct slice message);
	void * user;
	struct list sending;
	struct list receiving;
	struct map senders;       /* peer id: struct sender */
	struct budget held;       /* bytes of a peer's messages not whole */
	struct patience useless;
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

/* Who has streams to us. */
struct sender {
	struct peer_id id;
	unsigned streams;
	size_t held;              /* bytes of messages not whole */
};

struct receiving {
	struct list place;
	struct direct_channel * d;
	struct stream * s;
	struct sender * from;
	struct frame_reader frames;
	size_t held;              /* bytes counted for the sender */
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
	outbox_init(&out->outbox, d->host);
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

static struct sender *
sender_get(struct direct_channel * d, const struct peer_id * id)
{
	struct sender * from = map_get(&d->senders, peer_id_slice(id));

	if (from != NULL)
		return (from);
	if ((from = calloc(1, sizeof(*from))) == NULL)
		return (NULL);
	from->id = *id;
	if (map_set(&d->senders, peer_id_slice(id), from) != 0) {
		free(from);
		return (NULL);
	}
	return (from);
}

/* Bytes held of the message, counted against its sender. */
static void
count_held(struct receiving * in)
{
	in->from->held += in->frames.held.n - in->held;
	in->held = in->frames.held.n;
}

static void
receiving_free(struct receiving * in)
{
	struct direct_channel * d = in->d;
	struct sender * from = in->from;

	world_timer_stop(d->world, &in->timer);
	frame_free(&in->frames);
	count_held(in);
	if (--from->streams == 0) {
		(void)map_remove(&d->senders, peer_id_slice(&from->id));
		free(from);
	}
	buffer_free(&in->message);
	list_remove(&in->place);
	free(in);
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

	if (budget_allows(&d->held, in->from->held, bytes.n) &&
	    frame_feed(&in->frames, bytes, take_message, in) == 0) {
		count_held(in);
		return;
	}
	if (in->whole) {
		stream_free(s);
		if (!d->message(d->user, &in->from->id,
		    buffer_all(&in->message)))
			patience_lose(&d->useless, &in->from->id,
			    world_now(d->world));
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
	struct receiving * in;

	(void)protocol;
	if (!patience_has(&d->useless, stream_peer(s), world_now(d->world)) ||
	    (in = calloc(1, sizeof(*in))) == NULL) {
		stream_reset(s);
		return;
	}
	if ((in->from = sender_get(d, stream_peer(s))) == NULL) {
		free(in);
		stream_reset(s);
		return;
	}
	in->from->streams++;
	in->d = d;
	in->s = s;
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
    bool (*message)(void * user, const struct peer_id * from,
        struct slice message),
    void * user)
{
	struct direct_channel * d = calloc(1, sizeof(*d));
	uint64_t seed;

	if (d == NULL)
		return (NULL);
	d->host = h;
	d->world = host_world(h);
	d->message = message;
	d->user = user;
	list_init(&d->sending);
	list_init(&d->receiving);
	budget_init(&d->held, "direct.unfinished_bytes_of_peer", HELD_PEER);
	world_random(d->world, (uint8_t *)&seed, sizeof(seed));
	patience_init(&d->useless, "direct.useless_of_peer", &USELESS, seed);
	d->senders.seed = seed;
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
	map_free(&d->senders);
	patience_free(&d->useless);
	free(d);
}

/* The most that a peer holds now. */
static uint64_t
most_held(const struct direct_channel * d)
{
	uint64_t most = 0, held;
	struct slice key;
	size_t at = 0;
	void * from;

	while (map_next(&d->senders, &at, &key, &from)) {
		held = ((struct sender *)from)->held;
		if (held > most)
			most = held;
	}
	return (most);
}

void
direct_channel_budgets(const struct direct_channel * d,
    const struct budget_walk * walk)
{
	budget_tell_used(walk, &d->held, most_held(d));
	budget_tell(walk, &d->useless.shown);
}
