/* front_headers.c: what stands beside the messages of a call. */
#include "codec/multibase.h"
#include "daemon/front/front_impl.h"
#include "server/grpc.h"

/* Before each name and value that is kept. */
#define RECORD_HEADER 4

static bool
starts(struct slice s, const char * prefix)
{
	size_t n = strlen(prefix);

	return (s.n >= n && memcmp(s.p, prefix, n) == 0);
}

static bool
is_binary(struct slice name)
{
	return (name.n > 4 && memcmp(name.p + name.n - 4, "-bin", 4) == 0);
}

/* Is a name the carrier's own? */
static bool
is_reserved(struct slice name)
{
	return (starts(name, ":") || starts(name, "grpc-") ||
	    slice_equal(name, slice_text("content-type")) ||
	    slice_equal(name, slice_text("te")));
}

static void
lower(struct buffer * out, struct slice name)
{
	size_t i;

	for (i = 0; i < name.n; i++)
		buffer_byte(out, name.p[i] >= 'A' && name.p[i] <= 'Z' ?
		    name.p[i] | 0x20 : name.p[i]);
}

static bool
keep(struct front_call * c, struct slice name, struct slice value)
{
	if (c->headers.n + RECORD_HEADER + name.n + value.n >
	    FRONT_HEADERS_MAX)
		return (false);
	buffer_be16(&c->headers, (uint16_t)name.n);
	buffer_be16(&c->headers, (uint16_t)value.n);
	lower(&c->headers, name);
	buffer_slice(&c->headers, value);
	return (!c->headers.failed);
}

bool
front_header_keep(struct front_call * c, const char * text, struct slice value)
{
	static const char metadata[] = "grpc-metadata-";
	struct slice name = slice_text(text);
	struct buffer lowered = {0}, bytes = {0};
	bool good = true;

	lower(&lowered, name);
	name = buffer_all(&lowered);
	/* So the gateway of Go names what is meant for the call. */
	if (starts(name, metadata))
		name = slice_of(name.p + strlen(metadata),
		    name.n - strlen(metadata));
	if (!is_binary(name))
		good = keep(c, name, value);
	else if (grpc_status_unbase64(&bytes, value) == 0)
		good = keep(c, name, buffer_all(&bytes));
	buffer_free(&bytes);
	buffer_free(&lowered);
	return (good);
}

struct keeping {
	struct front_call * call;
	bool good;
};

static bool
keep_each(void * user, const char * name, const char * value)
{
	struct keeping * k = user;

	k->good = front_header_keep(k->call, name, slice_text(value));
	return (k->good);
}

bool
front_headers_keep(struct front_call * c, struct http_request * r)
{
	struct keeping k = {c, true};

	http_each_header(r, keep_each, &k);
	return (k.good);
}

static struct slice
trimmed(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n > 0 && memchr(" \t\r", s.p[s.n - 1], 3) != NULL)
		s.n--;
	return (s);
}

static bool
parse_line(struct front_call * c, struct slice line)
{
	const uint8_t * colon;
	char name[128];
	size_t n;

	if (line.n == 0)
		return (true);
	colon = memchr(line.p, ':', line.n);
	n = colon == NULL ? 0 : (size_t)(colon - line.p);
	if (n == 0 || n >= sizeof(name) || memchr(line.p, 0, line.n) != NULL)
		return (false);
	memcpy(name, line.p, n);
	name[n] = '\0';
	return (front_header_keep(c, name, trimmed(slice_of(colon + 1,
	    line.n - n - 1))));
}

bool
front_headers_parse(struct front_call * c, struct slice text)
{
	const uint8_t * end;
	size_t n;

	while (text.n > 0) {
		end = memchr(text.p, '\n', text.n);
		n = end == NULL ? text.n : (size_t)(end - text.p);
		if (!parse_line(c, trimmed(slice_of(text.p, n))))
			return (false);
		n += end != NULL;
		text = slice_of(text.p + n, text.n - n);
	}
	return (true);
}

struct slice
front_header(const struct front_call * c, const char * name)
{
	struct slice rest = buffer_all(&c->headers), found, value;
	size_t a, b;

	while (rest.n >= RECORD_HEADER) {
		a = (size_t)rest.p[0] << 8 | rest.p[1];
		b = (size_t)rest.p[2] << 8 | rest.p[3];
		found = slice_of(rest.p + RECORD_HEADER, a);
		value = slice_of(found.p + a, b);
		if (slice_equal(found, slice_text(name)))
			return (value);
		rest = slice_of(value.p + b, rest.n - RECORD_HEADER - a - b);
	}
	return (slice_of(NULL, 0));
}

struct slice
front_metadata(const struct front_call * c, const char * name)
{
	return (is_reserved(slice_text(name)) ? slice_of(NULL, 0)
	    : front_header(c, name));
}

/* --- trailers ------------------------------------------------------------- */

static bool
is_name(struct slice name)
{
	size_t i;

	for (i = 0; i < name.n; i++)
		if ((name.p[i] < 'a' || name.p[i] > 'z') &&
		    (name.p[i] < '0' || name.p[i] > '9') &&
		    strchr("-_.", name.p[i]) == NULL)
			return (false);
	return (name.n > 0 && !is_reserved(name));
}

static bool
is_printable(struct slice value)
{
	size_t i;

	for (i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] > 0x7e)
			return (false);
	return (true);
}

void
front_trailer(struct front_call * c, const char * text, struct slice value)
{
	struct slice name = slice_text(text);
	struct buffer shown = {0};

	if (is_binary(name))
		grpc_status_base64(&shown, value);
	else if (is_printable(value))
		buffer_slice(&shown, value);
	else
		return;
	if (is_name(name) && c->n_trailers < GRPC_TRAILERS_MAX &&
	    c->trailers.n + name.n + shown.n <= GRPC_TRAILERS_SIZE) {
		buffer_printf(&c->trailers, "%s: %.*s\r\n", text, (int)shown.n,
		    shown.n == 0 ? "" : (char *)shown.p);
		c->n_trailers++;
	}
	buffer_free(&shown);
}
