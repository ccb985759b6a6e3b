#include "codec/multibase.h"

#include <stdlib.h>

#include "base/error.h"

const char base58_alphabet[] =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const char base42_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$*-.:/";
const char base36_alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* The digit's value, or -1. */
static int
digit_of(const char * alphabet, uint8_t c)
{
	const char * at = c == '\0' ? NULL : strchr(alphabet, c);

	return (at == NULL ? -1 : (int)(at - alphabet));
}

/* Each digit carries `bits` bits, most significant first. */
static void
bits_encode(struct buffer * out, const char * alphabet, unsigned bits,
    struct slice in)
{
	uint32_t held = 0, mask = (1U << bits) - 1;
	unsigned n = 0;
	size_t i;

	if (buffer_reserve(out, in.n / bits * 8 + 8) != 0)
		return;
	for (i = 0; i < in.n; i++) {
		held = held << 8 | in.p[i];
		for (n += 8; n >= bits; n -= bits)
			buffer_byte(out,
			    (uint8_t)alphabet[held >> (n - bits) & mask]);
	}
	if (n > 0)
		buffer_byte(out, (uint8_t)alphabet[held << (bits - n) & mask]);
}

/* A digit that adds no byte, or trailing bits that are not zero, are refused. */
static int
bits_decode(struct buffer * out, const char * alphabet, unsigned bits,
    struct slice in)
{
	size_t start = out->n, i;
	uint32_t held = 0;
	unsigned n = 0;
	int digit;

	for (i = 0; i < in.n; i++) {
		if ((digit = digit_of(alphabet, in.p[i])) < 0)
			goto err0;
		held = held << bits | (uint32_t)digit;
		if ((n += bits) >= 8) {
			n -= 8;
			buffer_byte(out, (uint8_t)(held >> n));
		}
	}
	if (n >= bits || (held & ((1U << n) - 1)) != 0)
		goto err0;
	return (out->failed ? -ERR_INTERNAL : 0);

err0:
	out->n = start;
	return (-ERR_INVALID_INPUT);
}

void
hex_encode(struct buffer * out, struct slice in)
{
	bits_encode(out, "0123456789abcdef", 4, in);
}

void
base64_encode(struct buffer * out, struct slice in)
{
	size_t i;

	bits_encode(out, base64_alphabet, 6, in);
	for (i = in.n; i % 3 != 0; i++)
		buffer_byte(out, '=');
}

void
base64url_encode(struct buffer * out, struct slice in)
{
	bits_encode(out, base64url_alphabet, 6, in);
}

void
base32_encode(struct buffer * out, struct slice in)
{
	bits_encode(out, base32_alphabet, 5, in);
}

int
hex_decode(struct buffer * out, struct slice in)
{
	size_t start = out->n, i;
	int digit, byte = 0;

	if (in.n % 2 != 0)
		return (-ERR_INVALID_INPUT);
	for (i = 0; i < in.n; i++) {
		digit = digit_of("0123456789abcdef", in.p[i]);
		if (digit < 0)
			digit = digit_of("0123456789ABCDEF", in.p[i]);
		if (digit < 0)
			goto err0;
		byte = byte << 4 | digit;
		if (i % 2 == 1) {
			buffer_byte(out, (uint8_t)byte);
			byte = 0;
		}
	}
	return (out->failed ? -ERR_INTERNAL : 0);

err0:
	out->n = start;
	return (-ERR_INVALID_INPUT);
}

int
base64_decode(struct buffer * out, struct slice in)
{
	if (in.n % 4 != 0)
		return (-ERR_INVALID_INPUT);
	if (in.n > 0 && in.p[in.n - 1] == '=')
		in.n -= in.p[in.n - 2] == '=' ? 2 : 1;
	return (bits_decode(out, base64_alphabet, 6, in));
}

int
base64url_decode(struct buffer * out, struct slice in)
{
	return (bits_decode(out, base64url_alphabet, 6, in));
}

int
base32_decode(struct buffer * out, struct slice in)
{
	return (bits_decode(out, base32_alphabet, 5, in));
}

void
bignum_encode(struct buffer * out, const char * alphabet, struct slice in)
{
	unsigned base = (unsigned)strlen(alphabet);
	size_t zeros = 0, n = 0, size, i, j;
	uint8_t * digits;
	uint32_t carry;

	while (zeros < in.n && in.p[zeros] == 0)
		zeros++;
	/* A byte needs at most 8 / log2(36) = 1.55 digits. */
	size = (in.n - zeros) * 8 / 5 + 1;
	if (buffer_reserve(out, zeros + size) != 0)
		return;
	if ((digits = calloc(size, 1)) == NULL) {
		out->failed = true;
		return;
	}
	for (i = zeros; i < in.n; i++) {
		carry = in.p[i];
		for (j = 0; j < n || carry > 0; j++) {
			carry += (uint32_t)digits[j] << 8;
			digits[j] = (uint8_t)(carry % base);
			carry /= base;
		}
		n = j;
	}
	for (i = 0; i < zeros; i++)
		buffer_byte(out, (uint8_t)alphabet[0]);
	while (n > 0)
		buffer_byte(out, (uint8_t)alphabet[digits[--n]]);
	free(digits);
}

int
bignum_decode(struct buffer * out, const char * alphabet, struct slice in)
{
	unsigned base = (unsigned)strlen(alphabet);
	size_t zeros = 0, n = 0, start = out->n, i, j;
	uint8_t * bytes; /* least significant first */
	uint32_t carry;
	int digit;

	while (zeros < in.n && in.p[zeros] == (uint8_t)alphabet[0])
		zeros++;
	/* The alphabets have at most 64 characters: 6 bits each. */
	if ((bytes = calloc((in.n - zeros) * 3 / 4 + 2, 1)) == NULL)
		return (-ERR_INTERNAL);
	for (i = zeros; i < in.n; i++) {
		if ((digit = digit_of(alphabet, in.p[i])) < 0)
			goto err1;
		carry = (uint32_t)digit;
		for (j = 0; j < n || carry > 0; j++) {
			carry += bytes[j] * base;
			bytes[j] = (uint8_t)carry;
			carry >>= 8;
		}
		n = j;
	}
	for (i = 0; i < zeros; i++)
		buffer_byte(out, 0);
	while (n > 0)
		buffer_byte(out, bytes[--n]);
	free(bytes);
	return (out->failed ? -ERR_INTERNAL : 0);

err1:
	free(bytes);
	out->n = start;
	return (-ERR_INVALID_INPUT);
}

int
multibase_decode(struct buffer * out, struct slice in)
{
	struct slice rest;

	if (in.n == 0)
		return (-ERR_INVALID_INPUT);
	rest = slice_of(in.p + 1, in.n - 1);
	switch (in.p[0]) {
	case 'b':
		return (base32_decode(out, rest));
	case 'z':
		return (bignum_decode(out, base58_alphabet, rest));
	case 'k':
		return (bignum_decode(out, base36_alphabet, rest));
	case 'f':
		return (hex_decode(out, rest));
	default:
		return (-ERR_INVALID_INPUT);
	}
}
