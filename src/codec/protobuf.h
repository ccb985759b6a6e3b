/*
 * protobuf.h: protobuf-c with a cap on what a peer's message may allocate.
 * Signed payloads are kept as received; what comes from a peer is never
 * encoded again.
 */
#ifndef BERTY_CODEC_PROTOBUF_H
#define BERTY_CODEC_PROTOBUF_H

#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"

/*
 * Decode with at most `cap` bytes allocated in all (a sensible cap is a few
 * times the input plus some KiB: protobuf_cap gives it).  NULL when the bytes
 * are malformed or need more.  Free with protobuf_free.
 */
void * protobuf_decode(const ProtobufCMessageDescriptor * type,
    struct slice bytes, size_t cap);
void protobuf_free(void * message);

/* The usual cap for that many bytes: 8 times, plus 16 KiB. */
static inline size_t
protobuf_cap(size_t n)
{
	return (n * 8 + 16384);
}

/* Append the encoding of a message of ours; sets out->failed without memory. */
void protobuf_encode(struct buffer * out, const void * message);

/* The same behind its uvarint length. */
void protobuf_encode_prefixed(struct buffer * out, const void * message);

/* Borrowed bytes to and from protobuf-c's struct. */
static inline struct slice
protobuf_slice(ProtobufCBinaryData d)
{
	return (slice_of(d.data, d.len));
}

static inline ProtobufCBinaryData
protobuf_bytes(struct slice s)
{
	return ((ProtobufCBinaryData){s.n, (uint8_t *)(uintptr_t)s.p});
}

#endif /* !BERTY_CODEC_PROTOBUF_H */
