#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bucket.h"

static const struct bucket_size SIZE = {.burst = 4, .rate = 2};

static void
so_many_may_be_taken_at_once(void ** state)
{
	struct bucket b = {0};
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_true(bucket_any(&b, &SIZE, 1000));
		bucket_take(&b, &SIZE, 1000);
		assert_int_equal(i + 1, bucket_taken(&b, &SIZE, 1000));
	}
	assert_false(bucket_any(&b, &SIZE, 1000));
	/* Taking from an empty one makes no debt. */
	bucket_take(&b, &SIZE, 1000);
	assert_int_equal(4, bucket_taken(&b, &SIZE, 1000));
}

static void
they_come_back_with_time_and_not_beyond(void ** state)
{
	struct bucket b = {0};
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		bucket_take(&b, &SIZE, 1000);
	assert_false(bucket_any(&b, &SIZE, 1499));
	assert_true(bucket_any(&b, &SIZE, 1500));
	bucket_take(&b, &SIZE, 1500);
	assert_false(bucket_any(&b, &SIZE, 1500));
	assert_int_equal(0, bucket_taken(&b, &SIZE, UINT64_MAX));
	/* A clock that stands, or goes back, gives nothing. */
	bucket_take(&b, &SIZE, UINT64_MAX);
	assert_int_equal(1, bucket_taken(&b, &SIZE, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_may_be_taken_at_once),
		cmocka_unit_test(they_come_back_with_time_and_not_beyond),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
