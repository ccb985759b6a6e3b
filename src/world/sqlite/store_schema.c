#include <stdio.h>

#include "world/sqlite/store_impl.h"

/* "Brty", in the file's header. */
#define APPLICATION 0x42727479

#define QUOTE(x) #x
#define TEXT(x) QUOTE(x)

/*
 * Step n brings version n to n + 1.  All steps that a file needs run in one
 * transaction, so that an interrupted migration did not happen.
 */
static const char * const steps[] = {
	"CREATE TABLE meta(what TEXT PRIMARY KEY, value BLOB NOT NULL)"
	    " WITHOUT ROWID;"
	"CREATE TABLE blocks(id INTEGER PRIMARY KEY,"
	    " name BLOB NOT NULL UNIQUE, value BLOB NOT NULL);"
	"CREATE TABLE named(tbl INTEGER NOT NULL, scope INTEGER NOT NULL,"
	    " seq INTEGER NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL,"
	    " PRIMARY KEY(tbl, scope, seq)) WITHOUT ROWID;"
	"CREATE UNIQUE INDEX named_name ON named(tbl, scope, name);"
	"CREATE TABLE numbered(tbl INTEGER NOT NULL, scope INTEGER NOT NULL,"
	    " number INTEGER NOT NULL, id INTEGER NOT NULL,"
	    " PRIMARY KEY(tbl, scope, number, id)) WITHOUT ROWID;"
	"CREATE TABLE scopes(id INTEGER PRIMARY KEY,"
	    " name BLOB NOT NULL UNIQUE);"
	"PRAGMA application_id=" TEXT(APPLICATION) ";",
};

#define VERSION ((int)(sizeof(steps) / sizeof(steps[0])))

/* What the key check row holds, sealed at a place of its own. */
static const char check_text[] = "berty store";
static const struct place check_place = {UINT64_MAX, 0, {0}};

static int
number(struct store * s, const char * sql, sqlite3_int64 * v)
{
	sqlite3_stmt * statement;
	int rc;

	rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
	if (rc != SQLITE_OK)
		return (rc);
	*v = 0;
	if ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		*v = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return (rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc);
}

static int
check_write(struct store * s)
{
	struct buffer sealed = {0};
	sqlite3_stmt * statement = NULL;
	int rc = SQLITE_NOMEM;

	if (seal_value(s->seal, s->w, &check_place, slice_text(check_text),
	    &sealed) != 0)
		goto err0;
	rc = sqlite3_prepare_v2(s->db, "INSERT INTO meta VALUES('check', ?1)",
	    -1, &statement, NULL);
	if (rc != SQLITE_OK)
		goto err0;
	statement_bytes(statement, 1, buffer_all(&sealed));
	rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);

err0:
	buffer_free(&sealed);
	return (rc == SQLITE_DONE ? SQLITE_OK : rc);
}

static int
check_read(struct store * s, struct error * err)
{
	struct buffer text = {0};
	sqlite3_stmt * statement;
	int status = -1;

	if (sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE what = "
	    "'check'", -1, &statement, NULL) != SQLITE_OK)
		return (error_set(err, ERR_DB_OPEN, "not a store"));
	if (sqlite3_step(statement) == SQLITE_ROW)
		status = seal_open(s->seal, &check_place,
		    statement_column(statement, 0), &text);
	(void)sqlite3_finalize(statement);
	if (status == 0 && !slice_equal(buffer_all(&text),
	    slice_text(check_text)))
		status = -1;
	buffer_free(&text);
	if (status != 0)
		return (error_set(err, ERR_DB_OPEN, "wrong store key: "
		    "give the one that the store was made with"));
	return (0);
}

/* Run the steps from a version on, inside the caller's transaction. */
static int
migrate(struct store * s, int from)
{
	char sql[64];
	int rc = SQLITE_OK;
	int v;

	for (v = from; v < VERSION && rc == SQLITE_OK; v++)
		rc = sqlite3_exec(s->db, steps[v], NULL, NULL, NULL);
	if (rc == SQLITE_OK && from == 0)
		rc = check_write(s);
	if (rc != SQLITE_OK)
		return (rc);
	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", VERSION);
	return (sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

int
schema_failed(struct store * s, int rc, struct error * err)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return (error_set(err, ERR_DB_OPEN,
		    "the store is held by another process: stop that "
		    "one, or use another store"));
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return (error_set(err, ERR_DB_OPEN, "not a store"));
	case SQLITE_FULL:
		return (error_set(err, ERR_DB_OPEN, "the disk is full"));
	default:
		return (error_set(err, ERR_DB_OPEN, "cannot open the store: %s",
		    sqlite3_errmsg(s->db)));
	}
}

/* An empty file, or one of ours that is not newer than this program. */
static int
versions(struct store * s, sqlite3_int64 * version, struct error * err)
{
	sqlite3_int64 application, tables;
	int rc;

	if ((rc = number(s, "PRAGMA user_version", version)) != SQLITE_OK ||
	    (rc = number(s, "PRAGMA application_id", &application)) !=
	    SQLITE_OK ||
	    (rc = number(s, "SELECT count(*) FROM sqlite_master", &tables)) !=
	    SQLITE_OK)
		return (schema_failed(s, rc, err));
	if (application != APPLICATION && (*version != 0 || tables != 0))
		return (error_set(err, ERR_DB_OPEN, "not a store"));
	if (*version < 0 || *version > VERSION)
		return (error_set(err, ERR_DB_MIGRATE,
		    "the store was made by a newer version"));
	return (0);
}

int
schema_check(struct store * s, struct error * err)
{
	sqlite3_int64 version;

	return (versions(s, &version, err));
}

static int
counters(struct store * s)
{
	sqlite3_int64 block;
	int rc;

	if ((rc = number(s, "SELECT max(id) FROM blocks", &block)) == SQLITE_OK)
		s->next_block = (uint64_t)block + 1;
	return (rc);
}

int
schema_open(struct store * s, struct error * err)
{
	sqlite3_int64 version = 0;
	int rc, status;

	if ((rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL)) !=
	    SQLITE_OK)
		return (schema_failed(s, rc, err));
	if ((status = versions(s, &version, err)) != 0)
		goto err1;
	if (version > 0 && (status = check_read(s, err)) != 0)
		goto err1;
	if ((version < VERSION &&
	    (rc = migrate(s, (int)version)) != SQLITE_OK) ||
	    (rc = counters(s)) != SQLITE_OK ||
	    (rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL)) !=
	    SQLITE_OK) {
		status = schema_failed(s, rc, err);
		goto err1;
	}
	s->schema = VERSION;
	return (0);

err1:
	(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return (status);
}
