#include "server/tls_credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

struct tls_credentials {
	unsigned refs;
	gnutls_certificate_credentials_t raw;
	struct buffer certificate, key;
	char fingerprint[TLS_FINGERPRINT];
};

/* 1975, before any clock; and "no well-defined end" (RFC 5280 §4.1.2.5). */
static const int64_t valid_from = 157766400;
static const int64_t valid_until = 253402300799;

static gnutls_datum_t
datum(struct slice s)
{
	return ((gnutls_datum_t){(unsigned char *)(uintptr_t)s.p,
	    (unsigned)s.n});
}

void
tls_fingerprint(char text[TLS_FINGERPRINT], const gnutls_datum_t * der)
{
	uint8_t digest[32];
	size_t i;

	text[0] = '\0';
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size,
	    digest) != 0)
		return;
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

int
tls_credentials_new(struct tls_credentials ** result,
    struct slice certificate, struct slice key, struct error * err)
{
	struct tls_credentials * c = calloc(1, sizeof(*c));
	gnutls_datum_t crt_pem = datum(certificate), key_pem = datum(key), der;
	int rc;

	if (c == NULL)
		goto err0;
	if (gnutls_certificate_allocate_credentials(&c->raw) != 0)
		goto err1;
	rc = gnutls_certificate_set_x509_key_mem(c->raw, &crt_pem, &key_pem,
	    GNUTLS_X509_FMT_PEM);
	if (rc < 0) {
		gnutls_certificate_free_credentials(c->raw);
		free(c);
		return (error_set(err, ERR_INVALID_INPUT, "the certificate and "
		    "the key of TLS are not to be used: %s",
		    gnutls_strerror(rc)));
	}
	if (gnutls_certificate_get_crt_raw(c->raw, 0, 0, &der) != 0)
		goto err2;
	tls_fingerprint(c->fingerprint, &der);
	buffer_slice(&c->certificate, certificate);
	buffer_slice(&c->key, key);
	if (c->certificate.failed || c->key.failed)
		goto err3;
	c->refs = 1;
	*result = c;
	return (0);

err3:
	buffer_free(&c->certificate);
	buffer_wipe(&c->key);
err2:
	gnutls_certificate_free_credentials(c->raw);
err1:
	free(c);
err0:
	return (error_set(err, ERR_INTERNAL, "out of memory"));
}

struct tls_credentials *
tls_credentials_hold(struct tls_credentials * c)
{
	c->refs++;
	return (c);
}

void
tls_credentials_drop(struct tls_credentials * c)
{
	if (c == NULL || --c->refs > 0)
		return;
	gnutls_certificate_free_credentials(c->raw);
	buffer_free(&c->certificate);
	buffer_wipe(&c->key);
	free(c);
}

const char *
tls_credentials_fingerprint(const struct tls_credentials * c)
{
	return (c->fingerprint);
}

void
tls_credentials_pem(const struct tls_credentials * c,
    struct slice * certificate, struct slice * key)
{
	*certificate = buffer_all(&c->certificate);
	*key = buffer_all(&c->key);
}

gnutls_certificate_credentials_t
tls_credentials_raw(const struct tls_credentials * c)
{
	return (c->raw);
}

/* --- a certificate of our own --------------------------------------------- */

static bool
name_it(gnutls_x509_crt_t crt)
{
	static const uint8_t v4[4] = {127, 0, 0, 1};
	uint8_t v6[16] = {0};

	v6[15] = 1;
	return (gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME,
	        0, "berty", 5) == 0 &&
	    gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
	        "localhost", 9, GNUTLS_FSAN_SET) == 0 &&
	    gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS,
	        v4, sizeof(v4), GNUTLS_FSAN_APPEND) == 0 &&
	    gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS,
	        v6, sizeof(v6), GNUTLS_FSAN_APPEND) == 0);
}

static bool
fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	uint8_t serial[16];

	if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)) != 0)
		return (false);
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	return (gnutls_x509_crt_set_version(crt, 3) == 0 &&
	    gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)) == 0 &&
	    gnutls_x509_crt_set_activation_time(crt, (time_t)valid_from) == 0 &&
	    gnutls_x509_crt_set_expiration_time(crt,
	        (time_t)valid_until) == 0 &&
	    name_it(crt) &&
	    gnutls_x509_crt_set_key(crt, key) == 0 &&
	    gnutls_x509_crt_set_basic_constraints(crt, 0, -1) == 0 &&
	    gnutls_x509_crt_set_key_usage(crt,
	        GNUTLS_KEY_DIGITAL_SIGNATURE) == 0 &&
	    gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER,
	        0) == 0 &&
	    gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) == 0);
}

static bool
export(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
    struct buffer * certificate, struct buffer * secret)
{
	gnutls_datum_t pem;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) != 0)
		return (false);
	buffer_append(certificate, pem.data, pem.size);
	gnutls_free(pem.data);
	if (gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
	    GNUTLS_PKCS_PLAIN, &pem) != 0)
		return (false);
	buffer_append(secret, pem.data, pem.size);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return (!certificate->failed && !secret->failed);
}

int
tls_credentials_make(struct buffer * certificate, struct buffer * secret)
{
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	int status = -ERR_INTERNAL;

	if (gnutls_x509_crt_init(&crt) != 0)
		goto err0;
	if (gnutls_x509_privkey_init(&key) != 0)
		goto err1;
	if (gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) != 0)
		goto err2;
	if (fill(crt, key) && export(crt, key, certificate, secret))
		status = 0;
err2:
	gnutls_x509_privkey_deinit(key);
err1:
	gnutls_x509_crt_deinit(crt);
err0:
	return (status);
}
