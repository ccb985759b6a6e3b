/*
 * store.h: what a node keeps, in one file, as three kinds of rows:
 *
 *   blocks    values in order of arrival, found by name or by row id
 *   named     small values found by (table, scope, name)
 *   numbered  row ids in the order of a number: (table, scope, number) -> id
 *
 * Values are sealed with the store key (XChaCha20-Poly1305, the row's place as
 * associated data); names are keyed hashes; tables, scopes, numbers and ids are
 * clear integers, so that ranges are index walks.
 *
 * Reads are synchronous and see every write made before.  Commits are
 * asynchronous and grouped: one fsync serves every call waiting at that moment.
 * A commit that fails makes the store read-only for good; nothing it had
 * acknowledged is lost.
 */
#ifndef BERTY_WORLD_STORE_H
#define BERTY_WORLD_STORE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/list.h"
#include "world/world.h"

struct store;

/* Tables; their numbers are on disk, so they are never reused. */
enum store_table {
	/* named */
	STORE_META = 1,           /* 0: schema, identity, counters of the node */
	STORE_KEY = 2,            /* 0: private keys by name */
	STORE_GROUP = 3,          /* 0: groups by public key */
	STORE_LOG = 4,            /* 0: logs by address: heads, clock, counts */
	STORE_MEMBER = 5,         /* group: device pk -> member pk */
	STORE_CHAIN_KEY = 6,      /* group: device pk -> chain key */
	STORE_MESSAGE_KEY = 7,    /* group: device pk, counter -> message key */
	STORE_SECRET_SENT = 8,    /* group: member pk -> sent */
	STORE_CONTACT = 9,        /* account group: contact pk -> contact state */
	STORE_JOINED = 10,        /* account group: group pk -> joined or left */
	STORE_ACCOUNT = 11,       /* account group: single values by name */
	STORE_WAITING = 12,       /* group: device pk, counter, cid -> message */
	STORE_MISSING = 13,       /* log: cid -> who waits for it */
	STORE_ROLE = 14,          /* group: member pk -> role */
	STORE_PARKED = 15,        /* group: cid -> event whose signer is unknown */
	STORE_ALIAS = 16,         /* alias keys: contact pk -> alias key;
	                           * group: device pk -> alias resolver */
	STORE_PUSH_TOKEN = 20,    /* group: device pk -> newest event 404 */
	STORE_PUSH_SERVER = 21,   /* account group: key of a relay that pushes
	                           * to this device */
	STORE_PUSH_CHAIN = 22,    /* in the file beside the store: see push_file */
	STORE_ATTACHMENT = 24,    /* 0: attachments by CID; 1: ids whose blocks
	                           * go; 2: the next id; 3: other keys by CID */
	STORE_SETTING = 28,       /* group: device pk -> when it restricted who
	                           * may set what the group has */
	STORE_SERVICE_TOKEN = 32, /* account group: token id -> token */
	STORE_REPLICATING = 36,   /* group: device pk, server -> newest event
	                           * 403 */
	STORE_APPLICATION = 30,   /* in a file of an application's: 0: by key */
	/* numbered */
	STORE_JOIN_ORDER = 64,    /* log: join number -> block */
	STORE_ARRIVAL = 65,       /* log: arrival number -> block */
	STORE_CAUSAL = 66,        /* log: Lamport time -> block, metadata only */
	STORE_ADDED_ORDER = 67,   /* 0: spare order for a module's own queue */
	STORE_ATTACHMENT_BLOCK = 68, /* attachment: block -> its bytes */
	STORE_ATTACHMENT_USE = 69, /* 0: block -> attachments that it is of */
};

/* A commit in flight, owned by the caller until `done` was called. */
struct store_commit {
	void (*done)(struct store_commit * commit, int status);
	struct list place;        /* private to the store */
};

/* How to open one. */
struct store_config {
	const char * path;        /* file; NULL: in memory only */
	const char * vfs;         /* SQLite VFS; NULL: the system's */
	const uint8_t * key;      /* 32 bytes, copied; NULL: a random one */
	size_t cache_kib;         /* page cache; 0: 2,048 */
};

/*
 * Open or create, migrating an older schema inside one transaction.  Errors:
 * ERR_DB_OPEN (124: not a store, a wrong key, or held by another process),
 * ERR_DB_MIGRATE (121: made by a newer version).
 */
int store_open(struct world * w, const struct store_config * config,
    struct store ** store, struct error * err);

/*
 * Commit what is open, sync, and close.  Every commit in flight gets its
 * `done` first, from inside this call; so it must not be called from a `done`.
 * NULL is fine.
 */
void store_close(struct store * s);

/* True once a commit failed: writes answer -ERR_DB_WRITE. */
bool store_read_only(const struct store * s);

