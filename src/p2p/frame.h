/*
 * frame.h: messages on a stream, each behind a uvarint length, put together
 * again from pieces.
 */
#ifndef BERTY_P2P_FRAME_H
#define BERTY_P2P_FRAME_H

#include "base/budget.h"
#include "base/buffer.h"

/*
 * Zero bytes, then max set.  Bytes are kept only for a message not whole, as
 * far as the budget goes that many readers share.
 */
struct frame_reader {
	size_t max;               /* largest message, bytes */
	struct budget * shared;   /* NULL: none */
	struct buffer held;
};

/*
 * Feed bytes; `message` is called for each whole one (borrowed).  A non-zero
 * return of it ends and is returned.  -ERR_INVALID_INPUT: a message too long,
 * a bad length, or no room in the budget; the reader is then of no more use.
 */
int frame_feed(struct frame_reader * f, struct slice bytes,
    int (*message)(void * user, struct slice message), void * user);
void frame_free(struct frame_reader * f);

/* True when part of a message is held. */
bool frame_partial(const struct frame_reader * f);

#endif /* !BERTY_P2P_FRAME_H */
