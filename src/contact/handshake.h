/*
 * handshake.h: the contact request handshake, sans-IO: frames in, frames out.
 * Source: contact spec §4 (weshnet internal/handshake).
 */
#ifndef BERTY_CONTACT_HANDSHAKE_H
#define BERTY_CONTACT_HANDSHAKE_H

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/crypto.h"

struct handshake;

/* A contact as it is sent: ShareableContact. */
struct shareable_contact {
	uint8_t pk[32];
	bool has_pk, has_seed;
	uint8_t seed[32];
	struct slice metadata;    /* borrowed */
};
void shareable_contact_encode(struct buffer * out,
    const struct shareable_contact * c);
/* CheckFormat of Go: -ERR_INVALID_INPUT, -ERR_DESERIALIZATION. */
int shareable_contact_decode(struct shareable_contact * c, struct slice bytes,
    bool allow_missing_seed, bool allow_missing_pk);

/*
 * Either side; the account is borrowed for the life of the handshake, ephemeral
 * is a random X25519 private key.  own (requester): what
 * the last message says; copied.
 */
struct handshake * handshake_request(const struct ed25519_key * account,
    const uint8_t contact_pk[32], const uint8_t ephemeral[32],
    const struct shareable_contact * own);
struct handshake * handshake_respond(const struct ed25519_key * account,
    const uint8_t ephemeral[32]);
void handshake_free(struct handshake * h);

/* Append what must be sent now (frames with their lengths). */
void handshake_output(struct handshake * h, struct buffer * out);

/*
 * Feed bytes of the peer.  0: go on; 1: done (requester: all is written;
 * responder: handshake_contact gives who asked); else the chain of contact
 * spec §4.  At most 2,048 bytes a frame.
 */
int handshake_input(struct handshake * h, struct slice bytes,
    struct error * err);

/* Responder: the requester's key, from when it has proven that it is its own;
 * NULL before, and after a failure. */
const uint8_t * handshake_requester(const struct handshake * h);

/* Responder, done: the requester's key and contact (borrowed). */
const struct shareable_contact * handshake_contact(const struct handshake * h);

#endif /* !BERTY_CONTACT_HANDSHAKE_H */
