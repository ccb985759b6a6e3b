/*
 * What a long catch-up costs.  Stores are files, so that the process's memory is
 * the nodes'; BERTY_ENTRIES says how many (2,000 unless told).
 */
#include <time.h>
#include <unistd.h>

#include "sync/sync_fixture.h"

enum { MEMORY_MAX_KIB = 24 << 10 };

static uint64_t
resident_kib(void)
{
	FILE * f = fopen("/proc/self/statm", "r");
	unsigned long all, resident = 0;

	if (f == NULL)
		return (0);
	if (fscanf(f, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	(void)fclose(f);
	return (resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024);
}

static double
cpu_ms(void)
{
	return ((double)clock() * 1000 / CLOCKS_PER_SEC);
}

static void
open_file(struct place * p, const char * path)
{
	uint8_t key[32] = {7};
	struct store_config config = {.path = path, .key = key};

	place_close(p);
	(void)unlink(path);
	assert_int_equal(store_open(p->world, &config, &p->store, NULL), 0);
	place_open_log(p);
}

static unsigned
entries(void)
{
	const char * text = getenv("BERTY_ENTRIES");

	return (text == NULL ? 2000 : (unsigned)strtoul(text, NULL, 10));
}

/* A peak is seen within a hundredth of a second of virtual time. */
static bool
note_peak(struct net * net, uint64_t * peak)
{
	uint64_t now = resident_kib();

	if (now > *peak)
		*peak = now;
	sim_run_for(net->sim, 10);
	return (all_equal(net));
}

static void
a_long_catch_up_is_cheap_and_keeps_memory_bounded(void ** state)
{
	char paths[2][64];
	uint64_t before, peak = 0, started;
	unsigned i, n = entries();
	struct net net;
	double cpu;

	(void)state;
	net_new(&net, 31, 2, NETWORK_WESH);
	for (i = 0; i < 2; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]),
		    "/tmp/berty-catch-up-%ld-%u", (long)getpid(), i);
		node_stop(&net.nodes[i]);
		open_file(&net.nodes[i].place, paths[i]);
	}
	for (i = 0; i < n; i++)
		write_entry(&net.nodes[0], "a message of a usual length, "
		    "as people write them");
	node_start(&net, &net.nodes[0]);
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	before = resident_kib();
	cpu = cpu_ms();
	started = sim_now(net.sim);
	while (!note_peak(&net, &peak))
		sim_assert(net.sim, sim_now(net.sim) < started + 600000);
	cpu = cpu_ms() - cpu;
	print_message("%u entries: %.1f us each for both, %llu ms of virtual "
	    "time, %llu KiB more at the peak\n", n, cpu * 1000 / n,
	    (unsigned long long)(sim_now(net.sim) - started),
	    (unsigned long long)(peak - before));
#ifndef __SANITIZE_ADDRESS__
	assert_true(peak - before < MEMORY_MAX_KIB);
#endif
	check_equal(&net, n);
	net_free(&net);
	for (i = 0; i < 2; i++) {
		char wal[80];

		(void)unlink(paths[i]);
		(void)snprintf(wal, sizeof(wal), "%s-wal", paths[i]);
		(void)unlink(wal);
	}
}

/* What may wait is less than what was missed: the newest are let go on the way
 * to the beginning, and told again. */
static void
a_history_longer_than_what_may_wait_comes_in_pieces(void ** state)
{
	struct log_status status;
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 64, 2, NETWORK_WESH);
	node_stop(&net.nodes[1]);
	for (i = 0; i < 600; i++)
		write_entry(&net.nodes[0], "long ago");
	log_budget(net.nodes[1].place.log, 16, LOG_WAITING_BYTES_MAX);
	log_budget_chain(net.nodes[1].place.log, 250,
	    LOG_CHAIN_BYTES_MAX);
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net,
	    1800000));
	check_equal(&net, 600);
	log_status(net.nodes[1].place.log, &status);
	assert_true(status.evicted > 0);
	assert_int_equal(status.waiting, 0);
	net_free(&net);
}

/* As at a replication server: what is let go is asked for when the rest is
 * here, not when the slow schedule or what is said twice comes round. */
static void
a_piece_that_was_let_go_follows_the_others_at_once(void ** state)
{
	struct net net;
	unsigned i;

	(void)state;
	net_new(&net, 65, 2, NETWORK_WESH);
	node_stop(&net.nodes[1]);
	for (i = 0; i < 2000; i++)
		write_entry(&net.nodes[0], "long ago");
	log_budget(net.nodes[1].place.log, 800, LOG_WAITING_BYTES_MAX);
	node_start(&net, &net.nodes[1]);
	connect(&net.nodes[1], &net.nodes[0]);
	sim_assert(net.sim, sim_run_until(net.sim, all_equal, &net, 8000));
	check_equal(&net, 2000);
	net_free(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_long_catch_up_is_cheap_and_keeps_memory_bounded),
	    cmocka_unit_test(
	        a_history_longer_than_what_may_wait_comes_in_pieces),
	    cmocka_unit_test(
	        a_piece_that_was_let_go_follows_the_others_at_once),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
