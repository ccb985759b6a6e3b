#include "support/bytes.h"

#include "base/reader.h"

static struct reader
reader_hex(struct buffer * b, const char * hex)
{
	buffer_clear(b);
	return (reader_of(bytes_hex(b, hex)));
}

static void
numbers_are_read_in_their_order(void ** state)
{
	struct buffer b = {0};
	struct reader r = reader_hex(&b, "0102030405060708090a0b0c0d0e0f");

	(void)state;
	assert_int_equal(reader_byte(&r), 1);
	assert_int_equal(reader_be16(&r), 0x0203);
	assert_int_equal(reader_be32(&r), 0x04050607);
	assert_true(reader_be64(&r) == 0x08090a0b0c0d0e0fU);
	assert_true(reader_done(&r));
	buffer_free(&b);
}

static void
reading_past_the_end_fails_and_leaves_nothing(void ** state)
{
	struct buffer b = {0};
	struct reader r = reader_hex(&b, "010203");

	(void)state;
	assert_int_equal(reader_be32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(reader_byte(&r), 0);
	assert_false(reader_done(&r));
	buffer_free(&b);
}

static void
only_the_shortest_uvarint_is_read(void ** state)
{
	static const struct {
		const char * hex;
		uint64_t v;
		bool ok;
	} table[] = {{"00", 0, true}, {"7f", 127, true}, {"8001", 128, true},
	    {"ffffffffffffffffff01", UINT64_MAX, true}, {"8000", 0, false},
	    {"ff00", 0, false}, {"80", 0, false}, {"", 0, false},
	    {"ffffffffffffffffff02", 0, false},
	    {"8080808080808080808001", 0, false}};
	struct buffer b = {0};
	struct reader r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		r = reader_hex(&b, table[i].hex);
		assert_true(reader_uvarint(&r) == table[i].v);
		assert_int_equal(reader_done(&r), table[i].ok);
	}
	buffer_free(&b);
}

static void
a_prefix_above_its_limit_or_the_rest_fails(void ** state)
{
	struct buffer b = {0};
	struct reader r = reader_hex(&b, "03616263");

	(void)state;
	assert_text(reader_prefixed(&r, 3), "abc");
	assert_true(reader_done(&r));
	r = reader_hex(&b, "03616263");
	assert_int_equal(reader_prefixed(&r, 2).n, 0);
	assert_true(r.failed);
	r = reader_hex(&b, "04616263");
	assert_int_equal(reader_prefixed(&r, 100).n, 0);
	assert_true(r.failed);
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_read_in_their_order),
	    cmocka_unit_test(reading_past_the_end_fails_and_leaves_nothing),
	    cmocka_unit_test(only_the_shortest_uvarint_is_read),
	    cmocka_unit_test(a_prefix_above_its_limit_or_the_rest_fails),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
