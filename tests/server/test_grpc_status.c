#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/grpc_frame.h"
#include "server/grpc_status.h"

static struct error
chain(int outer, int inner)
{
	struct error err = {0};

	(void)error_set(&err, inner, "why");
	if (outer != 0)
		(void)error_wrap(&err, outer);
	return (err);
}

static void
the_last_listed_code_decides_the_status(void ** state)
{
	static const struct {
		int outer, inner;
		enum grpc_status status;
	} cases[] = {{0, 100, GRPC_INVALID_ARGUMENT},
	    {1306, 888, GRPC_NOT_FOUND}, {1002, 1201, GRPC_ALREADY_EXISTS},
	    {1002, 1202, GRPC_PERMISSION_DENIED},
	    {888, 1303, GRPC_FAILED_PRECONDITION}, {0, 777, GRPC_UNIMPLEMENTED},
	    {1000, 205, GRPC_DATA_LOSS}, {0, 4101, GRPC_UNAVAILABLE},
	    {0, 888, GRPC_INTERNAL}, {1002, 100, GRPC_INVALID_ARGUMENT},
	    {100, 204, GRPC_DATA_LOSS}, {0, 12345, GRPC_INTERNAL}};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err = chain(cases[i].outer, cases[i].inner);
		assert_int_equal(grpc_status_of(&err, false),
		    cases[i].status);
		assert_int_equal(grpc_status_of(&err, true),
		    GRPC_UNAVAILABLE);
	}
	err = grpc_status_text("only text");
	assert_int_equal(grpc_status_of(&err, true), GRPC_UNKNOWN);
	assert_int_equal(grpc_status_of(NULL, true), GRPC_OK);
}

static void
the_placeholder_code_never_leaves(void ** state)
{
	struct error err = chain(666, 666), clean;

	(void)state;
	(void)error_wrap(&err, 1306);
	clean = grpc_status_clean(&err);
	assert_int_equal(clean.n, 1);
	assert_int_equal(clean.code[0], 1306);
	err = chain(666, 100);
	clean = grpc_status_clean(&err);
	assert_int_equal(clean.n, 2);
	assert_int_equal(clean.code[0], 888);
	assert_int_equal(clean.code[1], 100);
}

static void
details_are_the_bytes_that_go_writes(void ** state)
{
	/* Status{14, text, [Any{type, ErrDetails{[100], packed}}]} */
	static const char head[] = "\x08\x0e\x12\x18"
	    "ErrInvalidInput(#100): x";
	static const char any[] = "type.googleapis.com/berty.errcode.ErrDetails"
	    "\x12\x03\x0a\x01\x64";
	struct error err = {0};
	struct buffer out = {0};

	(void)state;
	(void)error_set(&err, 100, "x");
	grpc_status_details(&out, GRPC_UNAVAILABLE, &err);
	assert_int_equal(out.n, sizeof(head) - 1 + 4 + sizeof(any) - 1);
	assert_memory_equal(out.p, head, sizeof(head) - 1);
	assert_memory_equal(out.p + sizeof(head) - 1 + 4, any,
	    sizeof(any) - 1);
	buffer_free(&out);
}

static void
details_come_back_as_the_chain_they_were(void ** state)
{
	struct error err = chain(1002, 1201), back;
	struct buffer out = {0}, text = {0}, bytes = {0};

	(void)state;
	grpc_status_details(&out, GRPC_ALREADY_EXISTS, &err);
	grpc_status_base64(&text, buffer_all(&out));
	assert_int_equal(grpc_status_unbase64(&bytes, buffer_all(&text)), 0);
	assert_int_equal(grpc_status_parse(buffer_all(&bytes), &back), 0);
	assert_int_equal(back.n, 2);
	assert_int_equal(back.code[0], 1002);
	assert_int_equal(back.code[1], 1201);
	assert_string_equal(back.text, "why");
	assert_int_equal(grpc_status_parse(slice_text("\xff\xff"), &back),
	    -ERR_DESERIALIZATION);
	assert_int_equal(back.n, 0);
	buffer_free(&out);
	buffer_free(&text);
	buffer_free(&bytes);
}

