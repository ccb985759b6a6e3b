/*
 * grpc_status.h: how an error chain travels in the trailers of a call, and how
 * it is read back.
 */
#ifndef BERTY_SERVER_GRPC_STATUS_H
#define BERTY_SERVER_GRPC_STATUS_H

#include "base/buffer.h"
#include "base/error.h"
#include "server/grpc.h"

/*
 * The status for a chain: decided by the last code that the table of the error
 * specification lists; INTERNAL if it lists none; UNKNOWN for text alone; OK
 * for nothing.  With `legacy`, UNAVAILABLE for every chain with codes, as in
 * Go.
 */
enum grpc_status grpc_status_of(const struct error * err, bool legacy);

/* A chain without codes: what the transport itself has to say. */
struct error grpc_status_text(const char * text);

/*
 * A copy fit for clients: the placeholder code 666 becomes 888 in front and is
 * left out elsewhere.
 */
struct error grpc_status_clean(const struct error * err);

/*
 * Append a serialized google.rpc.Status with the codes as its one detail (none
 * without codes).
 */
void grpc_status_details(struct buffer * out, enum grpc_status status,
    const struct error * err);

/*
 * The chain in a serialized google.rpc.Status; text is what follows the codes
 * in its message.  0, or -ERR_DESERIALIZATION with *err cleared.
 */
int grpc_status_parse(struct slice details, struct error * err);

/*
 * The chain for a status that came without details: one code near its meaning,
 * with that text.
 */
void grpc_status_guess(enum grpc_status status, const char * text,
    struct error * err);

/* Append text as `grpc-message` carries it: percent-encoded. */
void grpc_status_encode_text(struct buffer * out, const char * text);

/* Append the text of such a header; a stray percent sign stays. */
void grpc_status_decode_text(struct buffer * out, struct slice text);

/*
 * Base64 as the `-bin` headers carry it: written without padding, read either
 * way.  0, or -ERR_DESERIALIZATION.
 */
void grpc_status_base64(struct buffer * out, struct slice bytes);
int grpc_status_unbase64(struct buffer * out, struct slice text);

#endif /* !BERTY_SERVER_GRPC_STATUS_H */
