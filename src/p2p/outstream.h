/*
 * outstream.h: the one stream on which a peer is written, of a protocol that
 * answers on streams of the other side.  It is opened when there is something
 * to say, again after a pause when it was lost, and what is said waits in its
 * outbox.  Source: network spec §3, §4 (streams of gossipsub and bitswap).
 */
#ifndef BERTY_P2P_OUTSTREAM_H
#define BERTY_P2P_OUTSTREAM_H

#include "p2p/outbox.h"

/* Does the peer know the protocol? */
enum speaks { SPEAKS_UNKNOWN, SPEAKS_NOT, SPEAKS };

/* Called from the loop, never from inside a call here.  Members may be NULL. */
struct outstream_handler {
	/* The protocol is agreed: that of this place in the list. */
	void (*opened)(void * user, unsigned which);
	/* All that waited is with the stream: there is room for more. */
	void (*drained)(void * user);
	/* The stream is gone, and what waited; the status is how it ended. */
	void (*lost)(void * user, int status);
};

/* Initialised by outstream_init; to be read by whoever has it. */
struct outstream {
	struct host * h;
	struct peer_id peer;
	const char * const * protocols;
	const struct outstream_handler * handler;
	void * user;
	struct stream * s;        /* NULL: none */
	bool ready;               /* its protocol is agreed */
	unsigned attempts;        /* since it was last agreed */
	uint64_t retry_at;        /* when it is worth another */
	struct outbox outbox;
};

/*
 * Protocols (NULL-terminated, the preferred first) and handler are borrowed.
 * At first retry_at is when a peer is tried whose identify never came.
 */
void outstream_init(struct outstream * o, struct host * h,
    const struct peer_id * peer, const char * const * protocols,
    const struct outstream_handler * handler, void * user);

/* Reset what is open and forget what waits, without callbacks. */
void outstream_free(struct outstream * o);

/* Open it, if it is not.  0, or a code: then it backs off. */
int outstream_open(struct outstream * o);

/* Reset it: what waits is lost, and it backs off.  `lost` is not called. */
void outstream_reset(struct outstream * o);

/* End it politely if it is open and all was sent; false if it was not. */
bool outstream_end_idle(struct outstream * o);

/* Was it lost, and is it too early for another? */
bool outstream_backs_off(const struct outstream * o);

/*
 * Queue a message and write what goes; droppable, and the codes, are those of
 * outbox_add.
 */
int outstream_send(struct outstream * o, struct slice message,
    bool droppable);

/* Bytes queued in the outbox and in the stream. */
size_t outstream_waiting(const struct outstream * o);

#endif /* !BERTY_P2P_OUTSTREAM_H */
