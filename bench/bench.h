/*
 * bench.h: figures of the library and the program as they are used, beside
 * the limits of the machine they ran on.  A row is a name, a unit, and one
 * value per repeat; a row that could not be measured says why.
 */
#ifndef BERTY_BENCH_H
#define BERTY_BENCH_H

#include <stdio.h>

#include "base/slice.h"

/* What the measurements need to know. */
struct bench {
	const char * program;     /* the path of `berty` */
	const char * self;        /* of this program */
	const char * folder;      /* for stores, on the disk to be measured */
	const char * postgres;    /* the folder of a server's socket, whose
	                           * databases bench0… are ours; or NULL */
};

/* --- rows.c --------------------------------------------------------------- */

/* One more repeat of a row. */
void row_add(const char * name, const char * unit, double value);

/* The row cannot be measured. */
void row_skip(const char * name, const char * unit, const char * why);

/* A line of progress on stderr, printf style. */
void progress(const char * format, ...)
    __attribute__((format(printf, 1, 2)));

/* The table for people; the JSON list: 0, or -1 when it was not written. */
void rows_print(FILE * f);
int rows_write(const char * path);

/* --- system.c ------------------------------------------------------------- */

/* Seconds of a clock that does not go back. */
double seconds(void);
void sleep_ms(unsigned ms);

/* Processor seconds that a process has used so far; 0 when it is gone. */
double process_cpu(int pid);

/* Resident memory of a process now, MB of 1,000,000 bytes; 0 when gone. */
double process_memory(int pid);

/* The most of it since the process began, or since the reset. */
double process_peak(int pid);
void process_peak_reset(int pid);

/* Bytes of a file, 0 when there is none. */
double file_bytes(const char * folder, const char * name);

void remove_file(const char * folder, const char * name);

/* Make a folder that only the user may read; 0 when it is there. */
int make_folder(const char * path);

/* --- what is measured ----------------------------------------------------- */

/* 0, or -1 when something is broken; each adds its rows. */
int bench_limits(const struct bench * b);
int bench_library(const struct bench * b);
int bench_history(const struct bench * b);
int bench_daemon(const struct bench * b);
int bench_pair(const struct bench * b);
int bench_trips(const struct bench * b);
int bench_calls(const struct bench * b);
int bench_attachments(const struct bench * b);
int bench_replication(const struct bench * b);

/* What this program does as a child: open a store as a library would, then say
 * "MILLISECONDS MEGABYTES" on standard output. */
int library_child(const char * folder);

#endif /* !BERTY_BENCH_H */
