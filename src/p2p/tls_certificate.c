#include "p2p/tls_certificate.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "base/error.h"
#include "codec/der.h"

#define SIGNED_PREFIX "libp2p-tls-handshake:"

/*
 * Always valid, whatever a peer's clock says: when it was made tells nothing
 * that the handshake does not prove.  The same span as in the specification's
 * test vectors: 1975 to 4096.
 */
static const int64_t valid_from = 157766400;
static const int64_t valid_until = 67090118400;

/* --- the extension ------------------------------------------------------ */

int
tls_extension_read(struct slice value, struct slice * key, struct slice * sig)
{
	struct reader r = reader_of(value), inside;
	struct slice k, s;

	inside = reader_of(der_take(&r, DER_SEQUENCE));
	k = der_take(&inside, DER_OCTET_STRING);
	s = der_take(&inside, DER_OCTET_STRING);
	if (!reader_done(&r) || !reader_done(&inside))
		return (-ERR_DESERIALIZATION);
	*key = k;
	*sig = s;
	return (0);
}

static void
signed_text(struct buffer * out, struct slice spki)
{
	buffer_text(out, SIGNED_PREFIX);
	buffer_slice(out, spki);
}

void
tls_extension_write(struct buffer * out, const struct ed25519_key * key,
    struct slice spki)
{
	uint8_t pub[36], sig[SIGNATURE_SIZE];
	struct buffer text = {0};

	public_key_from_ed25519(pub, key->pub);
	signed_text(&text, spki);
	ed25519_sign(sig, key, buffer_all(&text));
	out->failed |= text.failed;
	buffer_free(&text);
	/* All lengths are below 128: one byte each. */
	buffer_byte(out, DER_SEQUENCE);
	buffer_byte(out, 2 + sizeof(pub) + 2 + sizeof(sig));
	buffer_byte(out, DER_OCTET_STRING);
	buffer_byte(out, sizeof(pub));
	buffer_append(out, pub, sizeof(pub));
	buffer_byte(out, DER_OCTET_STRING);
	buffer_byte(out, sizeof(sig));
	buffer_append(out, sig, sizeof(sig));
}

/* The peer's key signs that of the certificate: who is it? */
static int
verify_extension(struct slice value, struct slice spki, struct peer_id * peer)
{
	struct public_key key;
	struct buffer text = {0};
	struct slice protobuf, sig;
	int status;

	if ((status = tls_extension_read(value, &protobuf, &sig)) != 0 ||
	    (status = public_key_parse(&key, protobuf)) != 0)
		return (status);
	signed_text(&text, spki);
	status = text.failed ? -ERR_INTERNAL :
	    public_key_verify(&key, buffer_all(&text), sig);
	buffer_free(&text);
	if (status == 0)
		peer_id_from_public_key(peer, protobuf);
	return (status);
}

/* --- its parts ---------------------------------------------------------- */

/* What is looked at of a certificate, borrowed from it. */
struct parts {
	struct slice tbs;                 /* what is signed */
	struct slice signature;
	struct slice spki;
	struct slice extension;           /* p = NULL: missing */
};

/*
 * Those that a certificate of this kind may well have; that they are critical
 * keeps nobody out.  Source: RFC 5280 §4.2.1: key usage, subject alternative
 * name, basic constraints, extended key usage.
 */
static bool
is_known(struct slice oid)
{
	static const uint8_t last[] = {15, 17, 19, 37};

	return (oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1d &&
	    memchr(last, oid.p[2], sizeof(last)) != NULL);
}

static int
read_extension(struct reader * list, struct parts * parts)
{
	static const uint8_t ours[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83,
	    0xa2, 0x5a, 0x01, 0x01};
	struct reader r = reader_of(der_take(list, DER_SEQUENCE));
	struct slice oid = der_take(&r, DER_OID), flag = {0}, value;

	if (der_next_is(&r, DER_BOOLEAN))
		flag = der_take(&r, DER_BOOLEAN);
	value = der_take(&r, DER_OCTET_STRING);
	if (!reader_done(&r) || flag.n > 1)
		return (-ERR_DESERIALIZATION);
	if (slice_equal(oid, slice_of(ours, sizeof(ours)))) {
		if (parts->extension.p != NULL)
			return (-ERR_DESERIALIZATION);
		parts->extension = value;
	} else if (flag.n == 1 && flag.p[0] != 0 && !is_known(oid)) {
		return (-ERR_INVALID_INPUT);
	}
	return (0);
}

