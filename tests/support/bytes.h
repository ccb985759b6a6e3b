/* bytes.h: bytes written as hex in tests, and comparing them. */
#ifndef BERTY_TEST_BYTES_H
#define BERTY_TEST_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"

#define BYTES(array) slice_of((array), sizeof(array))

static inline uint8_t
bytes_digit(char c)
{
	return ((uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10));
}

/* Append what lower-case hex says; answers all of the buffer. */
static inline struct slice
bytes_hex(struct buffer * b, const char * hex)
{
	for (; *hex != '\0'; hex += 2)
		buffer_byte(b, (uint8_t)(bytes_digit(hex[0]) << 4 |
		    bytes_digit(hex[1])));
	return (buffer_all(b));
}

/* The value has exactly the bytes that the hex says. */
static inline void
assert_hex(struct slice value, const char * hex)
{
	struct buffer b = {0};

	(void)bytes_hex(&b, hex);
	assert_int_equal(value.n, b.n);
	if (b.n > 0)
		assert_memory_equal(value.p, b.p, b.n);
	buffer_free(&b);
}

static inline void
assert_text(struct slice value, const char * text)
{
	assert_int_equal(value.n, strlen(text));
	if (value.n > 0)
		assert_memory_equal(value.p, text, value.n);
}

#endif /* !BERTY_TEST_BYTES_H */
