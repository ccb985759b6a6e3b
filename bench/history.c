/* history.c: what a long history costs at the start, in memory and on disk. */
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "bench.h"
#include "daemon.h"
#include "library.h"

#define REPEATS 3

/* One size of history, and the names of its rows. */
struct size {
	unsigned n;
	const char * start;
	const char * memory;
	const char * library_start;
	const char * library_memory;
	const char * list;
};

static const struct size sizes[] = {
	{0, "start to first answer, no message",
	    "memory of the daemon, no message",
	    "library: start to last message read, no message",
	    "memory of the library, no message", NULL},
	{10000, "start to first answer, 10,000 messages",
	    "memory of the daemon, 10,000 messages",
	    "library: start to last message read, 10,000 messages",
	    "memory of the library, 10,000 messages", NULL},
	{100000, "start to first answer, 100,000 messages",
	    "memory of the daemon, 100,000 messages",
	    "library: start to last message read, 100,000 messages",
	    "memory of the library, 100,000 messages",
	    "start and list the last 1,000 of 100,000 messages"},
};

int
library_child(const char * folder)
{
	struct group_message m;
	struct node_group * g;
	struct library l;
	double began = seconds();
	uint64_t last;

	if (library_open(&l, folder) != 0)
		return (1);
	g = library_group(&l);
	if (g == NULL)
		return (1);
	last = log_arrivals(group_message_log(node_group_of(g)));
	if (last > 0 && group_message_at(node_group_of(g), last, &m) != 0)
		return (1);
	if (last > 0)
		group_message_free(&m);
	began = seconds() - began;
	library_turn(&l, 100);
	printf("%.3f %.3f\n", began * 1000, process_memory(getpid()));
	library_close(&l);
	return (0);
}

static int
measure_library(const struct bench * b, const char * folder,
    const struct size * size)
{
	double ms = 0, mb = 0;
	char command[1200];
	FILE * f;
	int n;

	snprintf(command, sizeof(command), "'%s' open '%s'", b->self, folder);
	if ((f = popen(command, "r")) == NULL)
		return (-1);
	n = fscanf(f, "%lf %lf", &ms, &mb);
	if (pclose(f) != 0 || n != 2)
		return (-1);
	row_add(size->library_start, "ms", ms);
	row_add(size->library_memory, "MB", mb);
	return (0);
}

static int
measure_daemon(const struct bench * b, const char * folder,
    const struct size * size)
{
	double began = seconds();
	struct daemon d;
	int rc = 0;

	if (daemon_start(&d, b, folder) != 0)
		return (-1);
	row_add(size->start, "ms", (seconds() - began) * 1000);
	if (size->list != NULL) {
		rc = daemon_list_last(&d, 1000);
		row_add(size->list, "ms", (seconds() - began) * 1000);
	}
	sleep_ms(300);
	row_add(size->memory, "MB", process_memory(d.pid));
	daemon_stop(&d);
	return (rc);
}

/* Write what is missing to this many; bytes on disk when closed, or -1. */
static double
fill(const char * folder, unsigned had, unsigned n)
{
	struct library l;
	struct node_group * g;
	int rc = -1;

	if (library_open(&l, folder) != 0)
		return (-1);
	if ((g = library_group(&l)) != NULL)
		rc = library_write(&l, g, n - had);
	library_close(&l);
	return (rc != 0 ? -1 : file_bytes(folder, "berty.sqlite") +
	    file_bytes(folder, "berty.sqlite-wal"));
}

int
bench_history(const struct bench * b)
{
	char folder[400];
	double empty = 0, bytes;
	unsigned had = 0;
	size_t i, j;

	snprintf(folder, sizeof(folder), "%s/history", b->folder);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct size * size = &sizes[i];

		progress("a history of %u messages", size->n);
		if ((bytes = fill(folder, had, size->n)) < 0)
			return (-1);
		had = size->n;
		if (had == 0)
			empty = bytes;
		else
			row_add("bytes on disk per 256-byte message", "bytes",
			    (bytes - empty) / had);
		for (j = 0; j < REPEATS; j++)
			if (measure_library(b, folder, size) != 0 ||
			    measure_daemon(b, folder, size) != 0)
				return (-1);
	}
	return (0);
}
