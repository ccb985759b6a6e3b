/*
 * sync.h: keeps logs equal among peers: announces heads, exchanges them when
 * peers meet and on a schedule, fetches what is missing, verifies it on worker
 * threads and joins it.  Source: log spec §4; what Go forgets is repaired here
 * (design §3, Repair).
 */
#ifndef BERTY_SYNC_SYNC_H
#define BERTY_SYNC_SYNC_H

#include "base/network.h"
#include "log/log.h"
#include "p2p/host.h"

struct sync;
struct sync_log;

struct sync_handler {
	/*
	 * Received entries of a log were joined and are durable; `arrivals` is
	 * what log_arrivals said when their transaction was committed.  Not
	 * called for our own appends.
	 */
	void (*joined)(void * user, struct log * log, uint64_t arrivals);
	/* A transaction of a log was undone: the owner forgets its caches. */
	void (*undone)(void * user, struct log * log);
	/* A peer of the log's topic came or went. */
	void (*peer)(void * user, struct log * log,
	    const struct peer_id * peer, bool here);
};

/*
 * Owns gossipsub, bitswap and the direct channel of the host.  The key is the
 * host's, borrowed for the life of this.
 */
struct sync * sync_new(struct world * w, struct store * s, struct host * h,
    const struct ed25519_key * key, const struct sync_handler * handler,
    void * user);
void sync_free(struct sync * s);

/* What a heads message needs besides the log; copied. */
struct sync_config {
	const struct network * network;
	uint8_t link_key[32];
	bool has_device;          /* send device_pk and peer_id (wesh) */
	uint8_t device_pk[32];
};

/*
 * Start to keep a log in step, and stop.  The log outlives its being added.
 * What was missing when the node stopped is asked for again.
 */
int sync_add(struct sync * s, struct log * log,
    const struct sync_config * config, struct sync_log ** added);
void sync_remove(struct sync_log * l);

/*
 * There is an own append: publish the heads, once they are durable.  (Whatever
 * sync sends waits for that, for which it watches the store.)
 */
void sync_announce(struct sync_log * l);

/*
 * Take nothing more, or again: what is known is still announced and given.  For
 * a log whose owner has no room.
 */
void sync_hold(struct sync_log * l, bool hold);

/* Walk the peers of the log's topic; *at = 0 first. */
bool sync_each_peer(struct sync_log * l, size_t * at, struct peer_id * peer);

/* How many peers are on that topic, ours or not? */
size_t sync_count_met(struct sync * s, const char * topic);

/*
 * Blocks that are of no log: who keeps them.  load appends one to out, or
 * -ERR_NOT_FOUND; came: a wanted one is here (borrowed), and wanted no more.
 */
struct sync_blocks {
	int (*load)(void * user, const struct cid * cid, struct buffer * out);
	void (*came)(void * user, const struct cid * cid, struct slice block);
};
void sync_set_blocks(struct sync * s, const struct sync_blocks * blocks,
    void * user);             /* NULL: nobody */

/*
 * Ask all peers for such blocks until they come or are unwanted; one is here:
 * peers that wait for it get it.
 */
int sync_want_blocks(struct sync * s, const struct cid * cids, size_t n);
void sync_unwant_block(struct sync * s, const struct cid * cid);
void sync_have_block(struct sync * s, const struct cid * cid,
    struct slice block);

/* Walk over what peers use up, of gossipsub, bitswap and the rest, too. */
void sync_budgets(struct sync * s, const struct budget_walk * walk);

struct sync_stats {
	uint64_t heads_received, heads_sent, heads_refused;
	uint64_t entries_received, entries_refused, fetching;
};
void sync_stats(const struct sync * s, struct sync_stats * stats);

/* Entries of a log: joined, here but not joined yet, and known to lack. */
struct sync_progress {
	uint64_t joined, held, wanted;
};
void sync_progress(const struct sync_log * l, struct sync_progress * progress);

#endif /* !BERTY_SYNC_SYNC_H */
