/* buffer.h: bytes that grow, with an error that sticks until it is looked at. */
#ifndef BERTY_BASE_BUFFER_H
#define BERTY_BASE_BUFFER_H

#include "base/slice.h"

/*
 * n bytes at p.  Appending past the memory available sets `failed`; later
 * appends do nothing, so that a writer checks once, at its end.  Zero bytes
 * (`{0}`) are an empty buffer.
 */
struct buffer {
	uint8_t * p;
	size_t n;
	size_t size;
	bool failed;
};

/* Free the bytes and make the buffer empty again. */
void buffer_free(struct buffer * b);

/* Overwrite the bytes with zeros, then free them: for secrets. */
void buffer_wipe(struct buffer * b);

/* Make the buffer empty, keep its memory, clear `failed`. */
void buffer_clear(struct buffer * b);

/* Room for extra more bytes; 0, or -ERR_INTERNAL with `failed` set. */
int buffer_reserve(struct buffer * b, size_t extra);

/* Append n unwritten bytes and return where they start, NULL on failure. */
uint8_t * buffer_grow(struct buffer * b, size_t n);

void buffer_append(struct buffer * b, const void * p, size_t n);
void buffer_slice(struct buffer * b, struct slice s);
void buffer_text(struct buffer * b, const char * s);
void buffer_byte(struct buffer * b, uint8_t v);
void buffer_be16(struct buffer * b, uint16_t v);
void buffer_be32(struct buffer * b, uint32_t v);
void buffer_be64(struct buffer * b, uint64_t v);

/* Unsigned LEB128 as multiformats and protobuf write it, shortest form. */
void buffer_uvarint(struct buffer * b, uint64_t v);

/* printf at the end; no NUL is kept. */
void buffer_printf(struct buffer * b, const char * format, ...)
    __attribute__((format(printf, 2, 3)));

/* Remove the first n bytes (n <= b->n), moving the rest down. */
void buffer_consume(struct buffer * b, size_t n);

/* What is in the buffer now; valid until the next change. */
static inline struct slice
buffer_all(const struct buffer * b)
{
	return (slice_of(b->p, b->n));
}

#endif /* !BERTY_BASE_BUFFER_H */
