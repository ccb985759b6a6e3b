/*
 * websocket.h: the frames of a websocket, as a server reads and writes them;
 * bytes in, messages out.  There are no extensions.  Source: RFC 6455.
 */
#ifndef BERTY_SERVER_WEBSOCKET_H
#define BERTY_SERVER_WEBSOCKET_H

#include "base/buffer.h"

enum websocket_opcode {
	WEBSOCKET_MORE = 0,       /* a message goes on */
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10
};

/* Why it is closed; §7.4.1. */
enum websocket_code {
	WEBSOCKET_NORMAL = 1000,
	WEBSOCKET_AWAY = 1001,
	WEBSOCKET_PROTOCOL = 1002,
	WEBSOCKET_UNSUPPORTED = 1003,
	WEBSOCKET_POLICY = 1008,
	WEBSOCKET_TOO_BIG = 1009,
	WEBSOCKET_INTERNAL = 1011
};

/* What a frame that is no message may have, bytes. */
#define WEBSOCKET_CONTROL_MAX 125

/* What a client sends.  Zero bytes, but for max, are a beginning. */
struct websocket {
	size_t max;               /* bytes of a message, all its pieces */
	struct buffer in;         /* no whole frame yet */
	struct buffer message;    /* pieces so far */
	enum websocket_opcode kind; /* of the message that goes on; 0: none */
	size_t given;             /* bytes of `in` that were given */
	bool whole;               /* `message` was given */
};

enum websocket_event {
	WEBSOCKET_WAIT,           /* for more bytes */
	WEBSOCKET_MESSAGE,        /* whole: kind and payload are set */
	WEBSOCKET_BAD             /* close it with that code */
};

/*
 * Take bytes, as many as come: whoever feeds does not before websocket_next has
 * said to wait.  False without memory.
 */
bool websocket_feed(struct websocket * w, struct slice bytes);

/*
 * The next message, or a ping, pong or close, whole.  The payload is borrowed
 * until the next call.  BAD: *code says why, and nothing more comes.
 */
enum websocket_event websocket_next(struct websocket * w,
    enum websocket_opcode * kind, struct slice * payload,
    enum websocket_code * code);

void websocket_free(struct websocket * w);

/* Append what stands before n bytes of a whole frame, which follow. */
void websocket_header(struct buffer * out, enum websocket_opcode kind,
    size_t n);

/* Append a frame that says why it closes. */
void websocket_goodbye(struct buffer * out, enum websocket_code code);

/*
 * Append the answer to a client's Sec-WebSocket-Key; false when it is not 16
 * bytes in base64.
 */
bool websocket_accept(struct buffer * out, struct slice key);

#endif /* !BERTY_SERVER_WEBSOCKET_H */
