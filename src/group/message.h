/*
 * message.h: message envelopes.  Pure.  Source: crypto spec §7 (weshnet
 * pkg/secretstore/secret_store_messages.go).
 */
#ifndef BERTY_GROUP_MESSAGE_H
#define BERTY_GROUP_MESSAGE_H

#include "base/error.h"
#include "group/chain_key.h"
#include "group/group_keys.h"

/* The headers, opened with the group's secret. */
struct message_headers {
	uint64_t counter;
	uint8_t device_pk[32];
	uint8_t sig[64];
};

/* An opened message; slices borrow from `held`. */
struct message {
	struct slice plaintext;
	struct slice clear;       /* the EncryptedMessage bytes */
	struct buffer held;
};
void message_free(struct message * m);

/*
 * Append a MessageEnvelope of the payload under the chain's next key; the
 * chain moves by one and message_key receives the key.  random: 24 bytes.
 */
void message_seal(struct buffer * out, struct slice payload,
    struct chain_key * chain, const struct ed25519_key * device,
    const struct group_info * g, const uint8_t random[24],
    uint8_t message_key[32]);

/* Headers: -ERR_DESERIALIZATION, -ERR_CRYPTO_DECRYPT. */
int message_open_headers(struct message_headers * h, struct slice envelope,
    const struct group_info * g);

/* Body, with the key of its counter; the signature is checked.
 * -ERR_CRYPTO_DECRYPT, -ERR_DESERIALIZATION,
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION. */
int message_open(struct message * m, struct slice envelope,
    const struct message_headers * h, const uint8_t message_key[32]);

#endif /* !BERTY_GROUP_MESSAGE_H */
