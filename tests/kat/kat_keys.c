/* Keys and primitives: keys.json. */
#include "base/error.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"
#include "kat.h"

/* The encodings of a key, and what a key file gives back. */
static void
check_encodings(struct kat * k, const cJSON * out,
    const struct ed25519_key * key)
{
	uint8_t pub[36], priv[68], seed[32];
	struct buffer * text = kat_buffer(k);
	struct peer_id id, again;

	public_key_from_ed25519(pub, key->pub);
	kat_expect(k, out, "libp2p_public", BYTES(pub));
	private_key_from_ed25519(priv, key->seed, key->pub);
	kat_expect(k, out, "libp2p_private", BYTES(priv));
	kat_expect(k, out, "raw_private", slice_of(priv + 4, 64));
	kat_number(k, "private_key_parse", 0,
	    (uint64_t)-private_key_parse(seed,
	        kat_hex(k, out, "libp2p_private")));
	kat_bytes(k, "seed parsed", slice_of(key->seed, 32), BYTES(seed));
	peer_id_from_ed25519(&id, key->pub);
	kat_expect(k, out, "peer_id_bytes", peer_id_slice(&id));
	peer_id_encode(text, &id);
	kat_expect(k, out, "peer_id_str", buffer_all(text));
	kat_true(k, "the peer id's text gives its bytes",
	    peer_id_decode(&again, kat_str(k, out, "peer_id_str")) == 0 &&
	        peer_id_equal(&id, &again));
}

static void
check_key(struct kat * k, const struct kat_vector * v)
{
	const cJSON * out = v->outputs;
	uint8_t sig[64], priv[32], pub[32], base[32];
	struct ed25519_key key;
	struct slice message = kat_hex(k, v->inputs, "sign_message");

	ed25519_from_seed(&key, kat_sized(k, v->inputs, "ed25519_seed", 32));
	kat_expect(k, out, "seed", BYTES(key.seed));
	kat_expect(k, out, "raw_public", BYTES(key.pub));
	check_encodings(k, out, &key);
	ed25519_sign(sig, &key, message);
	kat_expect(k, out, "signature", BYTES(sig));
	kat_true(k, "the signature verifies",
	    ed25519_verify(kat_sized(k, out, "signature", 64), key.pub,
	        message) == 0);
	x25519_private_of(priv, key.seed);
	kat_expect(k, out, "x25519_private", BYTES(priv));
	kat_true(k, "the key converts", x25519_public_of(pub, key.pub) == 0);
	kat_expect(k, out, "x25519_public", BYTES(pub));
	x25519_base(base, priv);
	kat_bytes(k, "public of the converted private", BYTES(pub),
	    BYTES(base));
}

static void
check_exchange(struct kat * k, const struct kat_vector * v)
{
	uint8_t priv[32], pub[32], z[32] = {0}, key[32] = {0};

	x25519_private_of(priv, kat_sized(k, v->inputs, "alice_seed", 32));
	kat_true(k, "the key converts",
	    x25519_public_of(pub,
	        kat_sized(k, v->inputs, "bob_public", 32)) == 0);
	kat_true(k, "x25519", x25519(z, priv, pub) == 0);
	kat_expect(k, v->outputs, "x25519_shared", BYTES(z));
	kat_true(k, "box_key", box_key(key, priv, pub) == 0);
	kat_expect(k, v->outputs, "box_precomputed_key", BYTES(key));
}

static void
check_secretbox(struct kat * k, const struct kat_vector * v)
{
	const uint8_t * key = kat_sized(k, v->inputs, "key", 32);
	const uint8_t * nonce = kat_sized(k, v->inputs, "nonce", 24);
	struct slice message = kat_hex(k, v->inputs, "message");
	struct buffer * box = kat_buffer(k);
	struct buffer * opened = kat_buffer(k);

	secretbox_seal(box, key, nonce, message);
	kat_expect(k, v->outputs, "box", buffer_all(box));
	kat_true(k, "the box opens",
	    secretbox_open(opened, key, nonce,
	        kat_hex(k, v->outputs, "box")) == 0);
	kat_bytes(k, "message opened", message, buffer_all(opened));
}

static void
check_concat(struct kat * k, const struct kat_vector * v)
{
	struct slice pieces[16];
	uint8_t digest[32];
	const cJSON * item;
	size_t n = 0;

	cJSON_ArrayForEach(item, v->inputs) if (n < 16)
		pieces[n++] = kat_hex_item(k, item);
	sha256(digest, pieces, n);
	kat_expect(k, v->outputs, "sha256", BYTES(digest));
}

static void
check_no_point(struct kat * k, const struct kat_vector * v)
{
	uint8_t pub[32];
	const uint8_t * raw = kat_sized(k, v->inputs, "raw_public", 32);

	kat_true(k, "rejected",
	    (x25519_public_of(pub, raw) != 0) ==
	        kat_bool(k, v->outputs, "rejected"));
}

const struct kat_check kat_keys_checks[] = {
    {NULL, NULL, "key *", check_key},
    {NULL, NULL, "x between converted keys", check_exchange},
    {NULL, NULL, "secretbox*", check_secretbox},
    {NULL, NULL, "concat sha", check_concat},
    {NULL, NULL, "ed* public key that is not a point*",
        check_no_point},
    {0},
};
