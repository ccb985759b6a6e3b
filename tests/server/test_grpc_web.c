/* What gRPC-Web adds to gRPC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/grpc_web.h"

static void
only_content_types_of_protobuf_are_calls(void ** state)
{
	static const struct {
		const char * type;
		enum grpc_web_form form;
	} all[] = {
		{"application/grpc-web", GRPC_WEB_BINARY},
		{"Application/gRPC-Web+Proto", GRPC_WEB_BINARY},
		{"application/grpc-web+proto; charset=x", GRPC_WEB_BINARY},
		{"application/grpc-web-text", GRPC_WEB_TEXT},
		{"application/grpc-web-text+proto ;a", GRPC_WEB_TEXT},
		{"application/grpc-web+json", GRPC_WEB_NONE},
		{"application/grpc-webx", GRPC_WEB_NONE},
		{"application/grpc", GRPC_WEB_NONE},
		{"text/plain", GRPC_WEB_NONE},
		{"", GRPC_WEB_NONE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(all[i].form,
		    grpc_web_form(slice_text(all[i].type)));
}

static void
pieces_of_base64_are_read_however_they_are_cut(void ** state)
{
	const char * text = "aGU=bGxv" "IA==d29ybGQ=";
	struct grpc_web_text reading = {0};
	struct buffer out = {0};
	size_t i;

	(void)state;
	for (i = 0; text[i] != '\0'; i++)
		assert_true(grpc_web_read_text(&reading, &out,
		    slice_of(text + i, 1)));
	assert_true(grpc_web_text_is_whole(&reading));
	assert_true(slice_equal(buffer_all(&out), slice_text("hello world")));
	assert_true(grpc_web_read_text(&reading, &out, slice_text("AA")));
	assert_false(grpc_web_text_is_whole(&reading));
	buffer_free(&out);
}

static void
what_is_no_base64_is_refused(void ** state)
{
	static const char * const bad[] = {"AA?A", "A===", "====", "=AAA",
	    "AA=A", "AB==", "AAB=", "AA-_", "AAAA\r\n\r\n"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct grpc_web_text reading = {0};
		struct buffer out = {0};

		assert_false(grpc_web_read_text(&reading, &out,
		    slice_text(bad[i])));
		buffer_free(&out);
	}
}

static void
trailers_say_the_status_its_text_and_its_codes(void ** state)
{
	struct error err = {0}, read = {0};
	struct buffer out = {0}, details = {0};
	const char * at;

	(void)state;
	grpc_web_trailers(&out, GRPC_OK, NULL);
	assert_true(slice_equal(buffer_all(&out),
	    slice_text("grpc-status: 0\r\n")));
	buffer_clear(&out);
	(void)error_set(&err, ERR_NOT_FOUND, "a line\r\nx: y");
	(void)error_wrap(&err, ERR_INTERNAL);
	grpc_web_trailers(&out, GRPC_NOT_FOUND, &err);
	buffer_byte(&out, 0);
	assert_memory_equal("grpc-status: 5\r\ngrpc-message: ", out.p, 30);
	/* What is said cannot end a line. */
	assert_null(strstr((char *)out.p, "\r\nx: y"));
	at = strstr((char *)out.p, "grpc-status-details-bin: ");
	assert_non_null(at);
	at += strlen("grpc-status-details-bin: ");
	assert_int_equal(0, grpc_status_unbase64(&details, slice_of(at,
	    strcspn(at, "\r"))));
	assert_int_equal(0, grpc_status_parse(buffer_all(&details), &read));
	assert_int_equal(2, read.n);
	assert_int_equal(ERR_INTERNAL, read.code[0]);
	assert_int_equal(ERR_NOT_FOUND, read.code[1]);
	buffer_free(&out);
	buffer_free(&details);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_content_types_of_protobuf_are_calls),
	    cmocka_unit_test(pieces_of_base64_are_read_however_they_are_cut),
	    cmocka_unit_test(what_is_no_base64_is_refused),
	    cmocka_unit_test(trailers_say_the_status_its_text_and_its_codes)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
