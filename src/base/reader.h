/* reader.h: reads a slice from its front and cannot run past its end. */
#ifndef BERTY_BASE_READER_H
#define BERTY_BASE_READER_H

#include "base/slice.h"

/*
 * What is left to read.  A read past the end, or of a malformed number, sets
 * `failed`, returns 0 or an empty slice, and leaves nothing to read, so that
 * a parser checks once, at its end.
 */
struct reader {
	const uint8_t * p;
	size_t n;
	bool failed;
};

static inline struct reader
reader_of(struct slice s)
{
	return ((struct reader){s.p, s.n, false});
}

/* Give up: what was read is no good. */
void reader_fail(struct reader * r);

uint8_t reader_byte(struct reader * r);
uint16_t reader_be16(struct reader * r);
uint32_t reader_be32(struct reader * r);
uint64_t reader_be64(struct reader * r);

/*
 * Unsigned LEB128, at most 64 bits in at most 10 bytes.  A longer form than
 * needed fails.  Source: multiformats unsigned-varint.
 */
uint64_t reader_uvarint(struct reader * r);

/* The next n bytes, borrowed. */
struct slice reader_take(struct reader * r, size_t n);

/* A uvarint length, then that many bytes, if they are at most max. */
struct slice reader_prefixed(struct reader * r, size_t max);

/* All that is left, borrowed. */
struct slice reader_rest(struct reader * r);

/* True when all was read and nothing failed. */
static inline bool
reader_done(const struct reader * r)
{
	return (!r->failed && r->n == 0);
}

#endif /* !BERTY_BASE_READER_H */
