/* system.c: time, processor time, memory and files, as the system tells. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

void
sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* Nanoseconds that one thread has run. */
static double
thread_cpu(int pid, const char * thread)
{
	unsigned long long ns = 0;
	char path[300];
	FILE * f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid,
	    thread);
	if ((f = fopen(path, "r")) == NULL)
		return (0);
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	fclose(f);
	return ((double)ns);
}

double
process_cpu(int pid)
{
	struct dirent * entry;
	double ns = 0;
	char path[64];
	DIR * d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((d = opendir(path)) == NULL)
		return (0);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			ns += thread_cpu(pid, entry->d_name);
	closedir(d);
	return (ns / 1e9);
}

/* A line of a process's status, in KiB. */
static double
status_of(int pid, const char * name)
{
	char path[64], line[256];
	double kib = 0;
	FILE * f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((f = fopen(path, "r")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0 &&
		    sscanf(line + strlen(name), ": %lf", &kib) == 1)
			break;
	fclose(f);
	return (kib);
}

double
process_memory(int pid)
{
	return (status_of(pid, "VmRSS") * 1024 / 1e6);
}

double
process_peak(int pid)
{
	return (status_of(pid, "VmHWM") * 1024 / 1e6);
}

void
process_peak_reset(int pid)
{
	char path[64];
	FILE * f;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	if ((f = fopen(path, "w")) == NULL)
		return;
	fputs("5", f);
	fclose(f);
}

double
file_bytes(const char * folder, const char * name)
{
	struct stat st;
	char path[500];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return (stat(path, &st) == 0 ? (double)st.st_size : 0);
}

void
remove_file(const char * folder, const char * name)
{
	char path[500];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
}

int
make_folder(const char * path)
{
	return (mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1);
}
