#include "log/json.h"

/*
 * How many bytes of UTF-8 stand at the front, 0 when they are none: no
 * surrogates, no longer form than needed, nothing above U+10FFFF.
 */
static size_t
utf8_length(struct slice s)
{
	uint8_t c = s.p[0], low = 0x80, high = 0xbf;
	size_t n, i;

	if (c < 0x80)
		return (1);
	if (c < 0xc2 || c > 0xf4)
		return (0);
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s.n < n || s.p[1] < low || s.p[1] > high)
		return (0);
	for (i = 2; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return (0);
	return (n);
}

/* The short form of a control character, or 0. */
static char
short_form(uint8_t c)
{
	switch (c) {
	case '\b':
		return ('b');
	case '\f':
		return ('f');
	case '\n':
		return ('n');
	case '\r':
		return ('r');
	case '\t':
		return ('t');
	default:
		return ('\0');
	}
}

static void
quote_ascii(struct buffer * out, uint8_t c)
{
	char form = short_form(c);

	if (c == '"' || c == '\\') {
		buffer_byte(out, '\\');
		buffer_byte(out, c);
	} else if (form != '\0') {
		buffer_byte(out, '\\');
		buffer_byte(out, (uint8_t)form);
	} else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
		buffer_printf(out, "\\u%04x", c);
	} else {
		buffer_byte(out, c);
	}
}

static bool
is_plain(uint8_t c)
{
	return (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' &&
	    c != '>' && c != '&');
}

/* The character at the front; how many bytes it took. */
static size_t
quote_one(struct buffer * out, struct slice s)
{
	size_t n = utf8_length(s);

	if (n == 0) {
		buffer_text(out, "\\ufffd");
		return (1);
	}
	if (n == 1)
		quote_ascii(out, s.p[0]);
	else if (n == 3 && memcmp(s.p, "\xe2\x80\xa8", 3) == 0)
		buffer_text(out, "\\u2028");
	else if (n == 3 && memcmp(s.p, "\xe2\x80\xa9", 3) == 0)
		buffer_text(out, "\\u2029");
	else
		buffer_append(out, s.p, n);
	return (n);
}

void
json_quote(struct buffer * out, struct slice text)
{
	size_t at = 0, plain;

	buffer_byte(out, '"');
	while (at < text.n) {
		for (plain = at; plain < text.n && is_plain(text.p[plain]);)
			plain++;
		buffer_append(out, text.p + at, plain - at);
		at = plain;
		if (at < text.n)
			at += quote_one(out,
			    slice_of(text.p + at, text.n - at));
	}
	buffer_byte(out, '"');
}
