/* A daemon in one call: what its options say by default. */
#include "berty/daemon.h"
#include "library/library_fixture.h"

/* A folder that nobody can make: the daemon gives up before it serves. */
static int
run(const char * networks, struct berty_error * err)
{
	struct berty_daemon_options options = {.size = sizeof(options),
	    .store = "/dev/null/nowhere", .key_fd = -1, .networks = networks};

	return (berty_daemon_run(&options, NULL, NULL, err));
}

static void
a_store_that_cannot_be_made_is_named(void ** state)
{
	struct berty_error err = {0};

	(void)state;
	assert_int_equal(run("berty", &err), -BERTY_ERR_DB_OPEN);
	assert_non_null(strstr(err.text, "/dev/null"));
}

static void
networks_that_are_not_named_are_berty(void ** state)
{
	struct berty_error err = {0};

	(void)state;
	assert_int_equal(run(NULL, &err), -BERTY_ERR_DB_OPEN);
}

static void
networks_that_nobody_knows_are_refused(void ** state)
{
	struct berty_error err = {0};

	(void)state;
	assert_int_equal(run("Berty", &err), -BERTY_ERR_INVALID_INPUT);
	assert_non_null(strstr(err.text, "berty-v1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_that_cannot_be_made_is_named),
		cmocka_unit_test(networks_that_are_not_named_are_berty),
		cmocka_unit_test(networks_that_nobody_knows_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
