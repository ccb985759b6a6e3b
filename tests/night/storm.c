/*
 * storm.c: `berty-storm [SEED…]` runs storms; without seeds, that of the
 * environment's BERTY_SEED.  NODES (2 to 16) and HOURS (of virtual time; 1)
 * come from the environment as well.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/storm.h"

#define HOUR_MS 3600000.0

static uint64_t seed;

static double
setting(const char * name, double otherwise)
{
	const char * text = getenv(name);

	return (text == NULL || *text == '\0' ? otherwise : atof(text));
}

static void
everything_is_everywhere_after_a_storm(void ** state)
{
	struct storm_config config = {.seed = seed,
	    .nodes = (size_t)setting("NODES", 0),
	    .ms = (uint64_t)(setting("HOURS", 1) * HOUR_MS)};
	struct storm_report r;

	(void)state;
	storm(&config, &r);
	printf("seed %" PRIu64 ": %zu nodes, %zu groups, %u calls of which %u "
	    "were acknowledged, %u lives, %u faults, %.1f hours\n", r.seed,
	    r.nodes, r.groups, r.calls, r.acknowledged, r.lives, r.faults,
	    (double)r.ms / HOUR_MS);
}

int
main(int argc, char ** argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_everywhere_after_a_storm),
	};
	int failed = 0, i;

	for (i = 1; i < argc || i == 1; i++) {
		seed = i < argc ? strtoull(argv[i], NULL, 10) : 1;
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return (failed);
}
