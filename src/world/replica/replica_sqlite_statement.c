/* replica_sqlite_statement.c: the tables, and statements on them. */
#include <string.h>

#include "world/replica/replica_sqlite_impl.h"

#define GROUP_COLUMNS "id, network, public_key, sign_pub, link_key, " \
	"created_at, updated_at, entries0, entries1, bytes, head0, head1, fence"

static const char schema[] =
    "CREATE TABLE groups(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, "
    "network TEXT NOT NULL, public_key BLOB NOT NULL, sign_pub BLOB NOT NULL, "
    "link_key BLOB NOT NULL, created_at INTEGER NOT NULL, "
    "updated_at INTEGER NOT NULL, entries0 INTEGER NOT NULL DEFAULT 0, "
    "entries1 INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, "
    "head0 BLOB, head1 BLOB, leader BLOB, fence INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX groups_key ON groups(public_key);"
    "CREATE INDEX groups_leader ON groups(leader);"
    "CREATE TABLE tokens(n INTEGER PRIMARY KEY, issuer TEXT NOT NULL, "
    "id TEXT NOT NULL, groups INTEGER NOT NULL DEFAULT 0, "
    "bytes INTEGER NOT NULL DEFAULT 0, UNIQUE(issuer, id));"
    "CREATE TABLE registrations(token INTEGER NOT NULL, grp INTEGER NOT NULL, "
    "created_at INTEGER NOT NULL, PRIMARY KEY(token, grp)) WITHOUT ROWID;"
    "CREATE INDEX registrations_group ON registrations(grp);"
    "CREATE TABLE servers(id BLOB PRIMARY KEY, until INTEGER NOT NULL, "
    "addresses BLOB) WITHOUT ROWID;"
    "CREATE TABLE entries(n INTEGER PRIMARY KEY AUTOINCREMENT, "
    "grp INTEGER NOT NULL, log INTEGER NOT NULL, cid BLOB NOT NULL, "
    "block BLOB NOT NULL, UNIQUE(grp, log, cid));"
    "CREATE INDEX entries_order ON entries(grp, log, n);";

static const char * const texts[R_COUNT] = {
	[R_GROUP_FIND] = "SELECT n, link_key, bytes FROM groups WHERE id = ?1",
	[R_GROUP_PUT] = "INSERT INTO groups(id, network, public_key, sign_pub, "
	    "link_key, created_at, updated_at) "
	    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)",
	[R_TOKEN_FIND] = "SELECT n, groups, bytes FROM tokens "
	    "WHERE issuer = ?1 AND id = ?2",
	[R_TOKEN_PUT] = "INSERT INTO tokens(issuer, id) VALUES(?1, ?2)",
	[R_TOKEN_GREW] = "UPDATE tokens SET groups = groups + 1, "
	    "bytes = bytes + ?2 WHERE n = ?1",
	[R_REGISTERED] = "SELECT 1 FROM registrations "
	    "WHERE token = ?1 AND grp = ?2",
	[R_REGISTRATION_PUT] = "INSERT INTO registrations(token, grp, "
	    "created_at) VALUES(?1, ?2, ?3)",
	[R_EXPIRE_GROUPS] = "UPDATE groups SET leader = NULL WHERE leader IN "
	    "(SELECT id FROM servers WHERE until <= ?1)",
	[R_EXPIRE_SERVERS] = "DELETE FROM servers WHERE until <= ?1",
	[R_SERVER_PUT] = "INSERT OR REPLACE INTO servers(id, until, addresses) "
	    "VALUES(?1, ?2, ?3)",
	[R_SERVER_SET] = "UPDATE servers SET until = ?2, addresses = ?3 "
	    "WHERE id = ?1 AND until > ?4",
	[R_SERVER_ALIVE] = "SELECT 1 FROM servers WHERE id = ?1 AND until > ?2",
	[R_SERVER_EACH] = "SELECT addresses FROM servers "
	    "ORDER BY id = ?1 DESC, id",
	[R_COUNTS] = "SELECT count(*), coalesce(sum(leader IS NULL), 0) "
	    "FROM groups",
	[R_SERVER_DELETE] = "DELETE FROM servers WHERE id = ?1",
	[R_FREE_ALL] = "UPDATE groups SET leader = NULL WHERE leader = ?1",
	[R_CLAIM] = "UPDATE groups SET leader = ?1, fence = fence + 1 "
	    "WHERE n IN (SELECT n FROM groups WHERE leader IS NULL "
	    "ORDER BY n LIMIT ?2) RETURNING " GROUP_COLUMNS,
	[R_RELEASE] = "UPDATE groups SET leader = NULL "
	    "WHERE id = ?1 AND leader = ?2 AND fence = ?3",
	[R_LED] = "SELECT n, bytes FROM groups WHERE id = ?1 AND leader = ?2 "
	    "AND fence = ?3 AND EXISTS (SELECT 1 FROM servers "
	    "WHERE id = ?2 AND until > ?4)",
	[R_ENTRY_PUT] = "INSERT OR IGNORE INTO entries(grp, log, cid, block) "
	    "VALUES(?1, ?2, ?3, ?4)",
	[R_GROUP_SET] = "UPDATE groups SET updated_at = ?2, "
	    "entries0 = max(entries0, ?3), entries1 = max(entries1, ?4), "
	    "bytes = max(bytes, ?5), head0 = coalesce(?6, head0), "
	    "head1 = coalesce(?7, head1) WHERE n = ?1",
	[R_BYTES_ADD] = "UPDATE tokens SET bytes = bytes + ?2 WHERE n IN "
	    "(SELECT token FROM registrations WHERE grp = ?1)",
	[R_ROOM] = "SELECT max(?2 - bytes) FROM tokens WHERE n IN "
	    "(SELECT token FROM registrations WHERE grp = ?1)",
	[R_READ] = "SELECT e.n, e.cid, e.block FROM entries e "
	    "WHERE e.grp = (SELECT n FROM groups WHERE id = ?1) "
	    "AND e.log = ?2 AND e.n > ?3 ORDER BY e.n LIMIT ?4",
	[R_FIND] = "SELECT " GROUP_COLUMNS " FROM groups WHERE public_key = ?1 "
	    "AND n IN (SELECT grp FROM registrations WHERE token = "
	    "(SELECT n FROM tokens WHERE issuer = ?2 AND id = ?3)) "
	    "ORDER BY entries0 + entries1 DESC, n LIMIT ?4",
	[R_TOTALS] = "SELECT count(*), coalesce(sum(entries0), 0), "
	    "coalesce(sum(entries1), 0) FROM groups",
};

