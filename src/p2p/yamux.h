/*
 * yamux.h: many streams on one connection.  Sans-IO: what the peer sends comes
 * out as events, what is to be sent is asked for.  Source: yamux spec
 * (hashicorp), window growth as go-yamux v4.
 */
#ifndef BERTY_P2P_YAMUX_H
#define BERTY_P2P_YAMUX_H

#include "base/budget.h"
#include "base/buffer.h"

#define YAMUX_PROTOCOL "/yamux/1.0.0"

/* Bytes of a header, of a window at first, and of the largest window. */
enum { YAMUX_HEADER = 12, YAMUX_WINDOW = 256 * 1024,
	YAMUX_WINDOW_MAX = 16 * 1024 * 1024 };

/* Codes of a go away. */
enum { YAMUX_NORMAL = 0, YAMUX_PROTOCOL_ERROR = 1, YAMUX_INTERNAL_ERROR = 2 };

struct yamux;
struct yamux_stream;

struct yamux_config {
	bool client;              /* odd stream ids, as the dialer */
	/* Streams of both directions: of all sessions that share this budget,
	 * of each, and those of each that came and are not accepted yet. */
	struct budget * all;
	struct budget * streams;
	struct budget * backlog;
	size_t growth;            /* bytes that all windows together may grow */
};

/* What came.  Every event but PONG and GOAWAY is of a stream. */
enum yamux_event_type {
	YAMUX_INCOMING,           /* a new stream: own it, see yamux_accept */
	YAMUX_DATA,               /* bytes, borrowed from what was fed */
	YAMUX_END,                /* the peer writes no more */
	YAMUX_RESET,              /* aborted by the peer */
	YAMUX_PONG,               /* the answer to the ping of that value */
	YAMUX_GOAWAY,             /* no new streams; value is the code */
};

struct yamux_event {
	enum yamux_event_type type;
	struct yamux_stream * stream;
	struct slice data;
	uint32_t value;
};

struct yamux * yamux_new(const struct yamux_config * config);

/* Free with all its streams. */
void yamux_free(struct yamux * y);

/*
 * Take bytes from the front of *in until something is to be said: 1 with an
 * event, 0 when all was taken.  -ERR_INVALID_INPUT: the peer broke the
 * protocol; nothing can follow but a go away.
 */
int yamux_next(struct yamux * y, struct slice * in,
    struct yamux_event * event);

/*
 * Append frames to out, up to about max bytes, control first, then data of the
 * streams in turn, as far as their windows go.  True when more could follow.
 */
bool yamux_flush(struct yamux * y, struct buffer * out, size_t max);

void yamux_ping(struct yamux * y, uint32_t value);
void yamux_goaway(struct yamux * y, uint32_t code);

/* Bytes waiting in all streams, and in control frames. */
size_t yamux_waiting(const struct yamux * y);
size_t yamux_control(const struct yamux * y);

/* Streams that exist. */
unsigned yamux_streams(const struct yamux * y);

/* Those of them that came and are not accepted yet. */
unsigned yamux_backlog(const struct yamux * y);

/*
 * Open a stream; NULL when there are too many, the peer said go away, or
 * without memory.  Whoever opens a stream, or gets it by an event, closes it.
 */
struct yamux_stream * yamux_open(struct yamux * y);

/* The stream is in good hands: it no longer counts in the backlog. */
void yamux_accept(struct yamux_stream * s);

/* Abort, unless both sides ended and all was sent, and free. */
void yamux_close(struct yamux_stream * s);

/* Queue bytes; -ERR_STREAM_WRITE after yamux_end or a reset. */
int yamux_write(struct yamux_stream * s, struct slice bytes);

/* Bytes written but not flushed; and is there anything, even an end? */
size_t yamux_queued(const struct yamux_stream * s);
bool yamux_unsent(const struct yamux_stream * s);

/* Nothing more will be written: said to the peer after what is queued. */
void yamux_end(struct yamux_stream * s);

/* Both sides ended, and all was flushed (or it was reset). */
bool yamux_finished(const struct yamux_stream * s);

/*
 * n bytes of data are dealt with: the peer may send as many again.  now and
 * rtt in ms (rtt 0: unknown): a window used up within few round trips grows.
 */
void yamux_consumed(struct yamux_stream * s, size_t n, uint64_t now,
    uint64_t rtt);

/* What hangs off a stream. */
void yamux_set_user(struct yamux_stream * s, void * user);
void * yamux_user(const struct yamux_stream * s);
uint32_t yamux_id(const struct yamux_stream * s);

#endif /* !BERTY_P2P_YAMUX_H */
