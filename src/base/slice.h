/* slice.h: borrowed bytes, the currency of every module. */
#ifndef BERTY_BASE_SLICE_H
#define BERTY_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* n bytes at p, owned by somebody else; p may be NULL when n is 0. */
struct slice {
	const uint8_t * p;
	size_t n;
};

static inline struct slice
slice_of(const void * p, size_t n)
{
	return ((struct slice){(const uint8_t *)p, n});
}

/* The bytes of a NUL-terminated text, without its NUL. */
static inline struct slice
slice_text(const char * s)
{
	return (slice_of(s, s == NULL ? 0 : strlen(s)));
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return (a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0));
}

/* Byte order, a shorter prefix first: <0, 0 or >0 like memcmp. */
static inline int
slice_compare(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return (c);
	return (a.n < b.n ? -1 : a.n > b.n);
}

#endif /* !BERTY_BASE_SLICE_H */
