/* Addresses in links: what the known answers of Berty do not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "contact/link_codec.h"

#define BYTES(text) {(const unsigned char *)(text), sizeof(text) - 1}

static const unsigned char key[32] = {1, 2, 3};
static const unsigned char seed[32] = {4, 5, 6};
static const unsigned char nonce[16] = {7};

static struct berty_link
contact_with(size_t n)
{
	static const struct berty_link_bytes at[2] = {
	    BYTES("first address"), BYTES("second")};
	struct berty_link link = {.kind = BERTY_LINK_CONTACT};
	size_t i;

	link.contact.present = true;
	link.contact.account_pk = (struct berty_link_bytes){key, 32};
	link.contact.seed = (struct berty_link_bytes){seed, 32};
	for (i = 0; i < n; i++)
		link.addresses.at[i] = at[i % 2];
	link.addresses.n = n;
	return (link);
}

static void
assert_addresses(const struct berty_link * link, size_t n)
{
	struct berty_link expected = contact_with(n);
	size_t i;

	assert_int_equal(link->addresses.n, n);
	for (i = 0; i < n; i++)
		assert_true(slice_equal(link_slice(link->addresses.at[i]),
		    link_slice(expected.addresses.at[i])));
}

static struct berty_link
read_back(const char * text, const char * passphrase)
{
	struct berty_link link = {0};

	assert_int_equal(berty_link_read(&link, text, strlen(text),
	    passphrase, strlen(passphrase), NULL), 0);
	return (link);
}

static void
both_forms_carry_addresses_in_their_order(void ** state)
{
	static const enum berty_link_form forms[] = {BERTY_LINK_WEB,
	    BERTY_LINK_INTERNAL};
	struct berty_link link = contact_with(3), got;
	char * text;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(berty_link_write(&link, forms[i], &text,
		    NULL), 0);
		got = read_back(text, "");
		assert_addresses(&got, 3);
		berty_link_free(&got);
		free(text);
	}
}

static void
a_reader_keeps_the_first_eight_addresses(void ** state)
{
	struct berty_link link = contact_with(8), got = {0};
	struct buffer bytes = {0};

	(void)state;
	assert_int_equal(link_encode(&bytes, &link), 0);
	/* One more: field 7000, length 1. */
	buffer_append(&bytes, "\xc2\xb5\x03\x01x", 5);
	assert_int_equal(link_decode(&got, buffer_all(&bytes)), 0);
	assert_addresses(&got, 8);
	berty_link_free(&got);
	buffer_free(&bytes);
}

static void
a_passphrase_hides_the_addresses(void ** state)
{
	struct berty_link link = contact_with(2), sealed = {0}, got;
	char * text;

	(void)state;
	assert_int_equal(berty_link_seal(&sealed, &link, "horse", 5, nonce, 1,
	    NULL), 0);
	assert_int_equal(sealed.addresses.n, 2);
	assert_false(slice_equal(link_slice(sealed.addresses.at[0]),
	    link_slice(link.addresses.at[0])));
	assert_int_equal(berty_link_write(&sealed, BERTY_LINK_WEB, &text,
	    NULL), 0);
	got = read_back(text, "horse");
	assert_addresses(&got, 2);
	assert_true(slice_equal(link_slice(got.contact.account_pk),
	    slice_of(key, 32)));
	berty_link_free(&got);
	got = read_back(text, "");
	assert_int_equal(got.kind, BERTY_LINK_ENCRYPTED);
	berty_link_free(&got);
	berty_link_free(&sealed);
	free(text);
}

static void
addresses_do_not_change_what_berty_seals(void ** state)
{
	struct berty_link with = contact_with(2), without = contact_with(0);
	struct berty_link a = {0}, b = {0};

	(void)state;
	assert_int_equal(berty_link_seal(&a, &with, "horse", 5, nonce, 1,
	    NULL), 0);
	assert_int_equal(berty_link_seal(&b, &without, "horse", 5, nonce, 1,
	    NULL), 0);
	assert_true(slice_equal(link_slice(a.encrypted.seed),
	    link_slice(b.encrypted.seed)));
	assert_true(slice_equal(link_slice(a.encrypted.account_pk),
	    link_slice(b.encrypted.account_pk)));
	assert_true(slice_equal(link_slice(a.encrypted.checksum),
	    link_slice(b.encrypted.checksum)));
	berty_link_free(&a);
	berty_link_free(&b);
}

static void
assert_network(const struct berty_link * link)
{
	assert_true(slice_equal(link_slice(link->network),
	    slice_text("wesh,berty")));
}

static void
both_forms_say_the_networks_under_a_passphrase_too(void ** state)
{
	static const enum berty_link_form forms[] = {BERTY_LINK_WEB,
	    BERTY_LINK_INTERNAL};
	struct berty_link link = contact_with(1), sealed = {0}, got;
	char * text;
	size_t i;

	(void)state;
	link.network = (struct berty_link_bytes)BYTES("wesh,berty");
	assert_int_equal(berty_link_seal(&sealed, &link, "horse", 5, nonce, 1,
	    NULL), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(berty_link_write(&link, forms[i], &text,
		    NULL), 0);
		got = read_back(text, "");
		assert_network(&got);
		berty_link_free(&got);
		free(text);
		assert_int_equal(berty_link_write(&sealed, forms[i], &text,
		    NULL), 0);
		got = read_back(text, "horse");
		assert_network(&got);
		assert_addresses(&got, 1);
		berty_link_free(&got);
		free(text);
	}
	berty_link_free(&sealed);
}

/* As Berty writes it: nothing is said, nothing is assumed. */
static void
a_link_without_networks_says_none(void ** state)
{
	struct berty_link link = contact_with(0), got;
	char * text;

	(void)state;
	assert_int_equal(berty_link_write(&link, BERTY_LINK_WEB, &text, NULL),
	    0);
	got = read_back(text, "");
	assert_null(got.network.p);
	berty_link_free(&got);
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_carry_addresses_in_their_order),
		cmocka_unit_test(a_reader_keeps_the_first_eight_addresses),
		cmocka_unit_test(a_passphrase_hides_the_addresses),
		cmocka_unit_test(addresses_do_not_change_what_berty_seals),
		cmocka_unit_test(
		    both_forms_say_the_networks_under_a_passphrase_too),
		cmocka_unit_test(a_link_without_networks_says_none),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
