/* Groups, chains of keys and messages: groups, chain, messages, misc. */
#include "base/error.h"
#include "codec/multibase.h"
#include "group/chain_key.h"
#include "group/group_keys.h"
#include "group/message.h"
#include "group/out_of_store.h"
#include "group/wire.h"
#include "kat.h"
#include "kat_group.h"

#define BYTES(array) slice_of((array), sizeof(array))

/* The most steps that a vector may make a chain take. */
#define STEPS_MAX 100000

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

static void
maybe(struct kat * k, const cJSON * o, const char * key, struct slice actual)
{
	if (kat_has(o, key))
		kat_expect(k, o, key, actual);
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
	maybe(k, o, "sign_pub",
	    slice_of(g->sign_pub, g->has_sign_pub ? 32 : 0));
	maybe(k, o, "link_key",
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
	maybe(k, out, "link_key_computed", BYTES(key));
	group_signing_pub(key, g);
	maybe(k, out, "signing_public", BYTES(key));
	group_out_of_store_secret(key, g);
	maybe(k, out, "out_of_store_secret", BYTES(key));
	maybe(k, out, "push_secret", BYTES(key));
}

/* Under which name Go keeps the key of that public key. */
static void
expect_key_name(struct kat * k, const cJSON * out, const char * member,
    const char * prefix, const uint8_t pk[32])
{
	struct buffer * name = kat_buffer(k);

	buffer_text(name, prefix);
	hex_encode(name, slice_of(pk, 32));
	maybe(k, out, member, buffer_all(name));
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
	maybe(k, out, "pair_private_raw64", BYTES(raw));
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
		in = cJSON_GetObjectItemCaseSensitive(one, "inputs");
		if (!kat_has(in, "device_seed") ||
		    !kat_has(in, "account_seed") ||
		    memcmp(kat_sized(k, in, "account_seed", 32),
		        account->seed, 32) != 0)
			continue;
		ed25519_from_seed(&device,
		    kat_sized(k, in, "device_seed", 32));
		maybe(k, v->outputs, "alice_device_public", BYTES(device.pub));
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
	maybe(k, v->outputs, "group_private_raw64", BYTES(raw));
	ed25519_from_seed(&secret, alice_side.secret);
	raw64(raw, &secret);
	maybe(k, v->outputs, "group_secret_private_raw64", BYTES(raw));
	maybe(k, v->outputs, "alice_member_public", BYTES(alice.pub));
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
	maybe(k, v->outputs, "account_proof_public", BYTES(proof.pub));
	maybe(k, v->outputs, "member_public", BYTES(g.pk));
	maybe(k, v->outputs, "wesh_alias_pk", BYTES(account.pub));
	if (!kat_has(v->inputs, "device_seed"))
		return;
	ed25519_from_seed(&device, kat_sized(k, v->inputs, "device_seed", 32));
	maybe(k, v->outputs, "device_public", BYTES(device.pub));
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
	maybe(k, v->outputs, "member_public", BYTES(member.pub));
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
	maybe(k, v->outputs, "group_private_raw64", BYTES(raw));
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

/* --- chains ------------------------------------------------------------- */

static void
check_step(struct kat * k, const struct kat_vector * v)
{
	uint64_t counter = kat_dec(k, v->outputs, "message_counter_dec");
	struct chain_key c = {.counter = counter - 1};
	uint8_t key[32], nonce[24];

	if (kat_has(v->inputs, "counter_before_dec"))
		c.counter = kat_dec(k, v->inputs, "counter_before_dec");
	memcpy(c.key, kat_sized(k, v->inputs, "chain_key", 32), 32);
	chain_key_step(&c, key,
	    kat_sized(k, v->inputs, "group_public_key", 32));
	kat_number(k, "counter", counter, c.counter);
	kat_expect(k, v->outputs, "message_key", BYTES(key));
	kat_expect(k, v->outputs, "next_chain_key", BYTES(c.key));
	message_nonce(nonce, c.counter);
	kat_expect(k, v->outputs, "message_nonce", BYTES(nonce));
}

static void
check_nonce(struct kat * k, const struct kat_vector * v)
{
	uint8_t nonce[24];

	message_nonce(nonce, kat_dec(k, v->inputs, "counter_dec"));
	kat_expect(k, v->outputs, "nonce", BYTES(nonce));
}

static void
check_new_chain(struct kat * k, const struct kat_vector * v)
{
	const struct network * network = kat_network(v);
	struct slice random = kat_hex(k, v->inputs, "random");
	struct buffer * out = kat_buffer(k);
	struct chain_key c, again;

	if (random.n < (network->random_counter ? 40U : 32U)) {
		kat_fail(k, "random is short");
		return;
	}
	chain_key_new(&c, random.p, network->random_counter);
	kat_expect(k, v->outputs, "chain_key", BYTES(c.key));
	kat_expect_number(k, v->outputs, "counter_dec", c.counter);
	chain_key_encode(out, &c);
	kat_expect(k, v->outputs, "marshaled", buffer_all(out));
	kat_true(k, "it is read back",
	    chain_key_decode(&again, buffer_all(out)) == 0 &&
	        again.counter == c.counter &&
	        memcmp(again.key, c.key, 32) == 0);
}

/* What is in the box, and the nonce that opens it. */
static void
expect_chain_box(struct kat * k, const cJSON * out, struct slice box,
    const struct ed25519_key * member, const uint8_t device_pk[32],
    const uint8_t group_pk[32])
{
	struct buffer * clear = kat_buffer(k);
	uint8_t priv[32], pub[32];

	x25519_private_of(priv, member->seed);
	kat_true(k, "the device's key converts",
	    x25519_public_of(pub, device_pk) == 0);
	kat_true(k, "the group's key is the nonce",
	    box_open(clear, priv, pub, group_pk, box) == 0);
	maybe(k, out, "nonce", slice_of(group_pk, NONCE_SIZE));
	maybe(k, out, "device_chain_key_marshaled", buffer_all(clear));
	maybe(k, out, "device_secret_marshaled", buffer_all(clear));
}

static void
check_chain_box(struct kat * k, const struct kat_vector * v)
{
	const cJSON * in = v->inputs;
	const uint8_t * group_pk = kat_sized(k, in, "group_public_key", 32);
	struct chain_key c = {.counter = kat_dec(k, in, "counter_dec")};
	struct buffer * out = kat_buffer(k);
	struct ed25519_key device, member;
	struct chain_key opened = {.counter = 0};

	memcpy(c.key, kat_sized(k, in, "chain_key", 32), 32);
	ed25519_from_seed(&device,
	    kat_sized(k, in, "sender_device_seed", 32));
	ed25519_from_seed(&member, kat_sized(k, in, "dest_member_seed", 32));
	kat_true(k, "the chain key is sealed",
	    chain_key_seal(out, &c, &device, member.pub, group_pk) == 0);
	kat_expect(k, v->outputs, "payload", buffer_all(out));
	expect_chain_box(k, v->outputs, buffer_all(out), &member, device.pub,
	    group_pk);
	kat_true(k, "the chain key opens",
	    chain_key_open(&opened, kat_hex(k, v->outputs, "payload"),
	        &member, device.pub, group_pk) == 0);
	kat_bytes(k, "chain key opened", BYTES(c.key), BYTES(opened.key));
	kat_number(k, "counter opened", c.counter, opened.counter);
}

/* Another vector of the file that has this input, for its context. */
static const cJSON *
sibling(const struct kat_vector * v, const char * part, const char * key)
{
	const cJSON * one;
	const cJSON * o;

	cJSON_ArrayForEach(one, v->vectors) {
		o = cJSON_GetObjectItemCaseSensitive(one, part);
		if (kat_has(o, key))
			return (o);
	}
	return (NULL);
}

static void
check_chain_box_of_other(struct kat * k, const struct kat_vector * v)
{
	const cJSON * context = sibling(v, "inputs", "sender_device_seed");
	struct ed25519_key device, member;
	struct chain_key c;

	ed25519_from_seed(&device,
	    kat_sized(k, context, "sender_device_seed", 32));
	ed25519_from_seed(&member,
	    kat_sized(k, v->inputs, "wrong_member_seed", 32));
	kat_error_name(k, v->outputs,
	    chain_key_open(&c, kat_hex(k, v->inputs, "payload"), &member,
	        device.pub, kat_sized(k, context, "group_public_key", 32)));
}

/* What Go keeps when it registers a chain: the keys of a window are derived
 * ahead; ours are derived when they are needed. */
static void
expect_registered(struct kat * k, const cJSON * outputs,
    const struct chain_key * registered, const uint8_t group_pk[32])
{
	struct chain_key c = *registered;
	uint8_t key[32];
	int i;

	for (i = 0; i < CHAIN_KEY_WINDOW; i++)
		chain_key_step(&c, key, group_pk);
	kat_expect(k, outputs, "stored_chain_key", BYTES(c.key));
	kat_expect_number(k, outputs, "stored_counter_dec", c.counter);
}

static void
check_registered_payload(struct kat * k, const struct kat_vector * v)
{
	const cJSON * in = v->inputs;
	struct ed25519_key proof, member, device;
	struct group_info g = {0};
	struct chain_key c;

	kat_group_info(k, &g,
	    kat_hex(k, kat_object(k, in, "group"), "marshaled"));
	ed25519_from_seed(&proof,
	    kat_sized(k, in, "receiver_account_proof_seed", 32));
	ed25519_from_seed(&device,
	    kat_sized(k, in, "sender_device_seed", 32));
	kat_true(k, "there is a member key",
	    group_member_key(&member, &proof, g.pk) == 0);
	kat_expect(k, in, "receiver_member_public", BYTES(member.pub));
	if (chain_key_open(&c, kat_hex(k, in, "payload"), &member, device.pub,
	        g.pk) != 0)
		kat_fail(k, "the chain key does not open");
	else
		expect_registered(k, v->outputs, &c, g.pk);
}

static void
check_registered_state(struct kat * k, const struct kat_vector * v)
{
	const cJSON * context = sibling(v, "inputs", "initial_chain_key");
	struct chain_key c = {
	    .counter = kat_dec(k, v->inputs, "counter_dec")};
	struct group_info g = {0};

	memcpy(c.key, kat_sized(k, context, "initial_chain_key", 32), 32);
	kat_group_info(k, &g,
	    kat_hex(k, kat_object(k, context, "group"), "marshaled"));
	expect_registered(k, v->outputs, &c, g.pk);
}

/* --- messages ----------------------------------------------------------- */

static void
read_message_group(struct kat * k, const cJSON * in, struct group_info * g)
{
	if (kat_has(in, "group")) {
		kat_group_info(k, g,
		    kat_hex(k, kat_object(k, in, "group"), "marshaled"));
		return;
	}
	g->has_secret = true;
	memcpy(g->secret, kat_sized(k, in, "group_secret", 32), 32);
	if (kat_has(in, "group_public_key"))
		memcpy(g->pk, kat_sized(k, in, "group_public_key", 32), 32);
}

/* The attachments, whose secrets are told by the clear message alone. */
static size_t
read_attachments(struct kat * k, const struct kat_vector * v,
    struct event_attachment * list, size_t max)
{
	const cJSON * cids = cJSON_GetObjectItemCaseSensitive(v->outputs,
	    "opened_attachment_cids");
	struct slice metadata = {NULL, 0};
	struct wire_field f;
	struct reader r;
	size_t n = 0;

	(void)wire_find(kat_hex(k, v->outputs, "encrypted_message_clear"), 2,
	    &metadata);
	r = reader_of(metadata);
	while (n < max && wire_next(&r, &f)) {
		list[n].secret = f.bytes;
		list[n].cid = kat_hex_item(k, cJSON_GetArrayItem(cids, (int)n));
		n++;
	}
	return (n);
}

/* The chain right before the vector's message. */
static bool
wind(struct kat * k, const struct kat_vector * v, struct chain_key * c,
    const struct group_info * g)
{
	uint64_t target = kat_dec(k, v->outputs, "counter_dec") - 1;
	uint8_t key[32];

	c->counter = kat_dec(k, v->inputs, "initial_counter_dec");
	memcpy(c->key, kat_sized(k, v->inputs, "initial_chain_key", 32), 32);
	if (target - c->counter > STEPS_MAX) {
		kat_fail(k, "the counter is too far");
		return (false);
	}
	while (c->counter != target)
		chain_key_step(c, key, g->pk);
	return (true);
}

static void
expect_opened(struct kat * k, const struct kat_vector * v,
    const struct group_info * g, const uint8_t key[32],
    const struct event_attachment * list, size_t n)
{
	struct slice envelope = kat_hex(k, v->outputs, "envelope");
	struct message_headers h;
	struct message m;
	size_t i;

	if (message_open_headers(&h, envelope, g) != 0 ||
	    message_open(&m, envelope, &h, key, g, kat_network(v)) != 0) {
		kat_fail(k, "the message does not open");
		return;
	}
	kat_expect_number(k, v->outputs, "counter_dec", h.counter);
	maybe(k, v->outputs, "sig", BYTES(h.sig));
	kat_expect(k, v->inputs, "plaintext", m.plaintext);
	kat_expect(k, v->outputs, "encrypted_message_clear", m.clear);
	kat_number(k, "attachments", n, m.attached.n);
	for (i = 0; i < n && i < m.attached.n; i++) {
		kat_bytes(k, "attachment CID", list[i].cid, m.attached.cids[i]);
		kat_bytes(k, "attachment secret", list[i].secret,
		    m.attached.secrets[i]);
	}
	message_free(&m);
}

/* Go derives ahead for each message opened: 1 in wesh, 100 in berty. */
static void
expect_ahead(struct kat * k, const struct kat_vector * v)
{
	uint64_t initial = kat_dec(k, v->inputs, "initial_counter_dec");
	uint64_t n = kat_dec(k, v->outputs, "counter_dec") - initial;
	uint64_t each =
	    kat_network(v)->random_counter ? CHAIN_KEY_WINDOW : 1;

	if (kat_has(v->outputs, "receiver_chain_counter_after_dec"))
		kat_expect_number(k, v->outputs,
		    "receiver_chain_counter_after_dec",
		    initial + CHAIN_KEY_WINDOW + n * each);
}

/* The envelope's fields, and the headers in clear. */
static void
expect_parts(struct kat * k, const cJSON * out, struct slice envelope,
    const struct group_info * g)
{
	const cJSON * cids = cJSON_GetObjectItemCaseSensitive(out,
	    "encrypted_attachment_cids");
	struct buffer * clear = kat_buffer(k);
	struct reader r = reader_of(envelope);
	struct message_parts parts;
	struct wire_field f;
	int n = 0;

	if (message_split(&parts, envelope) != 0) {
		kat_fail(k, "the envelope does not parse");
		return;
	}
	maybe(k, out, "message_headers", parts.headers);
	maybe(k, out, "message", parts.box);
	maybe(k, out, "nonce", parts.nonce);
	kat_true(k, "the headers open", secretbox_open(clear, g->secret,
	    parts.nonce.p, parts.headers) == 0);
	maybe(k, out, "headers_clear", buffer_all(clear));
	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, 4))
			kat_bytes(k, "attachment CID, sealed",
			    kat_hex_item(k, cJSON_GetArrayItem(cids, n++)),
			    f.bytes);
	kat_number(k, "attachment CIDs, sealed",
	    (uint64_t)cJSON_GetArraySize(cids), (uint64_t)n);
}