static int
read_extensions(struct reader * tbs, struct parts * parts)
{
	struct reader outer, list;
	int status = 0;

	outer = reader_of(der_take(tbs, DER_CONTEXT + 3));
	list = reader_of(der_take(&outer, DER_SEQUENCE));
	if (!reader_done(tbs) || !reader_done(&outer))
		return (-ERR_DESERIALIZATION);
	while (status == 0 && list.n > 0)
		status = read_extension(&list, parts);
	if (status != 0)
		return (status);
	return (list.failed || parts->extension.p == NULL ?
	    -ERR_DESERIALIZATION : 0);
}

/* Source: RFC 5280 §4.1; unique identifiers are not for libp2p. */
static int
read_tbs(struct slice body, struct parts * parts)
{
	struct reader r = reader_of(body);

	(void)der_take(&r, DER_CONTEXT + 0);    /* version */
	(void)der_take(&r, DER_INTEGER);        /* serial number */
	(void)der_take(&r, DER_SEQUENCE);       /* signature algorithm */
	(void)der_take(&r, DER_SEQUENCE);       /* issuer */
	(void)der_take(&r, DER_SEQUENCE);       /* validity */
	(void)der_take(&r, DER_SEQUENCE);       /* subject */
	parts->spki = der_take_whole(&r, DER_SEQUENCE);
	return (read_extensions(&r, parts));
}

static int
read_parts(struct slice der, struct parts * parts)
{
	struct reader r = reader_of(der), inside, tbs;
	struct slice bits;

	*parts = (struct parts){0};
	inside = reader_of(der_take(&r, DER_SEQUENCE));
	parts->tbs = der_take_whole(&inside, DER_SEQUENCE);
	(void)der_take(&inside, DER_SEQUENCE);
	bits = der_take(&inside, DER_BIT_STRING);
	if (!reader_done(&r) || !reader_done(&inside))
		return (-ERR_DESERIALIZATION);
	/* Whole bytes: no bits of the last are unused. */
	if (bits.n < 2 || bits.p[0] != 0)
		return (-ERR_DESERIALIZATION);
	parts->signature = slice_of(bits.p + 1, bits.n - 1);
	tbs = reader_of(parts->tbs);
	return (read_tbs(der_take(&tbs, DER_SEQUENCE), parts));
}

/* --- checks ------------------------------------------------------------- */

/* GnuTLS does not change what it is given, but takes no const. */
static gnutls_datum_t
datum(struct slice s)
{
	return ((gnutls_datum_t){(unsigned char *)(uintptr_t)s.p,
	    (unsigned)s.n});
}

static int
check_validity(gnutls_x509_crt_t crt, int64_t wall)
{
	time_t from = gnutls_x509_crt_get_activation_time(crt);
	time_t until = gnutls_x509_crt_get_expiration_time(crt);

	if (from == (time_t)-1 || until == (time_t)-1)
		return (-ERR_DESERIALIZATION);
	return (wall < from || wall > until ? -ERR_INVALID_INPUT : 0);
}

/* The bounds are those of a peer's own key (key.c), for the same reason. */
static int
check_key(gnutls_pubkey_t key)
{
	unsigned bits = 0;

	switch (gnutls_pubkey_get_pk_algorithm(key, &bits)) {
	case GNUTLS_PK_ECDSA:
	case GNUTLS_PK_EDDSA_ED25519:
		return (0);
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return (bits < 2048 || bits > 4096 ? -ERR_INVALID_INPUT : 0);
	default:
		return (-ERR_INVALID_INPUT);
	}
}

/* Signed by the key that it certifies? */
static int
check_self_signed(gnutls_x509_crt_t crt, const struct parts * parts)
{
	gnutls_datum_t text = datum(parts->tbs);
	gnutls_datum_t sig = datum(parts->signature);
	int by = gnutls_x509_crt_get_signature_algorithm(crt);
	gnutls_pubkey_t key;
	int status;

	if (by < 0 || gnutls_sign_is_secure2((gnutls_sign_algorithm_t)by,
	    GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0)
		return (-ERR_INVALID_INPUT);
	if (gnutls_pubkey_init(&key) != 0)
		return (-ERR_INTERNAL);
	status = -ERR_INVALID_INPUT;
	if (gnutls_pubkey_import_x509(key, crt, 0) == 0 &&
	    (status = check_key(key)) == 0 &&
	    gnutls_pubkey_verify_data2(key, (gnutls_sign_algorithm_t)by, 0,
	        &text, &sig) < 0)
		status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;
	gnutls_pubkey_deinit(key);
	return (status);
}

int
tls_certificate_verify(struct slice der, int64_t wall, struct peer_id * peer)
{
	gnutls_datum_t bytes = datum(der);
	struct parts parts;
	struct peer_id found;
	gnutls_x509_crt_t crt;
	int status;

	if (der.n > TLS_CERTIFICATE_MAX)
		return (-ERR_INVALID_INPUT);
	if ((status = read_parts(der, &parts)) != 0)
		return (status);
	if (gnutls_x509_crt_init(&crt) != 0)
		return (-ERR_INTERNAL);
	status = -ERR_DESERIALIZATION;
	if (gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) != 0)
		goto out;
	if ((status = check_validity(crt, wall)) != 0 ||
	    (status = check_self_signed(crt, &parts)) != 0 ||
	    (status = verify_extension(parts.extension, parts.spki,
	        &found)) != 0)
		goto out;
	*peer = found;
out:
	gnutls_x509_crt_deinit(crt);
	return (status);
}

