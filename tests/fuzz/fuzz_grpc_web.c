/* Base64 as gRPC-Web sends it: cut anywhere, it says the same. */
#include "server/grpc_web.h"

#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct grpc_web_text whole = {0}, cut = {0};
	struct buffer a = {0}, b = {0};
	bool good, same = true;
	size_t i;

	(void)grpc_web_form(slice_of(p, n));
	good = grpc_web_read_text(&whole, &a, slice_of(p, n));
	for (i = 0; i < n && same; i++)
		same = grpc_web_read_text(&cut, &b, slice_of(p + i, 1));
	FUZZ_CHECK(good == same);
	FUZZ_CHECK(slice_equal(buffer_all(&a), buffer_all(&b)));
	FUZZ_CHECK(a.n <= n / 4 * 3);
	buffer_free(&a);
	buffer_free(&b);
	return (0);
}
