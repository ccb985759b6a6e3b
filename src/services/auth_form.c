#include "services/auth_form.h"

static bool
is_unreserved(uint8_t c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == '~');
}

void
auth_form_escape(struct buffer * out, struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (is_unreserved(text.p[i]))
			buffer_byte(out, text.p[i]);
		else if (text.p[i] == ' ')
			buffer_byte(out, '+');
		else
			buffer_printf(out, "%%%02X", text.p[i]);
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* Append without escapes; false, and out as it was, when one is malformed. */
static bool
unescape(struct buffer * out, struct slice in)
{
	size_t i, before = out->n;

	for (i = 0; i < in.n; i++) {
		int high, low;

		if (in.p[i] == '+')
			buffer_byte(out, ' ');
		else if (in.p[i] != '%')
			buffer_byte(out, in.p[i]);
		else if (in.n - i > 2 && (high = digit(in.p[i + 1])) >= 0 &&
		    (low = digit(in.p[i + 2])) >= 0) {
			buffer_byte(out, (uint8_t)(high << 4 | low));
			i += 2;
		} else {
			out->n = before;
			return (false);
		}
	}
	return (true);
}

static bool
is_name(struct slice escaped, const char * name)
{
	struct buffer plain = {0};
	bool same;

	same = unescape(&plain, escaped) &&
	    slice_equal(buffer_all(&plain), slice_text(name));
	buffer_free(&plain);
	return (same);
}

static struct slice
take_until(struct slice * rest, uint8_t end)
{
	const uint8_t * at = rest->n == 0 ? NULL
	    : memchr(rest->p, end, rest->n);
	struct slice part = *rest;

	if (at == NULL)
		*rest = (struct slice){0};
	else {
		part.n = (size_t)(at - rest->p);
		*rest = slice_of(at + 1, rest->n - part.n - 1);
	}
	return (part);
}

bool
auth_form_get(struct buffer * out, struct slice form, const char * name)
{
	while (form.n > 0) {
		struct slice value = take_until(&form, '&');
		struct slice key;

		if (value.n > 0 && memchr(value.p, ';', value.n) != NULL)
			continue;
		key = take_until(&value, '=');
		if (is_name(key, name) && unescape(out, value))
			return (true);
	}
	return (false);
}

struct slice
auth_form_query(struct slice url)
{
	struct slice rest = take_until(&url, '#');

	(void)take_until(&rest, '?');
	return (rest);
}

void
auth_form_html(struct buffer * out, struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		switch (text.p[i]) {
		case '&':
			buffer_text(out, "&amp;");
			break;
		case '<':
			buffer_text(out, "&lt;");
			break;
		case '>':
			buffer_text(out, "&gt;");
			break;
		case '"':
			buffer_text(out, "&quot;");
			break;
		case '\'':
			buffer_text(out, "&#39;");
			break;
		default:
			buffer_byte(out, text.p[i]);
		}
}
