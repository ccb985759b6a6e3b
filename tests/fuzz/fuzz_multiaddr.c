/* Bytes give a text that gives the bytes; so does an input taken as text. */
#include "codec/multiaddr.h"
#include "fuzz/fuzz.h"

static void
check_bytes(struct slice bytes)
{
	struct buffer text = {0}, again = {0};
	struct multiaddr_tcp tcp;

	(void)multiaddr_is_private(bytes);
	if (!multiaddr_valid(bytes)) {
		FUZZ_CHECK(multiaddr_encode(&text, bytes) != 0 && text.n == 0);
		return;
	}
	FUZZ_CHECK(multiaddr_encode(&text, bytes) == 0);
	/* Slashes at the end of a path are no part of it. */
	if (text.p[text.n - 1] != '/') {
		FUZZ_CHECK(multiaddr_decode(&again, buffer_all(&text)) == 0);
		FUZZ_CHECK(slice_equal(buffer_all(&again), bytes));
	}
	if (multiaddr_to_tcp(bytes, &tcp) == 0) {
		buffer_clear(&again);
		multiaddr_from_tcp(&again, &tcp);
		FUZZ_CHECK(slice_equal(buffer_all(&again), bytes));
	}
	buffer_free(&again);
	buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct buffer bytes = {0};

	check_bytes(slice_of(data, n));
	if (multiaddr_decode(&bytes, slice_of(data, n)) == 0) {
		FUZZ_CHECK(multiaddr_valid(buffer_all(&bytes)));
		check_bytes(buffer_all(&bytes));
	}
	buffer_free(&bytes);
	return (0);
}
