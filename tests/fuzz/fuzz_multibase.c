/* Encoders and decoders are each other's inverse. */
#include "codec/multibase.h"
#include "fuzz/fuzz.h"

struct base {
	void (*encode)(struct buffer * out, struct slice in);
	int (*decode)(struct buffer * out, struct slice in);
	bool one_text; /* each value has one text only */
};

static void
encode58(struct buffer * out, struct slice in)
{
	bignum_encode(out, base58_alphabet, in);
}

static int
decode58(struct buffer * out, struct slice in)
{
	return (bignum_decode(out, base58_alphabet, in));
}

static void
encode42(struct buffer * out, struct slice in)
{
	bignum_encode(out, base42_alphabet, in);
}

static int
decode42(struct buffer * out, struct slice in)
{
	return (bignum_decode(out, base42_alphabet, in));
}

static const struct base bases[] = {
    {hex_encode, hex_decode, false},
    {base64_encode, base64_decode, true},
    {base64url_encode, base64url_decode, true},
    {base32_encode, base32_decode, true},
    {encode58, decode58, true},
    {encode42, decode42, true},
};

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in = slice_of(data, n);
	struct buffer text = {0}, bytes = {0};
	size_t i;

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		buffer_clear(&text);
		buffer_clear(&bytes);
		bases[i].encode(&text, in);
		FUZZ_CHECK(bases[i].decode(&bytes, buffer_all(&text)) == 0);
		FUZZ_CHECK(slice_equal(buffer_all(&bytes), in));
		buffer_clear(&bytes);
		if (bases[i].decode(&bytes, in) != 0) {
			FUZZ_CHECK(bytes.n == 0);
			continue;
		}
		buffer_clear(&text);
		bases[i].encode(&text, buffer_all(&bytes));
		if (bases[i].one_text)
			FUZZ_CHECK(slice_equal(buffer_all(&text), in));
	}
	(void)multibase_decode(&bytes, in);
	buffer_free(&text);
	buffer_free(&bytes);
	return (0);
}
