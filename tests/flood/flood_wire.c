/* flood_wire.c: connections that lead to nothing. */
#include "flood/flood.h"

#include <stdlib.h>

#include "p2p/multistream.h"

/* --- half-open ------------------------------------------------------------- */

enum { HALF_OPEN = 200 };

/* A TCP connection that goes so far and no further. */
struct half {
	struct flood * f;
	struct world_tcp * tcp;
	unsigned kind;
};

static void half_dial(struct half * h);

static void
half_connected(void * user)
{
	static const uint8_t noise[34] = {0, 32, 9};
	struct half * h = user;
	struct buffer out = {0};

	h->f->done++;
	if (h->kind > 0)
		multistream_message(&out, "/multistream/1.0.0");
	if (h->kind > 1) {
		multistream_message(&out, "/noise");
		buffer_append(&out, noise, sizeof(noise));
	}
	/* The last kind stops within a message. */
	if (h->kind > 2)
		out.n -= 5;
	if (out.n > 0)
		(void)world_tcp_write(h->f->w, h->tcp, buffer_all(&out));
	buffer_free(&out);
}

static void
half_data(void * user, struct slice bytes)
{
	(void)user;
	(void)bytes;
}

static void
half_drained(void * user)
{
	(void)user;
}

static void
half_closed(void * user, int status)
{
	struct half * h = user;

	(void)status;
	h->tcp = NULL;
}

static void
half_dial(struct half * h)
{
	static const struct world_tcp_handler handler = {half_connected,
	    half_data, half_drained, half_closed};
	struct world_address to = {.v6 = h->f->address.v6,
	    .port = h->f->address.port};

	memcpy(to.ip, h->f->address.ip, sizeof(to.ip));
	if (world_dial(h->f->w, &to, &handler, h, &h->tcp) != 0)
		h->tcp = NULL;
}

/* 200 at a time, and 10 new ones each tick. */
static void
half_open(struct bot * b)
{
	static struct half halves[HALF_OPEN];
	unsigned i, n = 0;

	for (i = 0; i < HALF_OPEN && n < 10; i++) {
		if (halves[i].tcp != NULL)
			continue;
		halves[i] = (struct half){.f = b->f, .kind = i % 4};
		half_dial(&halves[i]);
		n++;
	}
}

/* --- connections ------------------------------------------------------------ */

static void
connected(struct bot * b)
{
	b->f->done++;
}

/* Six of each peer, where four are allowed; those that fail again at once. */
static void
connections(struct bot * b)
{
	if (b->h->n_connections.used < 6 && b->count++ % 10 == 0)
		flood_connect(b);
}

/* Up and down as fast as it goes. */
static void
reconnect(struct bot * b)
{
	if (b->up)
		host_disconnect(b->h, &b->f->address.peer);
	else if (b->h->n_connections.used < 2)
		flood_connect(b);
}

const struct attack flood_wire[] = {
	{.name = "half-open", .bots = 1, .tick = half_open},
	{.name = "connections", .bots = 100, .connections = 6,
	    .up = connected, .tick = connections},
	{.name = "reconnect", .bots = 20, .up = connected, .tick = reconnect},
	{.name = NULL},
};
