/* multibase.h: bytes as text.  Source: multiformats/multibase. */
#ifndef BERTY_CODEC_MULTIBASE_H
#define BERTY_CODEC_MULTIBASE_H

#include "base/buffer.h"

/* Plain encodings, without a multibase prefix.  Encoders append to out. */
void hex_encode(struct buffer * out, struct slice in);
void base64_encode(struct buffer * out, struct slice in);      /* std, padded */
void base64url_encode(struct buffer * out, struct slice in);   /* no padding */
void base32_encode(struct buffer * out, struct slice in);      /* lower, none */

/*
 * Big numbers in the alphabet's base, one zero digit per leading zero byte:
 * quadratic in the length, so the caller bounds it.
 */
extern const char base58_alphabet[];    /* Bitcoin's */
extern const char base42_alphabet[];    /* Berty's QR links */
extern const char base36_alphabet[];    /* lower case */
void bignum_encode(struct buffer * out, const char * alphabet, struct slice in);

/*
 * Decoders append to out; a foreign character, wrong padding or non-zero
 * trailing bits are -ERR_INVALID_INPUT and leave out as it was.
 */
int hex_decode(struct buffer * out, struct slice in);
int base64_decode(struct buffer * out, struct slice in);
int base64url_decode(struct buffer * out, struct slice in);
int base32_decode(struct buffer * out, struct slice in);
int bignum_decode(struct buffer * out, const char * alphabet, struct slice in);

/* With a multibase prefix: b (base32), z (base58), k (base36), f (hex). */
int multibase_decode(struct buffer * out, struct slice in);

#endif /* !BERTY_CODEC_MULTIBASE_H */
