/*
 * entry.h: one entry of a log: its block, its signature, its forms.  Pure.
 * Source: log spec §3 (go-ipfs-log entry/entry.go, io/cbor/cbor.go).
 */
#ifndef BERTY_LOG_ENTRY_H
#define BERTY_LOG_ENTRY_H

#include "base/buffer.h"
#include "codec/cid.h"
#include "crypto/crypto.h"

/* Largest block of an entry, bytes. */
#define ENTRY_MAX (2U << 20)

/* The fixed part of all entries of a group: who signs them. */
struct log_identity {
	uint8_t pub[32];          /* the group's signing key */
	char id[65];              /* its lower-case hex, NUL-terminated */
	uint8_t key[36];          /* its libp2p protobuf; also the clock id */
	uint8_t id_sig[64];       /* signature of id, zero without a seed */
	bool can_sign;
	struct ed25519_key signer; /* zero without a seed; wipe after use */
};

/* From the seed of the signing key, or from its public part alone. */
void log_identity_from_seed(struct log_identity * identity,
    const uint8_t seed[32]);
void log_identity_from_public(struct log_identity * identity,
    const uint8_t pub[32]);

/* An entry taken apart.  Slices borrow from the block, or from the JSON's copy
 * in `held`; next and refs are the entry's own. */
struct entry {
	struct slice id;          /* address of the log */
	struct slice key;         /* raw: libp2p public key protobuf */
	struct slice sig;         /* raw */
	struct slice clock_id;    /* raw */
	uint64_t time;
	struct slice payload;     /* text */
	struct slice identity_id; /* text */
	struct slice identity_type;
	struct slice identity_key; /* raw */
	struct slice identity_sig_id; /* raw */
	struct slice identity_sig_key; /* raw, empty here */
	struct cid * next;
	size_t n_next;
	struct cid * refs;
	size_t n_refs;
	struct buffer held;
};

void entry_free(struct entry * e);

/*
 * Read a block: strict DAG-CBOR with the fields of version 2 in their order;
 * encrypted links are refused.  -ERR_DESERIALIZATION.
 */
int entry_decode(struct entry * e, struct slice block);

/* Append the block; decode then encode gives the same bytes. */
void entry_encode(struct buffer * out, const struct entry * e);

/* Append the bytes that are signed: JSON with Go's escapes. */
void entry_signed_bytes(struct buffer * out, const struct entry * e);

/*
 * A head as JSON, as heads messages carry it, and back.  cid is its `hash`.
 * -ERR_DESERIALIZATION, also when the rebuilt block does not hash to `hash`.
 */
void entry_to_json(struct buffer * out, const struct entry * e,
    const struct cid * cid);
int entry_from_json(struct entry * e, struct cid * cid, struct slice json);

/* A JSON array of heads: calls `each` for every element (its JSON text). */
int entries_each(struct slice json,
    int (*each)(void * user, struct slice element), void * user);

/*
 * All checks that do not need the log: the block hashes to the CID, `id` is
 * the address, identity.id, identity.publicKey, key and clock id are those of
 * the identity, the signature holds.  Pure: may run on a worker thread.
 * 0, -ERR_DESERIALIZATION, -ERR_INVALID_INPUT,
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION.
 */
int entry_check(const struct log_identity * identity, struct slice address,
    const struct cid * cid, struct slice block);

/*
 * Make a signed entry: appends its block, gives its CID.  payload is the
 * operation's text.
 */
int entry_make(struct buffer * block, struct cid * cid,
    const struct log_identity * identity, struct slice address, uint64_t time,
    const struct cid * next, size_t n_next, const struct cid * refs,
    size_t n_refs, struct slice payload);

/* Payload of an ADD: `{"op":"ADD","value":"…"}`; and the value in one. */
void operation_encode(struct buffer * out, struct slice value);
int operation_value(struct buffer * out, struct slice payload);

#endif /* !BERTY_LOG_ENTRY_H */
