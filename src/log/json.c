#include "log/json.h"

static void
skip_space(struct reader * r)
{
	while (r->n > 0 && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' ||
	    *r->p == '\r'))
		(void)reader_byte(r);
}

/* The next byte that is no white space, not consumed; 0 at the end. */
static uint8_t
peek(struct reader * r)
{
	skip_space(r);
	return (r->n > 0 ? *r->p : 0);
}

static void
expect(struct reader * r, uint8_t c)
{
	if (peek(r) != c)
		reader_fail(r);
	else
		(void)reader_byte(r);
}

/* The bytes between the quotes of a text, still escaped. */
static struct slice
raw_text(struct reader * r)
{
	struct slice s;
	const uint8_t * start;
	uint8_t c;

	expect(r, '"');
	start = r->p;
	for (;;) {
		c = reader_byte(r);
		if (c < 0x20)
			reader_fail(r);
		if (r->failed)
			return (slice_of(NULL, 0));
		if (c == '"')
			break;
		if (c == '\\')
			(void)reader_byte(r);
	}
	s = slice_of(start, (size_t)(r->p - start) - 1);
	return (s);
}

/* Step to the next thing of a list that ends with `close`. */
static bool
step(struct reader * r, bool * first, uint8_t open, uint8_t close)
{
	if (*first)
		expect(r, open);
	if (r->failed)
		return (false);
	if (peek(r) == close) {
		(void)reader_byte(r);
		return (false);
	}
	if (!*first) {
		expect(r, ',');
		if (peek(r) == close)
			reader_fail(r);
	}
	*first = false;
	return (!r->failed);
}

bool
json_member(struct reader * r, bool * first, struct slice * key)
{
	if (!step(r, first, '{', '}'))
		return (false);
	*key = raw_text(r);
	expect(r, ':');
	return (!r->failed);
}

bool
json_element(struct reader * r, bool * first)
{
	return (step(r, first, '[', ']'));
}

static bool
word(struct reader * r, const char * text)
{
	size_t n = strlen(text);

	skip_space(r);
	if (r->n < n || memcmp(r->p, text, n) != 0)
		return (false);
	(void)reader_take(r, n);
	return (true);
}

bool
json_null(struct reader * r)
{
	return (word(r, "null"));
}

static uint32_t
read_hex4(struct reader * r)
{
	uint32_t v = 0;
	unsigned i;
	uint8_t c;

	for (i = 0; i < 4; i++) {
		c = reader_byte(r);
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			reader_fail(r);
	}
	return (v);
}

static void
append_utf8(struct buffer * out, uint32_t v)
{
	if (v < 0x80) {
		buffer_byte(out, (uint8_t)v);
		return;
	}
	if (v < 0x800) {
		buffer_byte(out, (uint8_t)(0xc0 | v >> 6));
	} else {
		if (v < 0x10000) {
			buffer_byte(out, (uint8_t)(0xe0 | v >> 12));
		} else {
			buffer_byte(out, (uint8_t)(0xf0 | v >> 18));
			buffer_byte(out, (uint8_t)(0x80 | (v >> 12 & 0x3f)));
		}
		buffer_byte(out, (uint8_t)(0x80 | (v >> 6 & 0x3f)));
	}
	buffer_byte(out, (uint8_t)(0x80 | (v & 0x3f)));
}

/* What follows `\u`: a code point, or half of one with its other half. */
static void
unescape_unicode(struct reader * r, struct buffer * out)
{
	uint32_t v = read_hex4(r), low;
	struct reader ahead;

	if (v >= 0xd800 && v < 0xdc00 && r->n >= 6 && r->p[0] == '\\' &&
	    r->p[1] == 'u') {
		ahead = reader_of(slice_of(r->p + 2, 4));
		low = read_hex4(&ahead);
		if (!ahead.failed && low >= 0xdc00 && low < 0xe000) {
			(void)reader_take(r, 6);
			v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	if (v >= 0xd800 && v < 0xe000)
		v = 0xfffd;
	append_utf8(out, v);
}

static void
unescape(struct reader * r, struct buffer * out)
{
	static const char codes[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	uint8_t c = reader_byte(r);
	const char * at;

	if (c == 'u')
		unescape_unicode(r, out);
	else if (c != '\0' && (at = strchr(codes, c)) != NULL)
		buffer_byte(out, (uint8_t)values[at - codes]);
	else
		reader_fail(r);
}

void
json_text(struct reader * r, struct buffer * out)
{
	struct reader t = reader_of(raw_text(r));
	const uint8_t * end;

	while (t.n > 0 && !t.failed) {
		if ((end = memchr(t.p, '\\', t.n)) == NULL)
			end = t.p + t.n;
		buffer_slice(out, reader_take(&t, (size_t)(end - t.p)));
		if (t.n > 0) {
			(void)reader_byte(&t);
			unescape(&t, out);
		}
	}
	if (t.failed)
		reader_fail(r);
}

uint64_t
json_uint(struct reader * r)
{
	uint64_t v = 0;
	unsigned digits = 0, digit;

	skip_space(r);
	for (; r->n > 0 && *r->p >= '0' && *r->p <= '9'; digits++) {
		digit = (unsigned)(reader_byte(r) - '0');
		if (v > (UINT64_MAX - digit) / 10 || (digits > 0 && v == 0)) {
			reader_fail(r);
			return (0);
		}
		v = v * 10 + digit;
	}
	if (digits == 0)
		reader_fail(r);
	return (r->failed ? 0 : v);
}

/* A number is not looked at: nothing that is kept holds one so skipped. */
static void
skip_number(struct reader * r)
{
	size_t n = 0;

	while (n < r->n && r->p[n] != '\0' &&
	    strchr("+-.0123456789eE", r->p[n]) != NULL)
		n++;
	if (n == 0)
		reader_fail(r);
	(void)reader_take(r, r->failed ? 0 : n);
}

static void
skip_value(struct reader * r, unsigned depth)
{
	struct slice key;
	bool first = true;

	if (depth == JSON_DEPTH) {
		reader_fail(r);
		return;
	}
	switch (peek(r)) {
	case '{':
		while (json_member(r, &first, &key))
			skip_value(r, depth + 1);
		break;
	case '[':
		while (json_element(r, &first))
			skip_value(r, depth + 1);
		break;
	case '"':
		(void)raw_text(r);
		break;
	default:
		if (!word(r, "null") && !word(r, "true") && !word(r, "false"))
			skip_number(r);
	}
}

struct slice
json_skip(struct reader * r)
{
	const uint8_t * start;

	skip_space(r);
	start = r->p;
	skip_value(r, 0);
	return (r->failed ? slice_of(NULL, 0) :
	    slice_of(start, (size_t)(r->p - start)));
}

bool
json_done(struct reader * r)
{
	skip_space(r);
	return (reader_done(r));
}