static void
check_message(struct kat * k, const struct kat_vector * v)
{
	struct slice random = kat_hex(k, v->inputs, "random");
	struct buffer * out = kat_buffer(k);
	struct event_attachment list[8];
	struct ed25519_key device;
	struct group_info g = {0};
	struct chain_key c;
	uint8_t key[32];
	size_t n = read_attachments(k, v, list, 8);

	read_message_group(k, v->inputs, &g);
	ed25519_from_seed(&device,
	    kat_sized(k, v->inputs, "device_seed", 32));
	if (random.n < 24 * (n + 1) || !wind(k, v, &c, &g)) {
		kat_fail(k, "random is short");
		return;
	}
	message_seal(out, kat_hex(k, v->inputs, "plaintext"), &c, &device, &g,
	    random.p, list, n, key);
	kat_expect(k, v->outputs, "envelope", buffer_all(out));
	maybe(k, v->outputs, "message_key", BYTES(key));
	expect_parts(k, v->outputs, buffer_all(out), &g);
	expect_opened(k, v, &g, key, list, n);
	expect_ahead(k, v);
}

static void
check_headers(struct kat * k, const struct kat_vector * v)
{
	struct message_headers h;
	struct group_info g = {0};

	read_message_group(k, v->inputs, &g);
	kat_error_name(k, v->outputs,
	    message_open_headers(&h, kat_hex(k, v->inputs, "envelope"), &g));
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
    {NULL, NULL, "chain step*", check_step},
    {NULL, NULL, "nonce of*", check_nonce},
    {NULL, NULL, "new chain key", check_new_chain},
    {NULL, NULL, "new device secret", check_new_chain},
    {NULL, NULL, "device chain key encryption", check_chain_box},
    {NULL, NULL, "device secret encryption", check_chain_box},
    {NULL, NULL, "device chain key for another member",
        check_chain_box_of_other},
    {NULL, NULL, "receiver registers a chain key",
        check_registered_payload},
    {NULL, NULL, "receiver state after registering",
        check_registered_state},
    {NULL, "*ealEnvelope*", "message *", check_message},
    {NULL, NULL, "altered header*", check_headers},
    {0},
};
