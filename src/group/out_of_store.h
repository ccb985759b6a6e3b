/*
 * out_of_store.h: a message that travels outside of the log, in a push.  Pure.
 * Source: crypto spec §8 (weshnet pkg/secretstore/secret_store.go).
 */
#ifndef BERTY_GROUP_OUT_OF_STORE_H
#define BERTY_GROUP_OUT_OF_STORE_H

#include "group/message.h"

/* An envelope taken apart, borrowed. */
struct out_of_store_envelope {
	struct slice nonce;       /* 24 bytes */
	struct slice box;
	struct slice reference;   /* which group; empty when not told */
};

/* Either network's form.  -ERR_DESERIALIZATION. */
int out_of_store_split(struct out_of_store_envelope * e, struct slice bytes);

/* What is in the box; slices borrow from `held`. */
struct out_of_store {
	struct slice cid;         /* of the log's entry; may be empty */
	struct message_headers headers;
	struct slice box;         /* the message's */
	struct slice nonce;       /* of its sealed headers; may be empty */
	struct buffer held;
};
void out_of_store_free(struct out_of_store * o);

/*
 * Append an envelope of a message of the log.  reference_field: the network's.
 * -ERR_DESERIALIZATION, -ERR_CRYPTO_DECRYPT when the message's headers do not
 * open.
 */
int out_of_store_seal(struct buffer * out, const struct group_info * g,
    unsigned reference_field, struct slice cid, struct slice message_envelope,
    const uint8_t random[24]);

/* Open the box with the group that the reference names; message_open_box then
 * opens the message.  -ERR_CRYPTO_DECRYPT, -ERR_DESERIALIZATION. */
int out_of_store_open(struct out_of_store * o,
    const struct out_of_store_envelope * e, const struct group_info * g);

/* The reference of a message, from the group's out-of-store secret. */
void out_of_store_reference(uint8_t reference[32], const uint8_t secret[32],
    const uint8_t device_pk[32], uint64_t counter);

/* Those of n messages, the first one's counter given (modulo 2^64): cheaper
 * than one by one. */
void out_of_store_references(uint8_t (* references)[32], size_t n,
    const uint8_t secret[32], const uint8_t device_pk[32], uint64_t first);

/* The counters whose references are known once `counter` was opened: from
 * *first on, up to and without *last, modulo 2^64. */
void out_of_store_window(uint64_t counter, uint64_t * first, uint64_t * last);

#endif /* !BERTY_GROUP_OUT_OF_STORE_H */
