/* key.c: signatures by the four kinds of key that peers have. */
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <secp256k1.h>

#include "base/error.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* Bits of an RSA key; the largest PKIX form of one, bytes. */
enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, PKIX_MAX = 1200 };

/* The largest signature of any kind: RSA of 4,096 bits. */
#define SIGNATURE_MAX (RSA_BITS_MAX / 8)

static int
verify_ed25519(struct slice key, struct slice message, struct slice sig)
{
	if (key.n != KEY_SIZE)
		return (-ERR_INVALID_INPUT);
	if (sig.n != SIGNATURE_SIZE)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	return (ed25519_verify(sig.p, key.p, message));
}

static int
verify_secp256k1(struct slice key, struct slice message, struct slice sig)
{
	secp256k1_pubkey point;
	secp256k1_ecdsa_signature rs;
	uint8_t digest[SHA256_SIZE];

	if (key.n != 33 || secp256k1_ec_pubkey_parse(secp256k1_context_static,
	    &point, key.p, key.n) != 1)
		return (-ERR_INVALID_INPUT);
	if (secp256k1_ecdsa_signature_parse_der(secp256k1_context_static, &rs,
	    sig.p, sig.n) != 1)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	sha256(digest, &message, 1);
	/* Go accepts a high s as well. */
	(void)secp256k1_ecdsa_signature_normalize(secp256k1_context_static,
	    &rs, &rs);
	if (secp256k1_ecdsa_verify(secp256k1_context_static, &rs, digest,
	    &point) != 1)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	return (0);
}

/* GnuTLS does not change what it is given, but takes no const. */
static gnutls_datum_t
datum(struct slice s)
{
	return ((gnutls_datum_t){(unsigned char *)(uintptr_t)s.p,
	    (unsigned)s.n});
}

/* Is it a key of that algorithm, of a size that we work with? */
static int
check_pkix(gnutls_pubkey_t key, gnutls_pk_algorithm_t algorithm)
{
	unsigned bits = 0;

	if (gnutls_pubkey_get_pk_algorithm(key, &bits) != (int)algorithm)
		return (-ERR_INVALID_INPUT);
	if (algorithm == GNUTLS_PK_RSA &&
	    (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
		return (-ERR_INVALID_INPUT);
	return (0);
}

/* RSA and ECDSA keys are SubjectPublicKeyInfo in DER. */
static int
verify_pkix(struct slice der, gnutls_pk_algorithm_t algorithm,
    gnutls_sign_algorithm_t with, struct slice message, struct slice sig)
{
	gnutls_datum_t bytes = datum(der), text = datum(message);
	gnutls_datum_t signature = datum(sig);
	gnutls_pubkey_t key;
	int status = -ERR_INVALID_INPUT;

	if (der.n > PKIX_MAX || message.n > UINT32_MAX)
		goto err0;
	if (gnutls_pubkey_init(&key) != 0) {
		status = -ERR_INTERNAL;
		goto err0;
	}
	if (gnutls_pubkey_import(key, &bytes, GNUTLS_X509_FMT_DER) != 0 ||
	    (status = check_pkix(key, algorithm)) != 0)
		goto err1;
	if (gnutls_pubkey_verify_data2(key, with, 0, &text, &signature) < 0)
		status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;
err1:
	gnutls_pubkey_deinit(key);
err0:
	return (status);
}

int
public_key_verify(const struct public_key * key, struct slice message,
    struct slice sig)
{
	if (sig.n == 0 || sig.n > SIGNATURE_MAX)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	switch (key->type) {
	case KEY_ED25519:
		return (verify_ed25519(key->data, message, sig));
	case KEY_SECP256K1:
		return (verify_secp256k1(key->data, message, sig));
	case KEY_RSA:
		return (verify_pkix(key->data, GNUTLS_PK_RSA,
		    GNUTLS_SIGN_RSA_SHA256, message, sig));
	case KEY_ECDSA:
		return (verify_pkix(key->data, GNUTLS_PK_ECDSA,
		    GNUTLS_SIGN_ECDSA_SHA256, message, sig));
	default:
		return (-ERR_INVALID_INPUT);
	}
}
