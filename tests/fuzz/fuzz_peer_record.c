/* An envelope opens only when its signer signed it. */
#include "fuzz/fuzz.h"
#include "p2p/peer_record.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct peer_record record = {0};

	if (peer_record_open(&record, slice_of(data, n)) != 0)
		FUZZ_CHECK(record.addresses.p == NULL);
	else
		FUZZ_CHECK(record.n <= PEER_RECORD_ADDRESSES);
	peer_record_free(&record);
	return (0);
}
