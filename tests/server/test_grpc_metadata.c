/* Headers of a call and trailers of its answer. */
#include "server/grpc_pair.h"

static void
assert_metadata(struct pair * p, const char * name, const char * value)
{
	struct slice found = grpc_call_metadata(p->call, name);

	assert_true(slice_equal(found, slice_text(value)));
}

static void
a_handler_reads_the_headers_of_its_call(void ** state)
{
	struct pair p;

	(void)state;
	start(&p, NULL);
	call(&p, (const char * const[4]){"authorization", "bearer abc",
	    "x-raw-bin", "AAECAw==, BBBB"});
	assert_non_null(p.call);
	assert_metadata(&p, "authorization", "bearer abc");
	assert_true(slice_equal(grpc_call_metadata(p.call, "x-raw-bin"),
	    slice_of("\0\1\2\3", 4)));
	assert_metadata(&p, "content-type", "");
	assert_metadata(&p, "missing", "");
	answer(&p);
	assert_int_equal(0, p.grpc_status);
	stop(&p);
}

static void
headers_outlive_the_client(void ** state)
{
	struct pair p;

	(void)state;
	start(&p, NULL);
	call(&p, (const char * const[4]){"a", "1", "b", "2"});
	stop(&p);
	assert_metadata(&p, "b", "2");
	grpc_call_fail(p.call, GRPC_CANCELLED, "gone");
}

static void
binary_that_is_no_base64_is_not_there(void ** state)
{
	struct pair p;

	(void)state;
	start(&p, NULL);
	call(&p, (const char * const[4]){"x-bin", "!!", "y", "2"});
	assert_metadata(&p, "x-bin", "");
	assert_metadata(&p, "y", "2");
	answer(&p);
	stop(&p);
}

static void
headers_count_as_unfinished_bytes(void ** state)
{
	struct pair p;

	(void)state;
	start(&p, &(struct grpc_options){.buffered_max = 20});
	call(&p, (const char * const[4]){"a", "0123456789", "b", "0123456789"});
	assert_null(p.call);
	assert_int_equal(GRPC_RESOURCE_EXHAUSTED, p.grpc_status);
	stop(&p);
}

static void
trailers_come_with_the_end(void ** state)
{
	struct pair p;

	(void)state;
	start(&p, NULL);
	call(&p, (const char * const[4]){"a", "1", NULL, NULL});
	assert_int_equal(0, grpc_call_trailer(p.call, "x-text",
	    slice_text("hello")));
	assert_int_equal(0, grpc_call_trailer(p.call, "x-raw-bin",
	    slice_of("\0\1\2\3", 4)));
	answer(&p);
	assert_int_equal(0, p.grpc_status);
	assert_true(came(&p, "x-text=hello\n"));
	assert_true(came(&p, "x-raw-bin=AAECAw\n"));
	stop(&p);
}

static void
a_failed_call_has_its_trailers_too(void ** state)
{
	struct pair p;

	(void)state;
	start(&p, NULL);
	call(&p, (const char * const[4]){"a", "1", NULL, NULL});
	assert_int_equal(0, grpc_call_trailer(p.call, "x", slice_text("y")));
	grpc_call_fail(p.call, GRPC_NOT_FOUND, "no");
	settle(&p);
	assert_int_equal(GRPC_NOT_FOUND, p.grpc_status);
	assert_true(came(&p, "\nx=y\n"));
	stop(&p);
}

static void
trailers_that_would_break_the_answer_are_refused(void ** state)
{
	static const char * const names[] = {"", "Upper", ":status",
	    "grpc-status", "content-type", "a b"};
	struct pair p;
	size_t i;

	(void)state;
	start(&p, NULL);
	call(&p, (const char * const[4]){"a", "1", NULL, NULL});
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(-ERR_INVALID_INPUT, grpc_call_trailer(p.call,
		    names[i], slice_text("x")));
	assert_int_equal(-ERR_INVALID_INPUT, grpc_call_trailer(p.call, "x",
	    slice_text("a\nb")));
	for (i = 0; i < GRPC_TRAILERS_MAX; i++)
		assert_int_equal(0, grpc_call_trailer(p.call, "x",
		    slice_text("y")));
	assert_int_equal(-ERR_INVALID_INPUT, grpc_call_trailer(p.call, "x",
	    slice_text("y")));
	answer(&p);
	assert_int_equal(0, p.grpc_status);
	stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_handler_reads_the_headers_of_its_call),
	    cmocka_unit_test(headers_outlive_the_client),
	    cmocka_unit_test(binary_that_is_no_base64_is_not_there),
	    cmocka_unit_test(headers_count_as_unfinished_bytes),
	    cmocka_unit_test(trailers_come_with_the_end),
	    cmocka_unit_test(a_failed_call_has_its_trailers_too),
	    cmocka_unit_test(trailers_that_would_break_the_answer_are_refused)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
