/*
 * peer_record.h: a peer's addresses, signed by the peer.
 * Source: libp2p RFC 0002 (signed envelopes) and RFC 0003 (routing records).
 */
#ifndef BERTY_P2P_PEER_RECORD_H
#define BERTY_P2P_PEER_RECORD_H

#include "base/buffer.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* The largest envelope read, bytes, and the most addresses in one. */
enum { PEER_RECORD_MAX = 65536, PEER_RECORD_ADDRESSES = 128 };

/* A record taken apart; zero bytes are empty. */
struct peer_record {
	struct peer_id peer;
	uint64_t seq;
	struct buffer addresses;          /* multiaddrs, each behind a uvarint */
	size_t n;
};

/*
 * Open an envelope: its signature is checked, and its signer is the peer that
 * it names.  The caller calls peer_record_free.  -ERR_DESERIALIZATION,
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION (record is then untouched).
 */
int peer_record_open(struct peer_record * record, struct slice envelope);
void peer_record_free(struct peer_record * record);

/*
 * Append the envelope of a record that the key signs; record->peer is not
 * looked at: it is the key's.
 */
void peer_record_seal(struct buffer * out, const struct peer_record * record,
    const struct ed25519_key * key);

#endif /* !BERTY_P2P_PEER_RECORD_H */
