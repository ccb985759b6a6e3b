/*
 * tls_fixture.h: certificates with something wrong in them, and an end of a TLS
 * connection that does as the test says.
 */
#ifndef BERTY_TEST_TLS_FIXTURE_H
#define BERTY_TEST_TLS_FIXTURE_H

#include "support/bytes.h"

#include <errno.h>
#include <stdlib.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "p2p/tls.h"
#include "p2p/tls_certificate.h"

/* 2026-01-01, unix seconds. */
#define FIXTURE_NOW 1767225600

/* A certificate to be made; zeros give a good one. */
struct fixture_certificate {
	int64_t from, until;              /* 0: a day either way */
	bool no_extension;
	bool other_spki;                  /* the identity signs another key */
	bool bad_signature;               /* of the identity */
	bool bad_self_signature;
	bool twice;                       /* the extension is */
	bool critical;                    /* the extension is */
	const char * further;             /* critical extension of that OID */
	int algorithm;                    /* GNUTLS_PK_…; 0: ECDSA */
	unsigned bits;                    /* 0: P-256 */
	gnutls_digest_algorithm_t digest; /* 0: SHA-256 */
	/* Made: */
	gnutls_x509_privkey_t own;
	gnutls_x509_crt_t crt;
	struct buffer der;
};

static inline struct ed25519_key
fixture_key(uint8_t n)
{
	uint8_t seed[32] = {n};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	return (key);
}

static inline void
fixture_extension(const struct fixture_certificate * c,
    const struct ed25519_key * key)
{
	gnutls_datum_t spki;
	struct buffer value = {0};
	gnutls_privkey_t private;
	gnutls_pubkey_t pub;

	assert_int_equal(0, gnutls_privkey_init(&private));
	assert_int_equal(0, gnutls_pubkey_init(&pub));
	assert_int_equal(0, gnutls_privkey_import_x509(private, c->own, 0));
	assert_int_equal(0, gnutls_pubkey_import_privkey(pub, private, 0, 0));
	assert_int_equal(0, gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER,
	    &spki));
	spki.data[spki.size - 1] ^= c->other_spki;
	tls_extension_write(&value, key, slice_of(spki.data, spki.size));
	value.p[value.n - 1] ^= c->bad_signature;
	assert_int_equal(0, gnutls_x509_crt_set_extension_by_oid(c->crt,
	    TLS_EXTENSION_OID, value.p, value.n, c->critical));
	buffer_free(&value);
	gnutls_free(spki.data);
	gnutls_pubkey_deinit(pub);
	gnutls_privkey_deinit(private);
}

static inline void
fixture_sign(struct fixture_certificate * c)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t again;

	assert_int_equal(0, gnutls_x509_crt_sign2(c->crt, c->crt, c->own,
	    c->digest != 0 ? c->digest : GNUTLS_DIG_SHA256, 0));
	assert_int_equal(0, gnutls_x509_crt_export2(c->crt,
	    GNUTLS_X509_FMT_DER, &der));
	der.data[der.size - 1] ^= c->bad_self_signature;
	buffer_append(&c->der, der.data, der.size);
	/* Shown in a handshake as it is now. */
	assert_int_equal(0, gnutls_x509_crt_init(&again));
	assert_int_equal(0, gnutls_x509_crt_import(again, &der,
	    GNUTLS_X509_FMT_DER));
	gnutls_x509_crt_deinit(c->crt);
	c->crt = again;
	gnutls_free(der.data);
}

static inline void
fixture_make(struct fixture_certificate * c, const struct ed25519_key * key)
{
	int algorithm = c->algorithm != 0 ? c->algorithm : GNUTLS_PK_ECDSA;
	unsigned bits = c->bits != 0 ? c->bits :
	    (unsigned)GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);

	assert_int_equal(0, gnutls_x509_privkey_init(&c->own));
	assert_int_equal(0, gnutls_x509_crt_init(&c->crt));
	assert_int_equal(0, gnutls_x509_privkey_generate(c->own,
	    (gnutls_pk_algorithm_t)algorithm, bits, 0));
	assert_int_equal(0, gnutls_x509_crt_set_version(c->crt, 3));
	assert_int_equal(0, gnutls_x509_crt_set_serial(c->crt, "\x05", 1));
	assert_int_equal(0, gnutls_x509_crt_set_activation_time(c->crt,
	    c->from != 0 ? c->from : FIXTURE_NOW - 86400));
	assert_int_equal(0, gnutls_x509_crt_set_expiration_time(c->crt,
	    c->until != 0 ? c->until : FIXTURE_NOW + 86400));
	assert_int_equal(0, gnutls_x509_crt_set_key(c->crt, c->own));
	if (!c->no_extension)
		fixture_extension(c, key);
	if (c->further != NULL)
		assert_int_equal(0, gnutls_x509_crt_set_extension_by_oid(
		    c->crt, c->further, "\x30\x00", 2, 1));
	fixture_sign(c);
}

