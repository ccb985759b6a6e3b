#include "support/bytes.h"

static void
what_is_appended_follows_what_was_there(void ** state)
{
	struct buffer b = {0};

	(void)state;
	buffer_text(&b, "ab");
	buffer_byte(&b, 1);
	buffer_be16(&b, 0x0203);
	buffer_be32(&b, 0x04050607);
	buffer_be64(&b, 0x08090a0b0c0d0e0fU);
	buffer_printf(&b, "%d", 42);
	assert_hex(buffer_all(&b), "61620102030405060708090a0b0c0d0e0f3432");
	buffer_free(&b);
}

static void
uvarints_take_their_shortest_form(void ** state)
{
	static const struct {
		uint64_t v;
		const char * hex;
	} table[] = {{0, "00"}, {127, "7f"}, {128, "8001"}, {300, "ac02"},
	    {UINT64_MAX, "ffffffffffffffffff01"}};
	struct buffer b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&b);
		buffer_uvarint(&b, table[i].v);
		assert_hex(buffer_all(&b), table[i].hex);
	}
	buffer_free(&b);
}

static void
room_for_nothing_is_a_place_and_no_failure(void ** state)
{
	struct buffer b = {0};

	(void)state;
	assert_non_null(buffer_grow(&b, 0));
	assert_int_equal(b.n, 0);
	assert_false(b.failed);
	buffer_free(&b);
}

static void
a_failure_sticks_until_the_buffer_is_cleared(void ** state)
{
	struct buffer b = {0};

	(void)state;
	buffer_byte(&b, 1);
	assert_null(buffer_grow(&b, SIZE_MAX - 4));
	assert_true(b.failed);
	buffer_byte(&b, 2);
	assert_int_equal(b.n, 1);
	buffer_clear(&b);
	buffer_byte(&b, 3);
	assert_hex(buffer_all(&b), "03");
	buffer_free(&b);
}

static void
consuming_keeps_the_rest(void ** state)
{
	struct buffer b = {0};

	(void)state;
	buffer_text(&b, "hello");
	buffer_consume(&b, 2);
	assert_text(buffer_all(&b), "llo");
	buffer_consume(&b, 3);
	assert_int_equal(b.n, 0);
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_appended_follows_what_was_there),
	    cmocka_unit_test(uvarints_take_their_shortest_form),
	    cmocka_unit_test(room_for_nothing_is_a_place_and_no_failure),
	    cmocka_unit_test(a_failure_sticks_until_the_buffer_is_cleared),
	    cmocka_unit_test(consuming_keeps_the_rest),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
