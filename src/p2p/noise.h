/*
 * noise.h: the Noise XX handshake of libp2p: who is there, and keys to talk.
 * Sans-IO; all randomness is an argument.  Source: libp2p noise spec
 * (Noise_XX_25519_ChaChaPoly_SHA256, empty prologue).
 */
#ifndef BERTY_P2P_NOISE_H
#define BERTY_P2P_NOISE_H

#include "base/buffer.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* Bytes of a message on the wire, and of plaintext in one. */
enum { NOISE_MAX = 65535, NOISE_PLAIN_MAX = NOISE_MAX - TAG_SIZE };

struct noise;

/* What one end brings. */
struct noise_config {
	bool initiator;
	const struct ed25519_key * identity; /* borrowed for its life */
	uint8_t static_private[32];       /* X25519, drawn for this handshake */
	uint8_t ephemeral_private[32];    /* X25519, drawn for this handshake */
	struct peer_id expected;          /* n = 0: whoever is there */
	/* Muxers for the extension, preferred first, NULL-terminated; NULL: no
	 * extension is sent.  Borrowed for the life of the handshake. */
	const char * const * muxers;
};

/* The two keys of a connection, as seen from this end. */
struct noise_keys {
	uint8_t send[32];
	uint8_t receive[32];
	uint8_t hash[32];                 /* of the whole handshake */
};

/* The config is copied.  NULL without memory. */
struct noise * noise_new(const struct noise_config * config);

/* Wipe and free. */
void noise_free(struct noise * n);

/*
 * The initiator's first message, appended to out behind its uint16 length.
 * The responder has nothing to start.
 */
void noise_start(struct noise * n, struct buffer * out);

/*
 * Take one message (without its length); an answer is appended to out behind
 * its length.  1: the handshake is over, all below may be asked.  0: the next
 * message is awaited.  -ERR_CRYPTO_DECRYPT: a message that does not open;
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION: the peer does not own the identity it
 * claims; -ERR_INVALID_INPUT: it is not the one expected, who then learns
 * nothing of us; -ERR_DESERIALIZATION: a malformed payload.
 */
int noise_handshake(struct noise * n, struct slice message,
    struct buffer * out);

/* Who the peer is. */
const struct peer_id * noise_peer(const struct noise * n);

/* The peer's public key protobuf; lives as long as n. */
struct slice noise_peer_key(const struct noise * n);

/*
 * The muxer agreed on early: the first of the initiator's that the responder
 * lists too; NULL when there is none.
 */
const char * noise_muxer(const struct noise * n);

/* The keys to talk with. */
void noise_keys(const struct noise * n, struct noise_keys * keys);

#endif /* !BERTY_P2P_NOISE_H */
