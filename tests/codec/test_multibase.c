#include "support/bytes.h"

#include "base/error.h"
#include "codec/multibase.h"
#include "codec/utf8.h"

struct base {
	void (*encode)(struct buffer * out, struct slice in);
	int (*decode)(struct buffer * out, struct slice in);
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

static const struct base hex = {hex_encode, hex_decode};
static const struct base b64 = {base64_encode, base64_decode};
static const struct base url = {base64url_encode, base64url_decode};
static const struct base b32 = {base32_encode, base32_decode};
static const struct base b58 = {encode58, decode58};

static void
known_texts_are_written_and_read(void ** state)
{
	static const struct {
		const struct base * base;
		const char * bytes;
		const char * text;
	} table[] = {
	    {&hex, "foobar", "666f6f626172"}, {&b64, "", ""},
	    {&b64, "f", "Zg=="}, {&b64, "fo", "Zm8="}, {&b64, "foo", "Zm9v"},
	    {&b64, "foobar", "Zm9vYmFy"}, {&url, "f", "Zg"},
	    {&url, "fo", "Zm8"}, {&url, "\xff\xfe\xfd", "__79"},
	    {&b64, "\xff\xfe\xfd", "//79"}, {&b32, "f", "my"},
	    {&b32, "foobar", "mzxw6ytboi"}, {&b58, "Hello World!",
	    "2NEpo7TZRRrLZSi2U"}, {&b58, "", ""}};
	struct buffer text = {0}, bytes = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&text);
		buffer_clear(&bytes);
		table[i].base->encode(&text, slice_text(table[i].bytes));
		assert_text(buffer_all(&text), table[i].text);
		assert_int_equal(table[i].base->decode(&bytes,
		    buffer_all(&text)), 0);
		assert_text(buffer_all(&bytes), table[i].bytes);
	}
	buffer_free(&text);
	buffer_free(&bytes);
}

static void
leading_zero_bytes_are_leading_zero_digits(void ** state)
{
	static const uint8_t bytes[] = {0, 0, 0x28, 0x7f, 0xb4, 0xcd};
	struct buffer text = {0}, again = {0};

	(void)state;
	encode58(&text, BYTES(bytes));
	assert_text(buffer_all(&text), "11233QC4");
	assert_int_equal(decode58(&again, buffer_all(&text)), 0);
	assert_true(slice_equal(buffer_all(&again), BYTES(bytes)));
	buffer_free(&text);
	buffer_free(&again);
}

static void
what_is_not_the_text_of_bytes_is_refused(void ** state)
{
	static const struct {
		const struct base * base;
		const char * text;
	} table[] = {{&hex, "0"}, {&hex, "0g"}, {&b64, "Zg"}, {&b64, "Zg="},
	    {&b64, "Z==="}, {&b64, "===="}, {&b64, "Zh=="}, {&b64, "Zm9="},
	    {&b64, "Zm 9"}, {&b64, "__79"}, {&url, "Zg=="}, {&url, "Z"},
	    {&url, "Zh"}, {&url, "//79"}, {&b32, "m"}, {&b32, "mz"},
	    {&b32, "MY"}, {&b32, "m1"}, {&b32, "mzx"}, {&b58, "0"},
	    {&b58, "O"}, {&b58, "I"}, {&b58, "l"}, {&b58, "2 "}};
	struct buffer out = {0};
	size_t i;

	(void)state;
	buffer_text(&out, "before");
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(table[i].base->decode(&out,
		    slice_text(table[i].text)), -ERR_INVALID_INPUT);
		assert_text(buffer_all(&out), "before");
	}
	buffer_free(&out);
}

static void
a_prefix_names_the_base(void ** state)
{
	static const char * const texts[] = {"f0123", "baerq"};
	struct buffer out = {0};

	(void)state;
	assert_int_equal(multibase_decode(&out, slice_text(texts[0])), 0);
	assert_hex(buffer_all(&out), "0123");
	buffer_clear(&out);
	assert_int_equal(multibase_decode(&out, slice_text(texts[1])), 0);
	assert_hex(buffer_all(&out), "0123");
	assert_int_equal(multibase_decode(&out, slice_text("")),
	    -ERR_INVALID_INPUT);
	assert_int_equal(multibase_decode(&out, slice_text("Mabcd")),
	    -ERR_INVALID_INPUT);
	buffer_free(&out);
}

static void
only_shortest_utf8_without_surrogates_is_valid(void ** state)
{
	static const struct {
		const char * text;
		bool valid;
	} table[] = {{"", true}, {"abc", true}, {"\xc3\xa4", true},
	    {"\xe6\x84\x9b", true}, {"\xf0\x9f\x98\x80", true},
	    {"\x80", false}, {"\xc3", false}, {"\xc0\x80", false},
	    {"\xe0\x9f\xbf", false}, {"\xed\xa0\x80", false},
	    {"\xf0\x8f\xbf\xbf", false}, {"\xf4\x90\x80\x80", false},
	    {"\xf4\x8f\xbf\xbf", true}, {"\xff", false}, {"a\xe6\x84", false}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(utf8_valid(slice_text(table[i].text)),
		    table[i].valid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_texts_are_written_and_read),
	    cmocka_unit_test(leading_zero_bytes_are_leading_zero_digits),
	    cmocka_unit_test(what_is_not_the_text_of_bytes_is_refused),
	    cmocka_unit_test(a_prefix_names_the_base),
	    cmocka_unit_test(only_shortest_utf8_without_surrogates_is_valid),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
