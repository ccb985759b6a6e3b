/* What is merged within the limits can be written and read again. */
#include "fuzz/fuzz.h"
#include "p2p/frame.h"
#include "p2p/identify.h"

static int
merge(void * user, struct slice frame)
{
	return (identify_merge(user, frame));
}

static int
read_all(struct identify * id, struct slice bytes)
{
	struct frame_reader r = {.max = IDENTIFY_MAX};
	int status = frame_feed(&r, bytes, merge, id);

	frame_free(&r);
	return (status);
}

/* As a delta: what it makes of a list is a list within the limits. */
static void
change(struct slice frame)
{
	struct buffer names = {0};
	int status;

	buffer_append(&names, "/a\0/b", 6);
	status = identify_delta(&names, frame);
	FUZZ_CHECK(status <= 1);
	FUZZ_CHECK(status == 1 || names.n == 6);
	FUZZ_CHECK(names.n == 0 || names.p[names.n - 1] == 0);
	FUZZ_CHECK(names.n <= IDENTIFY_MAX);
	buffer_free(&names);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct identify id = {0}, again = {0};
	struct buffer out = {0};

	if (read_all(&id, slice_of(data, n)) == 0) {
		FUZZ_CHECK(id.bytes <= IDENTIFY_MAX);
		FUZZ_CHECK(id.n_protocols <= IDENTIFY_PROTOCOLS);
		identify_write(&out, &id);
		FUZZ_CHECK(read_all(&again, buffer_all(&out)) == 0);
		FUZZ_CHECK(slice_equal(buffer_all(&id.protocols),
		    buffer_all(&again.protocols)));
		FUZZ_CHECK(slice_equal(buffer_all(&id.addresses),
		    buffer_all(&again.addresses)));
	}
	change(slice_of(data, n));
	identify_free(&id);
	identify_free(&again);
	buffer_free(&out);
	return (0);
}
