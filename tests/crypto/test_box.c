#include "support/bytes.h"

#include "base/error.h"
#include "crypto/crypto.h"

/* They differ in bits that X25519 does not clamp. */
static const uint8_t key[32] = {8}, other[32] = {16}, wrong[32] = {64};
static const uint8_t nonce[24] = {3};

/* Every kind of box behind one shape. */
struct kind {
	void (*seal)(struct buffer * out, struct slice message);
	int (*open)(struct buffer * out, const uint8_t * with, struct slice box);
	size_t overhead;
};

static void
seal_secret(struct buffer * out, struct slice message)
{
	secretbox_seal(out, key, nonce, message);
}

static int
open_secret(struct buffer * out, const uint8_t * with, struct slice box)
{
	return (secretbox_open(out, with, nonce, box));
}

static void
seal_xchacha(struct buffer * out, struct slice message)
{
	xchacha_seal(out, key, nonce, slice_text("ad"), message);
}

static int
open_xchacha(struct buffer * out, const uint8_t * with, struct slice box)
{
	return (xchacha_open(out, with, nonce, slice_text("ad"), box));
}

static void
seal_chacha(struct buffer * out, struct slice message)
{
	chachapoly_seal(out, key, nonce, slice_text("ad"), message);
}

static int
open_chacha(struct buffer * out, const uint8_t * with, struct slice box)
{
	return (chachapoly_open(out, with, nonce, slice_text("ad"), box));
}

static void
seal_box(struct buffer * out, struct slice message)
{
	uint8_t pub[32];

	x25519_base(pub, key);
	assert_int_equal(box_seal(out, other, pub, nonce, message), 0);
}

static int
open_box(struct buffer * out, const uint8_t * with, struct slice box)
{
	uint8_t pub[32];

	x25519_base(pub, other);
	return (box_open(out, with, pub, nonce, box));
}

static void
seal_anonymous(struct buffer * out, struct slice message)
{
	uint8_t pub[32];

	x25519_base(pub, key);
	assert_int_equal(anonymous_seal(out, pub, other, message), 0);
}

static const struct kind kinds[] = {
    {seal_secret, open_secret, 16},
    {seal_xchacha, open_xchacha, 16},
    {seal_chacha, open_chacha, 16},
    {seal_box, open_box, 16},
    {seal_anonymous, anonymous_open, 48},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
a_box_opens_to_what_was_put_in(void ** state)
{
	struct slice messages[2] = {slice_of(NULL, 0), slice_text("message")};
	struct buffer box = {0}, out = {0};
	size_t i, j;

	(void)state;
	for (i = 0; i < KINDS; i++)
		for (j = 0; j < 2; j++) {
			buffer_clear(&box);
			buffer_clear(&out);
			buffer_text(&out, "before");
			kinds[i].seal(&box, messages[j]);
			assert_int_equal(box.n,
			    messages[j].n + kinds[i].overhead);
			assert_int_equal(kinds[i].open(&out, key,
			    buffer_all(&box)), 0);
			buffer_consume(&out, 6);
			assert_true(slice_equal(buffer_all(&out),
			    messages[j]));
		}
	buffer_free(&box);
	buffer_free(&out);
}

static void
an_altered_or_short_box_leaves_the_output_as_it_was(void ** state)
{
	struct buffer box = {0}, out = {0};
	size_t i, j;

	(void)state;
	buffer_text(&out, "before");
	for (i = 0; i < KINDS; i++) {
		buffer_clear(&box);
		kinds[i].seal(&box, slice_text("message"));
		for (j = 0; j < box.n; j++) {
			box.p[j] ^= 1;
			assert_int_equal(kinds[i].open(&out, key,
			    buffer_all(&box)), -ERR_CRYPTO_DECRYPT);
			box.p[j] ^= 1;
			assert_int_equal(kinds[i].open(&out, key,
			    slice_of(box.p, j)), -ERR_CRYPTO_DECRYPT);
		}
		assert_int_equal(kinds[i].open(&out, wrong, buffer_all(&box)),
		    -ERR_CRYPTO_DECRYPT);
		assert_text(buffer_all(&out), "before");
	}
	buffer_free(&box);
	buffer_free(&out);
}

static void
chachapoly_seals_as_rfc_8439_says(void ** state)
{
	struct buffer k = {0}, n = {0}, ad = {0}, box = {0};

	(void)state;
	chachapoly_seal(&box,
	    bytes_hex(&k, "808182838485868788898a8b8c8d8e8f909192939495969798"
	        "999a9b9c9d9e9f").p,
	    bytes_hex(&n, "070000004041424344454647").p,
	    bytes_hex(&ad, "50515253c0c1c2c3c4c5c6c7"),
	    slice_text("Ladies and Gentlemen of the class of '99: If I could "
	        "offer you only one tip for the future, sunscreen would be "
	        "it."));
	assert_hex(slice_of(box.p, 16), "d31a8d34648e60db7b86afbc53ef7ec2");
	assert_hex(slice_of(box.p + box.n - 16, 16),
	    "1ae10b594f09e26a7e902ecbd0600691");
	buffer_free(&k);
	buffer_free(&n);
	buffer_free(&ad);
	buffer_free(&box);
}

static void
other_associated_data_does_not_open(void ** state)
{
	struct buffer box = {0}, out = {0};

	(void)state;
	xchacha_seal(&box, key, nonce, slice_text("ad"), slice_text("m"));
	assert_int_equal(xchacha_open(&out, key, nonce, slice_text("da"),
	    buffer_all(&box)), -ERR_CRYPTO_DECRYPT);
	buffer_free(&box);
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_box_opens_to_what_was_put_in),
	    cmocka_unit_test(
	        an_altered_or_short_box_leaves_the_output_as_it_was),
	    cmocka_unit_test(chachapoly_seals_as_rfc_8439_says),
	    cmocka_unit_test(other_associated_data_does_not_open),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
