/* The first bytes say what to read from the rest; nothing runs past its end. */
#include "base/reader.h"
#include "fuzz/fuzz.h"

static void
read_one(struct reader * r, uint8_t op)
{
	switch (op & 7) {
	case 0:
		(void)reader_byte(r);
		break;
	case 1:
		(void)reader_be16(r);
		break;
	case 2:
		(void)reader_be32(r);
		break;
	case 3:
		(void)reader_be64(r);
		break;
	case 4:
		(void)reader_uvarint(r);
		break;
	case 5:
		(void)reader_take(r, op >> 3);
		break;
	case 6:
		(void)reader_prefixed(r, op);
		break;
	default:
		if (op > 0xf0)
			(void)reader_rest(r);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	size_t ops = n < 8 ? n : 8, i, before;
	struct reader r = reader_of(slice_of(data + ops, n - ops));

	for (i = 0; i < ops; i++) {
		before = r.n;
		read_one(&r, data[i]);
		FUZZ_CHECK(r.n <= before);
		FUZZ_CHECK(!r.failed || r.n == 0);
	}
	return (0);
}
