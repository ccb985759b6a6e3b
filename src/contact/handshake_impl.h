/* handshake_impl.h: a handshake from inside; for its files only. */
#ifndef BERTY_CONTACT_HANDSHAKE_IMPL_H
#define BERTY_CONTACT_HANDSHAKE_IMPL_H

#include "contact/handshake.h"
#include "handshake/handshake.pb-c.h"

/* What we wait for. */
enum handshake_step {
	WAIT_REQUESTER_HELLO,
	WAIT_AUTHENTICATE,
	WAIT_ACKNOWLEDGE,
	WAIT_CONTACT,
	WAIT_RESPONDER_HELLO,
	WAIT_ACCEPT,
	DONE,
	FAILED,
};

struct handshake {
	enum handshake_step step;
	const struct ed25519_key * account; /* borrowed */
	uint8_t peer_pk[32];              /* the other account, once known */
	uint8_t ephemeral[32];
	uint8_t peer_ephemeral[32];
	uint8_t ab[32];                   /* boxkey of both ephemerals */
	struct buffer own;                /* what the last message says */
	struct buffer in;                 /* the frame that is being read */
	struct buffer out;
	struct shareable_contact contact; /* borrows from in */
};

/* --- steps: what each frame says ------------------------------------------ */

/* Our hello, put to what must be sent. */
void handshake_hello(struct handshake * h);

/* Take the frame that is awaited; 0, or the code of the chain. */
int handshake_take(struct handshake * h, struct slice frame,
    struct error * err);

/* It ends here: the chain is outer, middle (0: none), inner. */
int handshake_refuse(struct handshake * h, struct error * err, int outer,
    int middle, int inner, const char * text);

/* A frame that cannot be read: the chain depends on what was awaited. */
int handshake_refuse_frame(struct handshake * h, struct error * err);

/* --- boxes: their keys, sealing and opening ------------------------------- */

/* Key of box 3, from the side that knows the ephemeral, or the account. */
int handshake_key_authenticate(uint8_t key[32], const struct handshake * h,
    bool requester);

/* Key of box 4: the same formula from both sides. */
int handshake_key_accept(uint8_t key[32], const struct handshake * h);

/* Put the message, sealed, to what must be sent. */
void handshake_seal(struct handshake * h, const uint8_t key[32],
    const uint8_t nonce[24], const void * message);

/* Append what is in a box; -ERR_CRYPTO_DECRYPT. */
int handshake_open(struct buffer * clear, const uint8_t key[32],
    const uint8_t nonce[24], const Handshake__BoxEnvelope * envelope);

#endif /* !BERTY_CONTACT_HANDSHAKE_IMPL_H */
