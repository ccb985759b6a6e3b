#include "p2p/tls_fixture.h"

#include "base/error.h"

/* Made by go-libp2p 0.34.1; and those of the libp2p tls specification. */
static const struct {
	const char * der;
	const char * peer;                /* NULL: to be refused */
} known[] = {
	{"3082016e30820114a00302010202021092300a06082a8648ce3d0403023000302017"
	 "0d3233313131343232313332305a180f32313138313230393033333332305a300030"
	 "59301306072a8648ce3d020106082a8648ce3d03010703420004a5edd03269c1f65c"
	 "8ce440d47b3142f77787dfa4a10cf64afd6dcf3290b72a500c53cd20819b2d452ade"
	 "8ba74b33177eeb442a55757773aadbb669e0e9897d4ba37c307a3078060a2b060104"
	 "0183a25a0101046a306804240801122003a107bff3ce10be1d70dd18e74bc09967e4"
	 "d6309ba50d5f1ddc8664125531b804401fe0342949ce5a4a8ce6aebd380bd0558b72"
	 "db4012df8c5d00a40b520a8d0f9b2c6c0a2513a842fa365c7ebc035b2e47d1da2f58"
	 "e07a1cab742e7afed99adf07300a06082a8648ce3d04030203480030450220661881"
	 "228b904fd8a4ed6a3b1b3c3786056189b4b738afbd8d69c66898b4c04c022100808b"
	 "fc76a000e7cc10dc17dc31fe394ffc0461a45a24e3da8f6bf5cd07cd0b35",
	 "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"},
	{"308201ae30820156a0030201020204499602d2300a06082a8648ce3d040302302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131302017"
	 "0d3735303130313133303030305a180f34303936303130313133303030305a302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131305930"
	 "1306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27"
	 "c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c17414"
	 "4fa4b14b66a651691606d8173e55bd37e381569ea37c307a3078060a2b0601040183"
	 "a25a0101046a3068042408011220a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b"
	 "879ed364501809923d7c11b90440d90d2769db992d5e6195dbb08e706b6651e024fd"
	 "a6cfb8846694a435519941cac215a8207792e42849cccc6cd8136c6e4bde92a58c5e"
	 "08cfd4206eb5fe0bf909300a06082a8648ce3d0403020346003043021f50f6b6c527"
	 "11a881778718238f650c9fb48943ae6ee6d28427dc6071ae55e702203625f116a7a4"
	 "54db9c56986c82a25682f7248ea1cb764d322ea983ed36a31b77",
	 "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv"},
	{"308201f63082019da0030201020204499602d2300a06082a8648ce3d040302302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131302017"
	 "0d3735303130313133303030305a180f34303936303130313133303030305a302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131305930"
	 "1306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27"
	 "c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c17414"
	 "4fa4b14b66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601"
	 "040183a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d02010608"
	 "2a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c9"
	 "73155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a8019"
	 "80d205e8a1ad29f2044730450220064ea8124774caf8f50e57f436aa62350ce65241"
	 "8c019df5d98a3ac666c9386a022100aa59d704a931b5f72fb9222cb6cc51f954d04a"
	 "4e2e5450f8805fe8918f71eaae300a06082a8648ce3d040302034700304402207993"
	 "95b0b6c1e940a7e4484705f610ab51ed376f19ff9d7c16757cfbf61b8d4302206205"
	 "c03fbb0f95205c779be86581d3e31c01871ad5d1f3435bcf375cb0e5088a",
	 "QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE"},
	{"308201ba3082015fa0030201020204499602d2300a06082a8648ce3d040302302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131302017"
	 "0d3735303130313133303030305a180f34303936303130313133303030305a302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131305930"
	 "1306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27"
	 "c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c17414"
	 "4fa4b14b66a651691606d8173e55bd37e381569ea38184308181307f060a2b060104"
	 "0183a25a01010471306f0425080212210206dc6968726765b820f050263ececf7f71"
	 "e4955892776c0970542efd689d2382044630440220145e15a991961f0d08cd15425b"
	 "b95ec93f6ffa03c5a385eedc34ecf464c7a8ab022026b3109b8a3f40ef833169777e"
	 "b2aa337cfb6282f188de0666d1bcec2a4690dd300a06082a8648ce3d040302034900"
	 "3046022100e1a217eeef9ec9204b3f774a08b70849646b6a1e6b8b27f93dc00ed585"
	 "45d9fe022100b00dafa549d0f03547878338c7b15e7502888f6d45db387e5ae6b5d4"
	 "6899cef0",
	 "16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs"},
	{"308201f73082019da0030201020204499602d2300a06082a8648ce3d040302302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131302017"
	 "0d3735303130313133303030305a180f34303936303130313133303030305a302031"
	 "123010060355040a13096c69627032702e696f310a30080603550405130131305930"
	 "1306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27"
	 "c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c17414"
	 "4fa4b14b66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601"
	 "040183a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d02010608"
	 "2a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c9"
	 "73155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a8019"
	 "80d205e8a1ad29f204473045022100bb6e03577b7cc7a3cd1558df0da2b117dfdcc0"
	 "399bc2504ebe7de6f65cade72802206de96e2a5be9b6202adba24ee0362e490641ac"
	 "45c240db71fe955f2c5cf8df6e300a06082a8648ce3d0403020348003045022100e8"
	 "47f267f43717358f850355bdcabbefb2cfbf8a3c043b203a14788a092fe8db022027"
	 "c1d04a2d41fd6b57a7e8b3989e470325de4406e52e084e34a3fd56eef0d0df",
	 NULL},
};

