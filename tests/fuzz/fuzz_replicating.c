/* Whatever is folded of an event 403 is within its limits, and so are its
 * addresses. */
#include "fuzz/fuzz.h"
#include "group/replicating.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct replicating r = {.payload = slice_of(data, n)};
	struct slice address;
	size_t at = 0, count = 0;

	if (!replicating_read(&r))
		return (0);
	FUZZ_CHECK(r.server.n > 0 && r.server.n <= REPLICATING_TEXT_MAX);
	FUZZ_CHECK(r.authentication_url.n <= REPLICATING_TEXT_MAX);
	FUZZ_CHECK(n <= REPLICATING_EVENT_MAX);
	while (replicating_address(&r, &at, &address)) {
		FUZZ_CHECK(address.n <= n);
		count++;
	}
	FUZZ_CHECK(count <= REPLICATING_ADDRESSES_MAX);
	return (0);
}
