/*
 * wire.h: protobuf fields, written and read by hand: enough for the simple
 * messages of the API, without a code generator.  Header only.  The numbers of
 * the fields are in the .proto files (share/berty/proto).
 */
#ifndef BERTY_WIRE_H
#define BERTY_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A message being written to size bytes of the caller's at p.  n counts what it
 * takes; when that is more than size, it did not fit.
 */
struct berty_writer {
	unsigned char * p;
	size_t size;
	size_t n;
};

static inline void
berty_put_raw(struct berty_writer * w, const void * p, size_t n)
{
	if (n > 0 && w->n <= w->size && n <= w->size - w->n)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

/* A number as protobuf writes it, without a field. */
static inline void
berty_put_uvarint(struct berty_writer * w, uint64_t v)
{
	unsigned char c;

	do {
		c = (unsigned char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		berty_put_raw(w, &c, 1);
		v >>= 7;
	} while (v > 0);
}

/* A field that holds a number, an enum or a bool. */
static inline void
berty_put_number(struct berty_writer * w, unsigned field, uint64_t v)
{
	berty_put_uvarint(w, (uint64_t)field << 3);
	berty_put_uvarint(w, v);
}

/* A field that holds bytes, or an encoded message. */
static inline void
berty_put_bytes(struct berty_writer * w, unsigned field, const void * p,
    size_t n)
{
	berty_put_uvarint(w, (uint64_t)field << 3 | 2);
	berty_put_uvarint(w, n);
	berty_put_raw(w, p, n);
}

/* A field that holds a text. */
static inline void
berty_put_text(struct berty_writer * w, unsigned field, const char * text)
{
	berty_put_bytes(w, field, text, strlen(text));
}

/* A field that was read: a number, or n bytes at p inside the message. */
struct berty_field {
	unsigned field;           /* 0: none */
	uint64_t number;
	const unsigned char * p;
	size_t n;
};

static inline int
berty_take_uvarint(const unsigned char ** p, size_t * n, uint64_t * v)
{
	unsigned shift;

	*v = 0;
	for (shift = 0; shift < 64 && *n > 0; shift += 7) {
		unsigned char c = *(*p)++;

		(*n)--;
		*v |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0)
			return (1);
	}
	return (0);
}

/* Take the next field off n bytes at *p: 1, 0 at the end, -1 if malformed. */
static inline int
berty_take(const unsigned char ** p, size_t * n, struct berty_field * f)
{
	uint64_t key;
	size_t i;

	memset(f, 0, sizeof(*f));
	if (*n == 0)
		return (0);
	if (!berty_take_uvarint(p, n, &key) || key >> 3 == 0 ||
	    key >> 3 > 0x1fffffff)
		return (-1);
	if ((key & 7) == 0) {
		if (!berty_take_uvarint(p, n, &f->number))
			return (-1);
	} else if ((key & 7) == 2) {
		if (!berty_take_uvarint(p, n, &f->number) || f->number > *n)
			return (-1);
		f->p = *p;
		f->n = (size_t)f->number;
	} else if ((key & 7) == 1 || (key & 7) == 5) {
		f->p = *p;
		f->n = (key & 7) == 1 ? 8 : 4;
		if (f->n > *n)
			return (-1);
		for (i = f->n; i > 0; i--)
			f->number = f->number << 8 | f->p[i - 1];
	} else
		return (-1);
	*p += f->n;
	*n -= f->n;
	f->field = (unsigned)(key >> 3);
	return (1);
}

/* The last field of that number in n bytes at p; .field is 0 if there is none
 * or the bytes are malformed. */
static inline struct berty_field
berty_get(const void * p, size_t n, unsigned field)
{
	const unsigned char * at = (const unsigned char *)p;
	struct berty_field f, found;
	int rc;

	memset(&found, 0, sizeof(found));
	while ((rc = berty_take(&at, &n, &f)) == 1)
		if (f.field == field)
			found = f;
	if (rc != 0)
		memset(&found, 0, sizeof(found));
	return (found);
}

#ifdef __cplusplus
}
#endif

#endif /* !BERTY_WIRE_H */
