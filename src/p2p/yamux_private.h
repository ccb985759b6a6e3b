/*
 * yamux_private.h: what the two files of yamux share: a session, its streams,
 * and how a frame begins.
 */
#ifndef BERTY_P2P_YAMUX_PRIVATE_H
#define BERTY_P2P_YAMUX_PRIVATE_H

#include "base/list.h"
#include "base/map.h"
#include "p2p/yamux.h"

enum { VERSION = 0 };
enum frame_type { DATA, WINDOW_UPDATE, PING, GO_AWAY };
enum { SYN = 1, ACK = 2, FIN = 4, RST = 8 };

struct yamux {
	struct yamux_config config;
	uint32_t next_id;
	struct map streams;               /* by id, big-endian */
	unsigned backlog;
	bool stopped;                     /* the peer said go away */
	struct list sending;              /* streams with something to say */
	struct buffer control;            /* frames that belong to no stream */
	size_t queued;                    /* bytes in all streams' queues */
	size_t grown;                     /* windows beyond their first size */
	/* The frame being read. */
	uint8_t header[YAMUX_HEADER];
	size_t have;
	uint32_t left;                    /* bytes of its data still to come */
	uint32_t reading;                 /* id of the stream they belong to */
	bool ends;                        /* its FIN is still to be told */
	bool resets;
};

struct yamux_stream {
	struct yamux * y;
	uint32_t id;
	void * user;
	bool in_backlog;
	unsigned flags;                   /* SYN or ACK still to be sent */
	bool ending, fin_sent;
	bool fin_received, reset;
	uint32_t send_window;
	uint32_t receive_window;          /* what the peer may still send */
	uint32_t window;                  /* size of a full receive window */
	uint32_t consumed;                /* since the last update */
	uint64_t updated;                 /* when, ms */
	struct buffer queue;
	size_t sent;                      /* bytes of the queue flushed */
	struct list place;                /* in y->sending */
};

/* --- yamux.c --- */

struct yamux_stream * yamux_find(const struct yamux * y, uint32_t id);

/* A stream with its first windows; NULL without memory. */
struct yamux_stream * yamux_stream_new(struct yamux * y, uint32_t id);

void yamux_header(struct buffer * out, enum frame_type type, unsigned flags,
    uint32_t id, uint32_t length);

/* Put a stream in the row of those with something to say. */
void yamux_want_flush(struct yamux_stream * s);

#endif /* !BERTY_P2P_YAMUX_PRIVATE_H */
