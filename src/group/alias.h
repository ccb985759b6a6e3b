/*
 * alias.h: who of a group's members is which contact, if they let us know.
 *
 * An account's alias key (its proof key) is told to a contact in the contact
 * group (201).  In a multi-member group, where nobody knows whose member key is
 * whose, a member may write a resolver (301): who has the alias key finds it,
 * and nobody else learns anything of it.
 *
 *     resolver = HMAC-SHA256(key alias_pk, group_pk)
 *     proof    = Ed25519(alias key, resolver)
 *
 * Neither names the member, so another member could repeat both as its own; and
 * nothing in a 201 shows that the key is its sender's.  Hence our member proof
 * in both (extension), Ed25519(alias key, "berty alias" || group_pk ||
 * member_pk): where there is one, nothing else counts; without, a resolver that
 * two members have, and a key that two contacts sent, names nobody.  What wesh
 * writes says nothing: its 201 names the account key, its 301 is empty.
 * Source: api-v1 spec §3, §4; crypto spec §10.
 */
#ifndef BERTY_GROUP_ALIAS_H
#define BERTY_GROUP_ALIAS_H

#include "group/group.h"

void alias_resolver(uint8_t resolver[32], const uint8_t alias_pk[32],
    const uint8_t group_pk[32]);

void alias_prove_member(uint8_t proof[SIGNATURE_SIZE],
    const struct ed25519_key * alias, const uint8_t group_pk[32],
    const uint8_t member_pk[32]);
int alias_check_member(const uint8_t proof[SIGNATURE_SIZE],
    const uint8_t alias_pk[32], const uint8_t group_pk[32],
    const uint8_t member_pk[32]);

/* Number of the field with the member proof, in both events. */
#define ALIAS_FIELD_MEMBER_PROOF 7000

/* A 301, as it is stored under its device; the newest counts. */
struct alias_claim {
	uint8_t device_pk[32];
	uint8_t resolver[32];
	uint8_t proof[SIGNATURE_SIZE];
	uint8_t member_proof[SIGNATURE_SIZE];
	bool bound;               /* there is a member proof */
};

/* The payload of a 301 of a device of that member. */
void alias_claim_encode(struct buffer * payload, const uint8_t device_pk[32],
    const struct ed25519_key * alias, const uint8_t group_pk[32],
    const uint8_t member_pk[32]);

/* Read one (device_pk apart); -ERR_DESERIALIZATION when it proves nothing. */
int alias_claim_read(struct alias_claim * claim, struct slice payload);

/*
 * What does a claim prove of an alias key?  ALIAS_BOUND: that it is this
 * member's.  ALIAS_PLAIN: that it is somebody's of the group.
 */
enum alias_proof { ALIAS_NOTHING, ALIAS_PLAIN, ALIAS_BOUND };
enum alias_proof alias_claim_check(const struct alias_claim * claim,
    const uint8_t alias_pk[32], const uint8_t group_pk[32],
    const uint8_t member_pk[32]);

/* Fold a 201 or 301 of a device of that member; others fold to nothing.  Inside
 * a transaction; 0, or the store's code. */
int alias_fold(struct group * g, const struct metadata_event * e,
    const struct event_place * place, const uint8_t member_pk[32]);

#endif /* !BERTY_GROUP_ALIAS_H */
