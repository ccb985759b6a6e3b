#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/logger.h"

static char written[600];

static void
note(void * user, enum log_level level, const char * module, const char * line)
{
	(void)user;
	(void)level;
	(void)module;
	(void)strncpy(written, line, sizeof(written) - 1);
}

/* Names in an archive and what servers say stand in lines of the log. */
static void
what_others_write_begins_no_line_of_its_own(void ** state)
{
	const struct logger log = {.write = note, .least = LOG_DEBUG};

	(void)state;
	log_warn(&log, "test", "it says: %s", "no\n\x1b[2Jerror\r\x7f\tü");
	assert_string_equal(written, "it says: no??[2Jerror???ü");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_write_begins_no_line_of_its_own),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
