/*
 * grpc_frame.h: the message frames of a gRPC stream, and its timeout header.
 * A frame is a flag byte, a big-endian length of 4 bytes, and the message.
 */
#ifndef BERTY_SERVER_GRPC_FRAME_H
#define BERTY_SERVER_GRPC_FRAME_H

#include "base/buffer.h"

#define GRPC_FRAME_HEADER 5

enum grpc_frame_result {
	GRPC_FRAME_MORE,        /* the bytes so far are no whole frame */
	GRPC_FRAME_MESSAGE,     /* *message is the first one */
	GRPC_FRAME_TOO_LARGE,   /* its length is over max */
	GRPC_FRAME_COMPRESSED,  /* compressed: we read none of that */
	GRPC_FRAME_MALFORMED    /* a flag that does not exist */
};

/*
 * Look for a frame at the front of `in`.  *message is borrowed from it, and
 * takes GRPC_FRAME_HEADER + message->n bytes of it.
 */
enum grpc_frame_result grpc_frame_read(struct slice in, size_t max,
    struct slice * message);

/* Append what stands before a message of n bytes. */
void grpc_frame_header(struct buffer * out, size_t n);

/*
 * A `grpc-timeout` header (1 to 8 digits and a unit of H M S m u n) in ms,
 * rounded up.  0, or -ERR_INVALID_INPUT.
 */
int grpc_frame_timeout(struct slice text, uint64_t * ms);

/* Append such a header's value for that many ms. */
void grpc_frame_write_timeout(struct buffer * out, uint64_t ms);

#endif /* !BERTY_SERVER_GRPC_FRAME_H */
