#include "crypto/kdf_series.h"

#include <nettle/hmac.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha3.h>

#include "crypto/crypto.h"

struct hmac_sha3 {
	struct sha3_256_ctx outer, inner, state;
};

static void
set_key(struct hmac_sha3 * h, struct slice key)
{
	hmac_set_key(&h->outer, &h->inner, &h->state, &nettle_sha3_256, key.n,
	    key.p);
}

static void
add(struct hmac_sha3 * h, const uint8_t * p, size_t n)
{
	if (n > 0)
		hmac_update(&h->state, &nettle_sha3_256, n, p);
}

static void
finish(struct hmac_sha3 * h, uint8_t out[32])
{
	hmac_digest(&h->outer, &h->inner, &h->state, &nettle_sha3_256, 32,
	    out);
}

void
hkdf_sha3_256_series(uint8_t (* out)[32], size_t n, struct slice ikm,
    struct slice prefix, uint64_t first)
{
	static const uint8_t zeros[32];
	uint8_t number[9], prk[32];
	struct hmac_sha3 h;
	size_t i, j;

	set_key(&h, slice_of(zeros, sizeof(zeros)));
	add(&h, ikm.p, ikm.n);
	finish(&h, prk);
	/* What costs is done once: the key's blocks stay absorbed. */
	set_key(&h, slice_of(prk, sizeof(prk)));
	number[8] = 1;
	for (i = 0; i < n; i++) {
		for (j = 0; j < 8; j++)
			number[j] = (uint8_t)((first + i) >> (56 - 8 * j));
		add(&h, prefix.p, prefix.n);
		add(&h, number, sizeof(number));
		finish(&h, out[i]);
	}
	crypto_wipe(prk, sizeof(prk));
	crypto_wipe(&h, sizeof(h));
}
