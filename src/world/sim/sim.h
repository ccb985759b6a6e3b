/*
 * sim.h: a world in which N nodes share one process, one virtual clock and one
 * seed.  Links have latency and lose, clocks jump, disks fail and lose what was
 * not synced.  The same seed and the same calls give the same run.
 *
 * A node is a `struct world`; what stands on it is the test's own.  When a node
 * dies (sim_kill, sim_crash, a crash planned on its disk) nothing of it is
 * called any more, its sockets die and its files answer errors; the test then
 * frees what stood on it, as ever (store_close, world_tcp_close and the like
 * are safe), and calls sim_start to begin a new life with the same address and
 * disk.
 */
#ifndef BERTY_WORLD_SIM_SIM_H
#define BERTY_WORLD_SIM_SIM_H

#include <stdio.h>

#include "world/world.h"

struct sim;

/* A simulation without nodes, or NULL without memory. */
struct sim * sim_new(uint64_t seed);

/* Free it with its nodes.  What stood on them must be gone. */
void sim_free(struct sim * sim);

uint64_t sim_seed(const struct sim * sim);

/*
 * The seed a test runs with: the environment's BERTY_SEED, or the one given.
 */
uint64_t sim_seed_wanted(uint64_t otherwise);

/*
 * For a test's assertions: answers `holds`, and when it does not, prints the
 * text with the seed and the virtual time.
 */
bool sim_holds(const struct sim * sim, bool holds, const char * text);

/* assert_true of cmocka, with the seed on failure. */
#define sim_assert(sim, condition) \
	assert_true(sim_holds((sim), (condition), #condition))

/* Log lines of all nodes, with time and node, to stderr; off at first. */
void sim_log(struct sim * sim, enum log_level least);

/*
 * A new node: 10.0.0.1, 10.0.0.2, … in order of creation.  NULL without memory.
 */
struct world * sim_node(struct sim * sim);

/* Milliseconds of virtual time since sim_new. */
uint64_t sim_now(const struct sim * sim);

/* Let virtual time pass. */
void sim_run_for(struct sim * sim, uint64_t ms);

/*
 * Let time pass until done(user) is true, looked at after each event; false
 * when it was not within max_ms.
 */
bool sim_run_until(struct sim * sim, bool (*done)(void * user), void * user,
    uint64_t max_ms);

/* How many events have happened: a fingerprint of the run together with... */
uint64_t sim_events(const struct sim * sim);

/* ... this hash over all bytes delivered and the times they were. */
uint64_t sim_fingerprint(const struct sim * sim);

/*
 * The network.  Probabilities are parts per million, per piece of at most
 * 16 KiB.  TCP hides loss: a lost piece comes 200 ms later, doubling each time
 * it is lost again; after 6 times the connection is reset.  duplicate, reorder
 * and corrupt break the stream, to test what stands above it.  For a datagram
 * they are what they say, and it is lost for good.  All nodes are on one link,
 * so multicast reaches each that is not cut off, each with faults of its own.
 */
struct sim_link {
	uint32_t latency_ms;
	uint32_t jitter_ms;
	uint32_t loss;
	uint32_t reset;
	uint32_t duplicate;
	uint32_t reorder;
	uint32_t corrupt;
	uint32_t bytes_per_ms;    /* 0: no limit */
	bool cut;                 /* nothing gets through */
};

/* All links without parameters of their own; at first 10 ms and no faults. */
void sim_links(struct sim * sim, const struct sim_link * link);

/* One link, both ways; NULL: as all others again. */
void sim_link(struct world * a, struct world * b, const struct sim_link * link);

/*
 * Put n nodes on an island: nothing passes between them and the rest until
 * sim_heal.  Connections stall; one that has had bytes under way for
 * sim_patience ms (at first 30,000) dies.  Dials fail after 10 s.
 */
void sim_partition(struct sim * sim, struct world * const * nodes, size_t n);
void sim_heal(struct sim * sim);
void sim_patience(struct sim * sim, uint64_t ms);

/* Reset every connection of a node, as a changed address does. */
void sim_disconnect(struct world * w);

/* The node's wall clock jumps by this much; its world_now does not. */
void sim_wall_jump(struct world * w, int64_t ms);

/* How long worker threads take; at first 1 ms. */
void sim_work_ms(struct world * w, uint64_t ms);

/* The process dies: files keep what was written, synced or not. */
void sim_kill(struct world * w);

/* What a power failure leaves of the writes that were not synced. */
enum sim_crash {
	SIM_CRASH_NOTHING,        /* none of them */
	SIM_CRASH_PREFIX,         /* the first few, the last one torn */
	SIM_CRASH_SOME,           /* any sectors of 512 bytes of them */
};
void sim_crash(struct world * w, enum sim_crash left);

bool sim_alive(struct world * w);

/* A new life for a dead node. */
void sim_start(struct world * w);

/*
 * The node's disk: the name of its SQLite VFS, for store_config.vfs; any path
 * is a file of its own.
 */
const char * sim_disk(struct world * w);

/* Counters since the node was made. */
struct sim_disk_stats {
	uint64_t writes;          /* and truncations */
	uint64_t syncs;
	uint64_t bytes;           /* held by all files now */
};
void sim_disk_stats(struct world * w, struct sim_disk_stats * stats);

/* The n-th write (sync) from now, 1 being the next, fails once; 0: none. */
void sim_disk_fail_write(struct world * w, uint64_t n);
void sim_disk_fail_sync(struct world * w, uint64_t n);

/* The node crashes at the n-th write from now, which is torn or lost. */
void sim_disk_crash_at(struct world * w, uint64_t n, enum sim_crash left);

/* The disk is full when its files hold this many bytes; 0: never. */
void sim_disk_limit(struct world * w, uint64_t bytes);

/* How long a sync on a worker takes; at first 2 ms. */
void sim_disk_sync_ms(struct world * w, uint64_t ms);

/* A copy of all files; put it back while the node is dead.  NULL: no memory. */
struct sim_snapshot;
struct sim_snapshot * sim_disk_snapshot(struct world * w);
int sim_disk_restore(struct world * w, const struct sim_snapshot * snapshot);
void sim_snapshot_free(struct sim_snapshot * snapshot);

/* Where a node is, port 0. */
struct world_address sim_address(struct world * w);

#endif /* !BERTY_WORLD_SIM_SIM_H */
