#include "world/store.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world/sqlite/store_impl.h"

/* For a person who has to do something about it. */
static const char *
reason(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ("the disk is full");
	case SQLITE_IOERR:
		return ("the disk failed");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ("the store's file is damaged");
	case SQLITE_NOMEM:
		return ("memory is short");
	default:
		return ("the database failed");
	}
}

void
store_fail(struct store * s, int rc)
{
	if (s->read_only)
		return;
	s->read_only = true;
	(void)snprintf(s->failure, sizeof(s->failure),
	    "%s: the store is read-only now (%s)", reason(rc),
	    sqlite3_errstr(rc));
	log_error(s->w->log, "store", "%s", s->failure);
	/* Frames that never reached the disk must not get into the file. */
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)statement_run(s, S_ROLLBACK);
	s->open = s->dirty = false;
	(void)world_timer_start(s->w, &s->flush, 0);
}

int
store_may_write(const struct store * s)
{
	if (s->read_only)
		return (-ERR_DB_WRITE);
	return (s->begun ? 0 : -ERR_INTERNAL);
}

static int
wal_grew(void * user, sqlite3 * db, const char * name, int pages)
{
	struct store * s = user;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	return (SQLITE_OK);
}

/*
 * Only the owner may read the file; SQLite would make it for everybody.  An
 * existing file is left alone: closing it here would drop another store's lock.
 */
static void
make_private(const struct store_config * config)
{
	int fd;

	if (config->path == NULL || config->vfs != NULL)
		return;
	fd = open(config->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
}

static int
setting(struct store * s, const char * format, int v)
{
	char sql[80];

	(void)snprintf(sql, sizeof(sql), format, v);
	return (sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/*
 * The lock is taken for good and there is no shared memory: that is what makes
 * a second process fail at once.  secure_delete overwrites used message keys.
 */
static int
settings(struct store * s, size_t cache_kib, struct error * err)
{
	int cache = cache_kib == 0 || cache_kib > 1 << 20 ? 2048 :
	    (int)cache_kib;
	int rc, status;

	if ((rc = setting(s, "PRAGMA locking_mode=EXCLUSIVE", 0)) != 0 ||
	    (rc = setting(s, "PRAGMA page_size=%d", STORE_PAGE)) != 0 ||
	    (rc = setting(s, "PRAGMA cache_size=-%d", cache)) != 0 ||
	    (rc = setting(s, "PRAGMA temp_store=MEMORY", 0)) != 0 ||
	    (rc = setting(s, "PRAGMA mmap_size=0", 0)) != 0)
		return (schema_failed(s, rc, err));
	if ((status = schema_check(s, err)) != 0)
		return (status);
	if ((rc = setting(s, "PRAGMA secure_delete=FAST", 0)) != 0 ||
	    (rc = setting(s, s->memory ? "PRAGMA journal_mode=MEMORY" :
	    "PRAGMA journal_mode=WAL", 0)) != 0 ||
	    (rc = setting(s, "PRAGMA synchronous=NORMAL", 0)) != 0 ||
	    (rc = setting(s, "PRAGMA wal_autocheckpoint=0", 0)) != 0 ||
	    (rc = setting(s, "PRAGMA journal_size_limit=%d",
	    WAL_PAGES * STORE_PAGE)) != 0)
		return (schema_failed(s, rc, err));
	(void)sqlite3_wal_hook(s->db, wal_grew, s);
	return (0);
}

static int
seal_setup(struct store * s, const uint8_t * key, struct error * err)
{
	uint8_t drawn[STORE_KEY_SIZE];

	if (key == NULL)
		world_random(s->w, drawn, sizeof(drawn));
	s->seal = seal_new(key == NULL ? drawn : key);
	sodium_memzero(drawn, sizeof(drawn));
	if (s->seal == NULL)
		return (error_set(err, ERR_DB_OPEN, "memory is short"));
	return (0);
}

static int
path_setup(struct store * s, const char * path, struct error * err)
{
	if (path != NULL && (s->path = strdup(path)) == NULL)
		return (error_set(err, ERR_DB_OPEN, "memory is short"));
	return (0);
}

int
store_open(struct world * w, const struct store_config * config,
    struct store ** store, struct error * err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX;
	struct store * s;
	int status;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (error_set(err, ERR_DB_OPEN, "memory is short"));
	s->w = w;
	s->memory = config->path == NULL;
	s->flush.fire = store_flush;
	list_init(&s->waiting);
	list_init(&s->syncing);
	list_init(&s->passed);
	if ((status = path_setup(s, config->path, err)) != 0 ||
	    (status = seal_setup(s, config->key, err)) != 0)
		goto err1;
	make_private(config);
	if (sqlite3_open_v2(s->memory ? ":memory:" : config->path, &s->db,
	    flags, config->vfs) != SQLITE_OK) {
		status = error_set(err, ERR_DB_OPEN, "cannot open %s: %s",
		    s->memory ? "memory" : config->path,
		    s->db == NULL ? "memory is short" : sqlite3_errmsg(s->db));
		goto err2;
	}
	if ((status = settings(s, config->cache_kib, err)) != 0 ||
	    (status = schema_open(s, err)) != 0)
		goto err2;
	/* The first sync of a new log syncs its directory too. */
	if (!s->memory && sync_again(s) != SQLITE_OK) {
		status = error_set(err, ERR_DB_OPEN, "the disk failed");
		goto err2;
	}
	*store = s;
	return (0);

err2:
	(void)sqlite3_close(s->db);
	seal_free(s->seal);
err1:
	free(s->path);
	free(s);
	return (status);
}

void
store_close(struct store * s)
{
	if (s == NULL)
		return;
	s->closing = true;
	store_drain(s);
	world_timer_stop(s->w, &s->flush);
	statement_free_all(s);
	if (sqlite3_close(s->db) != SQLITE_OK)
		log_error(s->w->log, "store", "close: %s",
		    sqlite3_errmsg(s->db));
	seal_free(s->seal);
	free(s->path);
	free(s);
}

const char *
store_file(const struct store * s)
{
	return (s->path == NULL ? "" : s->path);
}

unsigned
store_schema(const struct store * s)
{
	return (s->schema);
}

bool
store_read_only(const struct store * s)
{
	return (s->read_only);
}

const char *
store_failure(const struct store * s)
{
	return (s->failure);
}

void
store_watch(struct store * s, void (*failed)(void * user), void * user)
{
	s->failed = failed;
	s->failed_user = user;
	if (s->read_only && !s->told)
		(void)world_timer_start(s->w, &s->flush, 0);
}

static uint64_t
file_bytes(const struct store * s, int which)
{
	sqlite3_file * file = NULL;
	sqlite3_int64 n = 0;

	(void)sqlite3_file_control(s->db, "main", which, &file);
	if (file == NULL || file->pMethods == NULL ||
	    file->pMethods->xFileSize(file, &n) != SQLITE_OK)
		return (0);
	return ((uint64_t)n);
}

void
store_stats(const struct store * s, struct store_stats * stats)
{
	*stats = s->stats;
	if (!s->memory)
		stats->bytes = file_bytes(s, SQLITE_FCNTL_FILE_POINTER) +
		    file_bytes(s, SQLITE_FCNTL_JOURNAL_POINTER);
}
