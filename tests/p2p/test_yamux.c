#include "support/bytes.h"

#include "base/error.h"
#include "p2p/yamux.h"

enum { STREAMS = 6, BACKLOG = 3 };

static struct yamux *
make(bool client, size_t growth)
{
	static struct budget all = {.limit = 1024};
	static struct budget streams = {.limit = STREAMS};
	static struct budget backlog = {.limit = BACKLOG};
	struct yamux_config config = {client, &all, &streams, &backlog, growth};
	struct yamux * y = yamux_new(&config);

	assert_non_null(y);
	return (y);
}

/* What came out of a session: events as letters, data, the last stream. */
struct heard {
	char events[64];
	size_t n;
	struct buffer data;
	struct yamux_stream * stream;
	uint32_t value;
};

static int
hear(struct yamux * y, struct slice in, struct heard * h)
{
	static const char letters[] = "IDERPG";
	struct yamux_event e;
	int status;

	while ((status = yamux_next(y, &in, &e)) > 0) {
		assert_true(h->n + 1 < sizeof(h->events));
		h->events[h->n++] = letters[e.type];
		h->value = e.value;
		if (e.stream != NULL)
			h->stream = e.stream;
		if (e.type == YAMUX_DATA)
			buffer_slice(&h->data, e.data);
	}
	return (status);
}

/* Move what one says to the other. */
static int
pass(struct yamux * from, struct yamux * to, struct heard * h)
{
	struct buffer wire = {0};
	int status;

	while (yamux_flush(from, &wire, 65536))
		;
	status = hear(to, buffer_all(&wire), h);
	buffer_free(&wire);
	return (status);
}

static void
frame(struct buffer * b, uint8_t type, uint16_t flags, uint32_t id,
    uint32_t length)
{
	buffer_byte(b, 0);
	buffer_byte(b, type);
	buffer_be16(b, flags);
	buffer_be32(b, id);
	buffer_be32(b, length);
}

/* One frame alone, given to a server. */
static int
give(struct yamux * y, struct heard * h, uint8_t type, uint16_t flags,
    uint32_t id, uint32_t length)
{
	struct buffer b = {0};
	int status;

	frame(&b, type, flags, id, length);
	status = hear(y, buffer_all(&b), h);
	buffer_free(&b);
	return (status);
}

static void
a_stream_opens_talks_and_ends(void ** state)
{
	struct yamux * c = make(true, 0), * s = make(false, 0);
	struct heard hc = {.n = 0}, hs = {.n = 0};
	struct yamux_stream * a = yamux_open(c);

	(void)state;
	assert_int_equal(0, yamux_write(a, slice_text("hello")));
	yamux_end(a);
	assert_int_equal(-ERR_STREAM_WRITE, yamux_write(a, slice_text("x")));
	assert_int_equal(0, pass(c, s, &hs));
	assert_string_equal("IDE", hs.events);
	assert_int_equal(1, yamux_id(hs.stream));
	assert_true(slice_equal(buffer_all(&hs.data), slice_text("hello")));
	assert_false(yamux_finished(a));
	yamux_end(hs.stream);
	assert_int_equal(0, pass(s, c, &hc));
	assert_string_equal("E", hc.events);
	assert_true(yamux_finished(a));
	assert_true(yamux_finished(hs.stream));
	yamux_close(a);
	yamux_close(hs.stream);
	hc.n = hs.n = 0;
	assert_int_equal(0, pass(c, s, &hs));
	assert_int_equal(0, pass(s, c, &hc));
	assert_int_equal(0, hs.n + hc.n);
	assert_int_equal(0, yamux_streams(c) + yamux_streams(s));
	buffer_free(&hs.data);
	yamux_free(c);
	yamux_free(s);
}

