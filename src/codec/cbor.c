#include "codec/cbor.h"

#include "base/error.h"

/* Major types, in the three high bits of the head. */
enum { MAJOR_UINT, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY,
	MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };

enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22,
	SIMPLE_FLOAT64 = 27 };

enum { TAG_LINK = 42 };

/* The number in a head, in its shortest form only. */
static uint64_t
read_number(struct reader * r, unsigned info)
{
	uint64_t v, least;

	switch (info) {
	case 24:
		v = reader_byte(r);
		least = 24;
		break;
	case 25:
		v = reader_be16(r);
		least = 0x100;
		break;
	case 26:
		v = reader_be32(r);
		least = 0x10000;
		break;
	case 27:
		v = reader_be64(r);
		least = 0x100000000;
		break;
	default:
		v = info;
		least = 0;
		if (info > 23)
			reader_fail(r);
	}
	if (v < least)
		reader_fail(r);
	return (v);
}

static struct slice
take(struct reader * r, uint64_t n)
{
	if (n > r->n)
		reader_fail(r);
	return (reader_take(r, r->failed ? 0 : (size_t)n));
}

static void
read_simple(struct reader * r, unsigned info, struct cbor_item * item)
{
	switch (info) {
	case SIMPLE_FALSE:
		item->type = CBOR_FALSE;
		break;
	case SIMPLE_TRUE:
		item->type = CBOR_TRUE;
		break;
	case SIMPLE_NULL:
		item->type = CBOR_NULL;
		break;
	case SIMPLE_FLOAT64:
		item->type = CBOR_FLOAT;
		item->number = reader_be64(r);
		/* An exponent of all ones: infinity, or not a number. */
		if ((item->number >> 52 & 0x7ff) == 0x7ff)
			reader_fail(r);
		break;
	default:
		reader_fail(r);
	}
}

static void
read_link(struct reader * r, unsigned info, struct cbor_item * item)
{
	struct cid cid;
	uint8_t head;

	item->type = CBOR_LINK;
	if (read_number(r, info) != TAG_LINK)
		reader_fail(r);
	head = reader_byte(r);
	if (head >> 5 != MAJOR_BYTES)
		reader_fail(r);
	item->bytes = take(r, read_number(r, head & 0x1f));
	/* The 00 is the multibase prefix of binary. */
	if (item->bytes.n == 0 || item->bytes.p[0] != 0) {
		reader_fail(r);
		return;
	}
	item->bytes = slice_of(item->bytes.p + 1, item->bytes.n - 1);
	if (cid_parse(&cid, item->bytes) != 0)
		reader_fail(r);
}

static void
read_item(struct reader * r, struct cbor_item * item)
{
	uint8_t head = reader_byte(r);
	unsigned info = head & 0x1f;

	switch (head >> 5) {
	case MAJOR_UINT:
		item->type = CBOR_UINT;
		item->number = read_number(r, info);
		break;
	case MAJOR_NEGATIVE:
		item->type = CBOR_NEGATIVE;
		item->number = read_number(r, info);
		break;
	case MAJOR_BYTES:
		item->type = CBOR_BYTES;
		item->bytes = take(r, read_number(r, info));
		break;
	case MAJOR_TEXT:
		/* Not checked for UTF-8: logs carry bytes as text. */
		item->type = CBOR_TEXT;
		item->bytes = take(r, read_number(r, info));
		break;
	case MAJOR_ARRAY:
		item->type = CBOR_ARRAY;
		item->number = read_number(r, info);
		if (item->number > r->n)
			reader_fail(r);
		break;
	case MAJOR_MAP:
		item->type = CBOR_MAP;
		item->number = read_number(r, info);
		if (item->number > r->n / 2)
			reader_fail(r);
		break;
	case MAJOR_TAG:
		read_link(r, info, item);
		break;
	default:
		read_simple(r, info, item);
	}
}

void
cbor_read(struct reader * r, struct cbor_item * item)
{
	*item = (struct cbor_item){.type = CBOR_NULL};
	if (!r->failed)
		read_item(r, item);
	if (r->failed)
		*item = (struct cbor_item){.type = CBOR_NULL};
}

/* Canonical order of keys: shorter first, then by bytes; never twice. */
static bool
key_follows(struct slice last, struct slice key)
{
	return (key.n > last.n ||
	    (key.n == last.n && slice_compare(last, key) < 0));
}

