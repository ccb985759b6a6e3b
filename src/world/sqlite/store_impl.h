/* store_impl.h: what the files of the store share; nobody else includes it. */
#ifndef BERTY_WORLD_SQLITE_STORE_IMPL_H
#define BERTY_WORLD_SQLITE_STORE_IMPL_H

#include <sqlite3.h>

#include "world/store.h"

enum {
	NAME_SIZE = 16,           /* bytes of a name's keyed hash */
	STORE_PAGE = 8192,        /* 1.3 kB rows waste a third of 4 KiB pages */
	WAL_PAGES = 512,          /* checkpoint at 4 MiB */
	STORE_KEY_SIZE = 32,
	LAZY_MS = 1000,           /* until what nobody waits for is synced */
};

/* The prepared statements, by what they do. */
enum statement {
	S_BEGIN, S_COMMIT, S_ROLLBACK, S_SAVEPOINT, S_RELEASE, S_UNDO,
	S_BLOCK_PUT, S_BLOCK_FIND, S_BLOCK_GET, S_BLOCK_NAME, S_BLOCK_SET,
	S_BLOCK_DELETE, S_NAMED_FIND, S_NAMED_PUT, S_NAMED_SET, S_NAMED_GET,
	S_NAMED_DELETE, S_NAMED_EACH, S_NAMED_COUNT, S_NUMBER_PUT,
	S_NUMBER_DELETE, S_NUMBER_LAST, S_NUMBER_UP, S_NUMBER_DOWN,
	S_SCOPE_FIND, S_SCOPE_PUT, S_COUNT
};

struct seal;
struct store_sync;

struct store {
	struct world * w;
	sqlite3 * db;
	struct seal * seal;
	sqlite3_stmt * statements[S_COUNT];
	bool memory;              /* no file: nothing to sync */
	bool begun;               /* between store_begin and its end */
	bool open;                /* an SQLite transaction is open */
	bool closing;
	bool dirty;               /* the open one changed rows */
	bool was_dirty;           /* before store_begin */
	bool unsynced;            /* written to the log, not yet synced */
	uint64_t sync_by;         /* when that is synced at the latest */
	uint64_t next_block;      /* row ids grow, even past deleted ones */
	struct list waiting;      /* commits in the open SQLite transaction */
	struct list syncing;      /* commits written, not yet synced */
	struct list passed;       /* barriers that had nothing to wait for */
	struct store_sync * sync; /* the sync in flight, or NULL */
	struct world_timer flush;
	int wal_pages;
	bool read_only;
	bool told;
	char failure[160];
	char * path;              /* NULL in memory */
	unsigned schema;          /* the file's, once it is open */
	void (*failed)(void * user);
	void * failed_user;
	struct store_stats stats;
};

/* store_statement.c: a statement ready to bind; give it back when done. */
int statement_take(struct store * s, enum statement which,
    sqlite3_stmt ** statement);
void statement_give(struct store * s, enum statement which,
    sqlite3_stmt * statement);
void statement_free_all(struct store * s);

/* Bind an integer; place from 1.  Values past 2^63 - 1 must not come here. */
void statement_number(sqlite3_stmt * statement, int place, uint64_t v);

/* Bind bytes, which must stay until the statement was given back. */
void statement_bytes(sqlite3_stmt * statement, int place, struct slice v);

/*
 * Run one that changes rows and give it back: 0, or the code of a failure,
 * which makes the store read-only when the disk is to blame.
 */
int statement_change(struct store * s, enum statement which,
    sqlite3_stmt * statement);

/* Run one without parameters; an SQLite code. */
int statement_run(struct store * s, enum statement which);

/* Step a reading one: 1 a row, 0 no more, -ERR_DB_READ. */
int statement_row(struct store * s, sqlite3_stmt * statement);

/* Bytes of a column, borrowed until the next step. */
struct slice statement_column(sqlite3_stmt * statement, int column);

/* May rows be written now?  0, -ERR_DB_WRITE or -ERR_INTERNAL: not begun. */
int store_may_write(const struct store * s);

/* Turn read-only because of an SQLite code; what was begun is undone. */
void store_fail(struct store * s, int rc);

/* store_sync.c */
int sync_now(struct store * s);
int sync_start(struct store * s);

/* Have the disk hold the log as it reads; an SQLite code. */
int sync_again(struct store * s);

/* Wait for the sync in flight and let go of it; its SQLite code. */
int sync_join(struct store * s);

/* store_group.c: what waits on the sync that just ended (an SQLite code). */
void store_synced(struct store * s, int rc);
void store_flush(struct world_timer * timer);
void store_drain(struct store * s);

/*
 * store_schema.c.  check: is the file empty or a store we can read?  open: bring
 * it to this version's tables.
 */
int schema_check(struct store * s, struct error * err);
int schema_open(struct store * s, struct error * err);

/* Say why an SQLite code keeps the store from opening. */
int schema_failed(struct store * s, int rc, struct error * err);

/*
 * store_seal.c: subkeys of the store key.  The place of a row (what, where,
 * name) is authenticated, so that rows cannot be swapped.
 */
struct place {
	uint64_t table;           /* 0 for blocks */
	uint64_t at;              /* scope, or row id of a block */
	uint8_t name[NAME_SIZE];
};
struct seal * seal_new(const uint8_t key[STORE_KEY_SIZE]);
void seal_free(struct seal * seal);
void seal_name(const struct seal * seal, uint64_t table, uint64_t scope,
    struct slice name, uint8_t hash[NAME_SIZE]);
int seal_value(const struct seal * seal, struct world * w,
    const struct place * place, struct slice value, struct buffer * out);

/* Append the value to out; -ERR_DB_READ, out unchanged. */
int seal_open(const struct seal * seal, const struct place * place,
    struct slice sealed, struct buffer * out);

#endif /* !BERTY_WORLD_SQLITE_STORE_IMPL_H */
