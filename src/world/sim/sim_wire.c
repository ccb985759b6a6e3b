/* What travels on a connection: pieces with a time of arrival, in order. */
#include <stdlib.h>

#include "base/clock.h"
#include "world/sim/tcp_impl.h"

struct piece {
	struct event event;
	struct world_tcp * to;
	struct list place;
	enum kind kind;
	bool arrived;
	size_t n;
	uint8_t bytes[];
};

static struct world_tcp *
end_of(struct event * event, size_t offset)
{
	return ((struct world_tcp *)(void *)((char *)event - offset));
}

static void
send_now(struct event * event)
{
	struct world_tcp * end = end_of(event, offsetof(struct world_tcp, send));
	struct wire * wire = end->wire;
	size_t n;

	wire_hold(wire);
	while (end->out.n > 0 && end->under_way < WINDOW) {
		n = end->out.n < PIECE ? end->out.n : PIECE;
		end->under_way += n;
		wire_send(end->peer, DATA, slice_of(end->out.p, n));
		buffer_consume(&end->out, n);
	}
	if (end->out.n == 0 && end->state == OPEN)
		end->handler->drained(end->user);
	else if (end->out.n == 0 && end->state == CLOSING) {
		wire_send(end->peer, FIN, slice_of(NULL, 0));
		wire_end(end);
	}
	wire_release(wire);
}

static void
wake(struct event * event)
{
	wire_deliver(end_of(event, offsetof(struct world_tcp, wake)));
}

static void
linger_over(struct event * event)
{
	struct world_tcp * end = end_of(event,
	    offsetof(struct world_tcp, linger));
	struct wire * wire = end->wire;

	wire_hold(wire);
	wire_send(end->peer, RESET, slice_of(NULL, 0));
	wire_end(end);
	wire_release(wire);
}

static void
fail(struct event * event)
{
	struct world_tcp * end = end_of(event, offsetof(struct world_tcp, fail));

	wire_lose(end, end->state == DIALING ? -ERR_STREAM_WRITE :
	    -ERR_STREAM_READ);
}

static void
patience_over(struct event * event)
{
	struct wire * wire = list_entry(event, struct wire, patience);

	wire_hold(wire);
	wire_lose(&wire->end[0], -ERR_STREAM_READ);
	wire_lose(&wire->end[1], -ERR_STREAM_READ);
	wire_release(wire);
}

struct wire *
wire_new(struct sim * sim)
{
	struct world_tcp * end;
	struct wire * wire;
	int i;

	if ((wire = calloc(1, sizeof(*wire))) == NULL)
		return (NULL);
	wire->sim = sim;
	wire->patience.fire = patience_over;
	for (i = 0; i < 2; i++) {
		end = &wire->end[i];
		end->wire = wire;
		end->peer = &wire->end[1 - i];
		end->send.fire = send_now;
		end->wake.fire = wake;
		end->linger.fire = linger_over;
		end->fail.fire = fail;
		list_init(&end->pieces);
		list_init(&end->place);
	}
	return (wire);
}

void
wire_hold(struct wire * wire)
{
	wire->refs++;
}

static void
piece_free(struct piece * piece)
{
	event_stop(piece->to->wire->sim, &piece->event);
	list_remove(&piece->place);
	free(piece);
}

void
wire_release(struct wire * wire)
{
	if (--wire->refs > 0 || wire->end[0].state != ENDED ||
	    wire->end[1].state != ENDED)
		return;
	event_stop(wire->sim, &wire->open);
	event_stop(wire->sim, &wire->patience);
	free(wire);
}

/* The pieces to an end that nobody holds are of no use. */
static void
drop_pieces(struct world_tcp * end)
{
	struct piece * piece;

	while (!list_empty(&end->pieces)) {
		piece = list_entry(end->pieces.next, struct piece, place);
		piece_free(piece);
		end->wire->refs--;
	}
}

void
wire_end(struct world_tcp * end)
{
	struct wire * wire = end->wire;

	wire_hold(wire);
	event_stop(wire->sim, &end->send);
	event_stop(wire->sim, &end->wake);
	event_stop(wire->sim, &end->linger);
	event_stop(wire->sim, &end->fail);
	list_remove(&end->place);
	buffer_free(&end->out);
	drop_pieces(end);
	end->state = ENDED;
	wire_release(wire);
}

void
wire_lose(struct world_tcp * end, int status)
{
	bool tell = end->state == OPEN || end->state == DIALING;
	struct wire * wire = end->wire;

	if (end->state == ENDED || end->state == DEAD)
		return;
	wire_hold(wire);
	wire_end(end);
	if (tell && end->handler != NULL)
		end->handler->closed(end->user, status);
	wire_release(wire);
}

