/* flood_streams.c: streams that lead to nothing. */
#include "flood/flood.h"

#include "p2p/multistream.h"

static struct connection *
connection_at(struct bot * b)
{
	return (connection_of(b->h, &b->f->address.peer));
}

/* Open ever more, say half a header on each, and leave it at that. */
static void
silent(struct bot * b)
{
	struct connection * c = connection_at(b);
	struct yamux_stream * y;
	unsigned i;

	for (i = 0; c != NULL && i < 20; i++) {
		if ((y = yamux_open(c->yamux)) == NULL)
			break;
		/* Nobody must look for its user: it has none. */
		(void)yamux_write(y, slice_text("\x13/multi"));
		b->f->done++;
	}
	if (c != NULL)
		connection_mark(c);
}

/* SYN and RST, over and over. */
static void
churn(struct bot * b)
{
	struct connection * c = connection_at(b);
	struct buffer frames = {0}, wire = {0};
	unsigned i;

	if (c == NULL)
		return;
	for (i = 0; i < 200; i++) {
		uint32_t id = (uint32_t)(1 + 2 * (100000 + b->count++));

		/* Version 0, a window update; SYN, then RST. */
		buffer_be32(&frames, 0x00010001);
		buffer_be32(&frames, id);
		buffer_be32(&frames, 0);
		buffer_be32(&frames, 0x00010008);
		buffer_be32(&frames, id);
		buffer_be32(&frames, 0);
		b->f->done++;
	}
	if (world_tcp_queued(b->f->w, c->tcp) < 65536) {
		security_seal(c->security, &wire, buffer_all(&frames));
		(void)connection_write(c, &wire);
	}
	buffer_free(&frames);
	buffer_free(&wire);
}

/* Pings of the session, whose answers are not read. */
static void
pings(struct bot * b)
{
	struct connection * c = connection_at(b);
	struct buffer frames = {0}, wire = {0};
	unsigned i;

	if (c == NULL)
		return;
	world_tcp_pause(b->f->w, c->tcp, true);
	for (i = 0; i < 1000; i++) {
		buffer_be32(&frames, 0x00020001);
		buffer_be32(&frames, 0);
		buffer_be32(&frames, (uint32_t)b->count++);
	}
	if (world_tcp_queued(b->f->w, c->tcp) < 65536) {
		security_seal(c->security, &wire, buffer_all(&frames));
		(void)connection_write(c, &wire);
		b->f->done += 1000;
	}
	buffer_free(&frames);
	buffer_free(&wire);
}

/* The ping protocol on many streams, whose echoes are not read. */
static void
echoes(struct bot * b)
{
	static const char * const protocols[] = {"/ipfs/ping/1.0.0", NULL};
	static const struct stream_handler deaf = {0};
	static const uint8_t data[32 * 1024];
	struct stream * s;

	if (stream_open(b->h, &b->f->address.peer, protocols, &deaf, NULL,
	    &s) != 0)
		return;
	if (stream_write(s, slice_of(data, sizeof(data))) == 0)
		b->f->done++;
	stream_pause(s, true);
}

/* --- messages that never become whole --------------------------------------- */

static const char * const kinds[] = {"/meshsub/1.1.0", "/ipfs/bitswap/1.2.0",
    "/go-orbit-db/direct-channel/1.2.0", "/ipfs/id/push/1.0.0",
    "/wesh/contact_req/1.0.0"};
static const size_t sizes[] = {1 << 20, 4 << 20, 4 << 20, 60000, 2000};

static void
unfinished(struct bot * b)
{
	static const struct stream_handler deaf = {0};
	static const uint8_t data[60000];
	size_t kind = (b->number + b->count) % 5;
	const char * protocols[] = {kinds[kind], NULL};
	struct buffer out = {0};
	struct stream * s;
	size_t n;

	/* As much as fits into the window, and one message a stream. */
	if (++b->count > 2000 || stream_open(b->h, &b->f->address.peer,
	    protocols, &deaf, NULL, &s) != 0)
		return;
	buffer_uvarint(&out, sizes[kind]);
	n = sizes[kind] - 1 < 4 * sizeof(data) ? sizes[kind] - 1 :
	    4 * sizeof(data);
	while (n > 0) {
		size_t piece = n < sizeof(data) ? n : sizeof(data);

		buffer_append(&out, data, piece);
		n -= piece;
	}
	if (stream_write(s, buffer_all(&out)) == 0)
		b->f->done++;
	buffer_free(&out);
}

const struct attack flood_streams[] = {
	{.name = "silent-streams", .bots = 60, .connections = 4,
	    .tick = silent},
	{.name = "stream-churn", .bots = 8, .connections = 1, .tick = churn},
	{.name = "unread-pings", .bots = 60, .connections = 1, .tick = pings},
	{.name = "unread-echoes", .bots = 60, .connections = 1,
	    .tick = echoes},
	{.name = "unfinished", .bots = 60, .connections = 1,
	    .tick = unfinished},
	{.name = NULL},
};
