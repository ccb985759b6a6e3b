/* Who is let in: tokens, origins, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/access.h"
#include "server/access_file.h"
#include "server/access_origin.h"
#include "server/access_token.h"

#define ONE "abcdefghijklmnopqrstuv"
#define TWO "0123456789012345678901-._~+/=="

struct folder {
	char path[64], tokens[100];
};

static void
folder_make(struct folder * f)
{
	strcpy(f->path, "/tmp/access-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->tokens, sizeof(f->tokens), "%s/tokens", f->path);
}

static void
folder_remove(struct folder * f)
{
	char path[128];

	(void)unlink(f->tokens);
	snprintf(path, sizeof(path), "%s/api-key.pem", f->path);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/api-certificate.pem", f->path);
	(void)unlink(path);
	assert_int_equal(0, rmdir(f->path));
}

static void
put(const char * path, const char * text)
{
	assert_int_equal(0, access_file_write(path, slice_text(text), NULL));
}

static int
parse(struct access_tokens * tokens, const char * text, struct error * err)
{
	return (access_tokens_parse(tokens, slice_text(text), err));
}

static enum access_verdict
judge(const struct access * access, const char * header)
{
	uint64_t id;

	return (access_check(access, slice_text(header), &id));
}

/* --- tokens --------------------------------------------------------------- */

static void
a_file_has_a_token_a_line_with_names_and_remarks(void ** state)
{
	struct access_tokens t;

	(void)state;
	assert_int_equal(0, parse(&t, "# mine\n\n" ONE " my phone \r\n  \n"
	    TWO, NULL));
	assert_int_equal(2, t.n);
	assert_string_equal("my phone", t.list[0].name);
	assert_string_equal("", t.list[1].name);
	assert_ptr_equal(&t.list[0], access_tokens_find(&t, slice_text(ONE)));
	assert_ptr_equal(&t.list[1], access_tokens_find(&t, slice_text(TWO)));
	assert_null(access_tokens_find(&t, slice_text(ONE "x")));
	assert_null(access_tokens_find(&t, slice_of(ONE, 21)));
	assert_null(access_tokens_find(&t, slice_text("")));
	assert_null(access_tokens_find(&t, slice_text("mine")));
}

static void
a_file_that_is_no_list_of_tokens_says_which_line_and_not_what(void ** state)
{
	static const char * const bad[] = {ONE "\nshort\n",
	    ONE "\nab,defghijklmnopqrstuvwxyz\n", ONE "\n===================\n",
	    ONE "\nabcdefghijklmnopqrst=uvwxyz"};
	struct access_tokens t = {.n = 77};
	struct error err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(-ERR_INVALID_INPUT, parse(&t, bad[i], &err));
		assert_non_null(strstr(err.text, "line 2"));
		assert_null(strstr(err.text, "short"));
		assert_null(strstr(err.text, "abcd"));
	}
	assert_int_equal(-ERR_INVALID_INPUT, parse(&t, "# nothing\n", &err));
	assert_int_equal(77, t.n);
}

static void
a_file_has_so_many_tokens_and_no_more(void ** state)
{
	char text[(ACCESS_TOKENS_MAX + 1) * 40] = "";
	struct access_tokens t;
	unsigned i;

	(void)state;
	for (i = 0; i < ACCESS_TOKENS_MAX; i++)
		snprintf(text + strlen(text), 40, "token-number-%09u\n", i);
	assert_int_equal(0, parse(&t, text, NULL));
	assert_int_equal(ACCESS_TOKENS_MAX, t.n);
	snprintf(text + strlen(text), 40, "token-number-%09u\n", i);
	assert_int_equal(-ERR_INVALID_INPUT, parse(&t, text, NULL));
}

