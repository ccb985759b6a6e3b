#include "server/grpc_descriptors.h"

#include "base/reader.h"

enum {
	SET_FILE = 1,
	NAME = 1,            /* of every descriptor */
	FILE_PACKAGE = 2,
	FILE_DEPENDENCY = 3,
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6,
	MESSAGE_FIELD = 2,
	MESSAGE_NESTED = 3,
	MESSAGE_ENUM = 4,
	MESSAGE_ONEOF = 8,
	MEMBER = 2,          /* values of an enum, methods of a service */
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5
};

/* The next field; its bytes if it has any.  False at the end. */
static bool
next(struct reader * r, unsigned * number, struct slice * bytes)
{
	uint64_t tag;

	if (r->n == 0)
		return (false);
	tag = reader_uvarint(r);
	*number = (unsigned)(tag >> 3);
	*bytes = slice_of(NULL, 0);
	switch (tag & 7) {
	case WIRE_VARINT:
		(void)reader_uvarint(r);
		break;
	case WIRE_64:
		(void)reader_take(r, 8);
		break;
	case WIRE_BYTES:
		*bytes = reader_prefixed(r, r->n);
		break;
	case WIRE_32:
		(void)reader_take(r, 4);
		break;
	default:
		reader_fail(r);
		break;
	}
	return (!r->failed);
}

/* The first field of that number. */
static struct slice
field(struct slice message, unsigned number)
{
	struct reader r = reader_of(message);
	struct slice bytes;
	unsigned n;

	while (next(&r, &n, &bytes))
		if (n == number)
			return (bytes);
	return (slice_of(NULL, 0));
}

/*
 * Take a name and a dot off the front of *rest.  False if it is not there; with
 * nothing left, *rest is the name itself.
 */
static bool
descend(struct slice * rest, struct slice name)
{
	if (name.n == 0 || rest->n < name.n ||
	    memcmp(rest->p, name.p, name.n) != 0)
		return (false);
	if (rest->n == name.n) {
		*rest = slice_of(NULL, 0);
		return (true);
	}
	if (rest->p[name.n] != '.')
		return (false);
	*rest = slice_of(rest->p + name.n + 1, rest->n - name.n - 1);
	return (true);
}

/* Whether what is left names this descriptor or, in `members`, one of it. */
static bool
holds_member(struct slice descriptor, unsigned members, struct slice rest)
{
	struct reader r = reader_of(descriptor);
	struct slice bytes;
	unsigned n;

	if (!descend(&rest, field(descriptor, NAME)))
		return (false);
	if (rest.n == 0)
		return (true);
	while (next(&r, &n, &bytes))
		if (n == members && slice_equal(field(bytes, NAME), rest))
			return (true);
	return (false);
}

/* The values of an enum are declared beside it, not in it. */
static bool
holds_enum(struct slice descriptor, struct slice rest)
{
	struct reader r = reader_of(descriptor);
	struct slice bytes;
	unsigned n;

	if (slice_equal(field(descriptor, NAME), rest))
		return (true);
	while (next(&r, &n, &bytes))
		if (n == MEMBER && slice_equal(field(bytes, NAME), rest))
			return (true);
	return (false);
}

/* As deep as the set goes, and that is ours. */
static bool
holds_message(struct slice descriptor, struct slice rest)
{
	struct reader r = reader_of(descriptor);
	struct slice bytes;
	unsigned n;

	if (!descend(&rest, field(descriptor, NAME)))
		return (false);
	if (rest.n == 0)
		return (true);
	while (next(&r, &n, &bytes)) {
		if (n == MESSAGE_NESTED && holds_message(bytes, rest))
			return (true);
		if (n == MESSAGE_ENUM && holds_enum(bytes, rest))
			return (true);
		if ((n == MESSAGE_FIELD || n == MESSAGE_ONEOF) &&
		    slice_equal(field(bytes, NAME), rest))
			return (true);
	}
	return (false);
}

static bool
file_holds(struct slice file, struct slice symbol)
{
	struct reader r = reader_of(file);
	struct slice package = field(file, FILE_PACKAGE);
	struct slice bytes;
	unsigned n;

	if (package.n > 0 && (!descend(&symbol, package) || symbol.n == 0))
		return (false);
	while (next(&r, &n, &bytes)) {
		if (n == FILE_MESSAGE && holds_message(bytes, symbol))
			return (true);
		if (n == FILE_ENUM && holds_enum(bytes, symbol))
			return (true);
		if (n == FILE_SERVICE && holds_member(bytes, MEMBER, symbol))
			return (true);
	}
	return (false);
}

struct slice
grpc_descriptors_file(struct slice set, struct slice name)
{
	struct reader r = reader_of(set);
	struct slice bytes;
	unsigned n;

	while (next(&r, &n, &bytes))
		if (n == SET_FILE && slice_equal(field(bytes, NAME), name))
			return (bytes);
	return (slice_of(NULL, 0));
}

struct slice
grpc_descriptors_symbol(struct slice set, struct slice symbol)
{
	struct reader r = reader_of(set);
	struct slice bytes;
	unsigned n;

	while (next(&r, &n, &bytes))
		if (n == SET_FILE && file_holds(bytes, symbol))
			return (bytes);
	return (slice_of(NULL, 0));
}

static size_t
append_once(struct slice file, struct slice * list, size_t n, size_t max)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].p == file.p)
			return (n);
	if (file.n > 0 && n < max)
		list[n++] = file;
	return (n);
}

size_t
grpc_descriptors_closure(struct slice set, struct slice file,
    struct slice * list, size_t max)
{
	size_t i, n = append_once(file, list, 0, max);
	struct slice bytes;
	struct reader r;
	unsigned number;

	for (i = 0; i < n; i++) {
		r = reader_of(list[i]);
		while (next(&r, &number, &bytes))
			if (number == FILE_DEPENDENCY)
				n = append_once(grpc_descriptors_file(set,
				    bytes), list, n, max);
	}
	return (n);
}
