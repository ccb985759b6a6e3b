/* A group that can be read is written in a form that reads the same; its
 * derived values never fail. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "group/group_keys.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct buffer once = {0}, twice = {0};
	struct group_info g, again, filtered;

	if (group_info_decode(&g, slice_of(data, n)) != 0)
		return (0);
	group_info_encode(&once, &g);
	FUZZ_CHECK(group_info_decode(&again, buffer_all(&once)) == 0);
	group_info_encode(&twice, &again);
	FUZZ_CHECK(slice_equal(buffer_all(&once), buffer_all(&twice)));
	(void)group_verify(&g);
	group_filter(&filtered, &g);
	FUZZ_CHECK(!filtered.has_secret && !filtered.has_secret_sig);
	buffer_free(&once);
	buffer_free(&twice);
	return (0);
}
