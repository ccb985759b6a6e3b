/* Errors, times and networks. */
#include "support/bytes.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/network.h"

static void
a_chain_prints_its_outermost_code_first(void ** state)
{
	struct error err = {0};
	char text[200];

	(void)state;
	assert_int_equal(error_set(&err, ERR_INVALID_INPUT, "bad %d", 3),
	    -100);
	assert_int_equal(error_wrap(&err, ERR_GROUP_MISSING), -1306);
	(void)error_format(&err, text, sizeof(text));
	assert_string_equal(text,
	    "ErrGroupMissing(#1306): ErrInvalidInput(#100): bad 3");
	assert_int_equal(error_set(NULL, ERR_NOT_FOUND, "x"), -404);
	assert_string_equal(error_name(404), "ErrNotFound");
	assert_string_equal(error_name(12345), "UNKNOWN_ERRCODE");
}

static void
a_chain_drops_its_deepest_causes_when_it_is_full(void ** state)
{
	struct error err = {0};
	int i;

	(void)state;
	(void)error_set(&err, ERR_INVALID_INPUT, "%s", "");
	for (i = 0; i < 2 * ERROR_DEPTH; i++)
		(void)error_wrap(&err, ERR_INTERNAL);
	(void)error_wrap(&err, ERR_NOT_FOUND);
	assert_int_equal(err.n, ERROR_DEPTH);
	assert_int_equal(err.code[0], 404);
	assert_int_equal(err.code[ERROR_DEPTH - 1], 888);
}

static void
a_chain_is_cut_at_the_size_of_its_text(void ** state)
{
	struct error err = {0};
	char text[8];

	(void)state;
	(void)error_set(&err, ERR_INVALID_INPUT, "long text");
	assert_true(error_format(&err, text, sizeof(text)) >
	    (int)sizeof(text));
	assert_string_equal(text, "ErrInva");
}

static void
times_saturate_at_both_ends(void ** state)
{
	(void)state;
	assert_true(clock_add(UINT64_MAX, 1) == UINT64_MAX);
	assert_true(clock_add(2, 3) == 5);
	assert_true(clock_sub(2, 3) == 0);
	assert_true(clock_mul(UINT64_MAX / 2, 3) == UINT64_MAX);
	assert_true(clock_mul(0, 3) == 0);
	assert_true(clock_backoff(10, 1000, 0) == 10);
	assert_true(clock_backoff(10, 1000, 3) == 80);
	assert_true(clock_backoff(10, 1000, 63) == 1000);
	assert_true(clock_backoff(10, 1000, 1000) == 1000);
}

static void
a_network_is_found_by_its_name_and_its_id(void ** state)
{
	int id;

	(void)state;
	for (id = 0; id < NETWORK_COUNT; id++) {
		const struct network * n = network_get((enum network_id)id);

		assert_int_equal(n->id, id);
		assert_ptr_equal(network_find(n->name), n);
	}
	assert_null(network_find("nonesuch"));
}

static void
a_period_starts_at_a_whole_number_of_rotations(void ** state)
{
	(void)state;
	assert_true(network_period(86399, 86400) == 0);
	assert_true(network_period(86400, 86400) == 86400);
	assert_true(network_period(1700000000, 86400) == 1699920000);
	assert_true(network_period(1700000000, 9223372036U) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chain_prints_its_outermost_code_first),
	    cmocka_unit_test(a_chain_drops_its_deepest_causes_when_it_is_full),
	    cmocka_unit_test(a_chain_is_cut_at_the_size_of_its_text),
	    cmocka_unit_test(times_saturate_at_both_ends),
	    cmocka_unit_test(a_network_is_found_by_its_name_and_its_id),
	    cmocka_unit_test(a_period_starts_at_a_whole_number_of_rotations),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
