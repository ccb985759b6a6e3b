/*
 * group_keys.h: a group's description, and the keys that follow from it.  Pure.
 * Source: crypto spec §3 (weshnet pkg/protocoltypes/group.go,
 * pkg/secretstore/keys_utils.go).
 */
#ifndef BERTY_GROUP_GROUP_KEYS_H
#define BERTY_GROUP_GROUP_KEYS_H

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/crypto.h"

enum group_type { GROUP_UNDEFINED = 0, GROUP_ACCOUNT = 1, GROUP_CONTACT = 2,
	GROUP_MULTI_MEMBER = 3 };

/* berty.protocol.v1.Group; `has_` members say which optional fields are set. */
struct group_info {
	uint8_t pk[32];
	uint8_t secret[32];
	uint8_t secret_sig[64];
	uint8_t link_key_sig[64];
	uint8_t sign_pub[32];
	uint8_t link_key[32];
	bool has_secret, has_secret_sig, has_link_key_sig, has_sign_pub,
	    has_link_key;
	enum group_type type;
};

/* protobuf of it, and back (-ERR_DESERIALIZATION for wrong sizes). */
void group_info_encode(struct buffer * out, const struct group_info * g);
int group_info_decode(struct group_info * g, struct slice bytes);

/* Account group: id is the account key, secret the seed of the proof key. */
void group_of_account(struct group_info * g, const struct ed25519_key * account,
    const struct ed25519_key * proof);

/*
 * Contact group, the same from both sides.  group_key (may be NULL) receives
 * the group's own key.  -ERR_CRYPTO_KEY_CONVERSION for a bad contact key.
 */
int group_of_contact(struct group_info * g, struct ed25519_key * group_key,
    const struct ed25519_key * own_account, const uint8_t contact_pk[32]);

/* Multi-member group from two random seeds; signs secret and link key. */
void group_of_members(struct group_info * g, struct ed25519_key * group_key,
    const uint8_t group_seed[32], const uint8_t secret_seed[32]);

/* Signed by its key: for invitations.  link_key_sig is checked when present.
 * 0 or -ERR_CRYPTO_SIGNATURE_VERIFICATION. */
int group_verify(const struct group_info * g);

/* Derived values. */
void group_signing_pub(uint8_t pub[32], const struct group_info * g);
void group_link_key(uint8_t key[32], const struct group_info * g);
void group_out_of_store_secret(uint8_t key[32], const struct group_info * g);
void group_attachment_cid_key(uint8_t key[32], const struct group_info * g);

/* What a replication server may see: no secrets, link key spelled out. */
void group_filter(struct group_info * out, const struct group_info * g);

/* Member key of an account in a multi-member group.
 * -ERR_CRYPTO_KEY_CONVERSION. */
int group_member_key(struct ed25519_key * member,
    const struct ed25519_key * proof, const uint8_t group_pk[32]);

#endif /* !BERTY_GROUP_GROUP_KEYS_H */
