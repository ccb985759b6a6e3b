/* Libraries that are loaded when they are needed (world/os/os_library.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "world/os/os_library.h"

#define NOTHING(X, V) X(int, nothing, (void), ())
#define OLD(X, V) X(double, nothing_of_this_name, (void), ()) \
	X(double, sin, (double x), (x))
#define MATHS(X, V) X(double, cos, (double x), (x))

OS_LIBRARY(missing, "libberty-nobody-has.so.0", NOTHING)
OS_LIBRARY(old, "libm.so.6", OLD)
OS_LIBRARY(maths, "libm.so.6", MATHS)

static void
a_library_that_is_not_there_is_named(void ** state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(missing(&err), -ERR_INTERNAL);
	assert_non_null(strstr(err.text, "libberty-nobody-has.so.0"));
	/* And so each time. */
	assert_int_equal(missing(NULL), -ERR_INTERNAL);
}

static void
a_library_without_one_of_the_functions_is_refused(void ** state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(old(&err), -ERR_INTERNAL);
	assert_non_null(strstr(err.text, "libm.so.6"));
}

static void
a_function_of_a_loaded_library_is_called(void ** state)
{
	(void)state;
	assert_int_equal(maths(NULL), 0);
	assert_true(((double (*)(double))maths_functions[cos_at])(0) ==
	    1.0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_that_is_not_there_is_named),
		cmocka_unit_test(
		    a_library_without_one_of_the_functions_is_refused),
		cmocka_unit_test(a_function_of_a_loaded_library_is_called),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
