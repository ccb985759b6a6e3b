/*
 * group_push.h: messages of a group that travel by push: sealed from the log,
 * found by their reference, and opened without a trace: the chain does not move
 * and nothing is kept, so the log delivers the same message once, as always.
 * Source: crypto spec §8 (berty go/pkg/bertyprotocol/store_message.go,
 * go/internal/cryptoutil/keystore_message.go:OpenOutOfStoreMessage).
 */
#ifndef BERTY_GROUP_GROUP_PUSH_H
#define BERTY_GROUP_GROUP_PUSH_H

#include "group/group.h"
#include "group/out_of_store.h"
#include "group/reference_search.h"

/* Append the OutOfStoreMessageEnvelope of a message in the log.  888 over 100
 * over 100: it is not there. */
int group_push_seal(struct group * g, const struct cid * cid,
    struct buffer * out, struct error * err);

/*
 * Add the chains of a group to a search.  The group need not be open; one that
 * never was has none.  -ERR_INTERNAL, -ERR_DB_READ.
 */
int group_push_search(const struct group_context * context,
    const struct group_config * config, struct reference_search * s);

/* The same walk: each known device's chain.  A non-zero return of each ends it
 * and is returned. */
int group_push_each_chain(const struct group_context * context,
    const struct group_config * config, int (*each)(void * user,
        const uint8_t device_pk[32], const struct chain_key * c), void * user);

/* A message out of the log, opened. */
struct push_message {
	struct out_of_store message;
	struct buffer clear;      /* EncryptedMessage, as Go hands it out */
	bool already_received;    /* the log has delivered it */
};
void push_message_free(struct push_message * m);

/*
 * Open the envelope that was found to be of this group.  -ERR_CRYPTO_DECRYPT
 * (no key: too far ahead, or used and not in the log),
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION, -ERR_DESERIALIZATION.
 */
int group_push_open(struct group * g, const struct out_of_store_envelope * e,
    struct push_message * m);

/* The last step alone: box and signature, with the message's key. */
int push_message_open(struct push_message * m, const uint8_t key[32]);

#endif /* !BERTY_GROUP_GROUP_PUSH_H */
