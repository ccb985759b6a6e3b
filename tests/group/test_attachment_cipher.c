/* The ciphers of attachments: Berty's, and ours for long files. */
#include "support/bytes.h"

#include "base/error.h"
#include "crypto/crypto.h"
#include "group/attachment.h"

static const uint8_t key[32] = {1, 2, 3};

static int
opens(uint64_t i, bool last, struct slice sealed)
{
	struct buffer clear = {0};
	int status = attachment_open_long(&clear, key, i, last, sealed);

	if (status == 0)
		assert_text(buffer_all(&clear), "block");
	buffer_free(&clear);
	return (status);
}

static void
a_long_file_begins_as_a_short_one(void ** state)
{
	uint64_t i;

	(void)state;
	for (i = 0; i < ATTACHMENT_SHORT; i++) {
		struct buffer one = {0}, other = {0};

		attachment_seal_block(&one, key, i, slice_text("block"));
		attachment_seal_long(&other, key, i, i % 2 == 0,
		    slice_text("block"));
		assert_true(slice_equal(buffer_all(&one),
		    buffer_all(&other)));
		buffer_free(&one);
		buffer_free(&other);
	}
}

/* The first block that repeats a nonce in Berty's cipher does not here. */
static void
no_two_blocks_of_a_long_file_have_one_nonce(void ** state)
{
	static const uint64_t numbers[] = {0, 1, 2, 255, 256, 257, 511, 512,
	    65535, 65536, 1 << 24, (uint64_t)1 << 40};
	enum { N = sizeof(numbers) / sizeof(numbers[0]) };
	struct buffer sealed[N][2] = {{{0}}};
	size_t i, j;

	(void)state;
	for (i = 0; i < N; i++)
		for (j = 0; j < 2; j++)
			attachment_seal_long(&sealed[i][j], key, numbers[i],
			    j == 1, slice_text("block"));
	for (i = 0; i < 2 * N; i++)
		for (j = 0; j < i; j++) {
			bool same = i / 2 == j / 2 &&
			    numbers[i / 2] < ATTACHMENT_SHORT;

			assert_true(slice_equal(
			    buffer_all(&sealed[i / 2][i % 2]),
			    buffer_all(&sealed[j / 2][j % 2])) == same);
		}
	for (i = 0; i < N; i++)
		for (j = 0; j < 2; j++)
			buffer_free(&sealed[i][j]);
}

static void
a_block_opens_in_its_place_only(void ** state)
{
	struct buffer sealed = {0}, last = {0};

	(void)state;
	attachment_seal_long(&sealed, key, 300, false, slice_text("block"));
	attachment_seal_long(&last, key, 301, true, slice_text("block"));
	assert_int_equal(opens(300, false, buffer_all(&sealed)), 0);
	assert_int_equal(opens(301, true, buffer_all(&last)), 0);
	assert_int_equal(opens(301, false, buffer_all(&sealed)),
	    -ERR_CRYPTO_DECRYPT);
	/* Cut off behind it, or something put behind the last. */
	assert_int_equal(opens(300, true, buffer_all(&sealed)),
	    -ERR_CRYPTO_DECRYPT);
	assert_int_equal(opens(301, false, buffer_all(&last)),
	    -ERR_CRYPTO_DECRYPT);
	assert_int_equal(opens(300, false, slice_of(sealed.p, 15)),
	    -ERR_CRYPTO_DECRYPT);
	buffer_free(&sealed);
	buffer_free(&last);
}

/* XChaCha20-Poly1305 under the nonce that docs/extensions.md gives. */
static void
the_nonce_is_the_number_and_the_flag(void ** state)
{
	static const uint8_t nonce[24] = {0, 0, 0, 0, 0, 0, 1, 44, 1};
	struct buffer one = {0}, other = {0};

	(void)state;
	attachment_seal_long(&one, key, 300, true, slice_text("block"));
	xchacha_seal(&other, key, nonce, slice_of(NULL, 0),
	    slice_text("block"));
	assert_true(slice_equal(buffer_all(&one), buffer_all(&other)));
	buffer_free(&one);
	buffer_free(&other);
}

static void
a_secret_says_which_cipher_it_is_for(void ** state)
{
	static const enum attachment_cipher ciphers[] = {ATTACHMENT_BERTY,
	    ATTACHMENT_LONG};
	enum attachment_cipher cipher;
	struct buffer secret = {0};
	uint8_t again[32];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		buffer_clear(&secret);
		attachment_secret_write(&secret, ciphers[i], key);
		assert_int_equal(attachment_secret_parse(&cipher, again,
		    buffer_all(&secret)), 0);
		assert_int_equal(cipher, ciphers[i]);
		assert_memory_equal(again, key, 32);
	}
	/* Another number, and a key that is none. */
	secret.p[31] = '2';
	assert_int_equal(attachment_secret_parse(&cipher, again,
	    buffer_all(&secret)), -ERR_INVALID_INPUT);
	secret.p[31] = '1';
	assert_int_equal(attachment_secret_parse(&cipher, again,
	    slice_of(secret.p, secret.n - 1)), -ERR_DESERIALIZATION);
	buffer_free(&secret);
}

static void
a_file_in_no_cipher_has_a_secret_without_a_key(void ** state)
{
	enum attachment_cipher cipher = ATTACHMENT_BERTY;
	static const uint8_t none[32];
	struct buffer secret = {0};
	uint8_t found[32];

	(void)state;
	memset(found, 1, sizeof(found));
	attachment_secret_write(&secret, ATTACHMENT_PLAIN, found);
	assert_int_equal(attachment_secret_parse(&cipher, found,
	    buffer_all(&secret)), 0);
	assert_int_equal(cipher, ATTACHMENT_PLAIN);
	assert_memory_equal(found, none, sizeof(found));
	buffer_byte(&secret, 0);
	assert_int_equal(attachment_secret_parse(&cipher, found,
	    buffer_all(&secret)), -ERR_INVALID_INPUT);
	buffer_free(&secret);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_long_file_begins_as_a_short_one),
	    cmocka_unit_test(no_two_blocks_of_a_long_file_have_one_nonce),
	    cmocka_unit_test(a_block_opens_in_its_place_only),
	    cmocka_unit_test(the_nonce_is_the_number_and_the_flag),
	    cmocka_unit_test(a_secret_says_which_cipher_it_is_for),
	    cmocka_unit_test(a_file_in_no_cipher_has_a_secret_without_a_key),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
