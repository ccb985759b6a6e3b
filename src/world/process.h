/*
 * process.h: what the system says of the process that the core runs in, for
 * views.  A world that has no process (the simulator's) leaves the op out.
 */
#ifndef BERTY_WORLD_PROCESS_H
#define BERTY_WORLD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORLD_PROCESS_UNKNOWN = 12 };

struct world_process {
	int64_t user_ms, system_ms;   /* processor time */
	uint64_t files_limit, files_limit_max;
	int64_t files;                /* open; 0: unknown */
	bool too_many_files;          /* none could be opened to count them */
	int64_t threads;
	int64_t processors;
	int64_t pid, parent, priority, user_id;
	char system[32];              /* "linux", as Go spells it */
	char machine[32];             /* "amd64", as Go spells it */
	char host[256];
	char folder[1024];            /* the working directory */
	char user[128];

	/* Names, literals, of what could not be found out. */
	const char * unknown[WORLD_PROCESS_UNKNOWN];
	size_t n_unknown;
};

#endif /* !BERTY_WORLD_PROCESS_H */
