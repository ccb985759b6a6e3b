#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/hmac.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <sodium.h>

#include "base/error.h"
#include "crypto/crypto.h"

/* nettle has HMAC for any hash, given three contexts of that hash. */
union hash_state {
	struct sha256_ctx sha256;
	struct sha3_256_ctx sha3;
};

struct hmac {
	const struct nettle_hash * hash;
	union hash_state outer, inner, state;
};

static void
hmac_begin(struct hmac * h, const struct nettle_hash * hash, struct slice key)
{
	h->hash = hash;
	hmac_set_key(&h->outer, &h->inner, &h->state, hash, key.n, key.p);
}

static void
hmac_add(struct hmac * h, struct slice bytes)
{
	if (bytes.n > 0)
		hmac_update(&h->state, h->hash, bytes.n, bytes.p);
}

/* The digest; the next message may begin under the same key. */
static void
hmac_end(struct hmac * h, uint8_t out[32])
{
	hmac_digest(&h->outer, &h->inner, &h->state, h->hash, 32, out);
}

static void
hkdf(const struct nettle_hash * hash, uint8_t * out, size_t n,
    struct slice ikm, struct slice salt, struct slice info)
{
	static const uint8_t zeros[32];
	uint8_t prk[32], t[32];
	struct hmac h;
	size_t at, take;
	uint8_t i = 0;

	hmac_begin(&h, hash, salt.n > 0 ? salt : slice_of(zeros, 32));
	hmac_add(&h, ikm);
	hmac_end(&h, prk);
	hmac_begin(&h, hash, slice_of(prk, sizeof(prk)));
	for (at = 0; at < n; at += take) {
		if (i > 0)
			hmac_add(&h, slice_of(t, sizeof(t)));
		i++;
		hmac_add(&h, info);
		hmac_add(&h, slice_of(&i, 1));
		hmac_end(&h, t);
		take = n - at < sizeof(t) ? n - at : sizeof(t);
		memcpy(out + at, t, take);
	}
	sodium_memzero(prk, sizeof(prk));
	sodium_memzero(t, sizeof(t));
	sodium_memzero(&h, sizeof(h));
}

void
hkdf_sha256(uint8_t * out, size_t n, struct slice ikm, struct slice salt,
    struct slice info)
{
	hkdf(&nettle_sha256, out, n, ikm, salt, info);
}

void
hkdf_sha3_256(uint8_t * out, size_t n, struct slice ikm, struct slice salt,
    struct slice info)
{
	hkdf(&nettle_sha3_256, out, n, ikm, salt, info);
}

void
aes256_ctr(uint8_t * out, const uint8_t key[32], const uint8_t counter[16],
    struct slice in)
{
	struct aes256_ctx ctx;
	uint8_t block[AES_BLOCK_SIZE];

	memcpy(block, counter, sizeof(block));
	aes256_set_encrypt_key(&ctx, key);
	if (in.n > 0)
		ctr_crypt(&ctx, (nettle_cipher_func *)aes256_encrypt,
		    sizeof(block), block, in.n, out, in.p);
	sodium_memzero(&ctx, sizeof(ctx));
	sodium_memzero(block, sizeof(block));
}

int
scrypt(uint8_t * out, size_t n, struct slice passphrase, struct slice salt,
    uint64_t cost, uint32_t r, uint32_t p)
{
	static const uint8_t none[1]; /* libsodium takes no null pointer */

	if (crypto_pwhash_scryptsalsa208sha256_ll(
	        passphrase.n > 0 ? passphrase.p : none, passphrase.n,
	        salt.n > 0 ? salt.p : none, salt.n, cost, r, p, out, n) != 0)
		return (-ERR_CRYPTO_KEY_DERIVATION);
	return (0);
}
