/* Groups and the keys of their members: groups, misc. */
#include "base/error.h"
#include "codec/multibase.h"
#include "group/group_keys.h"
#include "group/out_of_store.h"
#include "kat.h"
#include "kat_group.h"

const struct network *
kat_network(const struct kat_vector * v)
{
	if (v->network != NULL && v->network->id == NETWORK_BERTY)
		return (network_get(NETWORK_BERTY_V1));
	return (v->network);
}

void
kat_error_name(struct kat * k, const cJSON * object, int status)
{
	kat_expect(k, object, "error_str", slice_text(error_name(-status)));
}

void
kat_group_info(struct kat * k, struct group_info * g, struct slice marshaled)
{
	struct buffer * again = kat_buffer(k);

	if (group_info_decode(g, marshaled) != 0) {
		kat_fail(k, "the group does not parse");
		return;
	}
	group_info_encode(again, g);
	kat_bytes(k, "group encoded again", marshaled, buffer_all(again));
}

/* A group against the object that spells out its fields. */
static void
expect_group(struct kat * k, const cJSON * outputs, const struct group_info * g)
{
	const cJSON * o = kat_object(k, outputs, "group");
	struct buffer * encoded = kat_buffer(k);
	struct group_info again;

	group_info_encode(encoded, g);
	kat_expect(k, o, "marshaled", buffer_all(encoded));
	kat_expect(k, o, "public_key", BYTES(g->pk));
	kat_expect(k, o, "secret", BYTES(g->secret));
	kat_expect(k, o, "secret_sig",
	    slice_of(g->secret_sig, g->has_secret_sig ? 64 : 0));
	kat_expect(k, o, "link_key_sig",
	    slice_of(g->link_key_sig, g->has_link_key_sig ? 64 : 0));
	kat_expect_if(k, o, "sign_pub",
	    slice_of(g->sign_pub, g->has_sign_pub ? 32 : 0));
	kat_expect_if(k, o, "link_key",
	    slice_of(g->link_key, g->has_link_key ? 32 : 0));
	kat_expect_number(k, o, "group_type_dec", (uint64_t)g->type);
	kat_group_info(k, &again, buffer_all(encoded));
}

static void
raw64(uint8_t out[64], const struct ed25519_key * key)
{
	memcpy(out, key->seed, 32);
	memcpy(out + 32, key->pub, 32);
}

static void
expect_derived(struct kat * k, const cJSON * out, const struct group_info * g)
{
	uint8_t key[32];

	group_link_key(key, g);
	kat_expect_if(k, out, "link_key_computed", BYTES(key));
	group_signing_pub(key, g);
	kat_expect_if(k, out, "signing_public", BYTES(key));
	group_out_of_store_secret(key, g);
	kat_expect_if(k, out, "out_of_store_secret", BYTES(key));
	kat_expect_if(k, out, "push_secret", BYTES(key));
}

/* Under which name Go keeps the key of that public key. */
static void
expect_key_name(struct kat * k, const cJSON * out, const char * member,
    const char * prefix, const uint8_t pk[32])
{
	struct buffer * name = kat_buffer(k);

	buffer_text(name, prefix);
	hex_encode(name, slice_of(pk, 32));
	kat_expect_if(k, out, member, buffer_all(name));
}

/* What two accounts have in common, before the group is derived from it. */
static void
expect_pair(struct kat * k, const cJSON * out, const struct ed25519_key * own,
    const struct ed25519_key * other)
{
	uint8_t priv[32], pub[32], z[32] = {0}, raw[64];
	struct ed25519_key pair;

	x25519_private_of(priv, own->seed);
	kat_true(k, "the other's key converts",
	    x25519_public_of(pub, other->pub) == 0);
	kat_true(k, "there is a common secret", x25519(z, priv, pub) == 0);
	ed25519_from_seed(&pair, z);
	raw64(raw, &pair);
	kat_expect_if(k, out, "pair_private_raw64", BYTES(raw));
}

/* The device of an account, whose seed the account's own vector tells. */
static void
expect_device(struct kat * k, const struct kat_vector * v,
    const struct ed25519_key * account)
{
	const cJSON * one;
	const cJSON * in;
	struct ed25519_key device;

	cJSON_ArrayForEach(one, v->vectors) {
		in = kat_member(one, "inputs");
		if (!kat_has(in, "device_seed") ||
		    !kat_has(in, "account_seed") ||
		    memcmp(kat_sized(k, in, "account_seed", 32),
		        account->seed, 32) != 0)
			continue;
		ed25519_from_seed(&device,
		    kat_sized(k, in, "device_seed", 32));
		kat_expect_if(k, v->outputs, "alice_device_public",
		    BYTES(device.pub));
	}
}

static void
check_contact(struct kat * k, const struct kat_vector * v)
{
	struct group_info alice_side, bob_side;
	struct ed25519_key alice, bob, key, secret;
	uint8_t raw[64];

	ed25519_from_seed(&alice,
	    kat_sized(k, v->inputs, "alice_account_seed", 32));
	ed25519_from_seed(&bob,
	    kat_sized(k, v->inputs, "bob_account_seed", 32));
	kat_true(k, "alice derives the group",
	    group_of_contact(&alice_side, &key, &alice, bob.pub) == 0);
	kat_true(k, "bob derives the group",
	    group_of_contact(&bob_side, NULL, &bob, alice.pub) == 0);
	expect_group(k, v->outputs, &alice_side);
	expect_group(k, v->outputs, &bob_side);
	expect_derived(k, v->outputs, &alice_side);
	raw64(raw, &key);
	kat_expect_if(k, v->outputs, "group_private_raw64", BYTES(raw));
	ed25519_from_seed(&secret, alice_side.secret);
	raw64(raw, &secret);
	kat_expect_if(k, v->outputs, "group_secret_private_raw64", BYTES(raw));
	kat_expect_if(k, v->outputs, "alice_member_public", BYTES(alice.pub));
	expect_pair(k, v->outputs, &alice, &bob);
	expect_pair(k, v->outputs, &bob, &alice);
	expect_device(k, v, &alice);
	expect_key_name(k, v->outputs, "keystore_name_alice_str",
	    "contactGroupSK_", bob.pub);
	expect_key_name(k, v->outputs, "keystore_name_bob_str",
	    "contactGroupSK_", alice.pub);
}

