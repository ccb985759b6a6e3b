/* What stands beside the messages: the caller's headers, our own trailers. */
#include "server/grpc_internal.h"
#include "server/grpc_status.h"

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
keep(struct buffer * to, struct slice name, struct slice value)
{
	buffer_be16(to, (uint16_t)name.n);
	buffer_be16(to, (uint16_t)value.n);
	buffer_slice(to, name);
	buffer_slice(to, value);
}

/* Cut the next record off the front of `from`. */
static bool
next(struct slice * from, struct slice * name, struct slice * value)
{
	size_t a, b;

	if (from->n < RECORD_HEADER)
		return (false);
	a = (size_t)from->p[0] << 8 | from->p[1];
	b = (size_t)from->p[2] << 8 | from->p[3];
	*name = slice_of(from->p + RECORD_HEADER, a);
	*value = slice_of(name->p + a, b);
	*from = slice_of(value->p + b, from->n - RECORD_HEADER - a - b);
	return (true);
}

/* The first of several values that stand in one header, decoded. */
static void
keep_binary(struct buffer * to, struct slice name, struct slice value)
{
	const uint8_t * comma = value.n == 0 ? NULL :
	    memchr(value.p, ',', value.n);
	struct buffer bytes = {0};

	if (comma != NULL)
		value.n = (size_t)(comma - value.p);
	if (grpc_status_unbase64(&bytes, value) == 0)
		keep(to, name, buffer_all(&bytes));
	to->failed |= bytes.failed;
	buffer_free(&bytes);
}

void
grpc_metadata_take(struct grpc_call * call, struct slice name,
    struct slice value)
{
	struct budget * buffered = &call->connection->server->buffered;

	if (is_reserved(name))
		return;
	if (!budget_allows(buffered, buffered->used, name.n + value.n))
		call->metadata.failed = true;
	if (is_binary(name))
		keep_binary(&call->metadata, name, value);
	else
		keep(&call->metadata, name, value);
	grpc_call_charge(call);
}

struct slice
grpc_call_metadata(const struct grpc_call * call, const char * name)
{
	struct slice rest = buffer_all(&call->metadata), found, value;

	while (next(&rest, &found, &value))
		if (slice_equal(found, slice_text(name)))
			return (value);
	return (slice_of(NULL, 0));
}

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

int
grpc_call_trailer(struct grpc_call * call, const char * name,
    struct slice value)
{
	struct slice n = slice_text(name);
	struct buffer text = {0};
	int status = -ERR_INVALID_INPUT;

	if (call->ended)
		return (0);
	if (is_binary(n))
		grpc_status_base64(&text, value);
	else if (is_printable(value))
		buffer_slice(&text, value);
	else
		goto err0;
	if (!is_name(n) || call->n_trailers == GRPC_TRAILERS_MAX ||
	    call->trailers.n + n.n + text.n > GRPC_TRAILERS_SIZE)
		goto err0;
	keep(&call->trailers, n, buffer_all(&text));
	status = -ERR_INTERNAL;
	if (text.failed || call->trailers.failed)
		goto err0;
	call->n_trailers++;
	status = 0;
err0:
	buffer_free(&text);
	return (status);
}

size_t
grpc_metadata_trailers(const struct grpc_call * call, nghttp2_nv * list)
{
	struct slice rest = buffer_all(&call->trailers), name, value;
	size_t n = 0;

	while (n < call->n_trailers && next(&rest, &name, &value))
		list[n++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name.p,
		    (uint8_t *)(uintptr_t)value.p, name.n, value.n,
		    NGHTTP2_NV_FLAG_NONE};
	return (n);
}
