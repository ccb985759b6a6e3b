/* calls.c: ten thousand unary calls, and a thousand streams at once. */
#include "daemon.h"
#include "many.h"

#define REPEATS 5
#define CALLS 10000
#define FLYING 100
#define STREAMS 1000
#define LIMIT 120.0

/* --- unary calls ---------------------------------------------------------- */

/* Calls with at most so many at a time on one connection. */
static int
call_all(struct many * m, unsigned n, unsigned flying)
{
	const struct many_counts * c = many_counts(m);
	unsigned long end = c->ended + n, last = c->begun + n;

	while (c->ended < end) {
		while (c->begun < last && c->begun - c->ended < flying)
			if (many_begin(m, SERVICE, "InstanceGetConfiguration",
			    slice_of(NULL, 0)) != 0)
				return (-1);
		if (many_run(m, 0, c->ended + 1, LIMIT) != 0)
			return (-1);
	}
	return (c->failed == 0 ? 0 : -1);
}

static int
measure_calls(struct daemon * d)
{
	double began, cpu, memory;
	struct many * m;
	int i, rc = -1;

	if (many_open(&m, d->address) != 0)
		return (-1);
	memory = process_memory(d->pid);
	process_peak_reset(d->pid);
	for (i = 0; i < REPEATS; i++) {
		began = seconds();
		if (call_all(m, CALLS, 1) != 0)
			goto out;
		row_add("gRPC: 10,000 unary calls, one at a time", "1/s",
		    CALLS / (seconds() - began));
		began = seconds();
		cpu = process_cpu(d->pid);
		if (call_all(m, CALLS, FLYING) != 0)
			goto out;
		row_add("gRPC: 10,000 unary calls, 100 in flight", "1/s",
		    CALLS / (seconds() - began));
		row_add("gRPC: processor time of a unary call, 100 in flight",
		    "ms", (process_cpu(d->pid) - cpu) * 1000 / CALLS);
	}
	row_add("gRPC: peak memory over 100,000 unary calls", "MB",
	    process_peak(d->pid));
	row_add("gRPC: memory grown by 100,000 unary calls", "MB",
	    process_memory(d->pid) - memory);
	rc = 0;
out:
	many_close(m);
	return (rc);
}

/* --- streams -------------------------------------------------------------- */

/* Streams that follow a group with one message; then one more is sent. */
static int
follow(struct daemon * d, struct many * m, const uint8_t pk[32])
{
	V1(GroupMessageList__Request) request =
	    V1_INIT(GROUP_MESSAGE_LIST__REQUEST);
	struct buffer bytes = {0};
	double began = seconds(), memory = process_memory(d->pid);
	int i, rc = 0;

	request.group_pk = protobuf_bytes(slice_of(pk, 32));
	protobuf_encode(&bytes, &request);
	for (i = 0; i < STREAMS && rc == 0; i++)
		rc = many_begin(m, SERVICE, "GroupMessageList",
		    buffer_all(&bytes));
	buffer_free(&bytes);
	if (rc != 0 || many_run(m, STREAMS, 0, LIMIT) != 0)
		return (-1);
	row_add("gRPC: 1,000 streams, until each has a message", "ms",
	    (seconds() - began) * 1000);
	row_add("gRPC: 1,000 streams, memory of each", "KB",
	    (process_memory(d->pid) - memory) * 1000 / STREAMS);
	began = seconds();
	if (daemon_send(d, pk, 1, 1) != 0 ||
	    many_run(m, 2 * STREAMS, 0, LIMIT) != 0)
		return (-1);
	row_add("gRPC: 1,000 streams, from a send until all have it", "ms",
	    (seconds() - began) * 1000);
	row_add("gRPC: 1,000 streams, peak memory of the daemon", "MB",
	    process_peak(d->pid));
	return (many_counts(m)->ended == 0 ? 0 : -1);
}

static int
measure_streams(struct daemon * d)
{
	struct many * m;
	uint8_t pk[32];
	int rc;

	if (daemon_create_group(d, pk) != 0 ||
	    daemon_send(d, pk, 1, 1) != 0 ||
	    many_open(&m, d->address) != 0)
		return (-1);
	rc = follow(d, m, pk);
	many_close(m);
	return (rc);
}

/* --- all ------------------------------------------------------------------ */

/* On a daemon of its own. */
static int
with_daemon(const struct bench * b, int number,
    int (*measure)(struct daemon * d))
{
	char folder[400];
	struct daemon d;
	int rc;

	snprintf(folder, sizeof(folder), "%s/calls-%d", b->folder, number);
	if (make_folder(folder) != 0 || daemon_start(&d, b, folder) != 0)
		return (-1);
	rc = measure(&d);
	daemon_stop(&d);
	return (rc);
}

int
bench_calls(const struct bench * b)
{
	int i, rc;

	progress("unary calls and streams over gRPC");
	rc = with_daemon(b, 0, measure_calls);
	for (i = 1; i <= REPEATS && rc == 0; i++)
		rc = with_daemon(b, i, measure_streams);
	return (rc);
}
