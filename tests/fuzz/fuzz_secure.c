/* A channel opens what was sealed for it, however cut, and nothing else. */
#include "fuzz/fuzz.h"
#include "p2p/secure.h"

static void
start(struct secure * s)
{
	static const struct noise_keys keys = {.send = {1}, .receive = {1}};

	*s = (struct secure){0};
	secure_start(s, &keys);
}

/* Feed in pieces; opened bytes go to out.  The last status. */
static int
feed(struct slice bytes, size_t piece, struct buffer * out)
{
	struct secure s;
	struct slice in;
	int status = 0;
	size_t at;

	start(&s);
	for (at = 0; at < bytes.n && status >= 0; at += piece) {
		in = slice_of(bytes.p + at,
		    bytes.n - at < piece ? bytes.n - at : piece);
		do {
			status = secure_open(&s, &in, out);
		} while (status > 0);
		FUZZ_CHECK(status != 0 || in.n == 0);
	}
	secure_end(&s);
	return (status);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in = slice_of(data, n);
	struct buffer wire = {0}, out = {0};
	struct secure s;

	if (n == 0)
		return (0);
	FUZZ_CHECK(feed(in, n, &out) <= 0 && out.n == 0);
	FUZZ_CHECK(feed(in, 1, &out) <= 0 && out.n == 0);
	start(&s);
	secure_seal(&s, &wire, in);
	secure_end(&s);
	FUZZ_CHECK(feed(buffer_all(&wire), data[0] % 50 + 1, &out) == 0);
	FUZZ_CHECK(slice_equal(buffer_all(&out), in));
	wire.p[wire.n - 1] ^= 1;
	buffer_clear(&out);
	FUZZ_CHECK(feed(buffer_all(&wire), wire.n, &out) < 0);
	buffer_free(&wire);
	buffer_free(&out);
	return (0);
}
