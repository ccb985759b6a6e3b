/* The primitives against their RFCs and standards. */
#include "support/bytes.h"

#include "base/error.h"
#include "crypto/crypto.h"

static const struct slice none = {NULL, 0};

static void
ed25519_signs_as_rfc_8032_says(void ** state)
{
	struct buffer seed = {0};
	struct ed25519_key key;
	uint8_t sig[64], message = 0x72;

	(void)state;
	ed25519_from_seed(&key, bytes_hex(&seed, "4ccd089b28ff96da9db6c346ec114"
	    "e0f5b8a319f35aba624da8cf6ed4fb8a6fb").p);
	assert_hex(BYTES(key.pub), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4"
	    "968cc0cd55f12af4660c");
	ed25519_sign(sig, &key, slice_of(&message, 1));
	assert_hex(BYTES(sig), "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8f"
	    "b3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
	    "b00d291612bb0c00");
	assert_int_equal(ed25519_verify(sig, key.pub, slice_of(&message, 1)),
	    0);
	buffer_free(&seed);
}

static void
an_altered_signature_message_or_key_is_refused(void ** state)
{
	const int refused = -ERR_CRYPTO_SIGNATURE_VERIFICATION;
	uint8_t sig[64], seed[32] = {1}, message[3] = {1, 2, 3};
	struct ed25519_key key;

	(void)state;
	ed25519_from_seed(&key, seed);
	ed25519_sign(sig, &key, BYTES(message));
	sig[40] ^= 1;
	assert_int_equal(ed25519_verify(sig, key.pub, BYTES(message)),
	    refused);
	sig[40] ^= 1;
	message[0] ^= 1;
	assert_int_equal(ed25519_verify(sig, key.pub, BYTES(message)),
	    refused);
	message[0] ^= 1;
	key.pub[0] ^= 1;
	assert_int_equal(ed25519_verify(sig, key.pub, BYTES(message)),
	    refused);
}

