/* pair.c: two daemons on loopback: receiving, catching up, the wire. */
#include <stdlib.h>

#include "daemon.h"
#include "library.h"
#include "proxy.h"

#define REPEATS 3
#define BURST 1000

struct pair {
	const struct bench * bench;
	char folders[2][400];
	struct daemon a, b;
	uint8_t pk[32];
	struct proxy proxy;
	struct tail tail;         /* what b has seen */
};

/* b reads n messages that come after what it has seen. */
static int
await(struct pair * p, unsigned n)
{
	struct tail * t = &p->tail;

	/* A range includes the message that it begins with. */
	t->n = n + (t->since_n > 0);
	t->daemon = &p->b;
	return (tail_start(t));
}

static int
seen(struct pair * p)
{
	struct tail * t = &p->tail;

	if (tail_wait(t) != 0) {
		progress("only %u of %u messages came", t->got, t->n);
		return (-1);
	}
	memcpy(t->since, t->id, t->id_n);
	t->since_n = t->id_n;
	return (0);
}

static int
meet(struct pair * p)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(p->folders[i], sizeof(p->folders[i]), "%s/pair-%c",
		    p->bench->folder, 'a' + (int)i);
		if (make_folder(p->folders[i]) != 0)
			return (-1);
	}
	if (daemon_start(&p->a, p->bench, p->folders[0]) != 0 ||
	    daemon_start(&p->b, p->bench, p->folders[1]) != 0 ||
	    daemon_create_group(&p->a, p->pk) != 0 ||
	    proxy_start(&p->proxy, p->a.port) != 0 ||
	    daemon_join(&p->b, &p->a, p->pk, p->proxy.port) != 0)
		return (-1);
	memcpy(p->tail.pk, p->pk, 32);
	sleep_ms(500);
	if (await(p, 1) != 0 || daemon_send(&p->a, p->pk, 1, 1) != 0)
		return (-1);
	return (seen(p));
}

/* A burst of messages, 16 in flight. */
static int
measure_burst(struct pair * p)
{
	double began, cpu_a, cpu_b;
	unsigned long long wire;

	if (await(p, BURST) != 0)
		return (-1);
	sleep_ms(100);
	cpu_a = process_cpu(p->a.pid);
	cpu_b = process_cpu(p->b.pid);
	wire = p->proxy.there + p->proxy.back;
	began = seconds();
	if (daemon_send(&p->a, p->pk, BURST, 16) != 0 || seen(p) != 0)
		return (-1);
	row_add("received in a burst of 1,000 (sender included)", "1/s",
	    BURST / (p->tail.last - began));
	sleep_ms(200);
	row_add("processor time per message, sender, burst", "ms",
	    (process_cpu(p->a.pid) - cpu_a) * 1000 / BURST);
	row_add("processor time per message, receiver, burst", "ms",
	    (process_cpu(p->b.pid) - cpu_b) * 1000 / BURST);
	row_add("bytes on the wire per message, burst", "bytes",
	    (double)(p->proxy.there + p->proxy.back - wire) / BURST);
	return (0);
}

/* Messages one by one: each reply is awaited. */
static int
measure_singles(struct pair * p)
{
	unsigned long long wire;
	double cpu_a, cpu_b, began;
	const unsigned n = 200;

	if (await(p, n) != 0)
		return (-1);
	sleep_ms(100);
	cpu_a = process_cpu(p->a.pid);
	cpu_b = process_cpu(p->b.pid);
	wire = p->proxy.there + p->proxy.back;
	began = seconds();
	if (daemon_send(&p->a, p->pk, n, 1) != 0 || seen(p) != 0)
		return (-1);
	row_add("received one by one (sender included)", "1/s",
	    n / (p->tail.last - began));
	sleep_ms(200);
	row_add("processor time per message, sender, one by one", "ms",
	    (process_cpu(p->a.pid) - cpu_a) * 1000 / n);
	row_add("processor time per message, receiver, one by one", "ms",
	    (process_cpu(p->b.pid) - cpu_b) * 1000 / n);
	row_add("bytes on the wire per message, one by one", "bytes",
	    (double)(p->proxy.there + p->proxy.back - wire) / n);
	return (0);
}

/* --- catching up ---------------------------------------------------------- */

/* a gets n messages while b is away; then b comes back. */
static int
measure_return(struct pair * p, unsigned n, const char * rate,
    const char * ms, const char * cpu, const char * bytes)
{
	struct node_group * g;
	struct library l;
	unsigned long long wire;
	double began;
	int rc = -1;

	daemon_stop(&p->b);
	daemon_stop(&p->a);
	if (library_open(&l, p->folders[0]) != 0)
		return (-1);
	if ((g = library_group(&l)) != NULL)
		rc = library_write(&l, g, n);
	library_close(&l);
	if (rc != 0 || daemon_start(&p->a, p->bench, p->folders[0]) != 0)
		return (-1);
	p->proxy.to = p->a.port;
	sleep_ms(300);
	wire = p->proxy.there + p->proxy.back;
	began = seconds();
	if (daemon_start(&p->b, p->bench, p->folders[1]) != 0 ||
	    await(p, n) != 0 || seen(p) != 0)
		return (-1);
	row_add(rate, "1/s", n / (p->tail.last - began));
	row_add(ms, "ms", (p->tail.last - began) * 1000);
	row_add(cpu, "ms", process_cpu(p->b.pid) * 1000 / n);
	row_add(bytes, "bytes",
	    (double)(p->proxy.there + p->proxy.back - wire) / n);
	return (0);
}

static int
measure_returns(struct pair * p)
{
	unsigned i;

	for (i = 0; i < REPEATS; i++) {
		progress("catching up with 1,000 and 10,000 messages (%u)",
		    i + 1);
		if (measure_return(p, 1000, "catch-up of 1,000, entries",
		    "catch-up of 1,000, from start to the last",
		    "processor time per message, catch-up of 1,000",
		    "bytes on the wire per message, catch-up of 1,000") != 0 ||
		    measure_return(p, 10000, "catch-up of 10,000, entries",
		    "catch-up of 10,000, from start to the last",
		    "processor time per message, catch-up of 10,000",
		    "bytes on the wire per message, catch-up of 10,000") != 0)
			return (-1);
	}
	return (0);
}

static int
measure(struct pair * p)
{
	unsigned i;

	if (meet(p) != 0) {
		progress("the two daemons did not meet");
		return (-1);
	}
	for (i = 0; i < REPEATS; i++)
		if (measure_singles(p) != 0 || measure_burst(p) != 0)
			return (-1);
	return (measure_returns(p));
}

int
bench_pair(const struct bench * b)
{
	struct pair p = {.bench = b};
	int rc;

	progress("two daemons");
	rc = measure(&p);
	daemon_stop(&p.b);
	daemon_stop(&p.a);
	return (rc);
}
