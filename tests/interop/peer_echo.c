/* peer_echo.c: what comes goes back, as slowly as the reader takes it. */
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"

enum { CHUNK = 64 << 10, QUEUE = 128 << 10 };

/* --- served --------------------------------------------------------------- */

struct echo {
	struct list place;
	struct peer * peer;
	struct stream * s;
};

static void
echo_forget(struct echo * e)
{
	list_remove(&e->place);
	free(e);
}

static void
echo_pace(struct echo * e)
{
	stream_pause(e->s, e->peer->held || stream_queued(e->s) > QUEUE);
}

static void
echo_data(void * user, struct stream * s, struct slice bytes)
{
	struct echo * e = user;

	if (stream_write(s, bytes) == 0) {
		echo_pace(e);
		return;
	}
	fprintf(stderr, "echo: the answer does not fit\n");
	stream_reset(s);
	echo_forget(e);
}

static void
echo_drained(void * user, struct stream * s)
{
	(void)s;
	echo_pace(user);
}

static void
echo_end(void * user, struct stream * s)
{
	(void)user;
	stream_end(s);
}

static void
echo_closed(void * user, struct stream * s, int status)
{
	(void)s;
	(void)status;
	echo_forget(user);
}

static const struct stream_handler SERVED = {
	.data = echo_data, .drained = echo_drained, .end = echo_end,
	.closed = echo_closed,
};

static void
echo_accept(void * user, struct stream * s, const char * protocol)
{
	struct peer * p = user;
	struct echo * e = calloc(1, sizeof(*e));

	(void)protocol;
	if (e == NULL) {
		stream_reset(s);
		return;
	}
	e->peer = p;
	e->s = s;
	list_append(&p->echoes, &e->place);
	stream_handle(s, &SERVED, e);
	echo_pace(e);
}

void
peer_hold(struct peer * p, const struct line * l)
{
	struct list * place, * following;

	p->held = l->n > 2 && strcmp(l->word[2], "on") == 0;
	list_each (place, following, &p->echoes)
		echo_pace(list_entry(place, struct echo, place));
	peer_ok(l->word[0], "%s", p->held ? "on" : "off");
}

int
peer_echo_start(struct peer * p)
{
	list_init(&p->echoes);
	list_init(&p->trips);
	return (host_serve(p->host, ECHO_PROTOCOL, echo_accept, p));
}

/* --- asked for ------------------------------------------------------------ */

/* Bytes on their way there and back; ping is the same with 32 of them. */
struct trip {
	struct list place;
	struct stream * s;
	uint64_t size, sent, came;
	uint32_t out, back;       /* the pattern's state, each way */
	bool wrong, ended;
	bool kept;                /* we end it once all came */
	char id[];
};

static uint8_t
next_byte(uint32_t * x)
{
	*x = *x * 1664525u + 1013904223u;
	return ((uint8_t)(*x >> 24));
}

static void
trip_write(struct trip * t)
{
	uint8_t bytes[CHUNK];
	size_t i, n;

	while (t->sent < t->size && stream_queued(t->s) < QUEUE) {
		n = t->size - t->sent < CHUNK ?
		    (size_t)(t->size - t->sent) : CHUNK;
		for (i = 0; i < n; i++)
			bytes[i] = next_byte(&t->out);
		if (stream_write(t->s, slice_of(bytes, n)) != 0)
			return;
		t->sent += n;
	}
	if (t->sent == t->size && !t->kept && !t->ended) {
		t->ended = true;
		stream_end(t->s);
	}
}

static void
trip_done(struct trip * t, int status)
{
	if (status != 0)
		peer_err(t->id, "%s after %llu of %llu bytes",
		    error_name(-status), (unsigned long long)t->came,
		    (unsigned long long)t->size);
	else if (t->wrong || t->came != t->size)
		peer_err(t->id, "other bytes came back: %llu of %llu",
		    (unsigned long long)t->came, (unsigned long long)t->size);
	else
		peer_ok(t->id, "%llu", (unsigned long long)t->came);
	list_remove(&t->place);
	free(t);
}

static void
trip_data(void * user, struct stream * s, struct slice bytes)
{
	struct trip * t = user;
	size_t i;

	for (i = 0; i < bytes.n; i++)
		t->wrong |= bytes.p[i] != next_byte(&t->back);
	t->came += bytes.n;
	if (t->kept && t->came >= t->size) {
		stream_free(s);
		trip_done(t, 0);
	}
}

static void
trip_drained(void * user, struct stream * s)
{
	(void)s;
	trip_write(user);
}

static void
trip_closed(void * user, struct stream * s, int status)
{
	struct trip * t = user;

	(void)s;
	if (status == 0 && t->kept)
		status = -ERR_STREAM_READ;
	trip_done(t, status);
}

static const struct stream_handler TRIP = {
	.data = trip_data, .drained = trip_drained, .closed = trip_closed,
};

static void
trip_start(struct peer * p, const struct line * l, const char * protocol,
    uint64_t size, bool kept)
{
	const char * const protocols[] = {protocol, NULL};
	struct peer_id id;
	struct trip * t;
	int rc;

	if (!peer_id_word(l, 2, &id))
		return;
	if ((t = calloc(1, sizeof(*t) + strlen(l->word[0]) + 1)) == NULL) {
		peer_err(l->word[0], "no memory");
		return;
	}
	strcpy(t->id, l->word[0]);
	list_append(&p->trips, &t->place);
	t->size = size;
	t->kept = kept;
	rc = stream_open(p->host, &id, protocols, &TRIP, t, &t->s);
	if (rc != 0) {
		trip_done(t, rc);
		return;
	}
	trip_write(t);
}

void
peer_echo(struct peer * p, const struct line * l)
{
	uint64_t size;

	if (peer_number(l, 3, &size))
		trip_start(p, l, ECHO_PROTOCOL, size, false);
}

/* How much of the latest echo was written. */
void
peer_sent(struct peer * p, const struct line * l)
{
	struct list * place, * following;
	uint64_t sent = 0;

	list_each (place, following, &p->trips) {
		const struct trip * t = list_entry(place, struct trip, place);

		if (!t->kept)
			sent = t->sent;
	}
	peer_ok(l->word[0], "%llu", (unsigned long long)sent);
}

void
peer_ping(struct peer * p, const struct line * l)
{
	trip_start(p, l, PING_PROTOCOL, 32, true);
}

void
peer_echo_stop(struct peer * p)
{
	struct list * place, * following;

	list_each (place, following, &p->echoes)
		free(list_entry(place, struct echo, place));
	list_each (place, following, &p->trips)
		free(list_entry(place, struct trip, place));
}