static inline void
fixture_drop(struct fixture_certificate * c)
{
	gnutls_x509_privkey_deinit(c->own);
	gnutls_x509_crt_deinit(c->crt);
	buffer_free(&c->der);
}

/* --- an end that does as it is told -------------------------------------- */

struct fixture_end {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct buffer in, out;
	int rc;                           /* of the handshake, at last */
};

static inline ssize_t
fixture_pull(gnutls_transport_ptr_t user, void * p, size_t n)
{
	struct fixture_end * e = user;

	if (n > e->in.n)
		n = e->in.n;
	if (n == 0) {
		gnutls_transport_set_errno(e->session, EAGAIN);
		return (-1);
	}
	memcpy(p, e->in.p, n);
	buffer_consume(&e->in, n);
	return ((ssize_t)n);
}

static inline ssize_t
fixture_push(gnutls_transport_ptr_t user, const void * p, size_t n)
{
	buffer_append(&((struct fixture_end *)user)->out, p, n);
	return ((ssize_t)n);
}

/* n times the same certificate (0: none), and ALPN names (NULL-ended). */
static inline void
fixture_start(struct fixture_end * e, bool dialer,
    const struct fixture_certificate * c, unsigned n, const char * priorities,
    const char * const * alpn)
{
	gnutls_pcert_st chain[4];
	gnutls_privkey_t own;
	gnutls_datum_t names[4];
	unsigned i;

	*e = (struct fixture_end){0};
	assert_int_equal(0, gnutls_init(&e->session, GNUTLS_NONBLOCK |
	    GNUTLS_NO_TICKETS | GNUTLS_FORCE_CLIENT_CERT |
	    (dialer ? GNUTLS_CLIENT : GNUTLS_SERVER)));
	assert_int_equal(0, gnutls_certificate_allocate_credentials(
	    &e->credentials));
	if (n > 0) {
		assert_int_equal(0, gnutls_privkey_init(&own));
		assert_int_equal(0, gnutls_privkey_import_x509(own, c->own,
		    GNUTLS_PRIVKEY_IMPORT_COPY));
		for (i = 0; i < n; i++)
			assert_int_equal(0, gnutls_pcert_import_x509(&chain[i],
			    c->crt, 0));
		assert_true(gnutls_certificate_set_key(e->credentials, NULL, 0,
		    chain, (int)n, own) >= 0);
	}
	assert_int_equal(0, gnutls_priority_set_direct(e->session, priorities,
	    NULL));
	assert_int_equal(0, gnutls_credentials_set(e->session,
	    GNUTLS_CRD_CERTIFICATE, e->credentials));
	for (i = 0; alpn != NULL && alpn[i] != NULL; i++)
		names[i] = (gnutls_datum_t){(unsigned char *)(uintptr_t)alpn[i],
		    (unsigned)strlen(alpn[i])};
	if (i > 0)
		assert_int_equal(0, gnutls_alpn_set_protocols(e->session,
		    names, i, 0));
	if (!dialer)
		gnutls_certificate_server_set_request(e->session,
		    GNUTLS_CERT_REQUEST);
	gnutls_transport_set_ptr(e->session, e);
	gnutls_transport_set_pull_function(e->session, fixture_pull);
	gnutls_transport_set_push_function(e->session, fixture_push);
	e->rc = GNUTLS_E_AGAIN;
}

static inline void
fixture_stop(struct fixture_end * e)
{
	gnutls_deinit(e->session);
	gnutls_certificate_free_credentials(e->credentials);
	buffer_free(&e->in);
	buffer_free(&e->out);
}

/* Let it go on with what came. */
static inline void
fixture_step(struct fixture_end * e)
{
	if (e->rc != GNUTLS_E_AGAIN)
		return;
	e->rc = gnutls_handshake(e->session);
	if (e->rc < 0 && e->rc != GNUTLS_E_AGAIN)
		(void)gnutls_alert_send_appropriate(e->session, e->rc);
}

#endif /* !BERTY_TEST_TLS_FIXTURE_H */
