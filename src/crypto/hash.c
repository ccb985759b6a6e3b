#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <sodium.h>

#include "crypto/crypto.h"

void
sha256(uint8_t out[32], const struct slice * pieces, size_t n)
{
	/* nettle's uses the processor's own instructions, libsodium's none. */
	struct sha256_ctx state;
	size_t i;

	sha256_init(&state);
	for (i = 0; i < n; i++)
		if (pieces[i].n > 0)
			sha256_update(&state, pieces[i].n, pieces[i].p);
	sha256_digest(&state, SHA256_DIGEST_SIZE, out);
	sodium_memzero(&state, sizeof(state));
}

void
sha512(uint8_t out[64], const struct slice * pieces, size_t n)
{
	crypto_hash_sha512_state state;
	size_t i;

	(void)crypto_hash_sha512_init(&state);
	for (i = 0; i < n; i++)
		(void)crypto_hash_sha512_update(&state, pieces[i].p,
		    pieces[i].n);
	(void)crypto_hash_sha512_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

void
sha3_256(uint8_t out[32], struct slice message)
{
	struct sha3_256_ctx state;

	sha3_256_init(&state);
	if (message.n > 0)
		sha3_256_update(&state, message.n, message.p);
	sha3_256_digest(&state, SHA3_256_DIGEST_SIZE, out);
	sodium_memzero(&state, sizeof(state));
}

void
shake256(uint8_t * out, size_t n, struct slice message)
{
	struct sha3_256_ctx state;

	sha3_256_init(&state);
	if (message.n > 0)
		sha3_256_update(&state, message.n, message.p);
	sha3_256_shake(&state, n, out);
	sodium_memzero(&state, sizeof(state));
}

void
hmac_sha256(uint8_t out[32], struct slice key, const struct slice * pieces,
    size_t n)
{
	crypto_auth_hmacsha256_state state;
	size_t i;

	(void)crypto_auth_hmacsha256_init(&state, key.p, key.n);
	for (i = 0; i < n; i++)
		(void)crypto_auth_hmacsha256_update(&state, pieces[i].p,
		    pieces[i].n);
	(void)crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

void
blake2b(uint8_t * out, size_t n, struct slice key, struct slice message)
{
	(void)crypto_generichash(out, n, message.p, message.n, key.p, key.n);
}

void
sha1(uint8_t out[20], const struct slice * pieces, size_t n)
{
	struct sha1_ctx state;
	size_t i;

	sha1_init(&state);
	for (i = 0; i < n; i++)
		sha1_update(&state, pieces[i].n, pieces[i].p);
	sha1_digest(&state, 20, out);
}