static void
the_sender_stops_when_the_window_is_used_up(void ** state)
{
	static uint8_t bytes[YAMUX_WINDOW + 100];
	struct yamux * c = make(true, 0), * s = make(false, 0);
	struct heard hc = {.n = 0}, hs = {.n = 0};
	struct yamux_stream * a = yamux_open(c);

	(void)state;
	assert_int_equal(0, yamux_write(a, BYTES(bytes)));
	assert_int_equal(0, pass(c, s, &hs));
	assert_int_equal(YAMUX_WINDOW, hs.data.n);
	assert_int_equal(100, yamux_queued(a));
	/* Less than half of it is not worth an update. */
	yamux_consumed(hs.stream, YAMUX_WINDOW / 2 - 1, 1, 0);
	assert_int_equal(0, pass(s, c, &hc));
	assert_int_equal(0, pass(c, s, &hs));
	assert_int_equal(100, yamux_queued(a));
	yamux_consumed(hs.stream, 1, 1, 0);
	assert_int_equal(0, pass(s, c, &hc));
	assert_int_equal(0, pass(c, s, &hs));
	assert_int_equal(0, yamux_queued(a));
	buffer_free(&hs.data);
	yamux_free(c);
	yamux_free(s);
}

/* Send and consume windows in quick succession; the largest flight. */
static size_t
largest_flight(size_t growth)
{
	static uint8_t bytes[4 * YAMUX_WINDOW];
	struct yamux * c = make(true, growth), * s = make(false, growth);
	struct heard hc = {.n = 0}, hs = {.n = 0};
	struct yamux_stream * a = yamux_open(c);
	size_t i, largest = 0;

	for (i = 0; i < 6; i++) {
		hs.n = 0;
		assert_int_equal(0, yamux_write(a, BYTES(bytes)));
		do {
			buffer_clear(&hs.data);
			hs.n = 0;
			assert_int_equal(0, pass(c, s, &hs));
			if (hs.data.n > largest)
				largest = hs.data.n;
			yamux_consumed(hs.stream, hs.data.n, 1000 + i, 100);
			assert_int_equal(0, pass(s, c, &hc));
		} while (yamux_queued(a) > 0);
	}
	buffer_free(&hs.data);
	yamux_free(c);
	yamux_free(s);
	return (largest);
}

static void
a_window_grows_as_far_as_the_session_allows(void ** state)
{
	(void)state;
	assert_int_equal(YAMUX_WINDOW, largest_flight(YAMUX_WINDOW - 1));
	assert_int_equal(2 * YAMUX_WINDOW, largest_flight(YAMUX_WINDOW));
	assert_int_equal(4 * YAMUX_WINDOW, largest_flight(3 * YAMUX_WINDOW));
}

static void
more_than_the_window_breaks_the_protocol(void ** state)
{
	struct yamux * s = make(false, 0);
	struct heard h = {.n = 0};

	(void)state;
	assert_int_equal(0, give(s, &h, 1, 1, 1, 0));
	assert_int_equal(0, give(s, &h, 0, 0, 1, 0));
	assert_int_equal(-ERR_INVALID_INPUT,
	    give(s, &h, 0, 0, 1, YAMUX_WINDOW + 1));
	yamux_free(s);
}

static void
bad_frames_break_the_protocol(void ** state)
{
	struct heard h = {.n = 0};
	struct yamux * s = make(false, 0);
	struct buffer b = {0};

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT, give(s, &h, 4, 0, 1, 0));
	/* An id of the wrong side, none, or one in use. */
	assert_int_equal(-ERR_INVALID_INPUT, give(s, &h, 1, 1, 2, 0));
	assert_int_equal(-ERR_INVALID_INPUT, give(s, &h, 1, 1, 0, 0));
	assert_int_equal(0, give(s, &h, 1, 1, 1, 0));
	assert_int_equal(-ERR_INVALID_INPUT, give(s, &h, 1, 1, 1, 0));
	/* A ping of a stream; another version. */
	assert_int_equal(-ERR_INVALID_INPUT, give(s, &h, 2, 1, 1, 0));
	frame(&b, 1, 1, 3, 0);
	b.p[0] = 1;
	assert_int_equal(-ERR_INVALID_INPUT, hear(s, buffer_all(&b), &h));
	/* Data behind the end. */
	assert_int_equal(0, give(s, &h, 1, 4, 1, 0));
	assert_int_equal(-ERR_INVALID_INPUT, give(s, &h, 0, 0, 1, 5));
	buffer_free(&b);
	yamux_free(s);
}

