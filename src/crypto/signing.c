#include <sodium.h>

#include "base/error.h"
#include "crypto/crypto.h"

int
crypto_setup(void)
{
	return (sodium_init() < 0 ? -ERR_INTERNAL : 0);
}

void
crypto_wipe(void * p, size_t n)
{
	sodium_memzero(p, n);
}

bool
crypto_equal(const void * a, const void * b, size_t n)
{
	return (sodium_memcmp(a, b, n) == 0);
}

void
ed25519_from_seed(struct ed25519_key * key, const uint8_t seed[32])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t pub[crypto_sign_PUBLICKEYBYTES];

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	memcpy(key->seed, secret, sizeof(key->seed));
	memcpy(key->pub, pub, sizeof(key->pub));
	sodium_memzero(secret, sizeof(secret));
}

void
ed25519_sign(uint8_t sig[64], const struct ed25519_key * key,
    struct slice message)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	memcpy(secret, key->seed, 32);
	memcpy(secret + 32, key->pub, 32);
	(void)crypto_sign_detached(sig, NULL, message.p, message.n, secret);
	sodium_memzero(secret, sizeof(secret));
}

int
ed25519_verify(const uint8_t sig[64], const uint8_t pub[32],
    struct slice message)
{
	if (crypto_sign_verify_detached(sig, message.p, message.n, pub) != 0)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	return (0);
}

bool
ed25519_is_point(const uint8_t pub[32])
{
	return (crypto_core_ed25519_is_valid_point(pub) == 1);
}

void
x25519_private_of(uint8_t priv[32], const uint8_t seed[32])
{
	/* libsodium reads the seed half only. */
	uint8_t secret[crypto_sign_SECRETKEYBYTES] = {0};

	memcpy(secret, seed, 32);
	(void)crypto_sign_ed25519_sk_to_curve25519(priv, secret);
	sodium_memzero(secret, sizeof(secret));
}

int
x25519_public_of(uint8_t pub[32], const uint8_t ed_pub[32])
{
	uint8_t converted[32];

	if (crypto_sign_ed25519_pk_to_curve25519(converted, ed_pub) != 0)
		return (-ERR_CRYPTO_KEY_CONVERSION);
	memcpy(pub, converted, sizeof(converted));
	return (0);
}

int
x25519(uint8_t shared[32], const uint8_t priv[32], const uint8_t pub[32])
{
	uint8_t z[32];
	int status = 0;

	if (crypto_scalarmult_curve25519(z, priv, pub) != 0)
		status = -ERR_CRYPTO_KEY_CONVERSION;
	else
		memcpy(shared, z, sizeof(z));
	sodium_memzero(z, sizeof(z));
	return (status);
}

void
x25519_base(uint8_t pub[32], const uint8_t priv[32])
{
	(void)crypto_scalarmult_curve25519_base(pub, priv);
}
