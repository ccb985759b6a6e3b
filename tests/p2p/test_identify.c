#include "support/bytes.h"

#include "base/error.h"
#include "p2p/frame.h"
#include "p2p/identify.h"
#include "p2p/peerstore.h"

static int
merge(void * user, struct slice frame)
{
	return (identify_merge(user, frame));
}

static int
read_all(struct identify * id, struct slice wire, unsigned * frames)
{
	struct frame_reader f = {.max = IDENTIFY_MAX};
	int status = frame_feed(&f, wire, merge, id);

	*frames = id->frames;
	frame_free(&f);
	return (status);
}

static void
fill(struct identify * id, size_t protocols, size_t record)
{
	size_t i;

	buffer_text(&id->public_key, "key");
	buffer_text(&id->agent, "agent");
	buffer_append(&id->addresses, "\x03" "abc\x02" "de", 7);
	for (i = 0; i < protocols; i++)
		buffer_append(&id->protocols, "/twenty/characters/x", 21);
	for (i = 0; i < record; i++)
		buffer_byte(&id->record, (uint8_t)i);
}

/* Write, read, compare; how many frames it took. */
static unsigned
round_trip(size_t protocols, size_t record)
{
	struct identify id = {0}, again = {0};
	struct buffer wire = {0};
	unsigned frames;

	fill(&id, protocols, record);
	identify_write(&wire, &id);
	assert_int_equal(0, read_all(&again, buffer_all(&wire), &frames));
	assert_true(slice_equal(buffer_all(&id.public_key),
	    buffer_all(&again.public_key)));
	assert_true(slice_equal(buffer_all(&id.addresses),
	    buffer_all(&again.addresses)));
	assert_true(slice_equal(buffer_all(&id.protocols),
	    buffer_all(&again.protocols)));
	assert_true(slice_equal(buffer_all(&id.agent),
	    buffer_all(&again.agent)));
	assert_true(slice_equal(buffer_all(&id.record),
	    buffer_all(&again.record)));
	assert_int_equal(protocols, again.n_protocols);
	identify_free(&id);
	identify_free(&again);
	buffer_free(&wire);
	return (frames);
}

static void
a_small_message_is_one_frame_and_a_large_one_two(void ** state)
{
	(void)state;
	assert_int_equal(1, round_trip(10, 300));
	assert_int_equal(2, round_trip(90, 300));
	assert_int_equal(1, round_trip(90, 0));
}

static void
ten_frames_are_merged_and_an_eleventh_is_refused(void ** state)
{
	struct identify id = {0};
	size_t i;

	(void)state;
	for (i = 0; i < IDENTIFY_FRAMES; i++)
		assert_int_equal(0, identify_merge(&id,
		    slice_text("\x1a\x02/a\x32\x01z")));
	assert_int_equal(10, id.n_protocols);
	assert_int_equal(30, id.protocols.n);
	assert_int_equal(1, id.agent.n);
	assert_int_equal(-ERR_INVALID_INPUT, identify_merge(&id,
	    slice_text("\x1a\x02/a")));
	identify_free(&id);
}

static void
all_frames_together_are_at_most_64_kib(void ** state)
{
	struct identify id = {0};
	struct buffer frame = {0};
	size_t i;

	(void)state;
	buffer_append(&frame, "\x32", 1);
	buffer_uvarint(&frame, IDENTIFY_MAX - 4);
	for (i = 0; i < IDENTIFY_MAX - 4; i++)
		buffer_byte(&frame, 'a');
	assert_int_equal(IDENTIFY_MAX, frame.n);
	assert_int_equal(0, identify_merge(&id, buffer_all(&frame)));
	assert_int_equal(-ERR_INVALID_INPUT,
	    identify_merge(&id, slice_of("\x32\x00", 2)));
	identify_free(&id);
	buffer_free(&frame);
}

static void
more_than_1024_protocols_are_refused(void ** state)
{
	struct identify id = {0};
	struct buffer frame = {0};
	size_t i;

	(void)state;
	for (i = 0; i < IDENTIFY_PROTOCOLS; i++)
		buffer_append(&frame, "\x1a\x14/twenty/characters/x", 22);
	assert_int_equal(0, identify_merge(&id, buffer_all(&frame)));
	assert_int_equal(-ERR_INVALID_INPUT,
	    identify_merge(&id, slice_text("\x1a\x02/b")));
	identify_free(&id);
	buffer_free(&frame);
}

static void
a_malformed_frame_is_refused(void ** state)
{
	struct identify id = {0};

	(void)state;
	assert_int_equal(-ERR_DESERIALIZATION,
	    identify_merge(&id, slice_text("\x1a\x05/a")));
	identify_free(&id);
}

static void
who_lists_no_protocols_is_written_and_read(void ** state)
{
	struct peer nobody = {0};

	(void)state;
	assert_int_equal(1, round_trip(0, 10));
	assert_false(peer_speaks(&nobody, "/x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_small_message_is_one_frame_and_a_large_one_two),
		cmocka_unit_test(
		    ten_frames_are_merged_and_an_eleventh_is_refused),
		cmocka_unit_test(who_lists_no_protocols_is_written_and_read),
		cmocka_unit_test(all_frames_together_are_at_most_64_kib),
		cmocka_unit_test(more_than_1024_protocols_are_refused),
		cmocka_unit_test(a_malformed_frame_is_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