/* Why it is read-only, for a person ("" when it is not). */
const char * store_failure(const struct store * s);

/* Its file ("" in memory), and the version of its tables. */
const char * store_file(const struct store * s);
unsigned store_schema(const struct store * s);

/* Called on the loop, once, when the store turns read-only. */
void store_watch(struct store * s, void (*failed)(void * user), void * user);

/*
 * A transaction: everything between begin and commit stands or falls together.
 * One at a time; it may not outlive the callback that opened it.  -ERR_DB_WRITE
 * when read-only; -ERR_INTERNAL inside another, as every write outside one.
 * A write that fails with -ERR_DB_WRITE has made the store read-only.
 */
int store_begin(struct store * s);

/* Undo all since begin. */
void store_rollback(struct store * s);

/*
 * End the transaction.  0: commit->done will be called, from the loop, with 0
 * once it is on disk or -ERR_DB_WRITE if it will never be.  commit may be NULL:
 * nobody waits; then it is written at the loop's next turn, but synced with the
 * next commit or barrier that somebody waits for, or after a second.  What wrote
 * nothing costs no fsync.  On failure the transaction was undone and done is not
 * called.
 */
int store_commit(struct store * s, struct store_commit * commit);

/*
 * commit->done will be called, from the loop, with 0 once everything written
 * before is on disk (also by a transaction that is open), or with -ERR_DB_WRITE
 * if some of it will never be.  At the next turn and without an fsync when all
 * is on disk already.  -ERR_DB_WRITE when read-only: done is not called.
 */
int store_barrier(struct store * s, struct store_commit * commit);

/*
 * Blocks.  put: a new row, its id (> 0, growing) in *id; -ERR_MAP (300) if the
 * name is taken.  find: the id under a name; -ERR_NOT_FOUND.  get: append
 * the value to out.  set: replace a value.  Reads answer -ERR_DB_READ when a
 * value does not open.
 */
int store_block_put(struct store * s, struct slice name, struct slice value,
    uint64_t * id);
int store_block_find(struct store * s, struct slice name, uint64_t * id);
int store_block_get(struct store * s, uint64_t id, struct buffer * out);
int store_block_set(struct store * s, uint64_t id, struct slice value);
int store_block_delete(struct store * s, uint64_t id);

/*
 * Named rows: replace, read (appends), remove.  -ERR_NOT_FOUND from read and
 * remove.
 */
int store_put(struct store * s, enum store_table table, uint64_t scope,
    struct slice name, struct slice value);
int store_get(struct store * s, enum store_table table, uint64_t scope,
    struct slice name, struct buffer * out);
int store_delete(struct store * s, enum store_table table, uint64_t scope,
    struct slice name);

/*
 * Walk all values of (table, scope), in the order they were first put; a
 * non-zero return of `each` ends the walk and is returned.  Names are hashed,
 * so a value that needs its name repeats it.  Nothing of the same table may be
 * written during the walk.
 */
int store_each(struct store * s, enum store_table table, uint64_t scope,
    int (*each)(void * user, struct slice value), void * user);

/* How many values (table, scope) holds. */
int store_count(struct store * s, enum store_table table, uint64_t scope,
    uint64_t * n);

/*
 * Numbered rows: several ids may stand under one number; putting a row again
 * changes nothing.  Numbers, ids and scopes are at most 2^63 - 1, else
 * -ERR_INVALID_INPUT.  delete, last: -ERR_NOT_FOUND; last: the largest number.
 */
struct store_number {
	uint64_t number;
	uint64_t id;
};
int store_number_put(struct store * s, enum store_table table, uint64_t scope,
    uint64_t number, uint64_t id);
int store_number_delete(struct store * s, enum store_table table,
    uint64_t scope, uint64_t number, uint64_t id);
int store_number_last(struct store * s, enum store_table table,
    uint64_t scope, uint64_t * number);

/*
 * Up to max rows with from <= number <= to, ascending by (number, id), or
 * descending when reverse; *n says how many.
 */
int store_number_range(struct store * s, enum store_table table,
    uint64_t scope, uint64_t from, uint64_t to, bool reverse,
    struct store_number * rows, size_t max, size_t * n);

/*
 * A small dense handle for a name (a group or a log), made on first use: what
 * scopes are.  Must be inside a transaction when it is new.
 */
int store_scope(struct store * s, struct slice name, uint64_t * scope);

/* Counters: bytes of the file, fsyncs, transactions, rows read and written. */
struct store_stats {
	uint64_t bytes, syncs, commits, reads, writes;
};
void store_stats(const struct store * s, struct store_stats * stats);

#endif /* !BERTY_WORLD_STORE_H */
