/* What is accepted is canonical: written again, it has the same bytes. */
#include "codec/cbor.h"
#include "fuzz/fuzz.h"

/* False when the item is of a kind that we never write. */
static bool
write_again(struct buffer * out, struct reader * r)
{
	struct cbor_item item;
	struct cid cid;
	uint64_t i, n;

	cbor_read(r, &item);
	n = item.number;
	switch (item.type) {
	case CBOR_UINT:
		cbor_uint(out, n);
		return (true);
	case CBOR_BYTES:
		cbor_bytes(out, item.bytes);
		return (true);
	case CBOR_TEXT:
		cbor_text(out, item.bytes);
		return (true);
	case CBOR_NULL:
		cbor_null(out);
		return (true);
	case CBOR_LINK:
		FUZZ_CHECK(cid_parse(&cid, item.bytes) == 0);
		cbor_link(out, &cid);
		return (true);
	case CBOR_ARRAY:
		cbor_array(out, n);
		break;
	case CBOR_MAP:
		cbor_map(out, n);
		n *= 2;
		break;
	case CBOR_NEGATIVE:
	case CBOR_FALSE:
	case CBOR_TRUE:
	case CBOR_FLOAT:
	default:
		return (false);
	}
	for (i = 0; i < n; i++)
		if (!write_again(out, r))
			return (false);
	return (true);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in = slice_of(data, n);
	struct reader r = reader_of(in);
	struct buffer out = {0};

	if (cbor_valid(in) && write_again(&out, &r))
		FUZZ_CHECK(slice_equal(buffer_all(&out), in));
	buffer_free(&out);
	return (0);
}
