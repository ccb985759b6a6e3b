#include "base/reader.h"

void
reader_fail(struct reader * r)
{
	r->failed = true;
	r->n = 0;
}

struct slice
reader_take(struct reader * r, size_t n)
{
	struct slice s;

	if (n > r->n) {
		reader_fail(r);
		return (slice_of(NULL, 0));
	}
	s = slice_of(r->p, n);
	if (n > 0)
		r->p += n;
	r->n -= n;
	return (s);
}

static uint64_t
read_be(struct reader * r, size_t n)
{
	struct slice s = reader_take(r, n);
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return (v);
}

uint8_t
reader_byte(struct reader * r)
{
	return ((uint8_t)read_be(r, 1));
}

uint16_t
reader_be16(struct reader * r)
{
	return ((uint16_t)read_be(r, 2));
}

uint32_t
reader_be32(struct reader * r)
{
	return ((uint32_t)read_be(r, 4));
}

uint64_t
reader_be64(struct reader * r)
{
	return (read_be(r, 8));
}

uint64_t
reader_uvarint(struct reader * r)
{
	uint64_t v = 0;
	unsigned shift;
	uint8_t b;

	for (shift = 0; shift < 64; shift += 7) {
		b = reader_byte(r);
		if (r->failed)
			return (0);
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if ((b & 0x80) == 0) {
			if (b == 0 && shift > 0)
				break;
			return (v);
		}
	}
	reader_fail(r);
	return (0);
}

struct slice
reader_prefixed(struct reader * r, size_t max)
{
	uint64_t n = reader_uvarint(r);

	if (n > max || n > r->n) {
		reader_fail(r);
		return (slice_of(NULL, 0));
	}
	return (reader_take(r, (size_t)n));
}

struct slice
reader_rest(struct reader * r)
{
	return (reader_take(r, r->n));
}