static void
streams_beyond_the_backlog_or_the_limit_are_turned_away(void ** state)
{
	struct yamux * c = make(true, 0), * s = make(false, 0);
	struct heard hc = {.n = 0}, hs = {.n = 0};
	struct yamux_stream * a[STREAMS];
	size_t i;

	(void)state;
	for (i = 0; i < BACKLOG + 1; i++)
		a[i] = yamux_open(c);
	assert_int_equal(0, pass(c, s, &hs));
	assert_string_equal("III", hs.events);
	assert_int_equal(0, pass(s, c, &hc));
	assert_string_equal("R", hc.events);
	assert_ptr_equal(a[BACKLOG], hc.stream);
	yamux_close(a[BACKLOG]);
	/* Accepted ones make room, up to the limit of streams. */
	yamux_accept(hs.stream);
	for (i = BACKLOG; i < STREAMS; i++) {
		assert_non_null(yamux_open(c));
		assert_int_equal(0, pass(c, s, &hs));
		yamux_accept(hs.stream);
	}
	assert_null(yamux_open(c));
	assert_int_equal(STREAMS, yamux_streams(s));
	hc.n = 0;
	assert_int_equal(0, give(s, &hs, 1, 1, 99, 0));
	assert_int_equal(STREAMS, yamux_streams(s));
	yamux_free(c);
	yamux_free(s);
}

static void
a_reset_is_heard_and_late_data_is_dropped(void ** state)
{
	struct yamux * c = make(true, 0), * s = make(false, 0);
	struct heard hc = {.n = 0}, hs = {.n = 0};
	struct yamux_stream * a = yamux_open(c);

	(void)state;
	assert_int_equal(0, pass(c, s, &hs));
	yamux_close(hs.stream);
	assert_int_equal(0, yamux_write(a, slice_text("late")));
	assert_int_equal(0, pass(c, s, &hs));
	assert_string_equal("I", hs.events);
	assert_int_equal(0, pass(s, c, &hc));
	assert_string_equal("R", hc.events);
	assert_int_equal(-ERR_STREAM_WRITE, yamux_write(a, slice_text("x")));
	yamux_close(a);
	yamux_free(c);
	yamux_free(s);
}

static void
pings_are_answered_and_a_go_away_stops_new_streams(void ** state)
{
	struct yamux * c = make(true, 0), * s = make(false, 0);
	struct heard hc = {.n = 0}, hs = {.n = 0};

	(void)state;
	yamux_ping(c, 77);
	assert_int_equal(0, pass(c, s, &hs));
	assert_int_equal(0, pass(s, c, &hc));
	assert_string_equal("P", hc.events);
	assert_int_equal(77, hc.value);
	yamux_goaway(s, YAMUX_NORMAL);
	assert_int_equal(0, pass(s, c, &hc));
	assert_string_equal("PG", hc.events);
	assert_null(yamux_open(c));
	yamux_free(c);
	yamux_free(s);
}

static void
bytes_one_by_one_make_the_same_stream(void ** state)
{
	struct yamux * c = make(true, 0), * s = make(false, 0);
	struct buffer wire = {0};
	struct heard hs = {.n = 0};
	struct yamux_stream * a = yamux_open(c);
	size_t i;

	(void)state;
	assert_int_equal(0, yamux_write(a, slice_text("hello")));
	yamux_end(a);
	(void)yamux_flush(c, &wire, 65536);
	for (i = 0; i < wire.n; i++)
		assert_int_equal(0, hear(s, slice_of(wire.p + i, 1), &hs));
	assert_string_equal("IDDDDDE", hs.events);
	assert_true(slice_equal(buffer_all(&hs.data), slice_text("hello")));
	buffer_free(&wire);
	buffer_free(&hs.data);
	yamux_free(c);
	yamux_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_opens_talks_and_ends),
		cmocka_unit_test(the_sender_stops_when_the_window_is_used_up),
		cmocka_unit_test(a_window_grows_as_far_as_the_session_allows),
		cmocka_unit_test(more_than_the_window_breaks_the_protocol),
		cmocka_unit_test(bad_frames_break_the_protocol),
		cmocka_unit_test(
		    streams_beyond_the_backlog_or_the_limit_are_turned_away),
		cmocka_unit_test(a_reset_is_heard_and_late_data_is_dropped),
		cmocka_unit_test(
		    pings_are_answered_and_a_go_away_stops_new_streams),
		cmocka_unit_test(bytes_one_by_one_make_the_same_stream),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
