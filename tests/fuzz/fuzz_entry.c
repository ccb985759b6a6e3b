/* Blocks of entries: what decodes encodes to the same bytes. */
#include "fuzz/fuzz.h"
#include "log/entry.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t size)
{
	struct buffer again = {0}, message = {0}, value = {0};
	struct entry e = {0};

	if (entry_decode(&e, slice_of(data, size)) == 0) {
		entry_encode(&again, &e);
		FUZZ_CHECK(slice_equal(buffer_all(&again),
		    slice_of(data, size)));
		entry_signed_bytes(&message, &e);
		(void)operation_value(&value, e.payload);
	}
	entry_free(&e);
	buffer_free(&again);
	buffer_free(&message);
	buffer_free(&value);
	return (0);
}
