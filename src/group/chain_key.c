#include "group/chain_key.h"

#include "base/error.h"
#include "group/wire.h"

static uint64_t
be64(const uint8_t p[8])
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return (v);
}

void
chain_key_new(struct chain_key * c, const uint8_t * random,
    bool random_counter)
{
	c->counter = 0;
	if (random_counter) {
		c->counter = be64(random);
		random += 8;
		/* Go draws again here; once in 2^64 anything will do. */
		if (c->counter == UINT64_MAX)
			c->counter = 0;
	}
	memcpy(c->key, random, sizeof(c->key));
}

void
chain_key_step(struct chain_key * c, uint8_t message_key[32],
    const uint8_t group_pk[32])
{
	uint8_t okm[64];

	hkdf_sha256(okm, sizeof(okm), slice_of(c->key, sizeof(c->key)),
	    slice_of(NULL, 0), slice_of(group_pk, 32));
	memcpy(c->key, okm, sizeof(c->key));
	memcpy(message_key, okm + 32, 32);
	c->counter++;
	crypto_wipe(okm, sizeof(okm));
}

int
chain_key_reach(struct chain_key * c, uint8_t message_key[32],
    const uint8_t group_pk[32], uint64_t counter, unsigned ahead)
{
	uint64_t steps = counter - c->counter;

	if (steps == 0 || steps > ahead)
		return (-ERR_NOT_FOUND);
	for (; steps > 0; steps--)
		chain_key_step(c, message_key, group_pk);
	return (0);
}

void
chain_key_encode(struct buffer * out, const struct chain_key * c)
{
	wire_put_bytes(out, 1, slice_of(c->key, sizeof(c->key)));
	wire_put_varint(out, 2, c->counter);
}

int
chain_key_decode(struct chain_key * c, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct slice key = {NULL, 0};
	uint64_t counter = 0;
	struct wire_field f;

	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, 1))
			key = f.bytes;
		else if (f.number == 2 && f.type == WIRE_VARINT)
			counter = f.value;
	if (r.failed || !wire_copy(c->key, sizeof(c->key), key))
		return (-ERR_DESERIALIZATION);
	c->counter = counter;
	return (0);
}

int
chain_key_seal(struct buffer * out, const struct chain_key * c,
    const struct ed25519_key * device, const uint8_t member_pk[32],
    const uint8_t group_pk[32])
{
	uint8_t priv[32], pub[32];
	struct buffer clear = {0};
	int status;

	if ((status = x25519_public_of(pub, member_pk)) != 0)
		return (status);
	x25519_private_of(priv, device->seed);
	chain_key_encode(&clear, c);
	if (clear.failed)
		status = -ERR_INTERNAL;
	else
		status = box_seal(out, priv, pub, group_pk, buffer_all(&clear));
	buffer_wipe(&clear);
	crypto_wipe(priv, sizeof(priv));
	return (status);
}

int
chain_key_open(struct chain_key * c, struct slice payload,
    const struct ed25519_key * member, const uint8_t device_pk[32],
    const uint8_t group_pk[32])
{
	uint8_t priv[32], pub[32];
	struct buffer clear = {0};
	int status;

	if ((status = x25519_public_of(pub, device_pk)) != 0)
		return (status);
	x25519_private_of(priv, member->seed);
	status = box_open(&clear, priv, pub, group_pk, payload);
	if (status == 0)
		status = chain_key_decode(c, buffer_all(&clear));
	buffer_wipe(&clear);
	crypto_wipe(priv, sizeof(priv));
	return (status);
}
