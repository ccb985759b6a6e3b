/* A CID that is accepted keeps its bytes through its text. */
#include "codec/cid.h"
#include "fuzz/fuzz.h"

static void
check_text(const struct cid * cid)
{
	struct buffer text = {0};
	struct cid_parts parts;
	struct cid again;

	cid_encode(&text, cid);
	FUZZ_CHECK(cid_decode(&again, buffer_all(&text)) == 0);
	FUZZ_CHECK(cid_equal(cid, &again));
	cid_split(cid, &parts);
	FUZZ_CHECK(parts.version <= 1 && parts.digest.n <= 48);
	(void)cid_matches(cid, buffer_all(&text));
	buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct cid cid;
	size_t used;

	if (cid_parse(&cid, slice_of(data, n)) == 0) {
		FUZZ_CHECK(slice_equal(cid_slice(&cid), slice_of(data, n)));
		check_text(&cid);
	}
	if (cid_read(&cid, slice_of(data, n), &used) == 0) {
		FUZZ_CHECK(used == cid.n && used <= n);
		check_text(&cid);
	}
	if (cid_decode(&cid, slice_of(data, n)) == 0)
		check_text(&cid);
	return (0);
}