static int
verify(const struct buffer * der, int64_t wall, struct peer_id * peer)
{
	*peer = (struct peer_id){0};
	return (tls_certificate_verify(buffer_all(der), wall, peer));
}

static void
certificates_of_others_verify_to_their_peer_ids(void ** state)
{
	struct buffer der = {0};
	struct peer_id peer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		buffer_clear(&der);
		(void)bytes_hex(&der, known[i].der);
		if (known[i].peer == NULL) {
			assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
			    verify(&der, FIXTURE_NOW, &peer));
			continue;
		}
		assert_int_equal(0, verify(&der, FIXTURE_NOW, &peer));
		assert_string_equal(known[i].peer, peer_id_show(&peer).text);
	}
	buffer_free(&der);
}

static void
our_own_certificate_verifies_at_any_time_and_names_us(void ** state)
{
	static const int64_t times[] = {200000000, FIXTURE_NOW, 9999999999};
	struct ed25519_key key = fixture_key(1);
	gnutls_x509_privkey_t own;
	gnutls_x509_crt_t crt;
	gnutls_datum_t bytes;
	struct peer_id peer, us;
	size_t i;

	(void)state;
	peer_id_from_ed25519(&us, key.pub);
	assert_int_equal(0, tls_certificate_make(&key, &crt, &own));
	assert_int_equal(0, gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER,
	    &bytes));
	for (i = 0; i < 3; i++) {
		assert_int_equal(0, tls_certificate_verify(slice_of(bytes.data,
		    bytes.size), times[i], &peer));
		assert_true(peer_id_equal(&us, &peer));
	}
	gnutls_free(bytes.data);
	gnutls_x509_privkey_deinit(own);
	gnutls_x509_crt_deinit(crt);
}

/* Make it, verify it now, and say what came of it. */
static int
try(struct fixture_certificate c)
{
	struct ed25519_key key = fixture_key(1);
	struct peer_id peer, us;
	int status;

	peer_id_from_ed25519(&us, key.pub);
	fixture_make(&c, &key);
	status = verify(&c.der, FIXTURE_NOW, &peer);
	if (status == 0)
		assert_true(peer_id_equal(&us, &peer));
	else
		assert_int_equal(0, peer.n);
	fixture_drop(&c);
	return (status);
}

static void
one_that_is_expired_or_not_yet_valid_is_refused(void ** state)
{
	(void)state;
	assert_int_equal(0, try((struct fixture_certificate){0}));
	assert_int_equal(0, try((struct fixture_certificate){
	    .from = FIXTURE_NOW, .until = FIXTURE_NOW}));
	assert_int_equal(-ERR_INVALID_INPUT, try((struct fixture_certificate){
	    .until = FIXTURE_NOW - 1}));
	assert_int_equal(-ERR_INVALID_INPUT, try((struct fixture_certificate){
	    .from = FIXTURE_NOW + 1}));
}

static void
one_whose_signatures_do_not_hold_is_refused(void ** state)
{
	(void)state;
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    try((struct fixture_certificate){.bad_signature = true}));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    try((struct fixture_certificate){.other_spki = true}));
	assert_int_equal(-ERR_CRYPTO_SIGNATURE_VERIFICATION,
	    try((struct fixture_certificate){.bad_self_signature = true}));
	assert_int_equal(-ERR_INVALID_INPUT, try((struct fixture_certificate){
	    .digest = GNUTLS_DIG_SHA1}));
}

static void
one_without_the_extension_says_nothing_and_is_refused(void ** state)
{
	(void)state;
	assert_int_equal(-ERR_DESERIALIZATION, try((struct fixture_certificate){
	    .no_extension = true}));
	assert_int_equal(-ERR_DESERIALIZATION, try((struct fixture_certificate){
	    .no_extension = true, .further = "2.5.29.15"}));
}

static void
criticality_matters_for_unknown_extensions_only(void ** state)
{
	(void)state;
	assert_int_equal(0, try((struct fixture_certificate){
	    .critical = true}));
	assert_int_equal(0, try((struct fixture_certificate){
	    .further = "2.5.29.37"}));
	assert_int_equal(-ERR_INVALID_INPUT, try((struct fixture_certificate){
	    .further = "1.3.6.1.4.1.53594.9.9"}));
}

static void
an_rsa_key_has_2048_to_4096_bits(void ** state)
{
	(void)state;
	assert_int_equal(0, try((struct fixture_certificate){
	    .algorithm = GNUTLS_PK_RSA, .bits = 2048}));
	assert_int_equal(-ERR_INVALID_INPUT, try((struct fixture_certificate){
	    .algorithm = GNUTLS_PK_RSA, .bits = 1024}));
}

