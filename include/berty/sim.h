/*
 * sim.h: worlds in which many nodes share one process, one virtual clock and
 * one seed.  Links have latency and lose, clocks jump, disks fail and lose what
 * was not synced.  The same seed and the same calls give the same run.
 *
 * A simulated node is a world and a storage, as a host would supply them: give
 * berty_sim_world to berty_new, and berty_sim_storage to berty_open.  Then let
 * time pass with berty_sim_run_for or _run_until: callbacks come from there.
 *
 * When a node dies (berty_sim_kill, berty_sim_crash) nothing that stands on it
 * is called any more, its sockets die and its files answer errors.  Free the
 * context then, and begin a new life with berty_sim_start: the address and the
 * disk are the same.
 *
 * One thread; a failing allocation inside the simulator aborts.
 */
#ifndef BERTY_SIM_H
#define BERTY_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/api.h"
#include "berty/log.h"
#include "berty/storage.h"
#include "berty/world.h"

BERTY_BEGIN

struct berty_sim;
struct berty_sim_node;

/* A simulation without nodes, or NULL without memory. */
BERTY_API struct berty_sim * berty_sim_new(uint64_t seed);

/* Free it with its nodes.  The contexts that stood on them must be gone. */
BERTY_API void berty_sim_free(struct berty_sim * sim);

/* The seed of a test: the environment's BERTY_SEED, or the one given. */
BERTY_API uint64_t berty_sim_seed_wanted(uint64_t otherwise);

/*
 * For assertions: answers `holds`, and when it does not, prints the text with
 * the seed and the virtual time.
 */
BERTY_API bool berty_sim_holds(const struct berty_sim * sim, bool holds,
    const char * text);

/* Milliseconds of virtual time since berty_sim_new. */
BERTY_API uint64_t berty_sim_now(const struct berty_sim * sim);

/* Let virtual time pass. */
BERTY_API void berty_sim_run_for(struct berty_sim * sim, uint64_t ms);

/*
 * Let time pass until done(user) is true, looked at after each event; false
 * when it was not within max_ms.
 */
BERTY_API bool berty_sim_run_until(struct berty_sim * sim,
    bool (*done)(void * user), void * user, uint64_t max_ms);

/* A hash over all bytes delivered and the times they were: the same for two
 * runs that were the same. */
BERTY_API uint64_t berty_sim_fingerprint(const struct berty_sim * sim);

/* --- nodes ---------------------------------------------------------------- */

/* A new node: 10.0.0.1, 10.0.0.2, … in order of creation.  NULL without
 * memory. */
BERTY_API struct berty_sim_node * berty_sim_node_new(struct berty_sim * sim);

/* What to give to berty_new and berty_open; valid as long as the node. */
BERTY_API const struct berty_world * berty_sim_world(
    struct berty_sim_node * node);
BERTY_API const struct berty_storage * berty_sim_storage(
    struct berty_sim_node * node);

/* The node's wall clock jumps by this much. */
BERTY_API void berty_sim_wall_jump(struct berty_sim_node * node, int64_t ms);

/* The process dies: files keep what was written, synced or not. */
BERTY_API void berty_sim_kill(struct berty_sim_node * node);

/* What a power failure leaves of the writes that were not synced. */
enum berty_sim_crash {
	BERTY_SIM_CRASH_NOTHING = 0,      /* none of them */
	BERTY_SIM_CRASH_PREFIX = 1,       /* the first few, the last one torn */
	BERTY_SIM_CRASH_SOME = 2          /* any sectors of them */
};
BERTY_API void berty_sim_crash(struct berty_sim_node * node,
    enum berty_sim_crash left);

BERTY_API bool berty_sim_alive(struct berty_sim_node * node);

/* A new life for a dead node. */
BERTY_API void berty_sim_start(struct berty_sim_node * node);

/* --- the network ---------------------------------------------------------- */

/*
 * A link.  Probabilities are parts per million, per piece of at most 16 KiB.
 * TCP hides loss: a lost piece comes 200 ms later, doubling each time.
 */
struct berty_sim_link {
	uint32_t latency_ms;
	uint32_t jitter_ms;
	uint32_t loss;
	uint32_t reset;
	uint32_t bytes_per_ms;            /* 0: no limit */
	bool cut;                         /* nothing gets through */
};

/* All links without parameters of their own; at first 10 ms and no faults. */
BERTY_API void berty_sim_links(struct berty_sim * sim,
    const struct berty_sim_link * link);

/* One link, both ways; NULL: as all others again. */
BERTY_API void berty_sim_link(struct berty_sim_node * a,
    struct berty_sim_node * b, const struct berty_sim_link * link);

/* Reset every connection of a node, as a changed address does. */
BERTY_API void berty_sim_disconnect(struct berty_sim_node * node);

/* --- the disk ------------------------------------------------------------- */

/* The n-th write (sync) from now, 1 being the next, fails once; 0: none. */
BERTY_API void berty_sim_fail_write(struct berty_sim_node * node, uint64_t n);
BERTY_API void berty_sim_fail_sync(struct berty_sim_node * node, uint64_t n);

/* The disk is full when its files hold this many bytes; 0: never. */
BERTY_API void berty_sim_disk_limit(struct berty_sim_node * node,
    uint64_t bytes);

BERTY_END

#endif /* !BERTY_SIM_H */
