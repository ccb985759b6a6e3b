/*
 * wire.h: protobuf fields read in place and written one by one, for envelopes:
 * what they hold is signed, secret or large, so it is neither copied nor
 * encoded again.  Source: protobuf encoding guide.
 */
#ifndef BERTY_GROUP_WIRE_H
#define BERTY_GROUP_WIRE_H

#include "base/buffer.h"
#include "base/reader.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2,
	WIRE_FIXED32 = 5 };

struct wire_field {
	uint64_t number;
	enum wire_type type;
	uint64_t value;           /* of numbers */
	struct slice bytes;       /* of WIRE_BYTES, borrowed */
};

/* The next field; false at the end, or (r->failed) when malformed. */
bool wire_next(struct reader * r, struct wire_field * f);

/* Is the field this number, with bytes? */
static inline bool
wire_is_bytes(const struct wire_field * f, uint64_t number)
{
	return (f->number == number && f->type == WIRE_BYTES);
}

/* The last bytes field of that number; empty when there is none.
 * -ERR_DESERIALIZATION when the message is malformed. */
int wire_find(struct slice message, uint64_t number, struct slice * bytes);

/* Copy n bytes; false when the field has another length. */
bool wire_copy(uint8_t * to, size_t n, struct slice bytes);

/* Append a field; like proto3, nothing for an empty or zero value. */
void wire_put_bytes(struct buffer * out, unsigned number, struct slice bytes);
void wire_put_varint(struct buffer * out, unsigned number, uint64_t value);
void wire_put_fixed64(struct buffer * out, unsigned number, uint64_t value);

/* Append a field even if it is empty: elements, and messages present. */
void wire_put_message(struct buffer * out, unsigned number,
    struct slice message);

#endif /* !BERTY_GROUP_WIRE_H */
