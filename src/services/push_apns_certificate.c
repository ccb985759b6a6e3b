/* push_apns_certificate.c: a certificate of Apple's names the app. */
#include <stdlib.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>

#include "services/push_apns.h"

/* Source: RFC 4519 §2.39: uid, where Apple puts the app's id. */
#define OID_UID "0.9.2342.19200300.100.1.1"
#define DEVELOPMENT "Apple Development IOS Push Services"
#define TEXT_MAX 256

struct parts {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t * chain;
	unsigned n;
};

static void
free_parts(struct parts * p)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		gnutls_x509_crt_deinit(p->chain[i]);
	gnutls_free(p->chain);
	if (p->key != NULL)
		gnutls_x509_privkey_deinit(p->key);
}

/* Without a password, which is written in either of two ways. */
static int
parse(struct parts * p, struct slice pkcs12)
{
	static const char * const passwords[] = {"", NULL};
	const gnutls_datum_t raw = {(uint8_t *)(uintptr_t)pkcs12.p,
	    (unsigned)pkcs12.n};
	gnutls_pkcs12_t file;
	int rc = -1;
	unsigned i;

	if (gnutls_pkcs12_init(&file) != 0)
		return (-ERR_INTERNAL);
	if (gnutls_pkcs12_import(file, &raw, GNUTLS_X509_FMT_DER, 0) == 0)
		for (i = 0; i < 2 && rc != 0; i++)
			rc = gnutls_pkcs12_simple_parse(file, passwords[i],
			    &p->key, &p->chain, &p->n, NULL, NULL, NULL, 0);
	gnutls_pkcs12_deinit(file);
	return (rc == 0 && p->key != NULL && p->n > 0 ? 0 :
	    -ERR_PUSH_INVALID_SERVER_CONFIG);
}

static bool
append_pem(struct buffer * out, gnutls_datum_t * pem, int rc)
{
	if (rc != 0)
		return (false);
	buffer_append(out, pem->data, pem->size);
	gnutls_memset(pem->data, 0, pem->size);
	gnutls_free(pem->data);
	return (!out->failed);
}

static bool
export(struct push_apns_certificate * c, const struct parts * p)
{
	gnutls_datum_t pem = {0};
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (!append_pem(&c->certificate, &pem,
		    gnutls_x509_crt_export2(p->chain[i], GNUTLS_X509_FMT_PEM,
		    &pem)))
			return (false);
	return (append_pem(&c->key, &pem, gnutls_x509_privkey_export2_pkcs8(
	    p->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem)));
}

static int
take_names(struct push_apns_certificate * c, gnutls_x509_crt_t own,
    struct error * err)
{
	char text[TEXT_MAX];
	size_t n = sizeof(text);

	if (gnutls_x509_crt_get_dn_by_oid(own, OID_UID, 0, 0, text, &n) != 0 ||
	    n == 0)
		return (error_set(err, ERR_PUSH_MISSING_BUNDLE_ID, "the "
		    "certificate names no app: it is none of Apple's for "
		    "pushes"));
	buffer_append(&c->bundle, text, n);
	buffer_byte(&c->bundle, 0);
	n = sizeof(text);
	if (gnutls_x509_crt_get_dn_by_oid(own, GNUTLS_OID_X520_COMMON_NAME, 0,
	    0, text, &n) == 0)
		c->sandbox = strstr(text, DEVELOPMENT) != NULL;
	return (c->bundle.failed ? error_set(err, ERR_INTERNAL,
	    "out of memory") : 0);
}

int
push_apns_certificate(struct push_apns_certificate * c, struct slice pkcs12,
    struct error * err)
{
	struct parts parts = {0};
	int rc;

	*c = (struct push_apns_certificate){0};
	if (parse(&parts, pkcs12) != 0)
		rc = error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG, "this is "
		    "no PKCS #12 file with a key and a certificate, without a "
		    "password");
	else if ((rc = take_names(c, parts.chain[0], err)) == 0 &&
	    !export(c, &parts))
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	free_parts(&parts);
	if (rc != 0)
		push_apns_certificate_free(c);
	return (rc);
}

void
push_apns_certificate_free(struct push_apns_certificate * c)
{
	buffer_free(&c->bundle);
	buffer_free(&c->certificate);
	buffer_wipe(&c->key);
}
