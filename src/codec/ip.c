#include "codec/ip.h"

#include "base/error.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* A decimal number of at most 255 from the front, or -1. */
static int
take_octet(struct slice * text)
{
	unsigned v = 0;
	size_t n = 0;

	while (n < text->n && n < 4 && text->p[n] >= '0' && text->p[n] <= '9')
		v = v * 10 + (unsigned)(text->p[n++] - '0');
	if (n == 0 || v > 255 || (n > 1 && text->p[0] == '0'))
		return (-1);
	*text = slice_of(text->p + n, text->n - n);
	return ((int)v);
}

int
ip4_decode(uint8_t ip[4], struct slice text)
{
	uint8_t octets[4];
	int i, v;

	for (i = 0; i < 4; i++) {
		if (i > 0) {
			if (text.n == 0 || text.p[0] != '.')
				return (-ERR_INVALID_INPUT);
			text = slice_of(text.p + 1, text.n - 1);
		}
		if ((v = take_octet(&text)) < 0)
			return (-ERR_INVALID_INPUT);
		octets[i] = (uint8_t)v;
	}
	if (text.n > 0)
		return (-ERR_INVALID_INPUT);
	memcpy(ip, octets, sizeof(octets));
	return (0);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/* One to four hex digits from the front, or -1. */
static int
take_group(struct slice * text)
{
	size_t n = 0;
	int v = 0;

	while (n < text->n && n < 5 && hex_value(text->p[n]) >= 0)
		v = v << 4 | hex_value(text->p[n++]);
	if (n == 0 || n > 4)
		return (-1);
	*text = slice_of(text->p + n, text->n - n);
	return (v);
}

static bool
starts_with_gap(struct slice text)
{
	return (text.n >= 2 && text.p[0] == ':' && text.p[1] == ':');
}

/* What ip6_decode has read: n bytes, with a gap of zeros before byte `gap`. */
struct ip6_text {
	uint8_t bytes[16];
	size_t n;
	int gap;
};

/* The next group, or the dotted end.  False: malformed. */
static bool
read_group(struct ip6_text * at, struct slice * text)
{
	struct slice dotted = *text;
	int v = take_group(text);

	if (v < 0)
		return (false);
	if (text->n > 0 && text->p[0] == '.') {
		if (at->n > 12 || ip4_decode(at->bytes + at->n, dotted) != 0)
			return (false);
		at->n += 4;
		text->n = 0;
		return (true);
	}
	if (at->n > 14)
		return (false);
	at->bytes[at->n++] = (uint8_t)(v >> 8);
	at->bytes[at->n++] = (uint8_t)v;
	return (true);
}

/* `:` or the one `::` between groups.  False: malformed. */
static bool
read_colons(struct ip6_text * at, struct slice * text)
{
	size_t n = 1;

	if (starts_with_gap(*text)) {
		if (at->gap >= 0)
			return (false);
		at->gap = (int)at->n;
		n = 2;
	} else if (text->p[0] != ':' || text->n == 1)
		return (false);
	*text = slice_of(text->p + n, text->n - n);
	return (true);
}

int
ip6_decode(uint8_t ip[16], struct slice text)
{
	struct ip6_text at = {.gap = -1};
	size_t tail;

	if (starts_with_gap(text)) {
		at.gap = 0;
		text = slice_of(text.p + 2, text.n - 2);
	} else if (text.n == 0)
		return (-ERR_INVALID_INPUT);
	while (text.n > 0) {
		if (!read_group(&at, &text))
			return (-ERR_INVALID_INPUT);
		if (text.n > 0 && !read_colons(&at, &text))
			return (-ERR_INVALID_INPUT);
	}
	if (at.gap < 0 ? at.n != 16 : at.n > 14)
		return (-ERR_INVALID_INPUT);
	tail = at.gap < 0 ? 0 : at.n - (size_t)at.gap;
	memset(ip, 0, 16);
	memcpy(ip, at.bytes, at.n - tail);
	memcpy(ip + 16 - tail, at.bytes + at.n - tail, tail);
	return (0);
}

void
ip4_encode(struct buffer * out, const uint8_t ip[4])
{
	buffer_printf(out, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

/* The longest run of two or more zero groups: its start, 8 if none. */
static int
zero_run(const uint8_t ip[16], int * length)
{
	int i, j, best = 8;

	*length = 1;
	for (i = 0; i < 8; i = j + 1) {
		for (j = i; j < 8 && ip[2 * j] == 0 && ip[2 * j + 1] == 0; j++)
			continue;
		if (j - i > *length) {
			*length = j - i;
			best = i;
		}
	}
	return (best);
}

void
ip6_encode(struct buffer * out, const uint8_t ip[16])
{
	int i, run, length;

	if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
		buffer_text(out, "::ffff:");
		ip4_encode(out, ip + 12);
		return;
	}
	run = zero_run(ip, &length);
	for (i = 0; i < 8; i++) {
		if (i == run) {
			buffer_text(out, "::");
			i += length - 1;
			continue;
		}
		buffer_printf(out, "%s%x", i > 0 && i != run + length ? ":" : "",
		    (unsigned)ip[2 * i] << 8 | ip[2 * i + 1]);
	}
}

bool
ip4_is_private(const uint8_t ip[4])
{
	return (ip[0] == 10 || ip[0] == 127 || (ip[0] == 192 && ip[1] == 168) ||
	    (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	    (ip[0] == 169 && ip[1] == 254) ||
	    (ip[0] == 100 && (ip[1] & 0xc0) == 64));
}

bool
ip6_is_private(const uint8_t ip[16])
{
	static const uint8_t loopback[16] = {[15] = 1};

	if (memcmp(ip, mapped, sizeof(mapped)) == 0)
		return (ip4_is_private(ip + 12));
	return (memcmp(ip, loopback, sizeof(loopback)) == 0 ||
	    (ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80));
}
