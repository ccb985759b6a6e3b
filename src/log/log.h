/*
 * log.h: one append-only Merkle log in the store.
 *
 * An entry is *stored* when its block is on disk, and *joined* when all its
 * parents (`next`) are joined too: only then does it count for heads, clock and
 * state.  Entries that came before their parents wait in the store.  Joined
 * entries have a join number; those that the owner finds deliverable also have
 * an arrival number, the order of lists (design: two orders).
 *
 * Nothing is kept in memory but the heads and counters; a log of any length
 * opens at once.
 */
#ifndef BERTY_LOG_LOG_H
#define BERTY_LOG_LOG_H

#include "log/entry.h"
#include "world/store.h"

struct log;

/* Note: up to this many bytes that the owner keeps with an entry, sealed. */
#define LOG_NOTE_MAX 64

/* Transactions undone by the owner for an entry's sake before it is set aside,
 * in the store, until the log is opened again. */
#define LOG_TRIES 3

/* What the owner says of an entry that is about to be joined. */
struct log_verdict {
	bool deliver;             /* give it an arrival number now */
	uint8_t note_n;
	uint8_t note[LOG_NOTE_MAX];
};

struct log_handler {
	/*
	 * An entry is being joined, inside a transaction: parents first, and
	 * in causal order (time, CID) among those that could be joined at the
	 * same moment.  `value` is the operation's value; empty and bad when
	 * the payload is no ADD.  `own` for log_append.  The owner folds its
	 * state here.  A non-zero return undoes the whole transaction; an
	 * entry received that LOG_TRIES of them were undone for is set aside
	 * (unless the store could not be written), and its descendants wait.
	 * Must not write to this log; may write to the store.
	 */
	int (*join)(void * user, struct log * log, const struct entry * e,
	    const struct cid * cid, struct slice value, bool own,
	    struct log_verdict * verdict);
	void * user;
};

/*
 * Open a log, which need not exist yet (then inside a transaction).  The
 * handler and the identity are copied.  causal: keep the index by Lamport time
 * (metadata logs).
 */
int log_open(struct world * w, struct store * s, struct slice address,
    const struct log_identity * identity, const struct log_handler * handler,
    bool causal, struct log ** log, struct error * err);
void log_close(struct log * log);

/* After store_rollback: forget what was cached, read it again when needed. */
void log_forget(struct log * log);

struct slice log_address_of(const struct log * log);
const struct log_identity * log_identity_of(const struct log * log);

/*
 * Append a value as our own entry, inside a transaction; next and refs by log
 * spec §3.4.  The handler's join is called for it.
 */
int log_append(struct log * log, struct slice value, struct cid * cid,
    struct error * err);

/*
 * Take an entry that passed entry_check, inside a transaction: 1: it was here
 * already.  It is held in memory (so that what can be joined at once is written
 * once) until the caller calls log_settle, which it must do before it commits.
 */
int log_receive(struct log * log, const struct cid * cid, struct slice block);

/*
 * How many entries, and bytes of blocks, may wait for parents; the values here
 * unless told.  Beyond them one that has to wait takes the place of those that
 * have waited longest, or is dropped when it needs more than there is; but one
 * that a waiting entry names as a parent is taken beside them: a long history
 * comes newest first, and must reach its beginning.  So what nobody can join is
 * bounded, and the rest goes on.  What went may be received again.
 */
#define LOG_WAITING_MAX (1U << 18)
#define LOG_WAITING_BYTES_MAX (1U << 28)
void log_budget(struct log * log, uint64_t entries, uint64_t bytes);

/*
 * How many may wait in all, with those that are named as parents.  Beyond it
 * those go that have waited longest (the newest of a long history): what was
 * evicted may be received again.
 */
#define LOG_CHAIN_MAX (1U << 20)
#define LOG_CHAIN_BYTES_MAX (1U << 30)
void log_budget_chain(struct log * log, uint64_t entries, uint64_t bytes);

/*
 * Join what is ready, at most max entries, inside a transaction.  Returns how
 * many were joined, or a code; call again (in a transaction of its own) while
 * log_ready.  Needs no log_receive before: what a crash left ready is found
 * when the log is opened.
 */
int log_settle(struct log * log, unsigned max);
bool log_ready(const struct log * log);

/* Is the entry here (joined or waiting)?  Blocks of other logs in the store
 * count as here: none of them can be an entry of this one. */
bool log_has(struct log * log, const struct cid * cid);
bool log_joined(struct log * log, const struct cid * cid);

/*
 * Walk the CIDs that waiting entries name as parents and that are not here:
 * what must be fetched.  A non-zero return of `each` ends the walk.
 */
int log_missing(struct log * log, int (*each)(void * user,
    const struct cid * cid), void * user);

/* Heads, sorted descending by (time, CID); at most max into heads; how many. */
size_t log_heads(struct log * log, struct cid * heads, size_t max);
size_t log_heads_count(struct log * log);

/* The largest Lamport time joined, and how many are joined and waiting. */
struct log_status {
	uint64_t time, joined, waiting, arrivals;
	uint64_t waiting_bytes;   /* of blocks */
	uint64_t refused;         /* for want of room, since it was opened */
	uint64_t denied;          /* set aside, since it was opened */
	uint64_t evicted;         /* that waited, since it was opened */
};
void log_status(struct log * log, struct log_status * status);

/* --- lists -------------------------------------------------------------- */

/* An entry as lists give it.  Free with log_item_free. */
struct log_item {
	struct buffer block;
	struct entry entry;       /* borrows from block */
	struct cid cid;
	uint64_t join, arrival;   /* 0: not delivered */
	uint8_t note_n;
	uint8_t note[LOG_NOTE_MAX];
};
void log_item_free(struct log_item * item);

/* By CID, by arrival number, by join number; -ERR_NOT_FOUND. */
int log_find(struct log * log, const struct cid * cid, struct log_item * item);
int log_at_arrival(struct log * log, uint64_t number, struct log_item * item);
int log_at_join(struct log * log, uint64_t number, struct log_item * item);

/*
 * Walk the joined entries of a causal log from Lamport time `from` on, in
 * causal order (time, CID).  From inside the handler's join, the entry being
 * joined is not among them.  A non-zero return of `each` ends the walk and is
 * returned.  `each` may write to the store, not to this log.
 */
int log_each_causal(struct log * log, uint64_t from,
    int (*each)(void * user, const struct log_item * item), void * user);

/*
 * Deliver an entry that was joined without: the next arrival number, and its
 * note.  Inside a transaction.  -ERR_INVALID_INPUT: it is not joined, or was
 * delivered before.
 */
int log_deliver(struct log * log, const struct cid * cid,
    const uint8_t * note, size_t note_n);

/* Last arrival number given (0: none). */
uint64_t log_arrivals(struct log * log);

/* Append the block of any entry of any log in the store; -ERR_NOT_FOUND. */
int log_block(struct store * s, const struct cid * cid, struct buffer * out);

#endif /* !BERTY_LOG_LOG_H */
