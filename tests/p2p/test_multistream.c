#include "support/bytes.h"

#include "base/error.h"
#include "p2p/multistream.h"

static bool
speaks(void * user, const char * protocol)
{
	return (strcmp(protocol, user) == 0);
}

/* Let both talk, piece bytes at a time; the dialer's outcome. */
static int
talk(struct multistream * d, struct multistream * l, struct buffer * to_l,
    size_t piece)
{
	struct buffer to_d = {0}, now;
	int status = 0, other = 0;
	size_t at, n;
	struct slice in;

	while (status == 0 && (to_l->n > 0 || to_d.n > 0)) {
		now = *to_l;
		*to_l = (struct buffer){0};
		for (at = 0; at < now.n && other == 0; at += n) {
			n = now.n - at < piece ? now.n - at : piece;
			in = slice_of(now.p + at, n);
			other = multistream_feed(l, &in, &to_d);
		}
		buffer_free(&now);
		now = to_d;
		to_d = (struct buffer){0};
		for (at = 0; at < now.n && status == 0; at += n) {
			n = now.n - at < piece ? now.n - at : piece;
			in = slice_of(now.p + at, n);
			status = multistream_feed(d, &in, to_l);
		}
		buffer_free(&now);
	}
	return (status);
}

static void
check(const char * const * offers, const char * known, size_t piece,
    int expected)
{
	struct buffer to_l = {0};
	struct multistream * d = multistream_dial(offers, &to_l);
	struct multistream * l = multistream_listen(speaks,
	    (void *)(uintptr_t)known);

	assert_int_equal(expected, talk(d, l, &to_l, piece));
	if (expected == 1) {
		assert_string_equal(known, multistream_protocol(d));
		assert_string_equal(known, multistream_protocol(l));
	} else {
		assert_null(multistream_protocol(d));
	}
	multistream_free(d);
	multistream_free(l);
	buffer_free(&to_l);
}

static const char * const offers[] = {"/a", "/b", "/c", NULL};

static void
the_first_protocol_that_both_speak_is_agreed(void ** state)
{
	(void)state;
	check(offers, "/a", SIZE_MAX, 1);
	check(offers, "/c", SIZE_MAX, 1);
	check(offers, "/b", 1, 1);
}

static void
without_a_common_protocol_nothing_is_agreed(void ** state)
{
	(void)state;
	check(offers, "/d", SIZE_MAX, -ERR_NOT_FOUND);
	check(offers, "/", 1, -ERR_NOT_FOUND);
}

static void
header_and_offer_are_one_write_and_data_may_follow(void ** state)
{
	static const char * const one[] = {"/a", NULL};
	struct buffer wire = {0}, out = {0};
	struct multistream * d = multistream_dial(one, &wire);
	struct multistream * l = multistream_listen(speaks,
	    (void *)(uintptr_t)"/a");
	struct slice in;

	(void)state;
	assert_true(slice_equal(buffer_all(&wire),
	    slice_text("\x13/multistream/1.0.0\n\x03/a\n")));
	buffer_text(&wire, "data");
	in = buffer_all(&wire);
	assert_int_equal(1, multistream_feed(l, &in, &out));
	assert_true(slice_equal(in, slice_text("data")));
	multistream_free(d);
	multistream_free(l);
	buffer_free(&wire);
	buffer_free(&out);
}

static int
listen_to(const char * text, size_t n)
{
	struct multistream * l = multistream_listen(speaks,
	    (void *)(uintptr_t)"/a");
	struct slice in = slice_of(text, n);
	struct buffer out = {0};
	int status = multistream_feed(l, &in, &out);

	multistream_free(l);
	buffer_free(&out);
	return (status);
}

static void
other_headers_and_malformed_messages_are_refused(void ** state)
{
	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT,
	    listen_to("\x13/multistream/2.0.0\n", 20));
	assert_int_equal(-ERR_INVALID_INPUT,
	    listen_to("\x13/multistream/1.0.0 ", 20));
	assert_int_equal(-ERR_INVALID_INPUT, listen_to("\0", 1));
	assert_int_equal(-ERR_INVALID_INPUT, listen_to("\x80\0", 2));
	assert_int_equal(-ERR_INVALID_INPUT, listen_to("GET / HTTP/1.1\r\n"
	    "Host: somewhere over the rainbow, so that the first length "
	    "is satisfied\r\n\r\n", 90));
}

static void
a_message_of_1024_bytes_is_read_and_of_1025_is_not(void ** state)
{
	char text[1100];
	struct buffer b = {0};

	(void)state;
	memset(text, 'x', sizeof(text));
	multistream_message(&b, "/multistream/1.0.0");
	buffer_uvarint(&b, 1024);
	buffer_append(&b, text, 1023);
	buffer_byte(&b, '\n');
	assert_int_equal(0, listen_to((const char *)b.p, b.n));
	buffer_clear(&b);
	multistream_message(&b, "/multistream/1.0.0");
	buffer_uvarint(&b, 1025);
	assert_int_equal(-ERR_INVALID_INPUT,
	    listen_to((const char *)b.p, b.n));
	buffer_free(&b);
}

static void
a_dialer_that_never_finds_anything_is_sent_away(void ** state)
{
	struct buffer b = {0};
	size_t i;

	(void)state;
	multistream_message(&b, "/multistream/1.0.0");
	for (i = 0; i < MULTISTREAM_TRIES - 1; i++)
		multistream_message(&b, "/x");
	assert_int_equal(0, listen_to((const char *)b.p, b.n));
	multistream_message(&b, "/x");
	assert_int_equal(-ERR_NOT_FOUND, listen_to((const char *)b.p, b.n));
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_protocol_that_both_speak_is_agreed),
		cmocka_unit_test(without_a_common_protocol_nothing_is_agreed),
		cmocka_unit_test(
		    header_and_offer_are_one_write_and_data_may_follow),
		cmocka_unit_test(
		    other_headers_and_malformed_messages_are_refused),
		cmocka_unit_test(
		    a_message_of_1024_bytes_is_read_and_of_1025_is_not),
		cmocka_unit_test(
		    a_dialer_that_never_finds_anything_is_sent_away),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