static void
text_survives_percent_encoding(void ** state)
{
	static const char text[] = "100% \xc3\xa9\n\x01~ %41";
	struct buffer out = {0}, back = {0};

	(void)state;
	grpc_status_encode_text(&out, text);
	assert_true(slice_equal(buffer_all(&out),
	    slice_text("100%25 %C3%A9%0A%01~ %2541")));
	grpc_status_decode_text(&back, buffer_all(&out));
	assert_true(slice_equal(buffer_all(&back), slice_text(text)));
	buffer_clear(&back);
	grpc_status_decode_text(&back, slice_text("%zz%4"));
	assert_true(slice_equal(buffer_all(&back), slice_text("%zz%4")));
	buffer_free(&out);
	buffer_free(&back);
}

static void
timeouts_are_read_in_every_unit_and_nothing_else_is(void ** state)
{
	static const struct {
		const char * text;
		uint64_t ms;
	} good[] = {{"1H", 3600000}, {"2M", 120000}, {"3S", 3000}, {"4m", 4},
	    {"1u", 1}, {"1001u", 2}, {"1n", 1}, {"0m", 0},
	    {"99999999H", 99999999ULL * 3600000}};
	static const char * const bad[] = {"", "1", "m", "-1m", "1x", "1.5S",
	    "123456789m", "1 m"};
	uint64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(grpc_frame_timeout(slice_text(good[i].text),
		    &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(grpc_frame_timeout(slice_text(bad[i]), &ms),
		    -ERR_INVALID_INPUT);
}

static void
a_written_timeout_is_never_shorter_than_asked(void ** state)
{
	static const uint64_t list[] = {1, 99999999, 100000000, 123456789012};
	struct buffer out = {0};
	uint64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		buffer_clear(&out);
		grpc_frame_write_timeout(&out, list[i]);
		assert_int_equal(grpc_frame_timeout(buffer_all(&out), &ms), 0);
		if (list[i] < 99999999000)
			assert_true(ms >= list[i]);
	}
	buffer_free(&out);
}

static void
frames_are_read_only_when_whole_and_within_the_limit(void ** state)
{
	static const uint8_t frame[] = {0, 0, 0, 0, 3, 'a', 'b', 'c', 0};
	static const uint8_t packed[] = {1, 0, 0, 0, 0};
	struct slice message;
	size_t n;

	(void)state;
	for (n = 0; n < 8; n++)
		assert_int_equal(grpc_frame_read(slice_of(frame, n), 3,
		    &message), GRPC_FRAME_MORE);
	assert_int_equal(grpc_frame_read(slice_of(frame, 9), 3, &message),
	    GRPC_FRAME_MESSAGE);
	assert_true(slice_equal(message, slice_text("abc")));
	assert_int_equal(grpc_frame_read(slice_of(frame, 5), 2, &message),
	    GRPC_FRAME_TOO_LARGE);
	assert_int_equal(grpc_frame_read(slice_of(packed, 5), 3, &message),
	    GRPC_FRAME_COMPRESSED);
	assert_int_equal(grpc_frame_read(slice_text("\x02"), 3, &message),
	    GRPC_FRAME_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_listed_code_decides_the_status),
	    cmocka_unit_test(the_placeholder_code_never_leaves),
	    cmocka_unit_test(details_are_the_bytes_that_go_writes),
	    cmocka_unit_test(details_come_back_as_the_chain_they_were),
	    cmocka_unit_test(text_survives_percent_encoding),
	    cmocka_unit_test(timeouts_are_read_in_every_unit_and_nothing_else_is),
	    cmocka_unit_test(a_written_timeout_is_never_shorter_than_asked),
	    cmocka_unit_test(
	        frames_are_read_only_when_whole_and_within_the_limit)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
