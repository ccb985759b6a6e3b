/*
 * crypto.h: the primitives of the protocol, under the names the protocol gives
 * them.  Each is a call into libsodium or nettle.  Nothing here draws
 * randomness: what is random is an argument.
 */
#ifndef BERTY_CRYPTO_CRYPTO_H
#define BERTY_CRYPTO_CRYPTO_H

#include "base/buffer.h"
#include "base/slice.h"

enum {
	KEY_SIZE = 32,
	SEED_SIZE = 32,
	SIGNATURE_SIZE = 64,
	NONCE_SIZE = 24,
	TAG_SIZE = 16,
	SHA256_SIZE = 32,
};

/* Once per process, before anything else; safe to repeat.  0 or -ERR_INTERNAL. */
int crypto_setup(void);

/* Overwrite n bytes in a way that the compiler keeps. */
void crypto_wipe(void * p, size_t n);

/* Equal? in time that depends on n alone. */
bool crypto_equal(const void * a, const void * b, size_t n);

/* Ed25519 (RFC 8032), pure. */
struct ed25519_key {
	uint8_t seed[32];
	uint8_t pub[32];
};
void ed25519_from_seed(struct ed25519_key * key, const uint8_t seed[32]);
void ed25519_sign(uint8_t sig[64], const struct ed25519_key * key,
    struct slice message);

/* 0, or -ERR_CRYPTO_SIGNATURE_VERIFICATION. */
int ed25519_verify(const uint8_t sig[64], const uint8_t pub[32],
    struct slice message);

/* True when the 32 bytes decode to a point of the curve's main subgroup. */
bool ed25519_is_point(const uint8_t pub[32]);

/*
 * Conversion to X25519, the specification's xpriv and xpub.  xpub answers
 * -ERR_CRYPTO_KEY_CONVERSION for what is no point of the main subgroup.  Go
 * also takes points of small order, which no honest key is: the secret that
 * comes of one is known to everybody.
 * Source: weshnet pkg/cryptoutil/cryptoutil.go:EdwardsToMontgomery*.
 */
void x25519_private_of(uint8_t priv[32], const uint8_t seed[32]);
int x25519_public_of(uint8_t pub[32], const uint8_t ed_pub[32]);

/* X25519; -ERR_CRYPTO_KEY_CONVERSION when the result is all zero. */
int x25519(uint8_t shared[32], const uint8_t priv[32], const uint8_t pub[32]);
void x25519_base(uint8_t pub[32], const uint8_t priv[32]);

/* NaCl crypto_box_beforenm: the specification's boxkey.  Errors as x25519. */
int box_key(uint8_t key[32], const uint8_t priv[32], const uint8_t pub[32]);

/*
 * NaCl secretbox (XSalsa20-Poly1305), the specification's SB: appends 16 bytes
 * of tag, then the ciphertext.  open: -ERR_CRYPTO_DECRYPT, out unchanged.
 */
void secretbox_seal(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice message);
int secretbox_open(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice box);

/* box(m, n, pub, priv) = SB(boxkey(priv, pub), n, m). */
int box_seal(struct buffer * out, const uint8_t priv[32],
    const uint8_t pub[32], const uint8_t nonce[24], struct slice message);
int box_open(struct buffer * out, const uint8_t priv[32],
    const uint8_t pub[32], const uint8_t nonce[24], struct slice box);

/* Anonymous box (libsodium crypto_box_seal) with the given ephemeral key. */
int anonymous_seal(struct buffer * out, const uint8_t pub[32],
    const uint8_t ephemeral_priv[32], struct slice message);
int anonymous_open(struct buffer * out, const uint8_t priv[32],
    struct slice box);

/* XChaCha20-Poly1305 (24-byte nonce): ciphertext, then tag. */
void xchacha_seal(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice ad, struct slice message);
int xchacha_open(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice ad, struct slice box);

/* ChaCha20-Poly1305 of RFC 8439 (12-byte nonce), as Noise uses it. */
void chachapoly_seal(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[12], struct slice ad, struct slice message);
int chachapoly_open(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[12], struct slice ad, struct slice box);

/* Hashes; the pieces are hashed one after the other. */
void sha256(uint8_t out[32], const struct slice * pieces, size_t n);
void sha512(uint8_t out[64], const struct slice * pieces, size_t n);
void sha1(uint8_t out[20], const struct slice * pieces, size_t n); /* names */
void sha3_256(uint8_t out[32], struct slice message);
void shake256(uint8_t * out, size_t n, struct slice message);
void hmac_sha256(uint8_t out[32], struct slice key, const struct slice * pieces,
    size_t n);

/* Keyed BLAKE2b with a digest of n bytes (16 to 64). */
void blake2b(uint8_t * out, size_t n, struct slice key, struct slice message);

/*
 * HKDF (RFC 5869), n <= 255 * 32 bytes; an empty salt is 32 zero bytes.
 * hkdf_sha3_256 uses FIPS 202 SHA3-256 (block of 136 bytes).
 */
void hkdf_sha256(uint8_t * out, size_t n, struct slice ikm, struct slice salt,
    struct slice info);
void hkdf_sha3_256(uint8_t * out, size_t n, struct slice ikm,
    struct slice salt, struct slice info);

/* AES-256 in counter mode with a 128-bit big-endian counter; in may be out. */
void aes256_ctr(uint8_t * out, const uint8_t key[32],
    const uint8_t counter[16], struct slice in);

/* scrypt; -ERR_CRYPTO_KEY_DERIVATION when memory is short.  Slow by design. */
int scrypt(uint8_t * out, size_t n, struct slice passphrase, struct slice salt,
    uint64_t cost, uint32_t r, uint32_t p);

/*
 * Argon2id 1.3: `ops` passes over `memory_kib` KiB, one lane.  Takes as long as
 * it is told to: for a worker.  -ERR_CRYPTO_KEY_DERIVATION: no memory, or
 * numbers that it does not take.
 */
int argon2id(uint8_t * out, size_t n, struct slice passphrase,
    const uint8_t salt[16], uint32_t ops, uint32_t memory_kib);

/*
 * A stream of sealed pieces that cannot be reordered, repeated, left out or cut
 * off: libsodium's secretstream (XChaCha20-Poly1305).  The header is random, in
 * clear, and begins both sides.  Each piece is SECRET_STREAM_EXTRA bytes longer
 * than what it seals.  Wipe it after use.
 */
enum { SECRET_STREAM_HEADER = 24, SECRET_STREAM_EXTRA = 17 };

struct secret_stream {
	uint8_t state[52];
};
void secret_stream_begin(struct secret_stream * s, const uint8_t key[32],
    const uint8_t header[SECRET_STREAM_HEADER]);

/* Append one piece; data is authenticated with it; last: none follows. */
void secret_stream_seal(struct secret_stream * s, struct buffer * out,
    struct slice clear, struct slice data, bool last);

/* Open one; -ERR_CRYPTO_DECRYPT, out unchanged. */
int secret_stream_open(struct secret_stream * s, struct buffer * out,
    struct slice sealed, struct slice data, bool * last);

#endif /* !BERTY_CRYPTO_CRYPTO_H */
