/*
 * message.h: message envelopes.  Pure.  Source: crypto spec §7 (weshnet
 * pkg/secretstore/secret_store_messages.go).
 */
#ifndef BERTY_GROUP_MESSAGE_H
#define BERTY_GROUP_MESSAGE_H

#include "base/error.h"
#include "base/network.h"
#include "group/attached.h"
#include "group/chain_key.h"

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
	struct attached attached;
	struct buffer held;
};
void message_free(struct message * m);

/* The nonce of a message's box: its counter. */
void message_nonce(uint8_t nonce[24], uint64_t counter);

/*
 * Append a MessageEnvelope of the payload under the chain's next key; the
 * chain moves by one and message_key receives the key.  random: 24 bytes, and
 * 24 more for each of the n attachments.
 */
void message_seal(struct buffer * out, struct slice payload,
    struct chain_key * chain, const struct ed25519_key * device,
    const struct group_info * g, const uint8_t * random,
    const struct event_attachment * attachments, size_t n,
    uint8_t message_key[32]);

/* The two parts of an envelope that are kept beside the headers; borrowed.
 * -ERR_DESERIALIZATION. */
struct message_parts {
	struct slice headers;     /* sealed */
	struct slice box;
	struct slice nonce;       /* of the headers, 24 bytes */
};
int message_split(struct message_parts * parts, struct slice envelope);

/* Headers: -ERR_DESERIALIZATION, -ERR_CRYPTO_DECRYPT. */
int message_open_headers(struct message_headers * h, struct slice envelope,
    const struct group_info * g);

/*
 * Body, with the key of its counter; the signature is checked.  Attachments
 * that are malformed are an error where the network has them (NULL: yes), and
 * left out elsewhere.
 * -ERR_CRYPTO_DECRYPT, -ERR_DESERIALIZATION,
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION.
 */
int message_open(struct message * m, struct slice envelope,
    const struct message_headers * h, const uint8_t message_key[32],
    const struct group_info * g, const struct network * network);

/* The same for a message that was checked before: its signature is not
 * verified again, which is most of the work. */
int message_reopen(struct message * m, struct slice envelope,
    const struct message_headers * h, const uint8_t message_key[32],
    const struct group_info * g, const struct network * network);

/* The box alone, as it also travels outside of the log.  Errors as above. */
int message_open_box(struct message * m, struct slice box,
    const struct message_headers * h, const uint8_t message_key[32]);

#endif /* !BERTY_GROUP_MESSAGE_H */
