/* The certificates of TLS: log/tls.json. */
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "base/reader.h"
#include "codec/peer_id.h"
#include "kat.h"
#include "p2p/tls_certificate.h"

/* SEQUENCE { OCTET STRING, OCTET STRING } with lengths below 128. */
static bool
split_extension(struct slice der, struct slice * key, struct slice * sig)
{
	struct reader r = reader_of(der), inside;

	if (reader_byte(&r) != 0x30)
		return (false);
	inside = reader_of(reader_prefixed(&r, 127));
	if (!reader_done(&r) || reader_byte(&inside) != 0x04)
		return (false);
	*key = reader_prefixed(&inside, 127);
	if (reader_byte(&inside) != 0x04)
		return (false);
	*sig = reader_prefixed(&inside, 127);
	return (reader_done(&inside));
}

static gnutls_datum_t
datum(struct slice s)
{
	return ((gnutls_datum_t){(unsigned char *)(uintptr_t)s.p,
	    (unsigned)s.n});
}

/* The next DER element with its head, its value in `value`. */
static struct slice
element(struct reader * r, struct slice * value)
{
	const uint8_t * start = r->p;
	size_t n, i, bytes;

	(void)reader_byte(r);
	n = reader_byte(r);
	if (n >= 0x80) {
		bytes = n & 0x7f;
		for (n = 0, i = 0; i < bytes && i < 4; i++)
			n = n << 8 | reader_byte(r);
	}
	*value = reader_take(r, n);
	if (r->failed)
		return (slice_of(NULL, 0));
	return (slice_of(start, (size_t)(value->p + n - start)));
}

/* The certificate is signed by the key in it. */
static void
check_self_signed(struct kat * k, struct slice der, gnutls_pubkey_t key,
    gnutls_sign_algorithm_t by)
{
	struct reader r = reader_of(der);
	struct slice all, tbs, sig, ignored;
	gnutls_datum_t signed_bytes, sig_bytes;

	(void)element(&r, &all);
	kat_true(k, "nothing behind the certificate", reader_done(&r));
	r = reader_of(all);
	tbs = element(&r, &ignored);
	(void)element(&r, &ignored);
	(void)element(&r, &sig);
	kat_true(k, "three parts", reader_done(&r) && sig.n > 1);
	if (sig.n < 1)
		return;
	/* The first byte of a bit string counts its unused bits. */
	signed_bytes = datum(tbs);
	sig_bytes = datum(slice_of(sig.p + 1, sig.n - 1));
	kat_true(k, "the certificate's signature", gnutls_pubkey_verify_data2(
	    key, by, 0, &signed_bytes, &sig_bytes) >= 0);
}

/* The private key is that of the certificate. */
static void
check_cert_key(struct kat * k, const cJSON * root, gnutls_pubkey_t key,
    gnutls_sign_algorithm_t by)
{
	gnutls_datum_t bytes = datum(kat_hex(k, root, "cert_key_pkcs8"));
	gnutls_datum_t text = datum(slice_text("signed to compare keys"));
	gnutls_datum_t sig = {NULL, 0};
	gnutls_privkey_t private;
	gnutls_pubkey_t public;
	uint8_t spki[512] = {0};
	size_t n = sizeof(spki);
	bool reads;

	(void)gnutls_privkey_init(&private);
	(void)gnutls_pubkey_init(&public);
	reads = gnutls_privkey_import_x509_raw(private, &bytes,
	    GNUTLS_X509_FMT_DER, NULL, 0) == 0;
	kat_true(k, "the certificate's key reads", reads);
	if (reads) {
		kat_true(k, "its public key", gnutls_pubkey_import_privkey(
		    public, private, 0, 0) == 0 && gnutls_pubkey_export(public,
		        GNUTLS_X509_FMT_DER, spki, &n) == 0);
		kat_expect(k, root, "cert_spki_der", slice_of(spki, n));
		kat_true(k, "signs for the certificate",
		    gnutls_privkey_sign_data2(private, by, 0, &text,
		        &sig) == 0 &&
		    gnutls_pubkey_verify_data2(key, by, 0, &text, &sig) >= 0);
	}
	gnutls_free(sig.data);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
}

