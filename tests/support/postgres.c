/* postgres.c: a PostgreSQL server of a test's own. */
#include "support/postgres.h"

#include <glob.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The folder of initdb and postgres, as Debian has it; the newest. */
static void
find_programs(char * folder, size_t size)
{
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
		fail_msg("PostgreSQL is not installed: "
		    "apt-get install postgresql");
	(void)snprintf(folder, size, "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
}

/*
 * Run a program of PostgreSQL, which refuses to be root, and finds the others by
 * the path that it is called by.
 */
static pid_t
spawn(const char * program, const char ** argv)
{
	char path[128], folder[96];
	const struct passwd * user = getpwnam("postgres");
	pid_t pid;

	find_programs(folder, sizeof(folder));
	(void)snprintf(path, sizeof(path), "%s/%s", folder, program);
	if ((pid = fork()) != 0)
		return (pid);
	argv[0] = path;
	if (getuid() == 0 && (user == NULL || setgid(user->pw_gid) != 0 ||
	    setuid(user->pw_uid) != 0))
		_exit(127);
	if (freopen("/dev/null", "w", stdout) == NULL ||
	    freopen("/dev/null", "w", stderr) == NULL || chdir("/") != 0)
		_exit(127);
	(void)execv(path, (char **)(uintptr_t)argv);
	_exit(127);
}

static int
run(const char * program, const char ** argv)
{
	pid_t pid = spawn(program, argv);
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return (-1);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
wait_until_ready(struct postgres * p)
{
	const char * argv[] = {"pg_isready", "-q", "-h", p->folder, NULL};
	static const struct timespec moment = {0, 50000000};
	int i;

	for (i = 0; i < 1200; i++) {
		if (run("pg_isready", argv) == 0)
			return;
		(void)nanosleep(&moment, NULL);
	}
	fail_msg("PostgreSQL does not become ready");
}

void
postgres_restart(struct postgres * p)
{
	const char * argv[] = {"postgres", "-D", NULL, "-k", p->folder, "-c",
	    "listen_addresses=", "-c", "log_min_messages=fatal", NULL};
	char data[48];

	(void)snprintf(data, sizeof(data), "%s/data", p->folder);
	argv[2] = data;
	p->pid = spawn("postgres", argv);
	assert_true(p->pid > 0);
	wait_until_ready(p);
}

void
postgres_start(struct postgres * p)
{
	const char * argv[] = {"initdb", "-D", NULL, "-U", "postgres", "-A", "trust",
	    "-N", NULL};
	const struct passwd * user = getpwnam("postgres");
	char data[48];

	(void)snprintf(p->folder, sizeof(p->folder), "/tmp/berty-pg-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	if (getuid() == 0 && user != NULL)
		assert_int_equal(chown(p->folder, user->pw_uid,
		    user->pw_gid), 0);
	(void)snprintf(data, sizeof(data), "%s/data", p->folder);
	(void)snprintf(p->url, sizeof(p->url),
	    "postgresql:///postgres?host=%s&user=postgres", p->folder);
	argv[2] = data;
	assert_int_equal(run("initdb", argv), 0);
	postgres_restart(p);
}

void
postgres_kill(struct postgres * p)
{
	/* Its children are in its session and go when it is gone. */
	(void)kill(p->pid, SIGQUIT);
	(void)waitpid(p->pid, NULL, 0);
	p->pid = 0;
}

void
postgres_stop(struct postgres * p)
{
	char command[64];

	if (p->pid > 0)
		postgres_kill(p);
	(void)snprintf(command, sizeof(command), "rm -rf %s", p->folder);
	assert_int_equal(system(command), 0);
}
