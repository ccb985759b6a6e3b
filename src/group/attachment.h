/*
 * attachment.h: files sent beside messages: their cipher, which works block by
 * block in bounded memory, and what a message says about them.
 *
 * Source: berty go/internal/cryptoutil/attachment_crypto.go.  The nonces of
 * that cipher repeat above 255 blocks (block 256 has the nonce of block 1), and
 * a file cut at a block's border is not noticed: kept, for it is the format.
 * Longer files are written in one of ours (docs/extensions.md), which is the
 * same up to there.
 */
#ifndef BERTY_GROUP_ATTACHMENT_H
#define BERTY_GROUP_ATTACHMENT_H

#include "base/buffer.h"
#include "codec/cid.h"

/* Bytes of a whole block, clear and sealed; the last block may be shorter. */
enum { ATTACHMENT_CLEAR = 65520, ATTACHMENT_SEALED = 65536 };

/*
 * Which cipher a file is in: Berty's, ours for more than ATTACHMENT_SHORT
 * blocks, or none.
 */
enum attachment_cipher { ATTACHMENT_BERTY = 0, ATTACHMENT_LONG = 1,
	ATTACHMENT_PLAIN = 2 };
enum { ATTACHMENT_SHORT = 256 };

/* Bytes of the sealed file of n clear bytes; an empty file stays empty. */
uint64_t attachment_sealed_size(uint64_t n);

/*
 * The nonce of block i (from 0): its big-endian bytes without leading zeros,
 * at the start of 24 zero bytes.
 */
void attachment_nonce(uint8_t nonce[24], uint64_t i);

/*
 * Append block i, of 1 to ATTACHMENT_CLEAR bytes, sealed with the attachment's
 * key (the 32-byte seed of its Ed25519 key).
 */
void attachment_seal_block(struct buffer * out, const uint8_t key[32],
    uint64_t i, struct slice clear);

/*
 * Append block i opened.  -ERR_CRYPTO_DECRYPT, out unchanged; also for a block
 * of more than ATTACHMENT_SEALED bytes.
 */
int attachment_open_block(struct buffer * out, const uint8_t key[32],
    uint64_t i, struct slice sealed);

/*
 * The same for block i of a long file: from ATTACHMENT_SHORT on, the nonce is
 * i as 8 big-endian bytes, then 1 for the last block and 0 for others, then
 * zeros.
 */
void attachment_seal_long(struct buffer * out, const uint8_t key[32],
    uint64_t i, bool last, struct slice clear);
int attachment_open_long(struct buffer * out, const uint8_t key[32],
    uint64_t i, bool last, struct slice sealed);

/* Append the name under which an attachment's key is kept. */
void attachment_key_name(struct buffer * out, const struct cid * cid);

/* Append the secret as a message carries it; and its key (zeros for a file in no
 * cipher) back: */
void attachment_secret_write(struct buffer * out,
    enum attachment_cipher cipher, const uint8_t key[32]);

/* -ERR_INVALID_INPUT: another prefix; -ERR_DESERIALIZATION: no Ed25519 key. */
int attachment_secret_parse(enum attachment_cipher * cipher, uint8_t key[32],
    struct slice secret);

/* By how many bytes a sealed CID is longer: nonce and tag. */
enum { ATTACHMENT_CID_SEALED = 24 + 16 };

/*
 * Append the CID, whatever its bytes, as an envelope carries it: the nonce (24
 * fresh random bytes), then a secretbox under the group's attachment-CID key;
 * and back: -ERR_CRYPTO_DECRYPT, out unchanged.
 */
void attachment_cid_seal(struct buffer * out, const uint8_t cid_key[32],
    const uint8_t nonce[24], struct slice cid);
int attachment_cid_open(struct buffer * out, const uint8_t cid_key[32],
    struct slice sealed);

#endif /* !BERTY_GROUP_ATTACHMENT_H */