static void
a_signature_whose_scalar_is_too_large_is_refused(void ** state)
{
	/* S + L: the same equation, another encoding. */
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
	    0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] =
	    0x10};
	uint8_t sig[64], seed[32] = {1};
	struct ed25519_key key;
	unsigned carry = 0;
	int i;

	(void)state;
	ed25519_from_seed(&key, seed);
	ed25519_sign(sig, &key, none);
	for (i = 0; i < 32; i++) {
		carry += (unsigned)sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(ed25519_verify(sig, key.pub, none),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
}

static void
points_outside_the_main_subgroup_are_no_keys(void ** state)
{
	uint8_t pub[32], low[32] = {1}, bad[32] = {2}, seed[32] = {9};
	struct ed25519_key key;

	(void)state;
	ed25519_from_seed(&key, seed);
	assert_true(ed25519_is_point(key.pub));
	assert_int_equal(x25519_public_of(pub, key.pub), 0);
	assert_false(ed25519_is_point(low));
	assert_int_equal(x25519_public_of(pub, low),
	    -ERR_CRYPTO_KEY_CONVERSION);
	assert_false(ed25519_is_point(bad));
	assert_int_equal(x25519_public_of(pub, bad),
	    -ERR_CRYPTO_KEY_CONVERSION);
}

static void
x25519_multiplies_as_rfc_7748_says(void ** state)
{
	struct buffer k = {0}, u = {0};
	uint8_t out[32], zero[32] = {0};

	(void)state;
	assert_int_equal(x25519(out,
	    bytes_hex(&k, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a"
	        "2244ba449ac4").p,
	    bytes_hex(&u, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a9"
	        "03a6d0ab1c4c").p), 0);
	assert_hex(BYTES(out), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f7"
	    "54b4075577a28552");
	assert_int_equal(x25519(out, k.p, zero), -ERR_CRYPTO_KEY_CONVERSION);
	assert_int_equal(box_key(out, k.p, zero), -ERR_CRYPTO_KEY_CONVERSION);
	buffer_free(&k);
	buffer_free(&u);
}

static void
a_secret_key_converts_to_the_public_key_that_fits(void ** state)
{
	uint8_t seed[32] = {3}, priv[32], pub[32], base[32];
	struct ed25519_key key;

	(void)state;
	ed25519_from_seed(&key, seed);
	x25519_private_of(priv, seed);
	x25519_base(base, priv);
	assert_int_equal(x25519_public_of(pub, key.pub), 0);
	assert_memory_equal(pub, base, 32);
}

static void
hashes_have_their_published_values(void ** state)
{
	struct slice abc[2] = {slice_text("a"), slice_text("bc")};
	uint8_t out[64];
	struct slice data = slice_text("what do ya want for nothing?");

	(void)state;
	sha256(out, abc, 2);
	assert_hex(slice_of(out, 32), "ba7816bf8f01cfea414140de5dae2223b00361a3"
	    "96177a9cb410ff61f20015ad");
	sha512(out, abc, 2);
	assert_hex(slice_of(out, 64), "ddaf35a193617abacc417349ae20413112e6fa4e"
	    "89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d44236"
	    "43ce80e2a9ac94fa54ca49f");
	sha3_256(out, none);
	assert_hex(slice_of(out, 32), "a7ffc6f8bf1ed76651c14756a061d662f580ff4d"
	    "e43b49fa82d80a4b80f8434a");
	shake256(out, 32, none);
	assert_hex(slice_of(out, 32), "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea"
	    "62b81b82b50c27646ed5762f");
	hmac_sha256(out, slice_text("Jefe"), &data, 1);
	assert_hex(slice_of(out, 32), "5bdcc146bf60754e6a042426089575c75a003f08"
	    "9d2739839dec58b964ec3843");
	blake2b(out, 64, none, slice_text("abc"));
	assert_hex(slice_of(out, 64), "ba80a53f981c4d0d6a2797b69f12f6e94c212f14"
	    "685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8d"
	    "bf1925ab92386edd4009923");
}

static void
hkdf_derives_as_rfc_5869_says(void ** state)
{
	struct buffer salt = {0}, info = {0};
	uint8_t ikm[22], out[42];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	hkdf_sha256(out, sizeof(out), BYTES(ikm),
	    bytes_hex(&salt, "000102030405060708090a0b0c"),
	    bytes_hex(&info, "f0f1f2f3f4f5f6f7f8f9"));
	assert_hex(BYTES(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c"
	    "5db02d56ecc4c5bf34007208d5b887185865");
	hkdf_sha256(out, sizeof(out), BYTES(ikm), none, none);
	assert_hex(BYTES(out), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879e"
	    "c3454e5f3c738d2d9d201395faa4b61a96c8");
	buffer_free(&salt);
	buffer_free(&info);
}

static void
scrypt_derives_as_rfc_7914_says(void ** state)
{
	uint8_t out[64];

	(void)state;
	assert_int_equal(scrypt(out, 64, none, none, 16, 1, 1), 0);
	assert_hex(BYTES(out), "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8"
	    "dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628c"
	    "f35e20c38d18906");
	assert_int_equal(scrypt(out, 64, none, none, 15, 1, 1),
	    -ERR_CRYPTO_KEY_DERIVATION);
}

static void
aes_counts_as_sp_800_38a_says_and_carries_over(void ** state)
{
	struct buffer key = {0}, counter = {0}, clear = {0};
	uint8_t out[32], again[32], all[16];

	(void)state;
	(void)bytes_hex(&key, "603deb1015ca71be2b73aef0857d77811f352c073b6108d7"
	    "2d9810a30914dff4");
	(void)bytes_hex(&counter, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
	(void)bytes_hex(&clear, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9"
	    "c9eb76fac45af8e51");
	aes256_ctr(out, key.p, counter.p, buffer_all(&clear));
	assert_hex(BYTES(out), "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59a"
	    "ca84e990cacaf5c5");
	/* The counter of 128 bits goes round: block 1 of all ones is 0. */
	memset(all, 0xff, sizeof(all));
	aes256_ctr(out, key.p, all, buffer_all(&clear));
	memset(all, 0, sizeof(all));
	aes256_ctr(again, key.p, all, slice_of(clear.p + 16, 16));
	assert_memory_equal(out + 16, again, 16);
	buffer_free(&key);
	buffer_free(&counter);
	buffer_free(&clear);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ed25519_signs_as_rfc_8032_says),
	    cmocka_unit_test(an_altered_signature_message_or_key_is_refused),
	    cmocka_unit_test(a_signature_whose_scalar_is_too_large_is_refused),
	    cmocka_unit_test(points_outside_the_main_subgroup_are_no_keys),
	    cmocka_unit_test(x25519_multiplies_as_rfc_7748_says),
	    cmocka_unit_test(a_secret_key_converts_to_the_public_key_that_fits),
	    cmocka_unit_test(hashes_have_their_published_values),
	    cmocka_unit_test(hkdf_derives_as_rfc_5869_says),
	    cmocka_unit_test(scrypt_derives_as_rfc_7914_says),
	    cmocka_unit_test(aes_counts_as_sp_800_38a_says_and_carries_over),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
