/* Messages come out the same however their bytes were cut. */
#include "fuzz/fuzz.h"
#include "p2p/frame.h"

enum { LARGEST = 300 };

static int
note(void * user, struct slice message)
{
	FUZZ_CHECK(message.n <= LARGEST);
	buffer_uvarint(user, message.n);
	buffer_slice(user, message);
	return (0);
}

static int
feed(const uint8_t * data, size_t n, size_t piece, struct buffer * seen)
{
	struct frame_reader r = {.max = LARGEST};
	int status = 0;
	size_t at;

	for (at = 0; at < n && status == 0; at += piece)
		status = frame_feed(&r, slice_of(data + at,
		    n - at < piece ? n - at : piece), note, seen);
	frame_free(&r);
	return (status);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct buffer whole = {0}, cut = {0};

	FUZZ_CHECK(feed(data, n, n == 0 ? 1 : n, &whole) ==
	    feed(data, n, 3, &cut));
	FUZZ_CHECK(slice_equal(buffer_all(&whole), buffer_all(&cut)));
	buffer_free(&whole);
	buffer_free(&cut);
	return (0);
}
