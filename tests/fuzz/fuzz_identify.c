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
	identify_free(&id);
	identify_free(&again);
	buffer_free(&out);
	return (0);
}
