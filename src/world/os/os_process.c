/* os_process.c: what the system says of this process. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "world/os/os_impl.h"
#include "world/process.h"

static void
unknown(struct world_process * p, const char * what)
{
	if (p->n_unknown < WORLD_PROCESS_UNKNOWN)
		p->unknown[p->n_unknown++] = what;
}

static void
read_usage(struct world_process * p)
{
	struct rusage usage;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		p->user_ms = (int64_t)usage.ru_utime.tv_sec * 1000 +
		    usage.ru_utime.tv_usec / 1000;
		p->system_ms = (int64_t)usage.ru_stime.tv_sec * 1000 +
		    usage.ru_stime.tv_usec / 1000;
	} else
		unknown(p, "processor time");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		p->files_limit = limit.rlim_cur;
		p->files_limit_max = limit.rlim_max;
	} else
		unknown(p, "limit of open files");
	errno = 0;
	p->priority = getpriority(PRIO_PROCESS, 0);
	if (p->priority == -1 && errno != 0) {
		p->priority = 0;
		unknown(p, "priority");
	}
}

/* Entries of a folder that are numbers; -1 when it cannot be read. */
static int64_t
count_numbers(const char * path)
{
	const struct dirent * entry;
	int64_t n = 0;
	DIR * folder;

	if ((folder = opendir(path)) == NULL)
		return (-1);
	while ((entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			n++;
	(void)closedir(folder);
	return (n);
}

static void
count_files(struct world_process * p)
{
	/* Present on Linux, the BSDs and macOS. */
	int64_t n = count_numbers("/dev/fd");

	if (n >= 0) {
		/* Less the one that counts. */
		p->files = n - 1;
		return;
	}
	p->too_many_files = errno == EMFILE || errno == ENFILE;
	unknown(p, "open files");
}

static void
count_threads(struct world_process * p)
{
	int64_t n = count_numbers("/proc/self/task");

	if (n > 0)
		p->threads = n;
	else
		unknown(p, "threads");
}

/* Names of runtime.GOARCH, so that the field means the same in both. */
static const char *
machine_name(const char * machine)
{
	static const char * const names[][2] = {
		{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "386"},
		{"i386", "386"}, {"armv7l", "arm"}, {"armv6l", "arm"},
		{"ppc64le", "ppc64le"}, {"loongarch64", "loong64"},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine, names[i][0]) == 0)
			return (names[i][1]);
	return (machine);
}

static void
read_system(struct world_process * p)
{
	struct utsname name;
	char * c;
	long n;

	if (uname(&name) == 0) {
		(void)snprintf(p->system, sizeof(p->system), "%s",
		    name.sysname);
		for (c = p->system; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		(void)snprintf(p->machine, sizeof(p->machine), "%s",
		    machine_name(name.machine));
		(void)snprintf(p->host, sizeof(p->host), "%s", name.nodename);
	} else
		unknown(p, "operating system");
	if ((n = sysconf(_SC_NPROCESSORS_ONLN)) > 0)
		p->processors = n;
	else
		unknown(p, "number of processors");
}

static void
read_user(struct world_process * p)
{
	struct passwd entry;
	struct passwd * found = NULL;
	char text[4096];

	p->pid = getpid();
	p->parent = getppid();
	p->user_id = getuid();
	/* A user without an entry has no name: that is no failure. */
	if (getpwuid_r(getuid(), &entry, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		(void)snprintf(p->user, sizeof(p->user), "%s",
		    entry.pw_name);
	if (getcwd(p->folder, sizeof(p->folder)) == NULL) {
		p->folder[0] = '\0';
		unknown(p, "working folder");
	}
}

bool
os_process(struct world * w, struct world_process * p)
{
	(void)w;
	memset(p, 0, sizeof(*p));
	read_usage(p);
	count_files(p);
	count_threads(p);
	read_system(p);
	read_user(p);
	return (true);
}
