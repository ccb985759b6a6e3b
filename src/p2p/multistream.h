/*
 * multistream.h: two ends agree on a protocol by its name.  Sans-IO: bytes in,
 * bytes out.  Source: libp2p connections/multistream-select.
 */
#ifndef BERTY_P2P_MULTISTREAM_H
#define BERTY_P2P_MULTISTREAM_H

#include "base/buffer.h"

/* The largest message, bytes with its newline, and the most proposals. */
enum { MULTISTREAM_MAX = 1024, MULTISTREAM_TRIES = 32 };

struct multistream;

/*
 * The dialer offers protocols, the preferred first (NULL-terminated, at least
 * one; copied).  The header and the first offer are appended to out at once.
 * NULL without memory, or when a name is longer than MULTISTREAM_MAX - 1.
 */
struct multistream * multistream_dial(const char * const * protocols,
    struct buffer * out);

/* The listener answers; `speaks` says which names are known. */
struct multistream * multistream_listen(
    bool (*speaks)(void * user, const char * protocol), void * user);

void multistream_free(struct multistream * m);

/*
 * Take bytes from the front of *in, append answers to out.  1: agreed, what is
 * left in *in belongs to the protocol.  0: more bytes are needed, *in is empty.
 * -ERR_NOT_FOUND: no common protocol; -ERR_INVALID_INPUT: not multistream.
 */
int multistream_feed(struct multistream * m, struct slice * in,
    struct buffer * out);

/* The protocol agreed on; NULL before.  Lives as long as m. */
const char * multistream_protocol(const struct multistream * m);

/* Append one message: its length, the text and a newline. */
void multistream_message(struct buffer * out, const char * text);

#endif /* !BERTY_P2P_MULTISTREAM_H */
