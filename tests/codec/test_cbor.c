#include <string.h>

#include "support/bytes.h"

#include "codec/cbor.h"

#define HASH "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void
canonical_items_are_accepted(void ** state)
{
	static const char * const table[] = {"00", "17", "1818", "18ff",
	    "190100", "1a00010000", "1b0000000100000000",
	    "1bffffffffffffffff", "20", "3818", "40", "43010203", "60",
	    "63616263", "61ff", "80", "820102", "a0", "a1616101",
	    "a2616101616202", "a3616100616200626161" "00", "f4", "f5", "f6",
	    "fb3ff8000000000000", "d82a58250001551220" HASH};
	struct buffer b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&b);
		if (!cbor_valid(bytes_hex(&b, table[i])))
			fail_msg("%s is refused", table[i]);
	}
	buffer_free(&b);
}

static void
whatever_is_not_canonical_is_refused(void ** state)
{
	static const char * const table[] = {
	    "", "0000",                             /* none, two */
	    "1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", /* longer */
	    "18", "19ff", "1a000000",               /* cut */
	    "1c", "1d", "1e", "1f",                 /* reserved */
	    "5f4101ff", "7f6161ff", "9fff", "bfff", /* indefinite */
	    "580101", "4201", "5bffffffffffffffff", /* lengths */
	    "81", "8201", "9bffffffffffffffff", "bbffffffffffffffff",
	    "a1", "a16161", "a10101", "a1416101",   /* keys that are no text */
	    "a2616201616102", "a2616101616102",     /* order, twice */
	    "a262616101616202",                     /* longer key first */
	    "f7", "f8ff", "e0", "f90000", "fa00000000", "ff",
	    "fb7ff0000000000000", "fb7ff8000000000000", /* infinite, no number */
	    "c001", "d9d9f700",                     /* other tags */
	    "d82a40", "d82a4101", "d82a60", "d82a58250101551220" HASH,
	    "d82a58240001551220" HASH};
	struct buffer b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&b);
		if (cbor_valid(bytes_hex(&b, table[i])))
			fail_msg("%s is accepted", table[i]);
	}
	buffer_free(&b);
}

/* Arrays within arrays: n of them. */
static bool
nested_valid(size_t n)
{
	uint8_t bytes[64];

	memset(bytes, 0x81, n);
	bytes[n - 1] = 0x80;
	return (cbor_valid(slice_of(bytes, n)));
}

static void
depth_is_accepted_up_to_its_limit(void ** state)
{
	(void)state;
	assert_true(nested_valid(CBOR_DEPTH));
	assert_false(nested_valid(CBOR_DEPTH + 1));
}

/* An array of n zeros: n + 1 items. */
static bool
wide_valid(size_t n)
{
	struct buffer b = {0};
	bool valid;
	size_t i;

	cbor_array(&b, n);
	for (i = 0; i < n; i++)
		cbor_uint(&b, 0);
	valid = cbor_valid(buffer_all(&b));
	buffer_free(&b);
	return (valid);
}

static void
items_are_accepted_up_to_their_limit(void ** state)
{
	(void)state;
	assert_true(wide_valid(CBOR_ITEMS - 1));
	assert_false(wide_valid(CBOR_ITEMS));
}

static void
what_was_written_is_read_back(void ** state)
{
	struct buffer b = {0};
	struct cid cid, again;
	struct cbor_item item;
	struct reader r;

	(void)state;
	cid_of(&cid, CID_DAG_CBOR, slice_text("x"));
	cbor_map(&b, 3);
	cbor_text(&b, slice_text("a"));
	cbor_uint(&b, 70000);
	cbor_text(&b, slice_text("b"));
	cbor_array(&b, 2);
	cbor_link(&b, &cid);
	cbor_null(&b);
	cbor_text(&b, slice_text("c"));
	cbor_bytes(&b, slice_text("\x01\x02"));
	assert_true(cbor_valid(buffer_all(&b)));
	r = reader_of(buffer_all(&b));
	assert_int_equal(cbor_read_map(&r), 3);
	assert_text(cbor_read_text(&r), "a");
	assert_int_equal(cbor_read_uint(&r), 70000);
	assert_text(cbor_read_text(&r), "b");
	assert_int_equal(cbor_read_array(&r), 2);
	cbor_read_link(&r, &again);
	assert_true(cid_equal(&cid, &again));
	cbor_read(&r, &item);
	assert_int_equal(item.type, CBOR_NULL);
	assert_text(cbor_read_text(&r), "c");
	cbor_read(&r, &item);
	assert_int_equal(item.type, CBOR_BYTES);
	assert_true(reader_done(&r));
	buffer_free(&b);
}

static void
an_item_of_another_type_fails_the_reader(void ** state)
{
	struct buffer b = {0};
	struct reader r = reader_of(bytes_hex(&b, "6161"));

	(void)state;
	assert_int_equal(cbor_read_uint(&r), 0);
	assert_true(r.failed);
	assert_int_equal(cbor_read_text(&r).n, 0);
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(canonical_items_are_accepted),
	    cmocka_unit_test(whatever_is_not_canonical_is_refused),
	    cmocka_unit_test(depth_is_accepted_up_to_its_limit),
	    cmocka_unit_test(items_are_accepted_up_to_their_limit),
	    cmocka_unit_test(what_was_written_is_read_back),
	    cmocka_unit_test(an_item_of_another_type_fails_the_reader),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
