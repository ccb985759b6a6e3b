/* Frames of a websocket, as clients send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/websocket.h"

#define MOST 1000

static struct websocket
fresh(void)
{
	return ((struct websocket){.max = MOST});
}

/* A frame of a client, with a mask that changes something. */
static void
frame(struct buffer * out, unsigned first, struct slice payload)
{
	static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
	struct buffer head = {0};
	size_t i;

	websocket_header(&head, WEBSOCKET_BINARY, payload.n);
	head.p[0] = (uint8_t)first;
	head.p[1] |= 0x80;
	buffer_slice(out, buffer_all(&head));
	buffer_append(out, mask, 4);
	for (i = 0; i < payload.n; i++)
		buffer_byte(out, payload.p[i] ^ mask[i % 4]);
	buffer_free(&head);
}

static void
expect(struct websocket * w, enum websocket_opcode kind, const char * text)
{
	enum websocket_opcode got;
	enum websocket_code code;
	struct slice payload;

	assert_int_equal(WEBSOCKET_MESSAGE, websocket_next(w, &got, &payload,
	    &code));
	assert_int_equal(kind, got);
	assert_true(slice_equal(payload, slice_text(text)));
}

static void
expect_wait(struct websocket * w)
{
	enum websocket_opcode got;
	enum websocket_code code;
	struct slice payload;

	assert_int_equal(WEBSOCKET_WAIT, websocket_next(w, &got, &payload,
	    &code));
}

static void
expect_bad(struct buffer * bytes, enum websocket_code why)
{
	struct websocket w = fresh();
	enum websocket_opcode got;
	enum websocket_code code = 0;
	enum websocket_event event;
	struct slice payload;

	assert_true(websocket_feed(&w, buffer_all(bytes)));
	do {
		event = websocket_next(&w, &got, &payload, &code);
	} while (event == WEBSOCKET_MESSAGE);
	assert_int_equal(WEBSOCKET_BAD, event);
	assert_int_equal(why, code);
	websocket_free(&w);
	buffer_free(bytes);
}

static void
the_key_of_the_rfc_has_the_answer_of_the_rfc(void ** state)
{
	struct buffer out = {0};

	(void)state;
	assert_true(websocket_accept(&out,
	    slice_text("dGhlIHNhbXBsZSBub25jZQ==")));
	assert_true(slice_equal(buffer_all(&out),
	    slice_text("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
	buffer_free(&out);
}

static void
a_key_that_is_not_16_bytes_has_no_answer(void ** state)
{
	static const char * const bad[] = {"", "AAAA", "dGhlIHNhbXBsZSBub25j",
	    "dGhlIHNhbXBsZSBub25jZQ", "?GhlIHNhbXBsZSBub25jZQ=="};
	struct buffer out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(websocket_accept(&out, slice_text(bad[i])));
	assert_int_equal(0, out.n);
	buffer_free(&out);
}

static void
messages_come_whole_however_they_are_cut(void ** state)
{
	struct buffer bytes = {0};
	struct websocket w = fresh();
	size_t i;

	(void)state;
	frame(&bytes, 0x82, slice_text("one"));
	frame(&bytes, 0x02, slice_text("in "));
	frame(&bytes, 0x89, slice_text("ping"));
	frame(&bytes, 0x00, slice_text("two "));
	frame(&bytes, 0x80, slice_text("pieces"));
	for (i = 0; i + 1 < 9; i++) {
		assert_true(websocket_feed(&w, slice_of(bytes.p + i, 1)));
		expect_wait(&w);
	}
	assert_true(websocket_feed(&w, slice_of(bytes.p + i, bytes.n - i)));
	expect(&w, WEBSOCKET_BINARY, "one");
	expect(&w, WEBSOCKET_PING, "ping");
	expect(&w, WEBSOCKET_BINARY, "in two pieces");
	expect_wait(&w);
	websocket_free(&w);
	buffer_free(&bytes);
}

static void
lengths_of_all_three_forms_are_read(void ** state)
{
	static const size_t sizes[] = {0, 125, 126, 65535, 65536, 70000};
	static uint8_t payload[70000];
	enum websocket_opcode kind;
	enum websocket_code code;
	struct slice got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct websocket w = {.max = sizeof(payload)};
		struct buffer bytes = {0};

		frame(&bytes, 0x82, slice_of(payload, sizes[i]));
		assert_true(websocket_feed(&w, buffer_all(&bytes)));
		assert_int_equal(WEBSOCKET_MESSAGE, websocket_next(&w, &kind,
		    &got, &code));
		assert_int_equal(sizes[i], got.n);
		websocket_free(&w);
		buffer_free(&bytes);
	}
}

static void
a_message_over_the_limit_is_refused_before_it_comes(void ** state)
{
	static uint8_t payload[MOST + 1];
	struct buffer bytes = {0};

	(void)state;
	frame(&bytes, 0x82, slice_of(payload, MOST + 1));
	bytes.n = 8;
	expect_bad(&bytes, WEBSOCKET_TOO_BIG);
	frame(&bytes, 0x02, slice_of(payload, MOST));
	frame(&bytes, 0x80, slice_of(payload, 1));
	expect_bad(&bytes, WEBSOCKET_TOO_BIG);
}

static void
what_the_rfc_forbids_is_refused(void ** state)
{
	static const struct {
		const char * bytes;
		size_t n;
	} bad[] = {
		{"\x82\x00", 2},                /* no mask */
		{"\xc2\x80\0\0\0\0", 6},        /* a reserved bit */
		{"\x83\x80\0\0\0\0", 6},        /* no such kind */
		{"\x8b\x80\0\0\0\0", 6},
		{"\x80\x80\0\0\0\0", 6},        /* nothing goes on */
		{"\x09\x80\0\0\0\0", 6},        /* a ping in pieces */
		{"\x89\xfe\0\x7e\0\0\0\0", 8},  /* a ping too long */
		{"\x82\xfe\0\x7d\0\0\0\0", 8},  /* not the shortest length */
		{"\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14},
		{"\x02\x80\0\0\0\0\x82\x80\0\0\0\0", 12}, /* one inside of */
	};                                                /* another */
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buffer bytes = {0};

		buffer_append(&bytes, bad[i].bytes, bad[i].n);
		expect_bad(&bytes, WEBSOCKET_PROTOCOL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_key_of_the_rfc_has_the_answer_of_the_rfc),
	    cmocka_unit_test(a_key_that_is_not_16_bytes_has_no_answer),
	    cmocka_unit_test(messages_come_whole_however_they_are_cut),
	    cmocka_unit_test(lengths_of_all_three_forms_are_read),
	    cmocka_unit_test(
	        a_message_over_the_limit_is_refused_before_it_comes),
	    cmocka_unit_test(what_the_rfc_forbids_is_refused)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
