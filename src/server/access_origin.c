#include "server/access_origin.h"

static uint8_t
lower(uint8_t c)
{
	return (c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
}

static bool
is_letter(uint8_t c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool
is_digit(uint8_t c)
{
	return (c >= '0' && c <= '9');
}

/* How long the scheme is, without the `://` behind it; 0: there is none. */
static size_t
scheme_size(struct slice s)
{
	size_t n = 0;

	while (n < s.n && (is_letter(s.p[n]) || (n > 0 && (is_digit(s.p[n]) ||
	    s.p[n] == '+' || s.p[n] == '-' || s.p[n] == '.'))))
		n++;
	return (s.n - n >= 3 && memcmp(s.p + n, "://", 3) == 0 ? n : 0);
}

/* How long the host is: a name, an IPv4 address, or [IPv6]; 0: none. */
static size_t
host_size(struct slice s)
{
	size_t n = 0;

	if (s.n > 0 && s.p[0] == '[') {
		for (n = 1; n < s.n && (is_digit(s.p[n]) || s.p[n] == ':' ||
		    s.p[n] == '.' || (lower(s.p[n]) >= 'a' &&
		    lower(s.p[n]) <= 'f')); n++)
			continue;
		return (n > 2 && n < s.n && s.p[n] == ']' ? n + 1 : 0);
	}
	while (n < s.n && (is_letter(s.p[n]) || is_digit(s.p[n]) ||
	    s.p[n] == '-' || s.p[n] == '.' || s.p[n] == '_'))
		n++;
	return (n);
}

/* `:PORT` or nothing; -1: neither, 0: none. */
static long
read_port(struct slice s)
{
	long port = 0;
	size_t i;

	if (s.n == 0)
		return (0);
	if (s.p[0] != ':' || s.n < 2 || s.n > 6)
		return (-1);
	for (i = 1; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return (-1);
		port = port * 10 + (s.p[i] - '0');
	}
	return (port > 0 && port <= 65535 ? port : -1);
}

static void
write_lower(struct buffer * out, struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		buffer_byte(out, lower(s.p[i]));
}

/* Does the port go without saying? */
static bool
is_usual(struct slice written, long port)
{
	return ((port == 80 && slice_equal(written, slice_text("http://"))) ||
	    (port == 443 && slice_equal(written, slice_text("https://"))));
}

bool
access_origin_write(struct buffer * out, struct slice origin)
{
	size_t scheme = scheme_size(origin), host, start = out->n;
	struct slice rest, written;
	long port;

	if (scheme == 0 || origin.n > ACCESS_ORIGIN_MOST)
		return (false);
	rest = slice_of(origin.p + scheme + 3, origin.n - scheme - 3);
	if ((host = host_size(rest)) == 0 || (port = read_port(slice_of(
	    rest.p + host, rest.n - host))) < 0)
		return (false);
	write_lower(out, slice_of(origin.p, scheme + 3));
	written = slice_of(out->p + start, out->failed ? 0 : out->n - start);
	if (is_usual(written, port))
		port = 0;
	write_lower(out, slice_of(rest.p, host));
	if (port != 0)
		buffer_printf(out, ":%ld", port);
	return (!out->failed);
}

bool
access_origin_is_listed(struct slice list, struct slice origin)
{
	struct buffer written = {0};
	const uint8_t * end;
	bool found = false;

	if (!access_origin_write(&written, origin))
		goto out;
	while (list.n > 0 && !found) {
		struct slice one;

		if ((end = memchr(list.p, 0, list.n)) == NULL)
			break;
		one = slice_of(list.p, (size_t)(end - list.p));
		found = slice_equal(one, slice_text("*")) ||
		    slice_equal(one, buffer_all(&written));
		list = slice_of(end + 1, list.n - one.n - 1);
	}
out:
	buffer_free(&written);
	return (found);
}