/* How long a piece travels, in microseconds; false: never, it was lost. */
static bool
travel(struct world_tcp * from, const struct sim_link * link, size_t n,
    uint64_t * us)
{
	struct sim * sim = from->wire->sim;
	unsigned lost;

	*us = link->latency_ms * UINT64_C(1000) +
	    dice_below(&sim->dice, link->jitter_ms * UINT64_C(1000) + 1);
	if (link->bytes_per_ms > 0) {
		if (from->line_free < sim->now)
			from->line_free = sim->now;
		from->line_free += n * 1000 / link->bytes_per_ms;
		*us += from->line_free - sim->now;
	}
	for (lost = 0; dice_chance(&sim->dice, link->loss); lost++) {
		if (lost == LOST_TIMES)
			return (false);
		*us += (UINT64_C(1000) * LOST_MS) << lost;
	}
	return (!dice_chance(&sim->dice, link->reset));
}

static void
arrived(struct event * event)
{
	struct piece * piece = list_entry(event, struct piece, event);

	piece->arrived = true;
	wire_deliver(piece->to);
}

static struct piece *
put(struct world_tcp * to, enum kind kind, struct slice bytes, uint64_t us)
{
	struct sim * sim = to->wire->sim;
	uint64_t at = clock_add(sim->now, us);
	struct piece * piece;

	if ((piece = calloc(1, sizeof(*piece) + bytes.n)) == NULL)
		abort();
	piece->event.fire = arrived;
	piece->to = to;
	piece->kind = kind;
	piece->n = bytes.n;
	if (bytes.n > 0)
		memcpy(piece->bytes, bytes.p, bytes.n);
	if (at < to->last)
		at = to->last;
	to->last = at;
	list_append(&to->pieces, &piece->place);
	wire_hold(to->wire);
	if (event_in(sim, &piece->event, at - sim->now) != 0)
		abort();
	return (piece);
}

/* Swap a piece with the one before it, if it is still on its way. */
static void
overtake(struct world_tcp * to, struct piece * piece)
{
	struct list * before = piece->place.prev;
	struct piece * other;

	if (before == &to->pieces)
		return;
	other = list_entry(before, struct piece, place);
	if (other->arrived || other->kind != DATA)
		return;
	list_remove(before);
	list_append(&to->pieces, before);
	other->arrived = false;
}

static void
damage(struct world_tcp * to, struct piece * piece, const struct sim_link * link)
{
	struct dice * dice = &to->wire->sim->dice;

	if (piece->n > 0 && dice_chance(dice, link->corrupt))
		piece->bytes[dice_below(dice, piece->n)] ^=
		    (uint8_t)(1 + dice_below(dice, 255));
	if (dice_chance(dice, link->duplicate)) {
		to->peer->under_way += piece->n;
		(void)put(to, DATA, slice_of(piece->bytes, piece->n), 0);
	} else if (dice_chance(dice, link->reorder))
		overtake(to, piece);
}

void
wire_send(struct world_tcp * to, enum kind kind, struct slice bytes)
{
	struct world_tcp * from = to->peer;
	const struct sim_link * link;
	struct piece * piece;
	uint64_t us;

	if (to->state == ENDED || to->node == NULL || from->node == NULL) {
		/* Nobody is there: a host answers data with a reset. */
		from->under_way -= kind == DATA ? bytes.n : 0;
		if (kind == DATA && from->state == OPEN && !from->fail.queued)
			(void)event_in(from->wire->sim, &from->fail, 20000);
		return;
	}
	link = link_between(to->wire->sim, to->node, from->node);
	if (!travel(from, link, bytes.n, &us)) {
		from->under_way -= kind == DATA ? bytes.n : 0;
		(void)put(to, RESET, slice_of(NULL, 0), us);
		if (from->state != ENDED)
			(void)put(from, RESET, slice_of(NULL, 0), us);
		return;
	}
	piece = put(to, kind, bytes, us);
	if (kind == DATA)
		damage(to, piece, link);
}

/* Take the piece in; the end may be gone afterwards. */
static void
take(struct world_tcp * to, struct piece * piece)
{
	struct world_tcp * from = to->peer;
	struct wire * wire = to->wire;

	list_remove(&piece->place);
	event_stop(wire->sim, &piece->event);
	switch (piece->kind) {
	case DATA:
		from->under_way -= piece->n;
		if (from->out.n > 0 && !from->send.queued &&
		    (from->state == OPEN || from->state == CLOSING))
			(void)event_in(wire->sim, &from->send, 0);
		if (to->state != OPEN)
			break;
		fingerprint(wire->sim, slice_of(piece->bytes, piece->n));
		to->handler->data(to->user, slice_of(piece->bytes, piece->n));
		break;
	case FIN:
		wire_lose(to, 0);
		break;
	case RESET:
		wire_lose(to, -ERR_STREAM_READ);
		break;
	}
	free(piece);
	wire_release(wire);
}

void
wire_deliver(struct world_tcp * to)
{
	struct wire * wire = to->wire;
	struct piece * piece;

	wire_hold(wire);
	while (!list_empty(&to->pieces)) {
		piece = list_entry(to->pieces.next, struct piece, place);
		if (!piece->arrived || to->state == DIALING ||
		    to->state == DEAD ||
		    (to->state == OPEN && to->paused && piece->kind != RESET))
			break;
		if (link_cut(wire->sim, to->node, to->peer->node)) {
			if (!wire->patience.queued)
				(void)event_in(wire->sim, &wire->patience,
				    wire->sim->patience);
			break;
		}
		take(to, piece);
	}
	wire_release(wire);
}
