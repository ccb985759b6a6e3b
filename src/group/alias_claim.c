#include "group/alias.h"

#include "group/wire.h"

/* What a member proof is about, before group and member. */
#define PURPOSE "berty alias"

void
alias_resolver(uint8_t resolver[32], const uint8_t alias_pk[32],
    const uint8_t group_pk[32])
{
	struct slice message = slice_of(group_pk, KEY_SIZE);

	hmac_sha256(resolver, slice_of(alias_pk, KEY_SIZE), &message, 1);
}

struct member_proof {
	uint8_t bytes[sizeof(PURPOSE) - 1 + 2 * KEY_SIZE];
};

static struct slice
member_proof_of(struct member_proof * about, const uint8_t group_pk[32],
    const uint8_t member_pk[32])
{
	uint8_t * p = about->bytes;

	memcpy(p, PURPOSE, sizeof(PURPOSE) - 1);
	p += sizeof(PURPOSE) - 1;
	memcpy(p, group_pk, KEY_SIZE);
	memcpy(p + KEY_SIZE, member_pk, KEY_SIZE);
	return (slice_of(about->bytes, sizeof(about->bytes)));
}

void
alias_prove_member(uint8_t proof[SIGNATURE_SIZE],
    const struct ed25519_key * alias, const uint8_t group_pk[32],
    const uint8_t member_pk[32])
{
	struct member_proof about;

	ed25519_sign(proof, alias, member_proof_of(&about, group_pk,
	    member_pk));
}

int
alias_check_member(const uint8_t proof[SIGNATURE_SIZE],
    const uint8_t alias_pk[32], const uint8_t group_pk[32],
    const uint8_t member_pk[32])
{
	struct member_proof about;

	return (ed25519_verify(proof, alias_pk, member_proof_of(&about,
	    group_pk, member_pk)));
}

void
alias_claim_encode(struct buffer * payload, const uint8_t device_pk[32],
    const struct ed25519_key * alias, const uint8_t group_pk[32],
    const uint8_t member_pk[32])
{
	uint8_t resolver[32], proof[SIGNATURE_SIZE], bound[SIGNATURE_SIZE];

	alias_resolver(resolver, alias->pub, group_pk);
	ed25519_sign(proof, alias, slice_of(resolver, sizeof(resolver)));
	alias_prove_member(bound, alias, group_pk, member_pk);
	wire_put_bytes(payload, 1, slice_of(device_pk, KEY_SIZE));
	wire_put_bytes(payload, 2, slice_of(resolver, sizeof(resolver)));
	wire_put_bytes(payload, 3, slice_of(proof, sizeof(proof)));
	wire_put_bytes(payload, ALIAS_FIELD_MEMBER_PROOF,
	    slice_of(bound, sizeof(bound)));
}

int
alias_claim_read(struct alias_claim * claim, struct slice payload)
{
	struct slice resolver, proof, bound;

	if (wire_find(payload, 2, &resolver) != 0 ||
	    wire_find(payload, 3, &proof) != 0 ||
	    wire_find(payload, ALIAS_FIELD_MEMBER_PROOF, &bound) != 0 ||
	    !wire_copy(claim->resolver, sizeof(claim->resolver), resolver) ||
	    !wire_copy(claim->proof, sizeof(claim->proof), proof))
		return (-ERR_DESERIALIZATION);
	claim->bound = wire_copy(claim->member_proof,
	    sizeof(claim->member_proof), bound);
	return (0);
}

enum alias_proof
alias_claim_check(const struct alias_claim * claim, const uint8_t alias_pk[32],
    const uint8_t group_pk[32], const uint8_t member_pk[32])
{
	uint8_t resolver[32];

	alias_resolver(resolver, alias_pk, group_pk);
	if (memcmp(resolver, claim->resolver, sizeof(resolver)) != 0 ||
	    ed25519_verify(claim->proof, alias_pk,
	        slice_of(resolver, sizeof(resolver))) != 0)
		return (ALIAS_NOTHING);
	if (claim->bound && alias_check_member(claim->member_proof, alias_pk,
	    group_pk, member_pk) == 0)
		return (ALIAS_BOUND);
	return (ALIAS_PLAIN);
}
