/* Heads as JSON, and operations. */
#include "fuzz/fuzz.h"
#include "log/entry.h"

/* What reads is written so that it reads again, to the same CID. */
static int
each(void * user, struct slice element)
{
	struct buffer json = {0};
	struct entry e = {0}, back = {0};
	struct cid cid, hash;

	(void)user;
	if (entry_from_json(&e, &cid, element) == 0) {
		entry_to_json(&json, &e, &cid);
		FUZZ_CHECK(entry_from_json(&back, &hash,
		    buffer_all(&json)) == 0);
		FUZZ_CHECK(cid_equal(&cid, &hash));
	}
	entry_free(&e);
	entry_free(&back);
	buffer_free(&json);
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t size)
{
	struct buffer value = {0};

	(void)each(NULL, slice_of(data, size));
	(void)entries_each(slice_of(data, size), each, NULL);
	(void)operation_value(&value, slice_of(data, size));
	buffer_free(&value);
	return (0);
}
