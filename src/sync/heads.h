/*
 * heads.h: the heads message and the rotation value in it.  Pure.
 * Source: log spec §4.1, §4.2; rendezvous spec §3.
 */
#ifndef BERTY_SYNC_HEADS_H
#define BERTY_SYNC_HEADS_H

#include "base/buffer.h"
#include "codec/peer_id.h"

/* Longest message read, bytes: what the direct channel carries. */
#define HEADS_MAX (4U << 20)
#include "codec/rotation.h"

/*
 * Append a whole OrbitDBMessageHeads.  device_pk and peer may be NULL (not
 * sent); nonce is 24 random bytes.
 */
void heads_seal(struct buffer * out, struct slice address,
    const uint8_t link_key[32], const uint8_t rotation[32],
    const uint8_t nonce[24], struct slice heads_json,
    const uint8_t * device_pk, const struct peer_id * peer);

/*
 * The rotation value of a message (codec/rotation.h makes them), before it is
 * opened.  -ERR_DESERIALIZATION.
 */
int heads_rotation(uint8_t rotation[32], struct slice message);

/* An opened one; slices borrow from `box`. */
struct heads {
	struct slice address, json, device_pk, peer;
	void * box;
};

/* -ERR_DESERIALIZATION, -ERR_CRYPTO_DECRYPT. */
int heads_open(struct heads * h, struct slice message,
    const uint8_t link_key[32]);
void heads_free(struct heads * h);

#endif /* !BERTY_SYNC_HEADS_H */
