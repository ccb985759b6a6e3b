/* A setting that can be read is within the limits, and is written the same. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "group/setting.h"

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct buffer out = {0};
	struct setting s, again;

	if (setting_decode(&s, slice_of(data, n)) != 0)
		return (0);
	FUZZ_CHECK(s.key.n > 0 && s.key.n <= SETTING_KEY_MAX);
	FUZZ_CHECK(s.value.n <= SETTING_VALUE_MAX);
	FUZZ_CHECK(setting_encode(&out, &s) == 0);
	FUZZ_CHECK(out.failed ||
	    setting_decode(&again, buffer_all(&out)) == 0);
	FUZZ_CHECK(out.failed || (again.type == s.type &&
	    slice_equal(again.key, s.key) &&
	    slice_equal(again.value, s.value)));
	buffer_free(&out);
	return (0);
}
