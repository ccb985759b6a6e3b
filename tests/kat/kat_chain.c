/* Chains of keys, and how members give them to each other: chain. */
#include "base/error.h"
#include "group/chain_key.h"
#include "group/group_keys.h"
#include "group/message.h"
#include "group/wire.h"
#include "kat.h"
#include "kat_group.h"

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
	kat_expect_if(k, out, "nonce", slice_of(group_pk, NONCE_SIZE));
	kat_expect_if(k, out, "device_chain_key_marshaled", buffer_all(clear));
	kat_expect_if(k, out, "device_secret_marshaled", buffer_all(clear));
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

static void
check_chain_box_of_other(struct kat * k, const struct kat_vector * v)
{
	const cJSON * context = kat_context(v, "sender_device_seed");
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
	const cJSON * context = kat_context(v, "initial_chain_key");
	struct chain_key c = {
	    .counter = kat_dec(k, v->inputs, "counter_dec")};
	struct group_info g = {0};

	memcpy(c.key, kat_sized(k, context, "initial_chain_key", 32), 32);
	kat_group_info(k, &g,
	    kat_hex(k, kat_object(k, context, "group"), "marshaled"));
	expect_registered(k, v->outputs, &c, g.pk);
}

const struct kat_check kat_chain_checks[] = {
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
    {0},
};