/* A length of three bytes, as TLS has them. */
static size_t
take_length(struct reader * r)
{
	size_t high = reader_byte(r);

	return (high << 16 | reader_be16(r));
}

int
tls_certificate_message(struct slice body, struct slice * der)
{
	struct reader r = reader_of(body), list;
	struct slice first;

	(void)reader_take(&r, reader_byte(&r));         /* context */
	list = reader_of(reader_take(&r, take_length(&r)));
	if (!reader_done(&r))
		return (-ERR_DESERIALIZATION);
	if (list.n == 0)
		return (-ERR_INVALID_INPUT);
	first = reader_take(&list, take_length(&list));
	(void)reader_take(&list, reader_be16(&list));   /* extensions */
	if (list.failed)
		return (-ERR_DESERIALIZATION);
	if (list.n > 0 || first.n > TLS_CERTIFICATE_MAX)
		return (-ERR_INVALID_INPUT);
	*der = first;
	return (0);
}

/* --- our own ------------------------------------------------------------ */

/* Positive, at most 8 bytes, and none in front that could be left out. */
static int
set_serial(gnutls_x509_crt_t crt)
{
	uint8_t serial[8];

	if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)) != 0)
		return (-1);
	serial[0] = (serial[0] & 0x3f) | 0x40;
	return (gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
}

static int
set_extension(gnutls_x509_crt_t crt, gnutls_x509_privkey_t own,
    const struct ed25519_key * key)
{
	gnutls_datum_t spki = {NULL, 0};
	struct buffer value = {0};
	gnutls_privkey_t private;
	gnutls_pubkey_t pub;
	int rc = -1;

	if (gnutls_privkey_init(&private) != 0)
		return (-1);
	if (gnutls_pubkey_init(&pub) != 0)
		goto err0;
	if (gnutls_privkey_import_x509(private, own, 0) == 0 &&
	    gnutls_pubkey_import_privkey(pub, private, 0, 0) == 0 &&
	    gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &spki) == 0) {
		tls_extension_write(&value, key, slice_of(spki.data,
		    spki.size));
		if (!value.failed)
			rc = gnutls_x509_crt_set_extension_by_oid(crt,
			    TLS_EXTENSION_OID, value.p, value.n, 0);
	}
	gnutls_free(spki.data);
	buffer_free(&value);
	gnutls_pubkey_deinit(pub);
err0:
	gnutls_privkey_deinit(private);
	return (rc);
}

static int
fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t own,
    const struct ed25519_key * key)
{
	/* An issuer must have a name; this one says nothing. */
	static const char name[] = "1";

	return (gnutls_x509_crt_set_version(crt, 3) == 0 &&
	    set_serial(crt) == 0 &&
	    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	        name, sizeof(name) - 1) == 0 &&
	    gnutls_x509_crt_set_activation_time(crt, valid_from) == 0 &&
	    gnutls_x509_crt_set_expiration_time(crt, valid_until) == 0 &&
	    gnutls_x509_crt_set_key(crt, own) == 0 &&
	    set_extension(crt, own, key) == 0 &&
	    gnutls_x509_crt_sign2(crt, crt, own, GNUTLS_DIG_SHA256, 0) == 0 ?
	    0 : -ERR_CRYPTO_KEY_GENERATION);
}

int
tls_certificate_make(const struct ed25519_key * key, gnutls_x509_crt_t * crt,
    gnutls_x509_privkey_t * own)
{
	int status = -ERR_CRYPTO_KEY_GENERATION;

	if (gnutls_x509_crt_init(crt) != 0)
		goto err0;
	if (gnutls_x509_privkey_init(own) != 0)
		goto err1;
	if (gnutls_x509_privkey_generate(*own, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) != 0 ||
	    fill(*crt, *own, key) != 0)
		goto err2;
	return (0);

err2:
	gnutls_x509_privkey_deinit(*own);
err1:
	gnutls_x509_crt_deinit(*crt);
err0:
	return (status);
}
