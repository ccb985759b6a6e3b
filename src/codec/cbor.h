/*
 * cbor.h: strict DAG-CBOR: definite lengths, shortest integers, text keys,
 * tag 42 for links and no other.  Source: ipld/specs dag-cbor.
 */
#ifndef BERTY_CODEC_CBOR_H
#define BERTY_CODEC_CBOR_H

#include "base/buffer.h"
#include "base/reader.h"
#include "codec/cid.h"

enum { CBOR_DEPTH = 32, CBOR_ITEMS = 4096 };

enum cbor_type { CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY,
	CBOR_MAP, CBOR_LINK, CBOR_FALSE, CBOR_TRUE, CBOR_NULL, CBOR_FLOAT };

/* One item's head; the content of arrays and maps follows in the reader. */
struct cbor_item {
	enum cbor_type type;
	uint64_t number;          /* UINT; NEGATIVE: -1 - number; ARRAY, MAP: count */
	struct slice bytes;       /* BYTES, TEXT, LINK (CID bytes without the 00) */
};

/*
 * Read the next item's head.  Anything that is not canonical, or a count larger
 * than what is left could hold, fails the reader.  Nothing is allocated.
 */
void cbor_read(struct reader * r, struct cbor_item * item);

/* Skip one whole item with its content, within CBOR_DEPTH and CBOR_ITEMS. */
void cbor_skip(struct reader * r);

/* Read an item of the wanted type, or fail the reader. */
uint64_t cbor_read_uint(struct reader * r);
struct slice cbor_read_text(struct reader * r);
uint64_t cbor_read_array(struct reader * r);
uint64_t cbor_read_map(struct reader * r);
void cbor_read_link(struct reader * r, struct cid * cid);

/* The bytes are exactly one well-formed item. */
bool cbor_valid(struct slice bytes);

/* Writers, shortest form. */
void cbor_uint(struct buffer * b, uint64_t v);
void cbor_bytes(struct buffer * b, struct slice s);
void cbor_text(struct buffer * b, struct slice s);
void cbor_array(struct buffer * b, uint64_t n);
void cbor_map(struct buffer * b, uint64_t n);
void cbor_null(struct buffer * b);
void cbor_link(struct buffer * b, const struct cid * cid);

#endif /* !BERTY_CODEC_CBOR_H */
