/*
 * identify.h: what peers tell each other first, as bytes.
 * Source: libp2p identify spec.
 */
#ifndef BERTY_P2P_IDENTIFY_H
#define BERTY_P2P_IDENTIFY_H

#include "base/buffer.h"

/* Bytes in all frames together, frames of one message, names in it. */
enum { IDENTIFY_MAX = 65536, IDENTIFY_FRAMES = 10, IDENTIFY_PROTOCOLS = 1024 };

/* Bytes of a delta, as Go reads it, and names that one adds or removes. */
enum { IDENTIFY_DELTA_MAX = 2048, IDENTIFY_DELTA_NAMES = 256 };

/* Zero bytes are empty. */
struct identify {
	struct buffer public_key;         /* protobuf */
	struct buffer addresses;          /* multiaddrs, behind uvarints */
	struct buffer protocols;          /* NUL-terminated names, one by one */
	struct buffer observed;           /* multiaddr */
	struct buffer version;            /* text, not terminated */
	struct buffer agent;              /* text, not terminated */
	struct buffer record;             /* envelope */
	unsigned n_protocols;
	unsigned frames;
	size_t bytes;                     /* of the frames so far */
};

void identify_free(struct identify * id);

/*
 * Add a frame (without its length) to what came before: lists grow, the rest
 * is replaced.  -ERR_DESERIALIZATION: malformed; -ERR_INVALID_INPUT: more than
 * the limits above.
 */
int identify_merge(struct identify * id, struct slice frame);

/*
 * Apply a delta (a message without its length) to names as in `protocols`: what
 * it adds, then what it removes.  1; 0 when the message holds no delta.  Else
 * nothing changes: -ERR_DESERIALIZATION, -ERR_INVALID_INPUT as above.
 * Source: go-libp2p 0.17 p2p/protocol/identify/id_delta.go.
 */
int identify_delta(struct buffer * protocols, struct slice frame);

/*
 * Append the message, behind its length; a record that makes it larger than
 * 2 KiB goes into a second frame, as readers of small frames want it.
 */
void identify_write(struct buffer * out, const struct identify * id);

#endif /* !BERTY_P2P_IDENTIFY_H */
