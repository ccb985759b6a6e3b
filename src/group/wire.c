#include "group/wire.h"

#include "base/error.h"

/*
 * A varint as protobuf takes it: at most ten bytes, and longer forms than
 * needed are fine, which reader_uvarint refuses.
 */
static uint64_t
read_varint(struct reader * r)
{
	uint64_t v = 0;
	unsigned shift;
	uint8_t b;

	for (shift = 0; shift < 70; shift += 7) {
		b = reader_byte(r);
		if (r->failed)
			return (0);
		if (shift < 63 || b <= 1)
			v |= (uint64_t)(b & 0x7f) << shift;
		else
			break;
		if (b < 0x80)
			return (v);
	}
	reader_fail(r);
	return (0);
}

static uint64_t
read_little_endian(struct reader * r, unsigned n)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		v |= (uint64_t)reader_byte(r) << (8 * i);
	return (v);
}

bool
wire_next(struct reader * r, struct wire_field * f)
{
	uint64_t key, n;

	if (r->failed || r->n == 0)
		return (false);
	key = read_varint(r);
	*f = (struct wire_field){.number = key >> 3, .type = key & 7};
	if (f->number == 0 || f->number > 0x1fffffff)
		reader_fail(r);
	switch (f->type) {
	case WIRE_VARINT:
		f->value = read_varint(r);
		break;
	case WIRE_FIXED64:
		f->value = read_little_endian(r, 8);
		break;
	case WIRE_FIXED32:
		f->value = read_little_endian(r, 4);
		break;
	case WIRE_BYTES:
		n = read_varint(r);
		if (n > r->n)
			reader_fail(r);
		else
			f->bytes = reader_take(r, (size_t)n);
		break;
	default:
		reader_fail(r);
	}
	return (!r->failed);
}

int
wire_find(struct slice message, uint64_t number, struct slice * bytes)
{
	struct reader r = reader_of(message);
	struct slice found = {NULL, 0};
	struct wire_field f;

	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, number))
			found = f.bytes;
	if (r.failed)
		return (-ERR_DESERIALIZATION);
	*bytes = found;
	return (0);
}

bool
wire_copy(uint8_t * to, size_t n, struct slice bytes)
{
	if (bytes.n != n)
		return (false);
	memcpy(to, bytes.p, n);
	return (true);
}

void
wire_put_message(struct buffer * out, unsigned number, struct slice message)
{
	buffer_uvarint(out, (uint64_t)number << 3 | WIRE_BYTES);
	buffer_uvarint(out, message.n);
	buffer_slice(out, message);
}

void
wire_put_bytes(struct buffer * out, unsigned number, struct slice bytes)
{
	if (bytes.n > 0)
		wire_put_message(out, number, bytes);
}

void
wire_put_varint(struct buffer * out, unsigned number, uint64_t value)
{
	if (value == 0)
		return;
	buffer_uvarint(out, (uint64_t)number << 3 | WIRE_VARINT);
	buffer_uvarint(out, value);
}

void
wire_put_fixed64(struct buffer * out, unsigned number, uint64_t value)
{
	unsigned i;

	if (value == 0)
		return;
	buffer_uvarint(out, (uint64_t)number << 3 | WIRE_FIXED64);
	for (i = 0; i < 8; i++)
		buffer_byte(out, (uint8_t)(value >> (8 * i)));
}
