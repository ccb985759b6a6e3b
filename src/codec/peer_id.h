/* peer_id.h: peer ids and the keys in them.  Source: libp2p peer-ids spec. */
#ifndef BERTY_CODEC_PEER_ID_H
#define BERTY_CODEC_PEER_ID_H

#include "base/buffer.h"

enum key_type { KEY_RSA = 0, KEY_ED25519 = 1, KEY_SECP256K1 = 2,
	KEY_ECDSA = 3 };

#define PEER_ID_MAX 42

/* The multihash of a public key.  n = 0: none. */
struct peer_id {
	uint8_t n;
	uint8_t bytes[PEER_ID_MAX];
};

/* A public key protobuf taken apart; borrowed from it. */
struct public_key {
	enum key_type type;
	struct slice data;        /* Ed25519 32; secp256k1 33; RSA, ECDSA: PKIX */
};

static inline struct slice
peer_id_slice(const struct peer_id * id)
{
	return (slice_of(id->bytes, id->n));
}

static inline bool
peer_id_equal(const struct peer_id * a, const struct peer_id * b)
{
	return (slice_equal(peer_id_slice(a), peer_id_slice(b)));
}

/* The 36 bytes `08 01 12 20` and a raw Ed25519 key. */
void public_key_from_ed25519(uint8_t out[36], const uint8_t pub[32]);

/* The 68 bytes `08 01 12 40`, seed, public; and back (96-byte Data too). */
void private_key_from_ed25519(uint8_t out[68], const uint8_t seed[32],
    const uint8_t pub[32]);
int private_key_parse(uint8_t seed[32], struct slice bytes);

/* Take a public key protobuf apart; -ERR_DESERIALIZATION. */
int public_key_parse(struct public_key * key, struct slice bytes);

/*
 * Verify a signature by any of the four key types: RSA 2048 to 4096 bits
 * (PKCS#1 v1.5, SHA-256; the length is checked before the maths), ECDSA
 * (SHA-256, DER), secp256k1 (SHA-256, DER), Ed25519.
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION, or -ERR_INVALID_INPUT for a bad key.
 * Lives in p2p/key.c: the codec links no RSA.
 */
int public_key_verify(const struct public_key * key, struct slice message,
    struct slice sig);

/* Peer id of a public key protobuf: identity hash up to 42 bytes, else sha256. */
void peer_id_from_public_key(struct peer_id * id, struct slice protobuf);
void peer_id_from_ed25519(struct peer_id * id, const uint8_t pub[32]);

/* Bytes of a multihash (identity or sha2-256); -ERR_DESERIALIZATION. */
int peer_id_parse(struct peer_id * id, struct slice bytes);

/* Text: base58 without prefix (`12D3KooW…`, `Qm…`); decode reads CIDv1 too. */
void peer_id_encode(struct buffer * out, const struct peer_id * id);
int peer_id_decode(struct peer_id * id, struct slice text);

/* NUL-terminated text for a log line. */
struct peer_id_text {
	char text[80];
};
struct peer_id_text peer_id_show(const struct peer_id * id);

/* The public key protobuf inside an identity multihash, empty if hashed. */
struct slice peer_id_key(const struct peer_id * id);

#endif /* !BERTY_CODEC_PEER_ID_H */
