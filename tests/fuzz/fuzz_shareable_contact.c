/* A contact that reads is written and read again to the same. */
#include "contact/handshake.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct shareable_contact c, again;
	struct buffer out = {0};

	if (shareable_contact_decode(&c, slice_of(data, n), true, true) != 0)
		return (0);
	shareable_contact_encode(&out, &c);
	FUZZ_CHECK(out.n <= n);
	FUZZ_CHECK(shareable_contact_decode(&again, buffer_all(&out), true,
	    true) == 0);
	FUZZ_CHECK(again.has_pk == c.has_pk && again.has_seed == c.has_seed);
	FUZZ_CHECK(slice_equal(again.metadata, c.metadata));
	buffer_free(&out);
	return (0);
}
