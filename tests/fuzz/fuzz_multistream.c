/* Whatever comes, negotiation ends or waits, and pieces do not matter. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "p2p/multistream.h"

static const char * const offers[] = {"/a", "/b", NULL};

static bool
speaks(void * user, const char * protocol)
{
	(void)user;
	return (strcmp(protocol, "/a") == 0);
}

static int
feed(bool dialer, const uint8_t * data, size_t n, size_t piece,
    struct buffer * out)
{
	struct multistream * m = dialer ? multistream_dial(offers, out) :
	    multistream_listen(speaks, NULL);
	struct slice in;
	int status = 0;
	size_t at;

	FUZZ_CHECK(m != NULL);
	for (at = 0; at < n && status == 0; at += piece) {
		in = slice_of(data + at, n - at < piece ? n - at : piece);
		status = multistream_feed(m, &in, out);
		FUZZ_CHECK(status != 0 || in.n == 0);
	}
	FUZZ_CHECK((status == 1) == (multistream_protocol(m) != NULL));
	multistream_free(m);
	return (status);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct buffer whole = {0}, bytes = {0};
	bool dialer = n > 0 && (data[0] & 1) != 0;

	if (n == 0)
		return (0);
	FUZZ_CHECK(feed(dialer, data + 1, n - 1, n, &whole) ==
	    feed(dialer, data + 1, n - 1, 1, &bytes));
	FUZZ_CHECK(slice_equal(buffer_all(&whole), buffer_all(&bytes)));
	buffer_free(&whole);
	buffer_free(&bytes);
	return (0);
}
