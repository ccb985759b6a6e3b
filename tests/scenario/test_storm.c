/* A few storms; `make night` has a thousand. */
#include "support/storm.h"

enum { STORMS = 10, LONG_MS = 900000 };

static void
everything_is_everywhere_after_a_storm(void ** state)
{
	struct storm_config config = {.ms = LONG_MS};
	struct storm_report report;

	(void)state;
	for (config.seed = 1; config.seed <= STORMS; config.seed++) {
		storm(&config, &report);
		assert_true(report.acknowledged > 0 && report.lives > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_everywhere_after_a_storm),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