static void
check_certificate(struct kat * k, const cJSON * root)
{
	struct slice der = kat_hex(k, root, "certificate_der");
	gnutls_datum_t bytes = datum(der);
	uint8_t value[512] = {0}, spki[512] = {0};
	size_t n_value = sizeof(value), n_spki = sizeof(spki);
	char oid[64] = "";
	size_t n_oid = sizeof(oid);
	unsigned critical = 1;
	gnutls_x509_crt_t crt;
	gnutls_sign_algorithm_t by;
	gnutls_pubkey_t key;
	bool reads;

	(void)gnutls_x509_crt_init(&crt);
	(void)gnutls_pubkey_init(&key);
	reads = gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_extension_info(crt, 0, oid, &n_oid,
	        &critical) == 0 &&
	    gnutls_x509_crt_get_extension_data(crt, 0, value,
	        &n_value) == 0 &&
	    gnutls_pubkey_import_x509(key, crt, 0) == 0 &&
	    gnutls_pubkey_export(key, GNUTLS_X509_FMT_DER, spki,
	        &n_spki) == 0;
	kat_true(k, "certificate reads", reads);
	kat_text(k, "extension_oid", kat_str(k, root, "extension_oid"),
	    slice_text(oid));
	kat_true(k, "criticality", (critical != 0) ==
	    kat_bool(k, root, "extension_critical"));
	kat_expect(k, root, "extension_value_der", slice_of(value, n_value));
	kat_expect(k, root, "cert_spki_der", slice_of(spki, n_spki));
	if (reads) {
		by = (gnutls_sign_algorithm_t)
		    gnutls_x509_crt_get_signature_algorithm(crt);
		check_self_signed(k, der, key, by);
		if (kat_has(root, "cert_key_pkcs8"))
			check_cert_key(k, root, key, by);
	}
	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
}

/* The extension is what the identity of that seed signs. */
static void
check_signer(struct kat * k, const cJSON * root, struct slice key,
    struct slice sig, struct slice text)
{
	uint8_t made[SIGNATURE_SIZE], pub[36];
	struct buffer * again = kat_buffer(k);
	struct ed25519_key identity;

	ed25519_from_seed(&identity,
	    kat_sized(k, root, "identity_seed", SEED_SIZE));
	public_key_from_ed25519(pub, identity.pub);
	kat_bytes(k, "key of the seed", key, slice_of(pub, sizeof(pub)));
	ed25519_sign(made, &identity, text);
	kat_bytes(k, "signed again", sig, slice_of(made, sizeof(made)));
	tls_extension_write(again, &identity,
	    kat_hex(k, root, "cert_spki_der"));
	kat_expect(k, root, "extension_value_der", buffer_all(again));
}

/* What connections go by: the certificate as a whole names its peer. */
static void
check_verifies(struct kat * k, const cJSON * root)
{
	struct slice der = kat_hex(k, root, "certificate_der");
	struct buffer * name = kat_buffer(k);
	struct peer_id peer = {0};

	/* At the start of 2026; it is good for a hundred years from 2023. */
	kat_number(k, "certificate verifies", 0,
	    (uint64_t)tls_certificate_verify(der, 1767225600, &peer));
	peer_id_encode(name, &peer);
	kat_text(k, "peer_id", kat_str(k, root, "peer_id"), buffer_all(name));
	kat_true(k, "not for ever", tls_certificate_verify(der,
	    (int64_t)1 << 33, &peer) != 0);
}

static void
read_tls(struct kat * k, const cJSON * root)
{
	struct slice key = {0}, sig = {0};
	struct public_key parsed = {0};
	struct buffer * text;
	struct peer_id id;
	struct buffer * name;

	kat_begin(k, "certificate");
	text = kat_buffer(k);
	name = kat_buffer(k);
	check_certificate(k, root);
	check_verifies(k, root);
	kat_true(k, "extension splits", split_extension(
	    kat_hex(k, root, "extension_value_der"), &key, &sig));
	buffer_text(text, "libp2p-tls-handshake:");
	buffer_slice(text, kat_hex(k, root, "cert_spki_der"));
	kat_expect(k, root, "signed_bytes", buffer_all(text));
	kat_number(k, "key", 0, (uint64_t)public_key_parse(&parsed, key));
	kat_number(k, "signature", 0, (uint64_t)public_key_verify(&parsed,
	    buffer_all(text), sig));
	if (kat_has(root, "identity_seed"))
		check_signer(k, root, key, sig, buffer_all(text));
	peer_id_from_public_key(&id, key);
	peer_id_encode(name, &id);
	kat_text(k, "peer_id", kat_str(k, root, "peer_id"), buffer_all(name));
	kat_end(k);
}

const struct kat_reader kat_tls_readers[] = {
    {"tls", read_tls},
    {0},
};
