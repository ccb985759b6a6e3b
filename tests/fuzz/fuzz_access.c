/* The file of tokens, the authorization header, and an origin. */
#include "fuzz/fuzz.h"
#include "server/access_origin.h"
#include "server/access_token.h"

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct slice in = slice_of(p, n), token;
	struct access_tokens tokens;
	struct buffer once = {0}, twice = {0}, list = {0};

	if (access_tokens_parse(&tokens, in, NULL) == 0) {
		FUZZ_CHECK(tokens.n > 0 && tokens.n <= ACCESS_TOKENS_MAX);
		FUZZ_CHECK(access_tokens_first(in, &token, NULL) == 0);
		FUZZ_CHECK(access_token_is_one(token));
		FUZZ_CHECK(access_tokens_find(&tokens, token) != NULL);
	}
	if (access_token_of(in, &token))
		FUZZ_CHECK(access_token_is_one(token));
	if (access_origin_write(&once, in)) {
		FUZZ_CHECK(access_origin_write(&twice, buffer_all(&once)));
		FUZZ_CHECK(slice_equal(buffer_all(&once), buffer_all(&twice)));
		buffer_slice(&list, buffer_all(&once));
		buffer_byte(&list, 0);
		FUZZ_CHECK(access_origin_is_listed(buffer_all(&list), in));
	} else
		FUZZ_CHECK(once.n == 0);
	(void)access_origin_is_listed(in, slice_text("https://a.example"));
	buffer_free(&once);
	buffer_free(&twice);
	buffer_free(&list);
	return (0);
}
