#include "codec/der.h"

/* Bytes of a long length that are read: 16 MiB is far above all budgets. */
#define LENGTH_BYTES 3

static size_t
take_length(struct reader * r)
{
	size_t n = reader_byte(r), left, length = 0;

	if (n < 0x80)
		return (n);
	left = n & 0x7f;
	if (left == 0 || left > LENGTH_BYTES) {
		reader_fail(r);
		return (0);
	}
	for (n = left; n > 0; n--)
		length = length << 8 | reader_byte(r);
	/* Of several forms of a length only the shortest is DER. */
	if (length < 0x80 || (left > 1 && length >> (8 * (left - 1)) == 0))
		reader_fail(r);
	return (length);
}

struct slice
der_take(struct reader * r, uint8_t tag)
{
	size_t length;

	if (reader_byte(r) != tag)
		reader_fail(r);
	length = take_length(r);
	if (r->failed)
		return (slice_of(NULL, 0));
	return (reader_take(r, length));
}

struct slice
der_take_whole(struct reader * r, uint8_t tag)
{
	const uint8_t * start = r->p;
	size_t n = r->n;

	(void)der_take(r, tag);
	if (r->failed)
		return (slice_of(NULL, 0));
	return (slice_of(start, n - r->n));
}

bool
der_next_is(const struct reader * r, uint8_t tag)
{
	return (!r->failed && r->n > 0 && r->p[0] == tag);
}
