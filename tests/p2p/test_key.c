#include "support/bytes.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <secp256k1.h>

#include "base/error.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

#define MESSAGE slice_text("what is signed")

/* A key of GnuTLS's, its public half in DER, and its signature. */
struct made {
	uint8_t der[1500], sig[1500];
	size_t n_der;
	gnutls_datum_t signature;
};

static void
make_key(struct made * m, gnutls_pk_algorithm_t algorithm, unsigned bits,
    gnutls_sign_algorithm_t with)
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)"what is signed",
	    14};
	gnutls_privkey_t priv;
	gnutls_pubkey_t pub;

	assert_int_equal(0, gnutls_privkey_init(&priv));
	assert_int_equal(0, gnutls_pubkey_init(&pub));
	assert_int_equal(0, gnutls_privkey_generate(priv, algorithm, bits, 0));
	assert_int_equal(0, gnutls_privkey_sign_data2(priv, with, 0, &text,
	    &m->signature));
	assert_int_equal(0, gnutls_pubkey_import_privkey(pub, priv, 0, 0));
	m->n_der = sizeof(m->der);
	assert_int_equal(0, gnutls_pubkey_export(pub, GNUTLS_X509_FMT_DER,
	    m->der, &m->n_der));
	gnutls_pubkey_deinit(pub);
	gnutls_privkey_deinit(priv);
}

/* The signature holds for the message, and for nothing else. */
static void
check(enum key_type type, struct slice data, struct slice sig)
{
	struct public_key key = {type, data};
	struct buffer changed = {0};

	assert_int_equal(0, public_key_verify(&key, MESSAGE, sig));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    public_key_verify(&key, slice_text("what is not"), sig));
	buffer_slice(&changed, sig);
	changed.p[changed.n - 1] ^= 1;
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    public_key_verify(&key, MESSAGE, buffer_all(&changed)));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    public_key_verify(&key, MESSAGE, slice_of(NULL, 0)));
	buffer_free(&changed);
}

static void
an_ed25519_signature_is_verified(void ** state)
{
	struct ed25519_key key;
	uint8_t seed[32] = {1}, sig[64];

	(void)state;
	ed25519_from_seed(&key, seed);
	ed25519_sign(sig, &key, MESSAGE);
	check(KEY_ED25519, BYTES(key.pub), BYTES(sig));
}

static void
an_rsa_signature_of_2048_bits_is_verified(void ** state)
{
	struct made m;

	(void)state;
	make_key(&m, GNUTLS_PK_RSA, 2048, GNUTLS_SIGN_RSA_SHA256);
	check(KEY_RSA, slice_of(m.der, m.n_der),
	    slice_of(m.signature.data, m.signature.size));
	gnutls_free(m.signature.data);
}

static void
an_rsa_key_below_2048_bits_is_refused(void ** state)
{
	struct public_key key;
	struct made m;

	(void)state;
	make_key(&m, GNUTLS_PK_RSA, 2040, GNUTLS_SIGN_RSA_SHA256);
	key = (struct public_key){KEY_RSA, slice_of(m.der, m.n_der)};
	assert_int_equal(-ERR_INVALID_INPUT, public_key_verify(&key, MESSAGE,
	    slice_of(m.signature.data, m.signature.size)));
	gnutls_free(m.signature.data);
}

/* An RSA key whose modulus is `bits` of ones: its size is all that counts. */
static void
write_rsa(struct buffer * out, size_t bits)
{
	static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
	    0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
	/* A zero before a first bit that is set: the number is not negative. */
	size_t zero = bits % 8 == 0, n = (bits + 7) / 8 + zero, i;

	buffer_byte(out, 0x30);
	buffer_byte(out, 0x82);
	buffer_be16(out, (uint16_t)(sizeof(algorithm) + 4 + 1 + 4 + 4 + n +
	    sizeof(exponent)));
	buffer_append(out, algorithm, sizeof(algorithm));
	buffer_byte(out, 0x03);
	buffer_byte(out, 0x82);
	buffer_be16(out, (uint16_t)(1 + 4 + 4 + n + sizeof(exponent)));
	buffer_byte(out, 0);
	buffer_byte(out, 0x30);
	buffer_byte(out, 0x82);
	buffer_be16(out, (uint16_t)(4 + n + sizeof(exponent)));
	buffer_byte(out, 0x02);
	buffer_byte(out, 0x82);
	buffer_be16(out, (uint16_t)n);
	if (zero)
		buffer_byte(out, 0);
	buffer_byte(out, zero ? 0xff : (uint8_t)((1U << bits % 8) - 1));
	for (i = zero + 1; i < n; i++)
		buffer_byte(out, 0xff);
	buffer_append(out, exponent, sizeof(exponent));
}