static void skip_item(struct reader * r, unsigned depth, unsigned * items);

static void
skip_map(struct reader * r, uint64_t n, unsigned depth, unsigned * items)
{
	struct slice key, last = {NULL, 0};
	uint64_t i;

	for (i = 0; i < n && !r->failed; i++) {
		key = cbor_read_text(r);
		if (i > 0 && !key_follows(last, key))
			reader_fail(r);
		last = key;
		skip_item(r, depth, items);
	}
}

static void
skip_item(struct reader * r, unsigned depth, unsigned * items)
{
	struct cbor_item item;
	uint64_t i;

	cbor_read(r, &item);
	if (++*items > CBOR_ITEMS)
		reader_fail(r);
	if (item.type != CBOR_ARRAY && item.type != CBOR_MAP)
		return;
	if (depth == CBOR_DEPTH)
		reader_fail(r);
	if (item.type == CBOR_MAP) {
		skip_map(r, item.number, depth + 1, items);
		return;
	}
	for (i = 0; i < item.number && !r->failed; i++)
		skip_item(r, depth + 1, items);
}

void
cbor_skip(struct reader * r)
{
	unsigned items = 0;

	skip_item(r, 0, &items);
}

/* The next item, which must be of the type. */
static struct cbor_item
read_typed(struct reader * r, enum cbor_type type)
{
	struct cbor_item item;

	cbor_read(r, &item);
	if (item.type != type) {
		reader_fail(r);
		item = (struct cbor_item){.type = CBOR_NULL};
	}
	return (item);
}

uint64_t
cbor_read_uint(struct reader * r)
{
	return (read_typed(r, CBOR_UINT).number);
}

struct slice
cbor_read_text(struct reader * r)
{
	return (read_typed(r, CBOR_TEXT).bytes);
}

uint64_t
cbor_read_array(struct reader * r)
{
	return (read_typed(r, CBOR_ARRAY).number);
}

uint64_t
cbor_read_map(struct reader * r)
{
	return (read_typed(r, CBOR_MAP).number);
}

void
cbor_read_link(struct reader * r, struct cid * cid)
{
	if (cid_parse(cid, read_typed(r, CBOR_LINK).bytes) != 0) {
		cid->n = 0;
		reader_fail(r);
	}
}

bool
cbor_valid(struct slice bytes)
{
	struct reader r = reader_of(bytes);

	cbor_skip(&r);
	return (reader_done(&r));
}

static void
write_head(struct buffer * b, unsigned major, uint64_t v)
{
	uint8_t high = (uint8_t)(major << 5);

	if (v < 24)
		buffer_byte(b, (uint8_t)(high | v));
	else if (v <= 0xff) {
		buffer_byte(b, high | 24);
		buffer_byte(b, (uint8_t)v);
	} else if (v <= 0xffff) {
		buffer_byte(b, high | 25);
		buffer_be16(b, (uint16_t)v);
	} else if (v <= 0xffffffff) {
		buffer_byte(b, high | 26);
		buffer_be32(b, (uint32_t)v);
	} else {
		buffer_byte(b, high | 27);
		buffer_be64(b, v);
	}
}

void
cbor_uint(struct buffer * b, uint64_t v)
{
	write_head(b, MAJOR_UINT, v);
}

void
cbor_bytes(struct buffer * b, struct slice s)
{
	write_head(b, MAJOR_BYTES, s.n);
	buffer_slice(b, s);
}

void
cbor_text(struct buffer * b, struct slice s)
{
	write_head(b, MAJOR_TEXT, s.n);
	buffer_slice(b, s);
}

void
cbor_array(struct buffer * b, uint64_t n)
{
	write_head(b, MAJOR_ARRAY, n);
}

void
cbor_map(struct buffer * b, uint64_t n)
{
	write_head(b, MAJOR_MAP, n);
}

void
cbor_null(struct buffer * b)
{
	buffer_byte(b, MAJOR_SIMPLE << 5 | SIMPLE_NULL);
}

void
cbor_link(struct buffer * b, const struct cid * cid)
{
	write_head(b, MAJOR_TAG, TAG_LINK);
	write_head(b, MAJOR_BYTES, (uint64_t)cid->n + 1);
	buffer_byte(b, 0);
	buffer_slice(b, cid_slice(cid));
}
