/*
 * chain_key.h: the ratchet of a device in a group, and how it is given to a
 * member.  Pure.  Source: crypto spec §5, §6 (weshnet pkg/secretstore).
 */
#ifndef BERTY_GROUP_CHAIN_KEY_H
#define BERTY_GROUP_CHAIN_KEY_H

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/crypto.h"

/* How far ahead of what was opened a message may be, in messages. */
#define CHAIN_KEY_WINDOW 100

/* Counters are modulo 2^64. */
struct chain_key {
	uint8_t key[32];
	uint64_t counter;
};

/* A fresh one from 32 random bytes; random_counter: 8 more bytes draw the
 * counter in [0, 2^64 - 2] the way Go does (see the vector). */
void chain_key_new(struct chain_key * c, const uint8_t * random,
    bool random_counter);

/* One step: the message key of counter + 1, and the state after it. */
void chain_key_step(struct chain_key * c, uint8_t message_key[32],
    const uint8_t group_pk[32]);

/* Step until the message key of `counter`, at most `ahead` steps away:
 * -ERR_NOT_FOUND, and nothing changed, when it is farther. */
int chain_key_reach(struct chain_key * c, uint8_t message_key[32],
    const uint8_t group_pk[32], uint64_t counter, unsigned ahead);

void chain_key_encode(struct buffer * out, const struct chain_key * c);
int chain_key_decode(struct chain_key * c, struct slice bytes);

/* Payload of event 2: boxed from a device to a member, and opened there.
 * -ERR_CRYPTO_KEY_CONVERSION, -ERR_CRYPTO_DECRYPT, -ERR_DESERIALIZATION. */
int chain_key_seal(struct buffer * out, const struct chain_key * c,
    const struct ed25519_key * device, const uint8_t member_pk[32],
    const uint8_t group_pk[32]);
int chain_key_open(struct chain_key * c, struct slice payload,
    const struct ed25519_key * member, const uint8_t device_pk[32],
    const uint8_t group_pk[32]);

#endif /* !BERTY_GROUP_CHAIN_KEY_H */