static int
verify_rsa_of(size_t bits)
{
	struct buffer der = {0};
	uint8_t sig[512] = {1};
	struct public_key key;
	int status;

	write_rsa(&der, bits);
	key = (struct public_key){KEY_RSA, buffer_all(&der)};
	status = public_key_verify(&key, MESSAGE, slice_of(sig, 512));
	buffer_free(&der);
	return (status);
}

static void
an_rsa_key_above_4096_bits_is_refused(void ** state)
{
	(void)state;
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    verify_rsa_of(4096));
	assert_int_equal(-ERR_INVALID_INPUT, verify_rsa_of(4097));
	assert_int_equal(-ERR_INVALID_INPUT, verify_rsa_of(4104));
	assert_int_equal(-ERR_INVALID_INPUT, verify_rsa_of(65536));
}

static void
rsa_keys_are_measured_to_the_bit(void ** state)
{
	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT, verify_rsa_of(2047));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    verify_rsa_of(2048));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    verify_rsa_of(4095));
}

static void
an_ecdsa_signature_is_verified(void ** state)
{
	struct made m;

	(void)state;
	make_key(&m, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
	    GNUTLS_SIGN_ECDSA_SHA256);
	check(KEY_ECDSA, slice_of(m.der, m.n_der),
	    slice_of(m.signature.data, m.signature.size));
	gnutls_free(m.signature.data);
}

static void
a_key_of_another_kind_than_it_says_is_refused(void ** state)
{
	struct public_key key;
	struct made m;

	(void)state;
	make_key(&m, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
	    GNUTLS_SIGN_ECDSA_SHA256);
	key = (struct public_key){KEY_RSA, slice_of(m.der, m.n_der)};
	assert_int_equal(-ERR_INVALID_INPUT, public_key_verify(&key, MESSAGE,
	    slice_of(m.signature.data, m.signature.size)));
	gnutls_free(m.signature.data);
}

static void
a_secp256k1_signature_is_verified(void ** state)
{
	secp256k1_context * ctx =
	    secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	uint8_t priv[32] = {[31] = 7}, digest[32], pub[33], der[72];
	struct slice message = MESSAGE;
	size_t n_pub = sizeof(pub), n_der = sizeof(der);
	secp256k1_ecdsa_signature sig;
	secp256k1_pubkey point;
	struct public_key bad;

	(void)state;
	sha256(digest, &message, 1);
	assert_int_equal(1, secp256k1_ec_pubkey_create(ctx, &point, priv));
	assert_int_equal(1, secp256k1_ecdsa_sign(ctx, &sig, digest, priv, NULL,
	    NULL));
	assert_int_equal(1, secp256k1_ec_pubkey_serialize(ctx, pub, &n_pub,
	    &point, SECP256K1_EC_COMPRESSED));
	assert_int_equal(1, secp256k1_ecdsa_signature_serialize_der(ctx, der,
	    &n_der, &sig));
	check(KEY_SECP256K1, BYTES(pub), slice_of(der, n_der));
	memset(pub + 1, 0xff, 32);
	bad = (struct public_key){KEY_SECP256K1, BYTES(pub)};
	assert_int_equal(-ERR_INVALID_INPUT, public_key_verify(&bad, MESSAGE,
	    slice_of(der, n_der)));
	secp256k1_context_destroy(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ed25519_signature_is_verified),
		cmocka_unit_test(an_rsa_signature_of_2048_bits_is_verified),
		cmocka_unit_test(an_rsa_key_below_2048_bits_is_refused),
		cmocka_unit_test(an_rsa_key_above_4096_bits_is_refused),
		cmocka_unit_test(rsa_keys_are_measured_to_the_bit),
		cmocka_unit_test(an_ecdsa_signature_is_verified),
		cmocka_unit_test(a_key_of_another_kind_than_it_says_is_refused),
		cmocka_unit_test(a_secp256k1_signature_is_verified),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
