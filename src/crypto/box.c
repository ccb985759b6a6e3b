#include <sodium.h>

#include "base/error.h"
#include "crypto/crypto.h"

/*
 * The plaintext is written behind what `out` holds, and taken away again when
 * the tag does not fit, so that nobody reads what was not authentic.
 */
static int
keep_or_drop(struct buffer * out, size_t n, int failed)
{
	if (!failed)
		return (0);
	out->n -= n;
	if (n > 0)
		sodium_memzero(out->p + out->n, n);
	return (-ERR_CRYPTO_DECRYPT);
}

void
secretbox_seal(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice message)
{
	uint8_t * to = buffer_grow(out, message.n + TAG_SIZE);

	if (to != NULL)
		(void)crypto_secretbox_easy(to, message.p, message.n, nonce,
		    key);
}

int
secretbox_open(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice box)
{
	uint8_t * to;

	if (box.n < TAG_SIZE)
		return (-ERR_CRYPTO_DECRYPT);
	if ((to = buffer_grow(out, box.n - TAG_SIZE)) == NULL)
		return (-ERR_INTERNAL);
	return (keep_or_drop(out, box.n - TAG_SIZE,
	    crypto_secretbox_open_easy(to, box.p, box.n, nonce, key) != 0));
}

int
box_key(uint8_t key[32], const uint8_t priv[32], const uint8_t pub[32])
{
	uint8_t k[crypto_box_BEFORENMBYTES];
	int status = 0;

	if (crypto_box_beforenm(k, pub, priv) != 0)
		status = -ERR_CRYPTO_KEY_CONVERSION;
	else
		memcpy(key, k, sizeof(k));
	sodium_memzero(k, sizeof(k));
	return (status);
}

int
box_seal(struct buffer * out, const uint8_t priv[32], const uint8_t pub[32],
    const uint8_t nonce[24], struct slice message)
{
	uint8_t key[32];
	int status;

	if ((status = box_key(key, priv, pub)) != 0)
		return (status);
	secretbox_seal(out, key, nonce, message);
	sodium_memzero(key, sizeof(key));
	return (out->failed ? -ERR_INTERNAL : 0);
}

int
box_open(struct buffer * out, const uint8_t priv[32], const uint8_t pub[32],
    const uint8_t nonce[24], struct slice box)
{
	uint8_t key[32];
	int status;

	if (box_key(key, priv, pub) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	status = secretbox_open(out, key, nonce, box);
	sodium_memzero(key, sizeof(key));
	return (status);
}

/* nonce = BLAKE2b-24(ephemeral public || recipient public). */
static void
anonymous_nonce(uint8_t nonce[24], const uint8_t epk[32],
    const uint8_t pub[32])
{
	uint8_t both[64];

	memcpy(both, epk, 32);
	memcpy(both + 32, pub, 32);
	(void)crypto_generichash(nonce, 24, both, sizeof(both), NULL, 0);
}

int
anonymous_seal(struct buffer * out, const uint8_t pub[32],
    const uint8_t ephemeral_priv[32], struct slice message)
{
	uint8_t epk[32], nonce[24];
	size_t start = out->n;
	int status;

	x25519_base(epk, ephemeral_priv);
	anonymous_nonce(nonce, epk, pub);
	buffer_append(out, epk, sizeof(epk));
	status = box_seal(out, ephemeral_priv, pub, nonce, message);
	if (status != 0)
		out->n = start;
	return (status);
}

int
anonymous_open(struct buffer * out, const uint8_t priv[32], struct slice box)
{
	uint8_t pub[32], nonce[24];

	if (box.n < 32 + TAG_SIZE)
		return (-ERR_CRYPTO_DECRYPT);
	x25519_base(pub, priv);
	anonymous_nonce(nonce, box.p, pub);
	return (box_open(out, priv, box.p, nonce,
	    slice_of(box.p + 32, box.n - 32)));
}

void
xchacha_seal(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice ad, struct slice message)
{
	uint8_t * to = buffer_grow(out, message.n + TAG_SIZE);

	if (to != NULL)
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(to, NULL,
		    message.p, message.n, ad.p, ad.n, NULL, nonce, key);
}

int
xchacha_open(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[24], struct slice ad, struct slice box)
{
	uint8_t * to;

	if (box.n < TAG_SIZE)
		return (-ERR_CRYPTO_DECRYPT);
	if ((to = buffer_grow(out, box.n - TAG_SIZE)) == NULL)
		return (-ERR_INTERNAL);
	return (keep_or_drop(out, box.n - TAG_SIZE,
	    crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, box.p,
	        box.n, ad.p, ad.n, nonce, key) != 0));
}

void
chachapoly_seal(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[12], struct slice ad, struct slice message)
{
	uint8_t * to = buffer_grow(out, message.n + TAG_SIZE);

	if (to != NULL)
		(void)crypto_aead_chacha20poly1305_ietf_encrypt(to, NULL,
		    message.p, message.n, ad.p, ad.n, NULL, nonce, key);
}

int
chachapoly_open(struct buffer * out, const uint8_t key[32],
    const uint8_t nonce[12], struct slice ad, struct slice box)
{
	uint8_t * to;

	if (box.n < TAG_SIZE)
		return (-ERR_CRYPTO_DECRYPT);
	if ((to = buffer_grow(out, box.n - TAG_SIZE)) == NULL)
		return (-ERR_INTERNAL);
	return (keep_or_drop(out, box.n - TAG_SIZE,
	    crypto_aead_chacha20poly1305_ietf_decrypt(to, NULL, NULL, box.p,
	        box.n, ad.p, ad.n, nonce, key) != 0));
}
