#include "account/archive.h"

#include <stdio.h>

#include "base/error.h"

/* Where a header's fields are, and how long. */
enum {
	NAME = 0, NAME_SIZE = 100,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124, SIZE_SIZE = 12,
	MTIME = 136,
	SUM = 148, SUM_SIZE = 8,
	TYPE = 156,
	MAGIC = 257,
	DEV_MAJOR = 329,
	DEV_MINOR = 337,
	PREFIX = 345, PREFIX_SIZE = 155,
};

/* The largest size that 11 octal digits hold, and one more. */
#define SIZE_LIMIT (1ULL << 33)

/* The sum of a header's bytes, those of the sum itself taken as spaces. */
static unsigned
sum_of(const uint8_t header[ARCHIVE_BLOCK])
{
	unsigned sum = 0;
	int i;

	for (i = 0; i < ARCHIVE_BLOCK; i++)
		sum += i >= SUM && i < SUM + SUM_SIZE ? ' ' : header[i];
	return (sum);
}

/* n - 1 octal digits and a NUL. */
static void
put_octal(uint8_t * to, size_t n, uint64_t v)
{
	to[--n] = '\0';
	while (n > 0) {
		to[--n] = (uint8_t)('0' + (v & 7));
		v >>= 3;
	}
}

/* Zeros up to the next block. */
static void
pad(struct buffer * out, size_t n)
{
	static const uint8_t zeros[ARCHIVE_BLOCK];

	if (n % ARCHIVE_BLOCK != 0)
		buffer_append(out, zeros, ARCHIVE_BLOCK - n % ARCHIVE_BLOCK);
}

int
archive_add(struct buffer * out, struct slice name, struct slice bytes)
{
	uint8_t header[ARCHIVE_BLOCK] = {0};

	if (name.n == 0 || name.n > NAME_SIZE || bytes.n >= SIZE_LIMIT)
		return (-ERR_INVALID_INPUT);
	memcpy(header + NAME, name.p, name.n);
	put_octal(header + MODE, 8, 0600);
	put_octal(header + UID, 8, 0);
	put_octal(header + GID, 8, 0);
	put_octal(header + SIZE, SIZE_SIZE, bytes.n);
	put_octal(header + MTIME, 12, 0);
	header[TYPE] = '0';
	memcpy(header + MAGIC, "ustar\0" "00", 8);
	put_octal(header + DEV_MAJOR, 8, 0);
	put_octal(header + DEV_MINOR, 8, 0);
	put_octal(header + SUM, 7, sum_of(header));
	header[SUM + 7] = ' ';
	if (buffer_reserve(out, bytes.n + 2 * sizeof(header)) != 0)
		return (-ERR_INTERNAL);
	buffer_append(out, header, sizeof(header));
	buffer_slice(out, bytes);
	pad(out, bytes.n);
	return (0);
}

void
archive_end(struct buffer * out)
{
	static const uint8_t zeros[2 * ARCHIVE_BLOCK];

	buffer_append(out, zeros, sizeof(zeros));
}

/* Octal digits between spaces or NULs.  False: something else. */
static bool
get_octal(uint64_t * v, const uint8_t * p, size_t n)
{
	size_t i = 0;

	*v = 0;
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return (false);
	return (true);
}

/* A text that ends at a NUL or at its size. */
static struct slice
get_text(const uint8_t * p, size_t size)
{
	const uint8_t * end = memchr(p, '\0', size);

	return (slice_of(p, end == NULL ? size : (size_t)(end - p)));
}

static bool
is_zero(const uint8_t block[ARCHIVE_BLOCK])
{
	int i;

	for (i = 0; i < ARCHIVE_BLOCK; i++)
		if (block[i] != 0)
			return (false);
	return (true);
}

enum { JOINED_SIZE = PREFIX_SIZE + NAME_SIZE + 2 };

/* The whole name, which is in the header, or in `joined`. */
static struct slice
name_of(const uint8_t * header, char joined[JOINED_SIZE])
{
	struct slice prefix = get_text(header + PREFIX, PREFIX_SIZE);
	struct slice name = get_text(header + NAME, NAME_SIZE);

	if (prefix.n == 0)
		return (name);
	(void)snprintf(joined, JOINED_SIZE, "%.*s/%.*s", (int)prefix.n,
	    (const char *)prefix.p, (int)name.n, (const char *)name.p);
	return (slice_text(joined));
}

static bool
is_wanted(const struct archive_reader * r, const uint8_t * header,
    struct slice name)
{

	if (header[TYPE] != '0' && header[TYPE] != '\0')
		return (false);
	return (r->wants == NULL || r->wants(r->user, name));
}

static bool
parse_header(const uint8_t * header, uint64_t * size)
{
	uint64_t sum;

	return (get_octal(&sum, header + SUM, SUM_SIZE) &&
	    sum == sum_of(header) &&
	    get_octal(size, header + SIZE, SIZE_SIZE));
}

/* The size in whole blocks. */
static uint64_t
rounded(uint64_t size)
{

	return ((size + ARCHIVE_BLOCK - 1) / ARCHIVE_BLOCK * ARCHIVE_BLOCK);
}

/*
 * One entry from the front of *rest: 1 when it was read, 0 when more bytes are
 * needed, or a code.
 */
static int
next_entry(struct archive_reader * r, struct slice * rest)
{
	const uint8_t * header = rest->p;
	char joined[JOINED_SIZE];
	struct archive_file file;
	uint64_t size, whole;
	int status;

	if (rest->n < ARCHIVE_BLOCK)
		return (0);
	if (is_zero(header)) {
		r->ended = true;
		return (0);
	}
	if (!parse_header(header, &size))
		return (-ERR_INVALID_INPUT);
	file.name = name_of(header, joined);
	whole = ARCHIVE_BLOCK + rounded(size);
	if (!is_wanted(r, header, file.name)) {
		r->skip = whole;
		return (1);
	}
	if (size > r->max)
		return (-ERR_INVALID_INPUT);
	if (rest->n < whole)
		return (0);
	file.bytes = slice_of(header + ARCHIVE_BLOCK, (size_t)size);
	if ((status = r->file(r->user, &file)) != 0)
		return (status);
	*rest = slice_of(header + whole, rest->n - (size_t)whole);
	return (1);
}

/* Pass over what is skipped: false when more bytes are needed. */
static bool
pass_over(struct archive_reader * r, struct slice * rest)
{
	size_t n = rest->n < r->skip ? rest->n : (size_t)r->skip;

	*rest = slice_of(rest->p + n, rest->n - n);
	r->skip -= n;
	return (r->skip == 0);
}

int
archive_read(struct archive_reader * r, struct slice bytes)
{
	struct slice rest;
	int status;

	if (r->ended)
		return (0);
	buffer_slice(&r->held, bytes);
	if (r->held.failed)
		return (-ERR_INTERNAL);
	rest = buffer_all(&r->held);
	do {
		status = r->skip == 0 || pass_over(r, &rest) ?
		    next_entry(r, &rest) : 0;
	} while (status > 0);
	if (rest.n < r->held.n)
		buffer_consume(&r->held, r->held.n - rest.n);
	return (status);
}

int
archive_finish(const struct archive_reader * r)
{
	return (r->ended || (r->held.n == 0 && r->skip == 0) ? 0 :
	    -ERR_INVALID_INPUT);
}

void
archive_free(struct archive_reader * r)
{
	buffer_wipe(&r->held);
}
