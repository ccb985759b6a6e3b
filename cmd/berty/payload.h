/*
 * payload.h: what the Berty app puts around the text of a message.
 *
 * Source: berty api/messengertypes.proto, AppMessage and ContactMetadata.
 */
#ifndef BERTY_CMD_PAYLOAD_H
#define BERTY_CMD_PAYLOAD_H

#include "base/buffer.h"

/* What a payload says. */
struct payload {
	const char * type;      /* "text", "invitation", …, "bytes" */
	bool is_text;           /* text is meant for people */
	uint64_t sent_date;     /* ms since 1970, 0: not said */
	struct buffer text;     /* body, link or name; else the bytes */
	struct buffer target;   /* text of the CID it is about, or empty */
};

/* Append a UserMessage, or (metadata) the name of a group. */
void payload_encode_text(struct buffer * out, struct slice body,
    uint64_t now_ms);
void payload_encode_group_name(struct buffer * out, struct slice name,
    uint64_t now_ms);

/*
 * Take a payload apart; what is no AppMessage is text if it is UTF-8, else
 * bytes.  message is empty before; free it afterwards.
 */
void payload_decode(struct payload * message, struct slice payload);
void payload_free(struct payload * message);

/*
 * Names in contact requests.  A payload that is no ContactMetadata but
 * printable text is the name itself: the app's terminal client writes that.
 */
void payload_contact_name_encode(struct buffer * out, struct slice name);
void payload_contact_name_decode(struct buffer * out, struct slice payload);

#endif /* !BERTY_CMD_PAYLOAD_H */
