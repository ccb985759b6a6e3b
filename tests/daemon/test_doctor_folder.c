/* What the doctor says of a folder that is not there yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/doctor.h"

struct heard {
	unsigned n;
	enum doctor_grade grade;
	char text[600];
};

static void
hear(void * user, const struct doctor_finding * finding)
{
	struct heard * h = user;

	h->n++;
	h->grade = finding->grade;
	(void)snprintf(h->text, sizeof(h->text), "%s", finding->text);
}

static struct heard
ask(const char * folder)
{
	struct heard h = {0};
	const struct doctor d = {hear, &h};

	assert_false(doctor_folder(&d, folder));
	assert_int_equal(h.n, 1);
	return (h);
}

static void
a_folder_below_one_that_is_there_can_be_made(void ** state)
{
	char path[] = "/tmp/berty-doctor-XXXXXX", below[64];
	struct heard h;

	(void)state;
	assert_non_null(mkdtemp(path));
	(void)snprintf(below, sizeof(below), "%s/a/b", path);
	h = ask(below);
	assert_int_equal(h.grade, DOCTOR_OK);
	assert_int_equal(chdir(path), 0);
	h = ask("a");
	assert_int_equal(h.grade, DOCTOR_OK);
	assert_int_equal(chdir("/"), 0);
	/* Nothing was left behind. */
	assert_int_equal(rmdir(path), 0);
}

/* Only root can make it; whoever cannot hears where it is that he cannot. */
static void
a_folder_at_the_root_is_looked_for_there(void ** state)
{
	struct heard h = ask("/berty-is-not-there");

	(void)state;
	if (access("/", W_OK) == 0)
		assert_int_equal(h.grade, DOCTOR_OK);
	else
		assert_non_null(strstr(h.text, "made in /"));
	assert_null(strstr(h.text, "in /berty"));
}

static void
a_folder_below_a_file_cannot_be_used(void ** state)
{
	struct heard h = ask("/dev/null/a");

	(void)state;
	assert_int_equal(h.grade, DOCTOR_FAIL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_below_one_that_is_there_can_be_made),
		cmocka_unit_test(a_folder_at_the_root_is_looked_for_there),
		cmocka_unit_test(a_folder_below_a_file_cannot_be_used),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