int
replica_sqlite_schema(sqlite3 * db)
{
	return (sqlite3_exec(db, schema, NULL, NULL, NULL));
}

/* --- statements ----------------------------------------------------------- */

/* A statement ready to bind; NULL: the database failed. */
sqlite3_stmt *
replica_statement_take(struct replica_sqlite * s, enum replica_statement which)
{
	if (s->statements[which] == NULL &&
	    sqlite3_prepare_v3(s->db, texts[which], -1,
	    SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL) !=
	    SQLITE_OK)
		return (NULL);
	(void)sqlite3_reset(s->statements[which]);
	(void)sqlite3_clear_bindings(s->statements[which]);
	return (s->statements[which]);
}

/* Binding fails without memory only; then the step does, too. */
void
replica_bind_bytes(sqlite3_stmt * q, int place, const void * p, size_t n)
{
	if (q != NULL && n > 0)
		(void)sqlite3_bind_blob64(q, place, p, n, SQLITE_STATIC);
}

void
replica_bind_text(sqlite3_stmt * q, int place, const char * text)
{
	if (q != NULL)
		(void)sqlite3_bind_text(q, place, text, -1, SQLITE_STATIC);
}

/* Numbers past 2^63 - 1 stand for it. */
void
replica_bind_number(sqlite3_stmt * q, int place, uint64_t v)
{
	if (q != NULL)
		(void)sqlite3_bind_int64(q, place, v > INT64_MAX ? INT64_MAX :
		    (sqlite3_int64)v);
}

/* 1: a row, 0: none, -ERR_DB_WRITE. */
int
replica_row(sqlite3_stmt * q)
{
	int rc;

	if (q == NULL)
		return (-ERR_DB_WRITE);
	rc = sqlite3_step(q);
	return (rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -ERR_DB_WRITE);
}

/* Let go of a statement that read something. */
void
replica_over(sqlite3_stmt * q)
{
	if (q != NULL)
		(void)sqlite3_reset(q);
}

/* Run one that changes rows; how many, or -ERR_DB_WRITE. */
int
replica_change(struct replica_sqlite * s, sqlite3_stmt * q)
{
	int rc = replica_row(q);

	replica_over(q);
	return (rc < 0 ? rc : sqlite3_changes(s->db));
}

uint64_t
replica_number(sqlite3_stmt * q, int column)
{
	sqlite3_int64 v = sqlite3_column_int64(q, column);

	return (v < 0 ? 0 : (uint64_t)v);
}

void
replica_bytes(sqlite3_stmt * q, int column, uint8_t * to, size_t n)
{
	const void * p = sqlite3_column_blob(q, column);

	memset(to, 0, n);
	if (p != NULL && (size_t)sqlite3_column_bytes(q, column) == n)
		memcpy(to, p, n);
}

void
replica_cid(sqlite3_stmt * q, int column, struct replica_cid * to)
{
	int n = sqlite3_column_bytes(q, column);
	const void * p = sqlite3_column_blob(q, column);

	to->n = 0;
	if (p == NULL || n > REPLICA_CID_MAX)
		return;
	to->n = (uint8_t)n;
	memcpy(to->bytes, p, to->n);
}

/* The columns of GROUP_COLUMNS. */
static void
read_group(sqlite3_stmt * q, struct replica_group * g)
{
	const char * network = (const char *)sqlite3_column_text(q, 1);

	memset(g, 0, sizeof(*g));
	replica_bytes(q, 0, g->id, sizeof(g->id));
	if (network != NULL && strlen(network) < sizeof(g->network))
		memcpy(g->network, network, strlen(network));
	replica_bytes(q, 2, g->public_key, sizeof(g->public_key));
	replica_bytes(q, 3, g->sign_pub, sizeof(g->sign_pub));
	replica_bytes(q, 4, g->link_key, sizeof(g->link_key));
	g->created_at = sqlite3_column_int64(q, 5);
	g->updated_at = sqlite3_column_int64(q, 6);
	g->entries[0] = replica_number(q, 7);
	g->entries[1] = replica_number(q, 8);
	g->bytes = replica_number(q, 9);
	replica_cid(q, 10, &g->head[0]);
	replica_cid(q, 11, &g->head[1]);
	g->fence = replica_number(q, 12);
}

/* All rows of a statement that gives groups. */
int
replica_read_groups(sqlite3_stmt * q, struct replica_request * r, size_t max)
{
	int rc;

	if ((r->groups = calloc(max + 1, sizeof(*r->groups))) == NULL)
		return (-ERR_INTERNAL);
	while ((rc = replica_row(q)) > 0 && r->n_groups < max)
		read_group(q, &r->groups[r->n_groups++]);
	replica_over(q);
	return (rc < 0 ? rc : 0);
}
