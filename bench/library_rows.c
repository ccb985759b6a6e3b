/* library_rows.c: what the library does in one process, without gRPC. */
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "library.h"
#include "log/entry.h"

#define REPEATS 5

static int
measure_sends(struct library * l, struct node_group * g)
{
	unsigned i;

	for (i = 0; i < REPEATS; i++) {
		double began = seconds(), cpu;

		if (library_send(l, g, 300, 1) != 0)
			return (-1);
		row_add("library: durable sends, one at a time", "1/s",
		    300 / (seconds() - began));
		began = seconds();
		cpu = process_cpu(getpid());
		if (library_send(l, g, 3000, 16) != 0)
			return (-1);
		row_add("library: durable sends, 16 in flight", "1/s",
		    3000 / (seconds() - began));
		row_add("library: processor time of a send, 16 in flight", "ms",
		    (process_cpu(getpid()) - cpu) * 1000 / 3000);
	}
	return (0);
}

/* Check the newest entries, as one that receives them does. */
static int
measure_checks(struct node_group * g)
{
	struct log * log = group_message_log(node_group_of(g));
	uint64_t last = log_arrivals(log);
	struct log_item item;
	double took = 0;
	unsigned i, n;

	for (i = 0; i < REPEATS; i++, took = 0) {
		for (n = 0; n < 1000; n++) {
			double began;
			int rc;

			if (log_at_arrival(log, last - n, &item) != 0)
				return (-1);
			began = seconds();
			rc = entry_check(log_identity_of(log),
			    log_address_of(log), &item.cid,
			    buffer_all(&item.block));
			took += seconds() - began;
			log_item_free(&item);
			if (rc != 0)
				return (-1);
		}
		row_add("library: entries checked, one core", "1/s", n / took);
	}
	return (0);
}

/* Read, open and decrypt what is in the store, as a list does. */
static int
measure_lists(struct node_group * g)
{
	struct group * group = node_group_of(g);
	uint64_t last = log_arrivals(group_message_log(group));
	struct group_message m;
	unsigned i, n;

	for (i = 0; i < REPEATS; i++) {
		double began = seconds();

		for (n = 0; n < 1000; n++) {
			if (group_message_at(group, last - n, &m) != 0)
				return (-1);
			group_message_free(&m);
		}
		row_add("library: messages listed and opened", "1/s",
		    n / (seconds() - began));
	}
	return (0);
}

int
bench_library(const struct bench * b)
{
	struct library l;
	struct node_group * g;
	char folder[400];
	int rc = -1;

	progress("sends in one process");
	snprintf(folder, sizeof(folder), "%s/library", b->folder);
	if (library_open(&l, folder) != 0)
		return (-1);
	if ((g = library_group(&l)) != NULL)
		rc = measure_sends(&l, g);
	if (rc == 0)
		rc = measure_checks(g);
	if (rc == 0)
		rc = measure_lists(g);
	library_close(&l);
	return (rc);
}
