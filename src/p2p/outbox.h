/*
 * outbox.h: messages that wait until a stream takes them, each behind its
 * uvarint length.  A stream holds 1 MiB; what is more waits here, in order, and
 * goes on in pieces as the stream drains.
 */
#ifndef BERTY_P2P_OUTBOX_H
#define BERTY_P2P_OUTBOX_H

#include "base/list.h"
#include "p2p/host.h"

/* Initialised by outbox_init. */
struct outbox {
	struct list messages;
	struct budget * shared;   /* of all that waits to be sent */
	size_t bytes;             /* waiting here, length prefixes included */
	size_t written;           /* of the first message, already written */
};

void outbox_init(struct outbox * o, struct host * h);

/* Forget all messages. */
void outbox_free(struct outbox * o);

/*
 * Queue a message (copied).  One that is `droppable` may be lost to
 * outbox_drop.  0, -ERR_INTERNAL without memory, or -ERR_STREAM_WRITE when peers
 * that read slowly have used up what the host may queue, and this one does not
 * wait for little only.
 */
int outbox_add(struct outbox * o, struct slice message, bool droppable);

/* Drop droppable messages of which nothing was written yet, oldest first,
 * until at most `bytes` wait or none is left. */
void outbox_drop(struct outbox * o, size_t bytes);

/*
 * Write as much as the stream takes now; call again when it drained.  True
 * when nothing waits any more.
 */
bool outbox_pump(struct outbox * o, struct stream * s);

#endif /* !BERTY_P2P_OUTBOX_H */
