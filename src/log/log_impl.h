/* log_impl.h: what the files of log share. */
#ifndef BERTY_LOG_LOG_IMPL_H
#define BERTY_LOG_LOG_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "log/log.h"

/* References of an entry reach this many ancestors.  Source: go-orbit-db
 * stores/basestore (ReferenceCount). */
#define LOG_REFERENCES 64

/* --- rows: an entry in the store (log_row.c) ----------------------------- */

enum log_row_state { LOG_ROW_WAITING = 0, LOG_ROW_JOINED = 1 };

/* What stands before the block in an entry's row.  Notes are secret: whoever
 * has a row, or the bytes of one, wipes it. */
struct log_row {
	enum log_row_state state;
	uint64_t scope, join, arrival;
	uint8_t note_n;
	uint8_t note[LOG_NOTE_MAX];
};

void log_row_encode(struct buffer * out, const struct log_row * row,
    struct slice block);

/* Take a value apart; block borrows from it.  -ERR_DB_READ. */
int log_row_decode(struct log_row * row, struct slice value,
    struct slice * block);

/*
 * Read the row of an id, its value into the empty buffer `value`, in which the
 * note is wiped: it is in the row alone.
 */
int log_row_read(struct store * s, uint64_t id, struct log_row * row,
    struct buffer * value, struct slice * block);

/* --- the log ------------------------------------------------------------- */

struct log_head {
	uint64_t time;
	struct cid cid;
};

/* An entry joined lately: what refs and joins look at. */
struct log_recent {
	struct cid cid;
	uint64_t time;
	size_t n_next;
	struct cid * next;
};

/* Read a row that is known to be of this log (log_list.c). */
int log_read_item(struct log * log, uint64_t id, struct log_item * item);

enum { LOG_RECENT = 256, LOG_RECENT_NEXT = 64 };

/* Received in this transaction, not in the store yet. */
struct log_pending {
	struct list place;
	struct cid cid;
	struct buffer block;
	struct entry entry;           /* borrows from block */
	size_t watched;               /* which parent is waited for */
	struct log_pending * other;   /* who else waits for that parent */
	bool placed;
	bool ready;
};

/* All parents are joined: may be joined itself. */
struct log_ready {
	uint64_t time;
	struct cid cid;
	struct log_pending * pending; /* NULL: in the store */
	bool noted;                   /* the store says so too */
};

struct log {
	struct world * world;
	struct store * store;
	struct buffer address;
	struct log_identity identity;
	struct log_handler handler;
	bool causal;

	/* The state row, and whether it was read. */
	bool loaded;
	uint64_t scope;
	uint64_t time, joined, waiting, arrivals;
	uint64_t noted;               /* ready entries that the store knows */
	uint64_t wanted;              /* parents that somebody waits for */
	uint64_t waiting_bytes;       /* of their blocks */
	struct log_head * heads;      /* descending by (time, CID) */
	size_t n_heads, heads_size;

	uint64_t waiting_max, waiting_bytes_max;
	uint64_t chain_max, chain_bytes_max;
	uint64_t refused, evicted;
	struct map denials;           /* CID -> how often the owner refused */
	uint64_t denied;              /* of them set aside */

	/* Caches and the transaction at hand. */
	struct log_recent * recent;   /* LOG_RECENT, when there was one */
	size_t recent_at;
	struct map recent_map;
	struct list pending;
	struct map pending_map;       /* by CID */
	struct map watchers;          /* parent -> first log_pending */
	struct log_ready * ready;     /* a heap, smallest (time, CID) first */
	size_t n_ready, ready_size;
	bool noted_loaded;
};

/* Smaller means earlier in the causal order. */
int log_order(uint64_t a_time, const struct cid * a, uint64_t b_time,
    const struct cid * b);

/* log_state.c */
int log_load(struct log * log);
int log_save(struct log * log);
int log_head_add(struct log * log, const struct entry * e,
    const struct cid * cid);

/* log_recent.c */
void log_recent_add(struct log * log, const struct cid * cid,
    const struct entry * e);
const struct log_recent * log_recent_get(const struct log * log,
    const struct cid * cid);
void log_recent_free(struct log * log);

/* log_refs.c: heads in ascending order, and references beyond them; the caller
 * frees both. */
int log_links(struct log * log, struct cid ** next, size_t * n_next,
    struct cid ** refs, size_t * n_refs);

/* log_ready.c */
int log_ready_push(struct log * log, const struct log_ready * ready);
struct log_ready log_ready_pop(struct log * log);

/* log_wait.c: who waits for which parent, in the store. */
struct log_child {
	struct cid cid;
	uint64_t time;
	uint32_t watched;             /* index of the parent in its next */
	uint32_t parents;             /* how many it has */
};

/* Does an entry that waits name it as a parent? */
bool log_wait_wants(struct log * log, const struct cid * cid);

/* A parent is wanted: make its row. */
int log_wait_want(struct log * log, const struct cid * parent);

/* The child waits for this parent. */
int log_wait_add(struct log * log, const struct cid * parent,
    const struct log_child * child);

/* The entry is in the store now: nobody need fetch it. */
int log_wait_stored(struct log * log, const struct cid * cid);

/* The parent was joined: its children (freed by the caller), and forget. */
int log_wait_take(struct log * log, const struct cid * parent,
    struct log_child ** children, size_t * n);

/* Ready entries that are not joined yet. */
int log_wait_note(struct log * log, uint64_t time, const struct cid * cid);
int log_wait_unnote(struct log * log, const struct cid * cid);
int log_wait_load_noted(struct log * log);

/* An entry that waited is here no more: who waits for it wants it. */
int log_wait_gone(struct log * log, const struct cid * cid);

/* The parents whose rows are the oldest: how many, or a code. */
int log_wait_oldest(struct log * log, struct cid * parents, int max);

/*
 * log_evict.c: make room for what is pending; is there none for one more?
 * _for: for one that nobody waits for: 1, 0 when there is none to be had, or a
 * code.
 */
int log_evict(struct log * log);
bool log_is_full(const struct log * log, const struct log_pending * p);
int log_evict_for(struct log * log, const struct log_pending * p);

/* log_denied.c */
enum { LOG_DENIED_MAX = 1024 };

/* The owner refused the entry, with this code; it took it after all. */
void log_deny(struct log * log, const struct cid * cid, int status);
void log_allow(struct log * log, const struct cid * cid);

/* Is it set aside? */
bool log_is_denied(const struct log * log, const struct cid * cid);
void log_denials_free(struct log * log);

/* log_settle.c: join an entry; id 0 when it has no row yet. */
int log_join(struct log * log, const struct entry * e, const struct cid * cid,
    struct slice block, uint64_t id, bool own);
int log_wake(struct log * log, const struct cid * parent);
int log_park(struct log * log);
void log_pending_free(struct log * log);

#endif /* !BERTY_LOG_LOG_IMPL_H */
