/*
 * grpc_web.h: what gRPC-Web adds to the frames of gRPC: its content types, the
 * frame of trailers, and base64 on the way.  Source: PROTOCOL-WEB.md of gRPC.
 */
#ifndef BERTY_SERVER_GRPC_WEB_H
#define BERTY_SERVER_GRPC_WEB_H

#include "base/buffer.h"
#include "server/grpc_status.h"

enum grpc_web_form { GRPC_WEB_NONE, GRPC_WEB_BINARY, GRPC_WEB_TEXT };

/* What a content type asks for: NONE, unless its messages are of protobuf. */
enum grpc_web_form grpc_web_form(struct slice content_type);
/* The content type of its answer; a literal. */
const char * grpc_web_type(enum grpc_web_form form);

/*
 * Base64 as it comes: pieces that are padded each may follow upon one another,
 * and are cut anywhere.  Zero bytes are its beginning.
 */
struct grpc_web_text {
	uint8_t p[4];
	unsigned n;
};

/* Append what the text says so far; false for what is no base64. */
bool grpc_web_read_text(struct grpc_web_text * state, struct buffer * out,
    struct slice text);
/* May it end here? */
bool grpc_web_text_is_whole(const struct grpc_web_text * state);

/*
 * Append the lines of trailers: the status, and its text and details if there
 * are some (err may be NULL), each ended by CRLF.
 */
void grpc_web_trailers(struct buffer * out, enum grpc_status status,
    const struct error * err);

/* Append the header of a frame that holds n bytes of trailers, or headers. */
void grpc_web_trailers_header(struct buffer * out, size_t n);

#endif /* !BERTY_SERVER_GRPC_WEB_H */
