/*
 * metadata.h: what stands beside the messages of a call, whatever carries it:
 * names and values in a row, and which of them may.  Source: gRPC over HTTP/2
 * protocol document.
 */
#ifndef BERTY_SERVER_METADATA_H
#define BERTY_SERVER_METADATA_H

#include "base/buffer.h"

/* Bytes that a name and a value take besides their own. */
#define METADATA_ROW 4

/* Does its value travel in base64? */
bool metadata_is_binary(struct slice name);

/* Is a name the carrier's own? */
bool metadata_is_reserved(struct slice name);

/* Append a row; each of the two has less than 64 KiB. */
void metadata_put(struct buffer * rows, struct slice name, struct slice value);

/* Cut the next row off the front of `rows`; false: that was all. */
bool metadata_next(struct slice * rows, struct slice * name,
    struct slice * value);

/* The first value under that name, or empty. */
struct slice metadata_find(struct slice rows, struct slice name);

/*
 * Append the value of a trailer as it travels.  False, and nothing: it is no
 * name, or one of the carrier's, or the value cannot stand under it.
 */
bool metadata_trailer(struct buffer * out, struct slice name,
    struct slice value);

#endif /* !BERTY_SERVER_METADATA_H */
