#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/budget.h"

static void
all_of_it_may_be_taken_and_no_more(void ** state)
{
	struct budget b;

	(void)state;
	budget_init(&b, "test.things", 3);
	assert_true(budget_take(&b, 1));
	assert_true(budget_take(&b, 2));
	assert_false(budget_take(&b, 1));
	assert_int_equal(3, b.used);
	assert_int_equal(1, b.refused);
	budget_give(&b, 1);
	assert_true(budget_take(&b, 1));
	assert_false(budget_take(&b, UINT64_MAX));
	assert_int_equal(3, b.peak);
	assert_int_equal(2, b.refused);
}

static void
the_peak_stays_when_all_is_given_back(void ** state)
{
	struct budget b;

	(void)state;
	budget_init(&b, "test.things", 10);
	assert_true(budget_take(&b, 7));
	budget_give(&b, 7);
	assert_int_equal(0, b.used);
	assert_int_equal(7, b.peak);
	/* More than was taken is not given back. */
	budget_give(&b, 1);
	assert_int_equal(0, b.used);
}

static void
each_of_many_has_a_budget_of_its_own(void ** state)
{
	struct budget b;

	(void)state;
	budget_init(&b, "test.things_of_each", 4);
	assert_true(budget_allows(&b, 3, 1));
	assert_true(budget_allows(&b, 0, 4));
	assert_false(budget_allows(&b, 4, 1));
	assert_false(budget_allows(&b, 5, 0));
	assert_false(budget_allows(&b, 1, UINT64_MAX));
	assert_int_equal(4, b.peak);
	assert_int_equal(3, b.refused);
	assert_int_equal(0, b.used);
}

static void
the_last_quarter_is_for_those_who_have_little(void ** state)
{
	struct budget b;

	(void)state;
	budget_init(&b, "test.shared", 4096);
	assert_true(budget_take_fair(&b, 0, 3072));
	assert_true(budget_is_tight(&b));
	assert_false(budget_take_fair(&b, 3072, 1));
	/* Up to a 1,024th, whoever it is. */
	assert_int_equal(4, budget_little(&b));
	assert_true(budget_take_fair(&b, 0, 4));
	assert_false(budget_take_fair(&b, 4, 1));
	assert_false(budget_take_fair(&b, 0, 5));
	assert_int_equal(3076, b.used);
	while (b.used < 4096)
		assert_true(budget_take_fair(&b, 3, 1));
	assert_false(budget_take_fair(&b, 0, 1));
	assert_int_equal(4, b.refused);
	budget_give(&b, 1025);
	assert_false(budget_is_tight(&b));
	assert_true(budget_take_fair(&b, 1000, 1));
}

static void
keep_row(void * user, const struct budget * b)
{
	*(struct budget *)user = *b;
}

static void
a_walk_shows_what_is_used_now(void ** state)
{
	struct budget b, shown = {0};
	struct budget_walk walk = {keep_row, &shown};

	(void)state;
	budget_init(&b, "test.things_of_each", 4);
	budget_refuse(&b);
	budget_tell_used(&walk, &b, 2);
	assert_string_equal("test.things_of_each", shown.name);
	assert_int_equal(2, shown.used);
	assert_int_equal(2, shown.peak);
	assert_int_equal(4, shown.limit);
	assert_int_equal(1, shown.refused);
	assert_int_equal(0, b.used);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_may_be_taken_and_no_more),
		cmocka_unit_test(the_peak_stays_when_all_is_given_back),
		cmocka_unit_test(each_of_many_has_a_budget_of_its_own),
		cmocka_unit_test(the_last_quarter_is_for_those_who_have_little),
		cmocka_unit_test(a_walk_shows_what_is_used_now),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
