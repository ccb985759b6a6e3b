#include "support/bytes.h"

#include "base/error.h"
#include "p2p/frame.h"

enum { LARGEST = 1000 };

struct seen {
	struct buffer all;
	unsigned n;
	int answer;
};

static int
note(void * user, struct slice message)
{
	struct seen * s = user;

	s->n++;
	buffer_uvarint(&s->all, message.n);
	buffer_slice(&s->all, message);
	return (s->answer);
}

static void
messages_come_whole_however_they_are_cut(void ** state)
{
	static const size_t sizes[] = {0, 1, 127, 128, 999, 1000, 0};
	struct buffer wire = {0};
	size_t i, j, piece;

	(void)state;
	for (i = 0; i < 7; i++) {
		buffer_uvarint(&wire, sizes[i]);
		for (j = 0; j < sizes[i]; j++)
			buffer_byte(&wire, (uint8_t)(i + j));
	}
	for (piece = 1; piece < wire.n; piece += 13) {
		struct frame_reader f = {.max = LARGEST};
		struct seen seen = {0};

		for (i = 0; i < wire.n; i += piece)
			assert_int_equal(0, frame_feed(&f, slice_of(wire.p + i,
			    wire.n - i < piece ? wire.n - i : piece), note,
			    &seen));
		assert_int_equal(7, seen.n);
		assert_false(frame_partial(&f));
		assert_true(slice_equal(buffer_all(&wire),
		    buffer_all(&seen.all)));
		frame_free(&f);
		buffer_free(&seen.all);
	}
	buffer_free(&wire);
}

static void
one_byte_above_the_maximum_is_refused_before_it_is_kept(void ** state)
{
	struct frame_reader f = {.max = LARGEST};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT,
	    frame_feed(&f, slice_text("\xe9\x07"), note, &seen));
	assert_int_equal(0, f.held.n);
	frame_free(&f);
}

static void
a_length_in_a_longer_form_than_needed_is_refused(void ** state)
{
	struct frame_reader f = {.max = LARGEST};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(-ERR_INVALID_INPUT,
	    frame_feed(&f, slice_of("\x81\x00", 2), note, &seen));
	assert_int_equal(0, seen.n);
	frame_free(&f);
}

static void
an_endless_length_is_refused_at_its_tenth_byte(void ** state)
{
	struct frame_reader f = {.max = SIZE_MAX};
	struct seen seen = {0};
	int i;

	(void)state;
	for (i = 0; i < 9; i++)
		assert_int_equal(0, frame_feed(&f, slice_of("\xff", 1), note,
		    &seen));
	assert_int_equal(-ERR_INVALID_INPUT,
	    frame_feed(&f, slice_of("\xff", 1), note, &seen));
	frame_free(&f);
}

static void
what_the_callback_answers_ends_the_feed(void ** state)
{
	struct frame_reader f = {.max = LARGEST};
	struct seen seen = {.answer = -ERR_NOT_FOUND};

	(void)state;
	assert_int_equal(-ERR_NOT_FOUND, frame_feed(&f,
	    slice_text("\x01" "a\x01" "b"), note, &seen));
	assert_int_equal(1, seen.n);
	frame_free(&f);
	buffer_free(&seen.all);
}

static void
readers_share_what_they_hold_of_messages_not_whole(void ** state)
{
	struct budget shared;
	struct frame_reader a = {.max = LARGEST, .shared = &shared};
	struct frame_reader b = {.max = LARGEST, .shared = &shared};
	static const uint8_t part[400] = {0xe8, 0x07};
	struct seen seen = {0};

	(void)state;
	/* Three quarters are 600 bytes. */
	budget_init(&shared, "test.unfinished", 800);
	assert_int_equal(0, frame_feed(&a, slice_of(part, 400), note, &seen));
	assert_int_equal(0, frame_feed(&b, slice_of(part, 200), note, &seen));
	assert_int_equal(600, shared.used);
	assert_int_equal(-ERR_INVALID_INPUT, frame_feed(&b, slice_of(part, 1),
	    note, &seen));
	assert_int_equal(1, shared.refused);
	/* A reader that is freed gives back what it held. */
	frame_free(&b);
	assert_int_equal(400, shared.used);
	frame_free(&a);
	assert_int_equal(0, shared.used);
	/* So does one whose message became whole. */
	assert_int_equal(0, frame_feed(&a, slice_of("\x03""ab", 3), note,
	    &seen));
	assert_int_equal(3, shared.used);
	assert_int_equal(0, frame_feed(&a, slice_of("c", 1), note, &seen));
	assert_int_equal(0, shared.used);
	assert_int_equal(1, seen.n);
	buffer_free(&seen.all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_whole_however_they_are_cut),
		cmocka_unit_test(
		    one_byte_above_the_maximum_is_refused_before_it_is_kept),
		cmocka_unit_test(
		    a_length_in_a_longer_form_than_needed_is_refused),
		cmocka_unit_test(
		    an_endless_length_is_refused_at_its_tenth_byte),
		cmocka_unit_test(what_the_callback_answers_ends_the_feed),
		cmocka_unit_test(
		    readers_share_what_they_hold_of_messages_not_whole),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
