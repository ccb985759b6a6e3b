/* link_codec.h: a link as the protobuf berty.messenger.v1.BertyLink. */
#ifndef BERTY_CONTACT_LINK_CODEC_H
#define BERTY_CONTACT_LINK_CODEC_H

#include "base/buffer.h"
#include "base/error.h"
#include "berty/link.h"

static inline struct slice
link_slice(struct berty_link_bytes b)
{
	return (slice_of(b.p, b.n));
}

/*
 * Take a BertyLink apart into an empty link, which gets a copy of the bytes.
 * A field of length 0 is present.  -ERR_INVALID_INPUT: malformed, or a name
 * that is not UTF-8; link stays empty.
 */
int link_decode(struct berty_link * link, struct slice bytes);

/*
 * Append the encoding: fields in ascending order, empty ones left out, empty
 * messages that are present written.  -ERR_INVALID_INPUT for a text that is
 * not UTF-8, out unchanged.
 */
int link_encode(struct buffer * out, const struct berty_link * link);

/* Copy bytes into the link's own memory; p is NULL when there is none. */
struct berty_link_bytes link_keep(struct berty_link * link, struct slice s);

/* Open an encrypted link in place; see berty_link_read. */
int link_open(struct berty_link * link, struct slice passphrase,
    struct error * err);

/* What berty_link_read, _write and _seal do. */
int link_read(struct berty_link * link, const char * text, size_t n,
    const void * passphrase, size_t passphrase_n, struct error * err);
int link_write(const struct berty_link * link, enum berty_link_form form,
    char ** text, struct error * err);
int link_seal(struct berty_link * sealed, const struct berty_link * clear,
    const void * passphrase, size_t passphrase_n,
    const unsigned char nonce[16], size_t checksum_n, struct error * err);

#endif /* !BERTY_CONTACT_LINK_CODEC_H */