/* Too long a key is slow to make: here is one in a certificate cut short. */
static void
a_certificate_above_its_size_is_not_looked_at(void ** state)
{
	struct buffer der = {0};
	struct peer_id peer;

	(void)state;
	assert_non_null(buffer_grow(&der, TLS_CERTIFICATE_MAX + 1));
	memset(der.p, 0x30, der.n);
	assert_int_equal(-ERR_INVALID_INPUT, verify(&der, FIXTURE_NOW, &peer));
	buffer_free(&der);
}

static void
a_certificate_cut_or_followed_by_anything_is_malformed(void ** state)
{
	struct fixture_certificate c = {0};
	struct ed25519_key key = fixture_key(1);
	struct peer_id peer;
	size_t n;

	(void)state;
	fixture_make(&c, &key);
	for (n = 0; n < c.der.n; n++)
		assert_int_equal(-ERR_DESERIALIZATION, tls_certificate_verify(
		    slice_of(c.der.p, n), FIXTURE_NOW, &peer));
	buffer_byte(&c.der, 0);
	assert_int_equal(-ERR_DESERIALIZATION, verify(&c.der, FIXTURE_NOW,
	    &peer));
	fixture_drop(&c);
}

/* Every byte is in one of the signatures, or is one of them. */
static void
a_changed_byte_anywhere_is_noticed(void ** state)
{
	struct fixture_certificate c = {0};
	struct ed25519_key key = fixture_key(1);
	struct peer_id peer;
	size_t at;

	(void)state;
	fixture_make(&c, &key);
	for (at = 0; at < c.der.n; at++) {
		c.der.p[at] ^= 1;
		assert_true(verify(&c.der, FIXTURE_NOW, &peer) < 0);
		assert_int_equal(0, peer.n);
		c.der.p[at] ^= 1;
	}
	fixture_drop(&c);
}

static void
the_extension_is_read_strictly(void ** state)
{
	static const char * const bad[] = {
	    "",                           /* nothing */
	    "3006040161040162" "00",      /* something behind */
	    "3007040161040162" "00",      /* something inside */
	    "308106040161040162",         /* a length in a long form */
	    "3005040161040162",           /* one byte short */
	    "30060401610501" "62",        /* another tag */
	    "3003040161",                 /* one string */
	    "3080040161040162" "0000",    /* no length: that is BER */
	};
	struct buffer b = {0};
	struct slice key, sig;
	size_t i;

	(void)state;
	assert_int_equal(0, tls_extension_read(bytes_hex(&b,
	    "3006040161040162"), &key, &sig));
	assert_text(key, "a");
	assert_text(sig, "b");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buffer_clear(&b);
		assert_int_equal(-ERR_DESERIALIZATION, tls_extension_read(
		    bytes_hex(&b, bad[i]), &key, &sig));
	}
	buffer_free(&b);
}

static void
a_message_has_exactly_one_certificate(void ** state)
{
	struct buffer b = {0};
	struct slice der;
	size_t n;

	(void)state;
	(void)bytes_hex(&b, "00" "000008" "000003" "616263" "0000");
	assert_int_equal(0, tls_certificate_message(buffer_all(&b), &der));
	assert_text(der, "abc");
	for (n = 0; n < b.n; n++)
		assert_int_equal(-ERR_DESERIALIZATION, tls_certificate_message(
		    slice_of(b.p, n), &der));
	buffer_clear(&b);
	(void)bytes_hex(&b, "00" "000000");
	assert_int_equal(-ERR_INVALID_INPUT, tls_certificate_message(
	    buffer_all(&b), &der));
	buffer_clear(&b);
	(void)bytes_hex(&b, "00" "00000c" "000001" "61" "0000" "000001" "62"
	    "0000");
	assert_int_equal(-ERR_INVALID_INPUT, tls_certificate_message(
	    buffer_all(&b), &der));
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    certificates_of_others_verify_to_their_peer_ids),
		cmocka_unit_test(
		    our_own_certificate_verifies_at_any_time_and_names_us),
		cmocka_unit_test(
		    one_that_is_expired_or_not_yet_valid_is_refused),
		cmocka_unit_test(one_whose_signatures_do_not_hold_is_refused),
		cmocka_unit_test(
		    one_without_the_extension_says_nothing_and_is_refused),
		cmocka_unit_test(
		    criticality_matters_for_unknown_extensions_only),
		cmocka_unit_test(an_rsa_key_has_2048_to_4096_bits),
		cmocka_unit_test(a_certificate_above_its_size_is_not_looked_at),
		cmocka_unit_test(
		    a_certificate_cut_or_followed_by_anything_is_malformed),
		cmocka_unit_test(a_changed_byte_anywhere_is_noticed),
		cmocka_unit_test(the_extension_is_read_strictly),
		cmocka_unit_test(a_message_has_exactly_one_certificate),
	};

	return (crypto_setup() != 0 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL));
}
