/* front_headers.c: what stands beside the messages of a call. */
#include "codec/multibase.h"
#include "daemon/front/front_impl.h"
#include "server/grpc.h"
#include "server/metadata.h"

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
	if (c->headers.n + METADATA_ROW + name.n + value.n >
	    FRONT_HEADERS_MAX)
		return (false);
	metadata_put(&c->headers, name, value);
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
	if (name.n >= strlen(metadata) &&
	    memcmp(name.p, metadata, strlen(metadata)) == 0)
		name = slice_of(name.p + strlen(metadata),
		    name.n - strlen(metadata));
	if (!metadata_is_binary(name))
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
	return (metadata_find(buffer_all(&c->headers), slice_text(name)));
}

struct slice
front_metadata(const struct front_call * c, const char * name)
{
	return (metadata_is_reserved(slice_text(name)) ? slice_of(NULL, 0)
	    : front_header(c, name));
}

/* --- trailers ------------------------------------------------------------- */

void
front_trailer(struct front_call * c, const char * text, struct slice value)
{
	struct slice name = slice_text(text);
	struct buffer shown = {0};

	if (metadata_trailer(&shown, name, value) && c->n_trailers < GRPC_TRAILERS_MAX &&
	    c->trailers.n + name.n + shown.n <= GRPC_TRAILERS_SIZE) {
		buffer_printf(&c->trailers, "%s: %.*s\r\n", text, (int)shown.n,
		    shown.n == 0 ? "" : (char *)shown.p);
		c->n_trailers++;
	}
	buffer_free(&shown);
}
