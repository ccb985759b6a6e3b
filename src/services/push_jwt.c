#include "services/push_jwt.h"

#include <stdlib.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "codec/multibase.h"

#define RSA_BITS_MIN 2048
#define P256_SIZE 32

struct push_key {
	enum push_key_kind kind;
	gnutls_privkey_t key;
};

static gnutls_datum_t
datum(struct slice s)
{
	return ((gnutls_datum_t){(uint8_t *)(uintptr_t)s.p, (unsigned)s.n});
}

static bool
fits(const struct push_key * key)
{
	unsigned bits = 0;
	int algorithm = gnutls_privkey_get_pk_algorithm(key->key, &bits);

	if (key->kind == PUSH_KEY_ES256)
		return (algorithm == GNUTLS_PK_ECDSA && bits == 256);
	return (algorithm == GNUTLS_PK_RSA && bits >= RSA_BITS_MIN);
}

int
push_key_new(struct push_key ** result, enum push_key_kind kind,
    struct slice pem, struct error * err)
{
	struct push_key * key;
	gnutls_datum_t raw = datum(pem);

	if ((key = calloc(1, sizeof(*key))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	key->kind = kind;
	if (gnutls_privkey_init(&key->key) != 0) {
		free(key);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	if (gnutls_privkey_import_x509_raw(key->key, &raw, GNUTLS_X509_FMT_PEM,
	    NULL, 0) != 0 || !fits(key)) {
		push_key_free(key);
		return (error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG,
		    kind == PUSH_KEY_ES256 ? "this is no key of Apple's: a PEM "
		    "file with a key for ECDSA on P-256" : "this is no key for "
		    "RSA of 2048 bits or more"));
	}
	*result = key;
	return (0);
}

void
push_key_free(struct push_key * key)
{
	if (key == NULL)
		return;
	gnutls_privkey_deinit(key->key);
	free(key);
}

/* --- statements ----------------------------------------------------------- */

/* A number of a signature in 32 bytes, most significant first. */
static bool
append_number(struct buffer * out, const gnutls_datum_t * number)
{
	const uint8_t * p = number->data;
	size_t n = number->size, i;

	while (n > 0 && *p == 0)
		p++, n--;
	for (i = n; i < P256_SIZE; i++)
		buffer_byte(out, 0);
	buffer_append(out, p, n);
	return (n <= P256_SIZE);
}

/* DER, as libraries give it, to what JWS has. */
static bool
append_pair(struct buffer * out, const gnutls_datum_t * der)
{
	gnutls_datum_t r = {0}, s = {0};
	bool ok;

	if (gnutls_decode_rs_value(der, &r, &s) != 0)
		return (false);
	ok = append_number(out, &r) && append_number(out, &s);
	gnutls_free(r.data);
	gnutls_free(s.data);
	return (ok);
}

static bool
sign(struct buffer * out, const struct push_key * key, struct slice text)
{
	gnutls_datum_t data = datum(text), sig = {0};
	bool ec = key->kind == PUSH_KEY_ES256, ok = true;

	/* What is random in a signature of ECDSA comes of the text. */
	if (gnutls_privkey_sign_data2(key->key, ec ? GNUTLS_SIGN_ECDSA_SHA256
	    : GNUTLS_SIGN_RSA_SHA256, ec ? GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE
	    : 0, &data, &sig) != 0)
		return (false);
	if (ec)
		ok = append_pair(out, &sig);
	else
		buffer_append(out, sig.data, sig.size);
	gnutls_free(sig.data);
	return (ok && !out->failed);
}

int
push_jwt(struct buffer * out, const struct push_key * key,
    const char * header, const char * claims)
{
	struct buffer text = {0}, sig = {0};
	int rc = -ERR_INTERNAL;

	base64url_encode(&text, slice_text(header));
	buffer_byte(&text, '.');
	base64url_encode(&text, slice_text(claims));
	if (!text.failed && sign(&sig, key, buffer_all(&text))) {
		buffer_slice(out, buffer_all(&text));
		buffer_byte(out, '.');
		base64url_encode(out, buffer_all(&sig));
		rc = out->failed ? -ERR_INTERNAL : 0;
	}
	buffer_free(&text);
	buffer_free(&sig);
	return (rc);
}
