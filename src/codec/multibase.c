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

/* The values of all characters: -1 for those that are no digits. */
struct digits {
	int8_t value[256];
};

static void
digits_init(struct digits * digits, const char * alphabet)
{
	int i;

	memset(digits->value, -1, sizeof(digits->value));
	for (i = 0; alphabet[i] != '\0'; i++)
		digits->value[(uint8_t)alphabet[i]] = (int8_t)i;
}

/* Each digit carries `bits` bits, most significant first. */
static void
bits_encode(struct buffer * out, const char * alphabet, unsigned bits,
    struct slice in)
{
	uint32_t held = 0, mask = (1U << bits) - 1;
	unsigned n = 0;
	uint8_t * to;
	size_t i;

	if (buffer_reserve(out, in.n / bits * 8 + 8 + 8) != 0)
		return;
	to = out->p + out->n;
	for (i = 0; i < in.n; i++) {
		held = held << 8 | in.p[i];
		for (n += 8; n >= bits; n -= bits)
			*to++ = (uint8_t)alphabet[held >> (n - bits) & mask];
	}
	if (n > 0)
		*to++ = (uint8_t)alphabet[held << (bits - n) & mask];
	out->n = (size_t)(to - out->p);
}

/* A digit that adds no byte, or trailing bits that are not zero, are refused. */
static int
bits_decode(struct buffer * out, const char * alphabet, unsigned bits,
    struct slice in)
{
	struct digits digits;
	uint32_t held = 0;
	unsigned n = 0;
	uint8_t * to;
	size_t i;
	int digit;

	if (buffer_reserve(out, in.n + 1) != 0)
		return (-ERR_INTERNAL);
	digits_init(&digits, alphabet);
	to = out->p + out->n;
	for (i = 0; i < in.n; i++) {
		if ((digit = digits.value[in.p[i]]) < 0)
			return (-ERR_INVALID_INPUT);
		held = held << bits | (uint32_t)digit;
		if ((n += bits) >= 8) {
			n -= 8;
			*to++ = (uint8_t)(held >> n);
		}
	}
	if (n >= bits || (held & ((1U << n) - 1)) != 0)
		return (-ERR_INVALID_INPUT);
	out->n = (size_t)(to - out->p);
	return (0);
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

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

int
hex_decode(struct buffer * out, struct slice in)
{
	int high, low;
	uint8_t * to;
	size_t i;

	if (in.n % 2 != 0)
		return (-ERR_INVALID_INPUT);
	if (buffer_reserve(out, in.n / 2 + 1) != 0)
		return (-ERR_INTERNAL);
	to = out->p + out->n;
	for (i = 0; i < in.n; i += 2) {
		high = hex_digit(in.p[i]);
		low = hex_digit(in.p[i + 1]);
		if (high < 0 || low < 0)
			return (-ERR_INVALID_INPUT);
		*to++ = (uint8_t)(high << 4 | low);
	}
	out->n += in.n / 2;
	return (0);
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

/* The largest power of the base below 2^30, and its exponent. */
static uint32_t
limb_of(unsigned base, unsigned * exponent)
{
	uint32_t limb = base;

	for (*exponent = 1; limb < (1U << 30) / base; ++*exponent)
		limb *= base;
	return (limb);
}

/* limbs = limbs * 256^bytes + value; the new number of limbs. */
static size_t
limbs_take(uint32_t * limbs, size_t n, uint32_t limb, unsigned bytes,
    uint64_t value)
{
	size_t i;

	for (i = 0; i < n || value > 0; i++) {
		value += (uint64_t)limbs[i] << (8 * bytes);
		limbs[i] = (uint32_t)(value % limb);
		value /= limb;
	}
	return (i);
}

/* Digits of a limb, most significant first; all of them, or from the first
 * that is not zero on. */
static void
put_limb(struct buffer * out, const char * alphabet, uint32_t value,
    unsigned exponent, bool all)
{
	unsigned base = (unsigned)strlen(alphabet), n = 0;
	uint8_t digits[32];

	for (; value > 0 || (all && n < exponent); value /= base)
		digits[n++] = (uint8_t)alphabet[value % base];
	while (n > 0)
		buffer_byte(out, digits[--n]);
}

void
bignum_encode(struct buffer * out, const char * alphabet, struct slice in)
{
	unsigned base = (unsigned)strlen(alphabet), exponent, bytes, j;
	uint32_t limb = limb_of(base, &exponent);
	size_t zeros = 0, n = 0, i;
	uint32_t * limbs; /* least significant first */
	uint64_t value;

	while (zeros < in.n && in.p[zeros] == 0)
		zeros++;
	/* A limb of five digits holds at least 25 bits: three bytes. */
	if ((limbs = calloc((in.n - zeros) / 3 + 3, sizeof(*limbs))) == NULL) {
		out->failed = true;
		return;
	}
	for (i = zeros; i < in.n; i += bytes) {
		bytes = in.n - i < 4 ? (unsigned)(in.n - i) : 4;
		for (value = 0, j = 0; j < bytes; j++)
			value = value << 8 | in.p[i + j];
		n = limbs_take(limbs, n, limb, bytes, value);
	}
	for (i = 0; i < zeros; i++)
		buffer_byte(out, (uint8_t)alphabet[0]);
	for (i = n; i > 0; i--)
		put_limb(out, alphabet, limbs[i - 1], exponent, i < n);
	free(limbs);
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
