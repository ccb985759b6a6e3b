/*
 * secure.h: the frames of an established Noise channel: each a uint16
 * big-endian length, then ciphertext with its tag.  Sans-IO.
 * Source: libp2p noise spec, wire format.
 */
#ifndef BERTY_P2P_SECURE_H
#define BERTY_P2P_SECURE_H

#include "base/buffer.h"
#include "p2p/noise.h"

/* Cipher states of both directions and the part of a frame that came. */
struct secure {
	uint8_t send[32];
	uint8_t receive[32];
	uint64_t sent;
	uint64_t received;
	struct buffer held;
};

void secure_start(struct secure * s, const struct noise_keys * keys);

/* Wipe. */
void secure_end(struct secure * s);

/* Append plain to out as frames, as few as it takes. */
void secure_seal(struct secure * s, struct buffer * out, struct slice plain);

/*
 * Open the first frame of *in, appending its plaintext to out: 1, or 0 when
 * the frame is not whole yet (*in is then empty and its bytes are held).
 * -ERR_CRYPTO_DECRYPT: it does not open.
 */
int secure_open(struct secure * s, struct slice * in, struct buffer * out);

/* Bytes held of a frame that is not whole. */
static inline size_t
secure_held(const struct secure * s)
{
	return (s->held.n);
}

#endif /* !BERTY_P2P_SECURE_H */
