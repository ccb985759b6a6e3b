#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

void
buffer_free(struct buffer * b)
{
	free(b->p);
	*b = (struct buffer){0};
}

void
buffer_wipe(struct buffer * b)
{
	volatile uint8_t * p = b->p;
	size_t i;

	for (i = 0; i < b->size; i++)
		p[i] = 0;
	buffer_free(b);
}

void
buffer_clear(struct buffer * b)
{
	b->n = 0;
	b->failed = false;
}

int
buffer_reserve(struct buffer * b, size_t extra)
{
	size_t size = b->size == 0 ? 64 : b->size;
	uint8_t * p;

	if (b->failed || extra > SIZE_MAX / 2 - b->n)
		goto err0;
	if (b->n + extra <= b->size)
		return (0);
	while (size < b->n + extra)
		size *= 2;
	if ((p = realloc(b->p, size)) == NULL)
		goto err0;
	b->p = p;
	b->size = size;
	return (0);

err0:
	b->failed = true;
	return (-ERR_INTERNAL);
}

uint8_t *
buffer_grow(struct buffer * b, size_t n)
{
	/* A place even for nothing: NULL is the failure. */
	if (buffer_reserve(b, n > 0 ? n : 1) != 0)
		return (NULL);
	b->n += n;
	return (b->p + b->n - n);
}

void
buffer_append(struct buffer * b, const void * p, size_t n)
{
	uint8_t * to;

	if (n > 0 && (to = buffer_grow(b, n)) != NULL)
		memcpy(to, p, n);
}

void
buffer_slice(struct buffer * b, struct slice s)
{
	buffer_append(b, s.p, s.n);
}

void
buffer_text(struct buffer * b, const char * s)
{
	buffer_append(b, s, strlen(s));
}

void
buffer_byte(struct buffer * b, uint8_t v)
{
	buffer_append(b, &v, 1);
}

void
buffer_be16(struct buffer * b, uint16_t v)
{
	uint8_t p[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	buffer_append(b, p, sizeof(p));
}

void
buffer_be32(struct buffer * b, uint32_t v)
{
	buffer_be16(b, (uint16_t)(v >> 16));
	buffer_be16(b, (uint16_t)v);
}

void
buffer_be64(struct buffer * b, uint64_t v)
{
	buffer_be32(b, (uint32_t)(v >> 32));
	buffer_be32(b, (uint32_t)v);
}

void
buffer_uvarint(struct buffer * b, uint64_t v)
{
	uint8_t p[10];
	size_t n = 0;

	do {
		p[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v > 0);
	buffer_append(b, p, n);
}

void
buffer_printf(struct buffer * b, const char * format, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	else if (buffer_reserve(b, (size_t)n + 1) == 0) {
		(void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, format,
		    again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void
buffer_consume(struct buffer * b, size_t n)
{
	if (n < b->n)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}