static void
check_account(struct kat * k, const struct kat_vector * v)
{
	struct ed25519_key account, proof, device;
	struct group_info g;

	ed25519_from_seed(&account,
	    kat_sized(k, v->inputs, "account_seed", 32));
	ed25519_from_seed(&proof,
	    kat_sized(k, v->inputs, "account_proof_seed", 32));
	group_of_account(&g, &account, &proof);
	expect_group(k, v->outputs, &g);
	expect_derived(k, v->outputs, &g);
	kat_expect_if(k, v->outputs, "account_proof_public", BYTES(proof.pub));
	kat_expect_if(k, v->outputs, "member_public", BYTES(g.pk));
	kat_expect_if(k, v->outputs, "wesh_alias_pk", BYTES(account.pub));
	if (!kat_has(v->inputs, "device_seed"))
		return;
	ed25519_from_seed(&device, kat_sized(k, v->inputs, "device_seed", 32));
	kat_expect_if(k, v->outputs, "device_public", BYTES(device.pub));
}

static void
expect_member(struct kat * k, const struct kat_vector * v,
    const uint8_t group_pk[32])
{
	struct ed25519_key proof, member;
	uint8_t raw[64];

	ed25519_from_seed(&proof,
	    kat_sized(k, v->inputs, "account_proof_seed", 32));
	if (group_member_key(&member, &proof, group_pk) != 0) {
		kat_fail(k, "no member key");
		return;
	}
	raw64(raw, &member);
	kat_expect(k, v->outputs, "member_private_raw64", BYTES(raw));
	kat_expect_if(k, v->outputs, "member_public", BYTES(member.pub));
	expect_key_name(k, v->outputs, "keystore_name_member_str",
	    "memberSK_", group_pk);
	expect_key_name(k, v->outputs, "keystore_name_device_str",
	    "memberDeviceSK_", group_pk);
}

static void
check_members(struct kat * k, const struct kat_vector * v)
{
	struct slice random = kat_hex(k, v->inputs, "random");
	struct ed25519_key key;
	struct group_info g;
	uint8_t raw[64];

	if (random.n < 64) {
		kat_fail(k, "random is short");
		return;
	}
	group_of_members(&g, &key, random.p, random.p + 32);
	expect_group(k, v->outputs, &g);
	expect_derived(k, v->outputs, &g);
	kat_true(k, "the group is valid", group_verify(&g) == 0);
	raw64(raw, &key);
	kat_expect_if(k, v->outputs, "group_private_raw64", BYTES(raw));
	expect_key_name(k, v->outputs, "group_id_str", "", g.pk);
}

/* The group here is made of bytes that the vector does not tell. */
static void
check_members_and_key(struct kat * k, const struct kat_vector * v)
{
	const cJSON * o = kat_object(k, v->outputs, "group");
	struct group_info g = {0};

	kat_group_info(k, &g, kat_hex(k, o, "marshaled"));
	expect_group(k, v->outputs, &g);
	expect_derived(k, v->outputs, &g);
	kat_true(k, "the group is valid", group_verify(&g) == 0);
	expect_member(k, v, g.pk);
}

static void
check_member_key(struct kat * k, const struct kat_vector * v)
{
	expect_member(k, v, kat_sized(k, v->inputs, "group_public_key", 32));
}

static void
check_validity(struct kat * k, const struct kat_vector * v)
{
	static const char * const inputs[] = {"good", "bad_secret_sig",
	    "contact_group_no_sig"};
	static const char * const outputs[] = {"good_valid", "bad_valid",
	    "contact_valid"};
	struct group_info g = {0};
	size_t i;

	for (i = 0; i < 3; i++) {
		kat_group_info(k, &g,
		    kat_hex(k, kat_object(k, v->inputs, inputs[i]),
		        "marshaled"));
		kat_number(k, outputs[i], kat_bool(k, v->outputs, outputs[i]),
		    group_verify(&g) == 0);
	}
}

static void
check_filtered(struct kat * k, const struct kat_vector * v)
{
	struct buffer * out = kat_buffer(k);
	struct group_info g = {0}, filtered;

	kat_group_info(k, &g, kat_hex(k, v->inputs, "group"));
	group_filter(&filtered, &g);
	group_info_encode(out, &filtered);
	kat_expect(k, v->outputs, "filtered", buffer_all(out));
}

const struct kat_check kat_group_checks[] = {
    {NULL, NULL, "contact group", check_contact},
    {NULL, NULL, "account group", check_account},
    {NULL, NULL, "multi-member group", check_members},
    {NULL, NULL, "multi-member group and member key",
        check_members_and_key},
    {NULL, NULL, "multi-member member key", check_member_key},
    {NULL, NULL, "group validity", check_validity},
    {NULL, NULL, "group filtered for replication", check_filtered},
    {0},
};
