#include "world/sqlite/store_impl.h"

static const char * const texts[S_COUNT] = {
	[S_BEGIN] = "BEGIN IMMEDIATE",
	[S_COMMIT] = "COMMIT",
	[S_ROLLBACK] = "ROLLBACK",
	[S_SAVEPOINT] = "SAVEPOINT one",
	[S_RELEASE] = "RELEASE one",
	[S_UNDO] = "ROLLBACK TO one",
	[S_BLOCK_PUT] = "INSERT OR IGNORE INTO blocks(id, name, value) "
	    "VALUES(?1, ?2, ?3)",
	[S_BLOCK_FIND] = "SELECT id FROM blocks WHERE name = ?1",
	[S_BLOCK_GET] = "SELECT name, value FROM blocks WHERE id = ?1",
	[S_BLOCK_NAME] = "SELECT name FROM blocks WHERE id = ?1",
	[S_BLOCK_SET] = "UPDATE blocks SET value = ?2 WHERE id = ?1",
	[S_BLOCK_DELETE] = "DELETE FROM blocks WHERE id = ?1",
	[S_NAMED_FIND] = "SELECT seq FROM named "
	    "WHERE tbl = ?1 AND scope = ?2 AND name = ?3",
	[S_NAMED_PUT] = "INSERT INTO named(tbl, scope, name, value, seq) "
	    "VALUES(?1, ?2, ?3, ?4, (SELECT coalesce(max(seq), 0) + 1 "
	    "FROM named WHERE tbl = ?1 AND scope = ?2))",
	[S_NAMED_SET] = "UPDATE named SET value = ?4 "
	    "WHERE tbl = ?1 AND scope = ?2 AND seq = ?3",
	[S_NAMED_GET] = "SELECT value FROM named "
	    "WHERE tbl = ?1 AND scope = ?2 AND name = ?3",
	[S_NAMED_DELETE] = "DELETE FROM named "
	    "WHERE tbl = ?1 AND scope = ?2 AND name = ?3",
	[S_NAMED_EACH] = "SELECT name, value FROM named "
	    "WHERE tbl = ?1 AND scope = ?2 ORDER BY seq",
	[S_NAMED_COUNT] = "SELECT count(*) FROM named "
	    "WHERE tbl = ?1 AND scope = ?2",
	[S_NUMBER_PUT] = "INSERT OR IGNORE INTO numbered"
	    "(tbl, scope, number, id) VALUES(?1, ?2, ?3, ?4)",
	[S_NUMBER_DELETE] = "DELETE FROM numbered "
	    "WHERE tbl = ?1 AND scope = ?2 AND number = ?3 AND id = ?4",
	[S_NUMBER_LAST] = "SELECT number FROM numbered "
	    "WHERE tbl = ?1 AND scope = ?2 ORDER BY number DESC LIMIT 1",
	[S_NUMBER_UP] = "SELECT number, id FROM numbered WHERE tbl = ?1 "
	    "AND scope = ?2 AND number BETWEEN ?3 AND ?4 "
	    "ORDER BY number, id LIMIT ?5",
	[S_NUMBER_DOWN] = "SELECT number, id FROM numbered WHERE tbl = ?1 "
	    "AND scope = ?2 AND number BETWEEN ?3 AND ?4 "
	    "ORDER BY number DESC, id DESC LIMIT ?5",
	[S_SCOPE_FIND] = "SELECT id FROM scopes WHERE name = ?1",
	[S_SCOPE_PUT] = "INSERT INTO scopes(name) VALUES(?1)",
};

int
statement_take(struct store * s, enum statement which, sqlite3_stmt ** statement)
{
	sqlite3_stmt * kept = s->statements[which];
	unsigned flags = SQLITE_PREPARE_PERSISTENT;
	int rc;

	/* A walk whose callback walks again needs a second statement. */
	if (kept != NULL && !sqlite3_stmt_busy(kept)) {
		*statement = kept;
		return (0);
	}
	rc = sqlite3_prepare_v3(s->db, texts[which], -1,
	    kept == NULL ? flags : 0, statement, NULL);
	if (rc != SQLITE_OK) {
		log_error(s->w->log, "store", "%s: %s", texts[which],
		    sqlite3_errmsg(s->db));
		return (-ERR_DB_READ);
	}
	if (kept == NULL)
		s->statements[which] = *statement;
	return (0);
}

void
statement_give(struct store * s, enum statement which, sqlite3_stmt * statement)
{
	if (statement != s->statements[which]) {
		(void)sqlite3_finalize(statement);
		return;
	}
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

void
statement_free_all(struct store * s)
{
	int i;

	for (i = 0; i < S_COUNT; i++) {
		(void)sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
}

void
statement_number(sqlite3_stmt * statement, int place, uint64_t v)
{
	(void)sqlite3_bind_int64(statement, place, (sqlite3_int64)v);
}

void
statement_bytes(sqlite3_stmt * statement, int place, struct slice v)
{
	(void)sqlite3_bind_blob64(statement, place, v.n == 0 ? "" :
	    (const void *)v.p, v.n, SQLITE_STATIC);
}

int
statement_change(struct store * s, enum statement which,
    sqlite3_stmt * statement)
{
	int rc = sqlite3_step(statement);

	statement_give(s, which, statement);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		store_fail(s, rc);
		return (-ERR_DB_WRITE);
	}
	s->stats.writes++;
	s->dirty |= sqlite3_changes(s->db) > 0;
	return (0);
}

int
statement_run(struct store * s, enum statement which)
{
	sqlite3_stmt * statement;
	int rc;

	if (statement_take(s, which, &statement) != 0)
		return (SQLITE_ERROR);
	rc = sqlite3_step(statement);
	statement_give(s, which, statement);
	return (rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc);
}

int
statement_row(struct store * s, sqlite3_stmt * statement)
{
	int rc = sqlite3_step(statement);

	if (rc == SQLITE_DONE)
		return (0);
	if (rc == SQLITE_ROW) {
		s->stats.reads++;
		return (1);
	}
	log_error(s->w->log, "store", "read: %s", sqlite3_errmsg(s->db));
	return (-ERR_DB_READ);
}

struct slice
statement_column(sqlite3_stmt * statement, int column)
{
	const void * p = sqlite3_column_blob(statement, column);
	int n = sqlite3_column_bytes(statement, column);

	return (slice_of(p, p == NULL ? 0 : (size_t)n));
}
