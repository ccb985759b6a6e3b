/* A disclosure of an alias that can be read proves nothing of a key that it was
 * not made with, and reading it never fails in another way. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "group/alias.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	static const uint8_t group_pk[32] = {1}, member_pk[32] = {2};
	static const uint8_t seed[32] = {3};
	struct ed25519_key other;
	struct alias_claim claim;
	uint8_t alias_pk[32] = {0};

	if (alias_claim_read(&claim, slice_of(data, n)) != 0)
		return (0);
	ed25519_from_seed(&other, seed);
	FUZZ_CHECK(alias_claim_check(&claim, other.pub, group_pk,
	    member_pk) == ALIAS_NOTHING);
	memcpy(alias_pk, data, n < 32 ? n : 32);
	(void)alias_claim_check(&claim, alias_pk, group_pk, member_pk);
	return (0);
}
