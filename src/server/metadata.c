#include "server/metadata.h"

#include <string.h>

#include "server/grpc_status.h"

static bool
starts(struct slice s, const char * prefix)
{
	size_t n = strlen(prefix);

	return (s.n >= n && memcmp(s.p, prefix, n) == 0);
}

bool
metadata_is_binary(struct slice name)
{
	return (name.n > 4 && memcmp(name.p + name.n - 4, "-bin", 4) == 0);
}

bool
metadata_is_reserved(struct slice name)
{
	return (starts(name, ":") || starts(name, "grpc-") ||
	    slice_equal(name, slice_text("content-type")) ||
	    slice_equal(name, slice_text("te")));
}

void
metadata_put(struct buffer * rows, struct slice name, struct slice value)
{
	buffer_be16(rows, (uint16_t)name.n);
	buffer_be16(rows, (uint16_t)value.n);
	buffer_slice(rows, name);
	buffer_slice(rows, value);
}

bool
metadata_next(struct slice * rows, struct slice * name, struct slice * value)
{
	size_t a, b;

	if (rows->n < METADATA_ROW)
		return (false);
	a = (size_t)rows->p[0] << 8 | rows->p[1];
	b = (size_t)rows->p[2] << 8 | rows->p[3];
	*name = slice_of(rows->p + METADATA_ROW, a);
	*value = slice_of(name->p + a, b);
	*rows = slice_of(value->p + b, rows->n - METADATA_ROW - a - b);
	return (true);
}

struct slice
metadata_find(struct slice rows, struct slice name)
{
	struct slice found, value;

	while (metadata_next(&rows, &found, &value))
		if (slice_equal(found, name))
			return (value);
	return (slice_of(NULL, 0));
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
	return (name.n > 0 && !metadata_is_reserved(name));
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

bool
metadata_trailer(struct buffer * out, struct slice name, struct slice value)
{
	if (!is_name(name))
		return (false);
	if (metadata_is_binary(name))
		grpc_status_base64(out, value);
	else if (is_printable(value))
		buffer_slice(out, value);
	else
		return (false);
	return (true);
}
