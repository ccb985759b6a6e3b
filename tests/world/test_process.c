/* What the system says of this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "world/os/world_os.h"
#include "world/process.h"

static struct world * w;

static int
make_world(void ** state)
{
	(void)state;
	w = world_os_new(NULL);
	return (w == NULL);
}

static int
free_world(void ** state)
{
	(void)state;
	world_os_free(w);
	return (0);
}

static void
it_is_this_process(void ** state)
{
	struct world_process p;

	(void)state;
	memset(&p, 0xff, sizeof(p));
	assert_true(world_process(w, &p));
	assert_int_equal(getpid(), p.pid);
	assert_int_equal(getppid(), p.parent);
	assert_int_equal(getuid(), p.user_id);
	assert_int_equal(0, p.n_unknown);
	assert_true(p.threads >= 1 && p.processors >= 1);
	assert_true(p.folder[0] == '/');
	assert_string_equal("linux", p.system);
	assert_true(strlen(p.machine) > 0 && strlen(p.host) > 0);
}

static void
open_files_are_counted(void ** state)
{
	struct world_process before, after;
	int fds[5];
	size_t i;

	(void)state;
	assert_true(world_process(w, &before));
	for (i = 0; i < 5; i++)
		assert_true((fds[i] = open("/dev/null", O_RDONLY)) >= 0);
	assert_true(world_process(w, &after));
	for (i = 0; i < 5; i++)
		(void)close(fds[i]);
	assert_int_equal(before.files + 5, after.files);
	assert_true(world_process(w, &after));
	assert_int_equal(before.files, after.files);
}

static void
processor_time_grows(void ** state)
{
	struct world_process before, after;
	volatile unsigned spin = 0;

	(void)state;
	assert_true(world_process(w, &before));
	do {
		for (unsigned i = 0; i < 1000000; i++)
			spin += i;
		assert_true(world_process(w, &after));
	} while (after.user_ms + after.system_ms <
	    before.user_ms + before.system_ms + 20);
}

static void
too_many_open_files_are_told(void ** state)
{
	struct rlimit old, low;
	struct world_process p;

	(void)state;
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &old));
	low = old;
	low.rlim_cur = 0;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &low));
	assert_true(world_process(w, &p));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &old));
	assert_true(p.too_many_files);
	assert_int_equal(0, p.files);
	assert_int_equal(0, p.files_limit);
	assert_int_equal(old.rlim_max, p.files_limit_max);
	assert_true(p.n_unknown >= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_this_process),
		cmocka_unit_test(open_files_are_counted),
		cmocka_unit_test(processor_time_grows),
		cmocka_unit_test(too_many_open_files_are_told),
	};

	return (cmocka_run_group_tests(tests, make_world, free_world));
}
