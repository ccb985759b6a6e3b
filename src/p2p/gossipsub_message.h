/*
 * gossipsub_message.h: the RPCs of gossipsub as bytes, and the signature of a
 * published message (StrictSign).  Source: libp2p pubsub spec, "Message
 * Signing"; network spec §3.
 */
#ifndef BERTY_P2P_GOSSIPSUB_MESSAGE_H
#define BERTY_P2P_GOSSIPSUB_MESSAGE_H

#include "base/buffer.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"
#include "libp2p/pubsub.pb-c.h"

enum {
	GOSSIPSUB_RPC_MAX = 1 << 20,      /* bytes of an RPC */
	GOSSIPSUB_SUBSCRIPTIONS = 256,    /* written into one RPC */
	GOSSIPSUB_SEQNO_SIZE = 8,
	GOSSIPSUB_ID_MAX = PEER_ID_MAX + GOSSIPSUB_SEQNO_SIZE,
};

/* A message's id: author, then sequence number. */
struct gossipsub_id {
	uint8_t n;
	uint8_t bytes[GOSSIPSUB_ID_MAX];
};

static inline struct slice
gossipsub_id_slice(const struct gossipsub_id * id)
{
	return (slice_of(id->bytes, id->n));
}

/* An RPC from a peer; NULL when malformed, over 1 MiB, or made of so many
 * parts that it takes over eight times its bytes.  Free: protobuf_free. */
Libp2p__Pubsub__RPC * gossipsub_message_decode(struct slice bytes);

/*
 * Check what needs no cryptography: author, an 8-byte sequence number, topic
 * and signature are there.  Fills author and id; -ERR_DESERIALIZATION.
 */
int gossipsub_message_check(const Libp2p__Pubsub__Message * m,
    struct peer_id * from, struct gossipsub_id * id);

/*
 * Verify the signature with the key inside the author's peer id, or with the
 * `key` field when the id is its hash.  The bytes signed are the message
 * encoded anew without signature and key, as every implementation makes them.
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION.
 */
int gossipsub_message_verify(const Libp2p__Pubsub__Message * m,
    const struct peer_id * from);

/* Append the bytes that a signature covers. */
void gossipsub_message_signed(struct buffer * out,
    const Libp2p__Pubsub__Message * m);

/* Append a signed Message of ours; from is key's peer id.  Fills id. */
void gossipsub_message_sign(struct buffer * out, struct gossipsub_id * id,
    const struct ed25519_key * key, const struct peer_id * from, uint64_t seqno,
    const char * topic, struct slice data);

/*
 * Append parts of an RPC; parts put together in the order subscription,
 * publish, control make one.  A control part is a whole control message.
 */
void gossipsub_message_subscription(struct buffer * out, bool subscribe,
    struct slice topic);
void gossipsub_message_publish(struct buffer * out, struct slice message);
void gossipsub_message_graft(struct buffer * out, struct slice topic);
void gossipsub_message_ihave(struct buffer * out, struct slice topic,
    const struct gossipsub_id * ids, size_t n);
void gossipsub_message_iwant(struct buffer * out,
    const struct gossipsub_id * ids, size_t n);

/* A peer offered in a PRUNE; record (an envelope) may be empty. */
struct gossipsub_offer {
	struct peer_id peer;
	struct slice record;
};
void gossipsub_message_prune(struct buffer * out, struct slice topic,
    const struct gossipsub_offer * offers, size_t n, uint64_t backoff_s);

#endif /* !BERTY_P2P_GOSSIPSUB_MESSAGE_H */