static void
a_token_is_as_long_as_allowed(void ** state)
{
	char text[ACCESS_TOKEN_MOST + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(access_token_is_one(slice_of(text,
	    ACCESS_TOKEN_LEAST - 1)));
	assert_true(access_token_is_one(slice_of(text, ACCESS_TOKEN_LEAST)));
	assert_true(access_token_is_one(slice_of(text, ACCESS_TOKEN_MOST)));
	assert_false(access_token_is_one(slice_of(text,
	    ACCESS_TOKEN_MOST + 1)));
}

static void
a_bearer_header_is_read_whatever_its_case(void ** state)
{
	static const char * const good[] = {"Bearer " ONE, "bearer " ONE,
	    "BEARER   " ONE "  "};
	static const char * const bad[] = {"", "Bearer", "Bearer ", ONE,
	    "Basic " ONE, "Bearer" ONE, "Bearer " ONE " more", "Bearer a,b"};
	struct slice token;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(access_token_of(slice_text(good[i]), &token));
		assert_true(slice_equal(token, slice_text(ONE)));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(access_token_of(slice_text(bad[i]), &token));
}

/* --- origins -------------------------------------------------------------- */

static void
an_origin_is_written_in_one_way(void ** state)
{
	static const char * const pairs[][2] = {
	    {"https://App.Example", "https://app.example"},
	    {"https://app.example:443", "https://app.example"},
	    {"http://a:80", "http://a"}, {"http://a:443", "http://a:443"},
	    {"http://[::1]:8080", "http://[::1]:8080"},
	    {"http://127.0.0.1:1", "http://127.0.0.1:1"},
	    {"capacitor://localhost", "capacitor://localhost"}};
	static const char * const bad[] = {"", "null", "app.example", "*",
	    "https://", "https://a/", "https://a/b", "https://a:", "://a",
	    "https://a:0", "https://a:65536", "https://u@a", "https://[]",
	    "https://[::1", "https://a b", "https://a:8x"};
	struct buffer out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buffer_clear(&out);
		assert_true(access_origin_write(&out, slice_text(pairs[i][0])));
		assert_true(slice_equal(buffer_all(&out),
		    slice_text(pairs[i][1])));
	}
	buffer_clear(&out);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(access_origin_write(&out, slice_text(bad[i])));
	assert_int_equal(0, out.n);
	buffer_free(&out);
}

static bool
allows(const char * const * list, const char * origin)
{
	struct access * access;
	bool allowed;

	assert_int_equal(0, access_new(&access,
	    &(struct access_options){.origins = list}, NULL, NULL));
	allowed = access_allows_origin(access, slice_text(origin));
	access_free(access);
	return (allowed);
}

static void
pages_call_that_are_on_the_list(void ** state)
{
	static const char * const list[] = {"https://A.example",
	    "http://localhost:3000", NULL};
	static const char * const all[] = {"*", NULL};
	struct access * access;

	(void)state;
	assert_true(allows(list, "https://a.example"));
	assert_true(allows(list, "https://a.example:443"));
	assert_true(allows(list, "http://localhost:3000"));
	assert_false(allows(list, "http://a.example"));
	assert_false(allows(list, "https://b.a.example"));
	assert_false(allows(list, "https://a.example.evil"));
	assert_false(allows(list, "http://localhost"));
	assert_false(allows(list, "null"));
	assert_false(allows(NULL, "https://a.example"));
	assert_true(allows(all, "https://whoever"));
	assert_false(allows(all, "null"));
	assert_int_equal(-ERR_INVALID_INPUT, access_new(&access,
	    &(struct access_options){.origins =
	    (const char * const[]){"a.example", NULL}}, NULL, NULL));
}

/* --- files ---------------------------------------------------------------- */

