/* daemon_rows.c: what one daemon does over its API, and its size. */
#include <stdlib.h>

#include "daemon.h"

#define REPEATS 5

static int
measure_sends(struct daemon * d, const uint8_t pk[32])
{
	unsigned i;

	for (i = 0; i < REPEATS; i++) {
		double began = seconds(), cpu;

		if (daemon_send(d, pk, 300, 1) != 0)
			return (-1);
		row_add("gRPC: durable sends, one at a time", "1/s",
		    300 / (seconds() - began));
		began = seconds();
		cpu = process_cpu(d->pid);
		if (daemon_send(d, pk, 3000, 16) != 0)
			return (-1);
		row_add("gRPC: durable sends, 16 in flight", "1/s",
		    3000 / (seconds() - began));
		row_add("gRPC: processor time of a send, 16 in flight", "ms",
		    (process_cpu(d->pid) - cpu) * 1000 / 3000);
	}
	return (0);
}

static int
measure_program(const struct bench * b)
{
	char command[1000], copy[500];

	snprintf(copy, sizeof(copy), "%s/berty.stripped", b->folder);
	snprintf(command, sizeof(command), "strip -o '%s' '%s'", copy,
	    b->program);
	if (system(command) != 0) {
		row_skip("stripped program", "bytes", "strip failed");
		return (0);
	}
	row_add("stripped program", "bytes",
	    file_bytes(b->folder, "berty.stripped"));
	return (0);
}

int
bench_daemon(const struct bench * b)
{
	char folder[400];
	struct daemon d;
	uint8_t pk[32];
	int rc = -1;

	progress("sends over gRPC");
	snprintf(folder, sizeof(folder), "%s/daemon", b->folder);
	if (make_folder(folder) != 0 || daemon_start(&d, b, folder) != 0)
		return (-1);
	if (daemon_create_group(&d, pk) == 0)
		rc = measure_sends(&d, pk);
	daemon_stop(&d);
	return (rc == 0 ? measure_program(b) : rc);
}