static void
a_missing_file_of_tokens_is_made_for_its_owner_alone(void ** state)
{
	struct folder f;
	struct access * access;
	struct buffer text = {0}, header = {0};
	struct slice token;
	struct stat st;

	(void)state;
	folder_make(&f);
	assert_int_equal(0, access_new(&access,
	    &(struct access_options){.token_file = f.tokens}, NULL, NULL));
	assert_true(access_wants_token(access));
	assert_int_equal(0, stat(f.tokens, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	assert_int_equal(0, access_file_read(f.tokens, true, &text, NULL,
	    NULL));
	assert_int_equal(0, access_tokens_first(buffer_all(&text), &token,
	    NULL));
	/* 32 bytes in base64. */
	assert_int_equal(43, token.n);
	buffer_printf(&header, "Bearer %.43s", (const char *)token.p);
	buffer_byte(&header, 0);
	assert_int_equal(ACCESS_GRANTED, judge(access, (char *)header.p));
	assert_int_equal(ACCESS_BAD_TOKEN, judge(access, "Bearer " ONE));
	assert_int_equal(ACCESS_NO_TOKEN, judge(access, ""));
	access_free(access);
	buffer_free(&text);
	buffer_free(&header);
	folder_remove(&f);
}

static void
a_file_that_others_may_read_is_refused(void ** state)
{
	struct folder f;
	struct access * access;
	struct error err = {0};

	(void)state;
	folder_make(&f);
	put(f.tokens, ONE "\n");
	assert_int_equal(0, chmod(f.tokens, 0640));
	assert_int_equal(-ERR_INVALID_INPUT, access_new(&access,
	    &(struct access_options){.token_file = f.tokens}, NULL, &err));
	assert_non_null(strstr(err.text, "chmod 600"));
	folder_remove(&f);
}

static void
what_cannot_be_read_again_stays_as_it_was(void ** state)
{
	struct folder f;
	struct access * access;
	uint64_t one, two;

	(void)state;
	folder_make(&f);
	put(f.tokens, ONE "\n");
	assert_int_equal(0, access_new(&access,
	    &(struct access_options){.token_file = f.tokens}, NULL, NULL));
	(void)access_check(access, slice_text("Bearer " ONE), &one);
	put(f.tokens, "short\n");
	assert_int_equal(-ERR_INVALID_INPUT, access_reload(access, NULL));
	assert_int_equal(ACCESS_GRANTED, judge(access, "Bearer " ONE));
	(void)unlink(f.tokens);
	assert_int_equal(-ERR_INVALID_INPUT, access_reload(access, NULL));
	assert_true(access_knows(access, one));
	put(f.tokens, TWO "\n");
	assert_int_equal(0, access_reload(access, NULL));
	assert_int_equal(ACCESS_BAD_TOKEN, judge(access, "Bearer " ONE));
	assert_false(access_knows(access, one));
	assert_int_equal(ACCESS_GRANTED, access_check(access,
	    slice_text("Bearer " TWO), &two));
	assert_true(access_knows(access, two));
	access_free(access);
	folder_remove(&f);
}

static void
without_tokens_everybody_is_let_in(void ** state)
{
	struct access * access;
	uint64_t id = 1;

	(void)state;
	assert_int_equal(0, access_new(&access, &(struct access_options){0},
	    NULL, NULL));
	assert_false(access_wants_token(access));
	assert_int_equal(ACCESS_GRANTED, access_check(access, slice_text(""),
	    &id));
	assert_int_equal(0, id);
	access_free(access);
}

/* --- the certificate ------------------------------------------------------ */

static void
fingerprint_of(const struct access_options * options, char text[65])
{
	struct access * access;

	assert_int_equal(0, access_new(&access, options, NULL, NULL));
	assert_null(access_fingerprint(access));
	assert_non_null(access_credentials(access, NULL));
	snprintf(text, 65, "%s", access_fingerprint(access));
	assert_int_equal(64, strlen(text));
	access_free(access);
}

static void
a_certificate_of_our_own_is_kept_in_the_folder(void ** state)
{
	char first[65], again[65], other[65], path[128];
	struct folder f;
	struct access_options options;
	struct stat st;

	(void)state;
	folder_make(&f);
	options = (struct access_options){.folder = f.path};
	fingerprint_of(&options, first);
	fingerprint_of(&options, again);
	assert_string_equal(first, again);
	snprintf(path, sizeof(path), "%s/api-key.pem", f.path);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	/* One without its key, as after a power cut, is made anew. */
	assert_int_equal(0, unlink(path));
	fingerprint_of(&options, other);
	assert_string_not_equal(first, other);
	folder_remove(&f);
}

static void
a_certificate_and_another_ones_key_are_refused(void ** state)
{
	struct buffer a = {0}, a_key = {0}, b = {0}, b_key = {0};
	struct tls_credentials * c;
	struct error err = {0};

	(void)state;
	assert_int_equal(0, tls_credentials_make(&a, &a_key));
	assert_int_equal(0, tls_credentials_make(&b, &b_key));
	assert_int_equal(0, tls_credentials_new(&c, buffer_all(&a),
	    buffer_all(&a_key), &err));
	tls_credentials_drop(c);
	assert_int_equal(-ERR_INVALID_INPUT, tls_credentials_new(&c,
	    buffer_all(&a), buffer_all(&b_key), &err));
	assert_int_equal(-ERR_INVALID_INPUT, tls_credentials_new(&c,
	    slice_text("no PEM"), buffer_all(&a_key), &err));
	buffer_free(&a);
	buffer_free(&a_key);
	buffer_free(&b);
	buffer_free(&b_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_has_a_token_a_line_with_names_and_remarks),
	    cmocka_unit_test(
	        a_file_that_is_no_list_of_tokens_says_which_line_and_not_what),
	    cmocka_unit_test(a_file_has_so_many_tokens_and_no_more),
	    cmocka_unit_test(a_token_is_as_long_as_allowed),
	    cmocka_unit_test(a_bearer_header_is_read_whatever_its_case),
	    cmocka_unit_test(an_origin_is_written_in_one_way),
	    cmocka_unit_test(pages_call_that_are_on_the_list),
	    cmocka_unit_test(
	        a_missing_file_of_tokens_is_made_for_its_owner_alone),
	    cmocka_unit_test(a_file_that_others_may_read_is_refused),
	    cmocka_unit_test(what_cannot_be_read_again_stays_as_it_was),
	    cmocka_unit_test(without_tokens_everybody_is_let_in),
	    cmocka_unit_test(a_certificate_of_our_own_is_kept_in_the_folder),
	    cmocka_unit_test(a_certificate_and_another_ones_key_are_refused)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
