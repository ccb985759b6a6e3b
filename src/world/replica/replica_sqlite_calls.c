/* replica_sqlite_calls.c: what each request does to the tables. */
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
static sqlite3_stmt *
take(struct replica_sqlite * s, enum replica_statement which)
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
static void
bind_bytes(sqlite3_stmt * q, int place, const void * p, size_t n)
{
	if (q != NULL && n > 0)
		(void)sqlite3_bind_blob64(q, place, p, n, SQLITE_STATIC);
}

static void
bind_text(sqlite3_stmt * q, int place, const char * text)
{
	if (q != NULL)
		(void)sqlite3_bind_text(q, place, text, -1, SQLITE_STATIC);
}

/* Numbers past 2^63 - 1 stand for it. */
static void
bind_number(sqlite3_stmt * q, int place, uint64_t v)
{
	if (q != NULL)
		(void)sqlite3_bind_int64(q, place, v > INT64_MAX ? INT64_MAX :
		    (sqlite3_int64)v);
}

/* 1: a row, 0: none, -ERR_DB_WRITE. */
static int
row(sqlite3_stmt * q)
{
	int rc;

	if (q == NULL)
		return (-ERR_DB_WRITE);
	rc = sqlite3_step(q);
	return (rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -ERR_DB_WRITE);
}

/* Let go of a statement that read something. */
static void
over(sqlite3_stmt * q)
{
	if (q != NULL)
		(void)sqlite3_reset(q);
}

/* Run one that changes rows; how many, or -ERR_DB_WRITE. */
static int
change(struct replica_sqlite * s, sqlite3_stmt * q)
{
	int rc = row(q);

	over(q);
	return (rc < 0 ? rc : sqlite3_changes(s->db));
}

static uint64_t
number(sqlite3_stmt * q, int column)
{
	sqlite3_int64 v = sqlite3_column_int64(q, column);

	return (v < 0 ? 0 : (uint64_t)v);
}

static void
bytes(sqlite3_stmt * q, int column, uint8_t * to, size_t n)
{
	const void * p = sqlite3_column_blob(q, column);

	memset(to, 0, n);
	if (p != NULL && (size_t)sqlite3_column_bytes(q, column) == n)
		memcpy(to, p, n);
}

static void
cid(sqlite3_stmt * q, int column, struct replica_cid * to)
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
	bytes(q, 0, g->id, sizeof(g->id));
	if (network != NULL && strlen(network) < sizeof(g->network))
		memcpy(g->network, network, strlen(network));
	bytes(q, 2, g->public_key, sizeof(g->public_key));
	bytes(q, 3, g->sign_pub, sizeof(g->sign_pub));
	bytes(q, 4, g->link_key, sizeof(g->link_key));
	g->created_at = sqlite3_column_int64(q, 5);
	g->updated_at = sqlite3_column_int64(q, 6);
	g->entries[0] = number(q, 7);
	g->entries[1] = number(q, 8);
	g->bytes = number(q, 9);
	cid(q, 10, &g->head[0]);
	cid(q, 11, &g->head[1]);
	g->fence = number(q, 12);
}

/* All rows of a statement that gives groups. */
static int
read_groups(sqlite3_stmt * q, struct replica_request * r, size_t max)
{
	int rc;

	if ((r->groups = calloc(max + 1, sizeof(*r->groups))) == NULL)
		return (-ERR_INTERNAL);
	while ((rc = row(q)) > 0 && r->n_groups < max)
		read_group(q, &r->groups[r->n_groups++]);
	over(q);
	return (rc < 0 ? rc : 0);
}

static size_t
at_most(size_t asked, size_t max)
{
	return (asked == 0 || asked > max ? max : asked);
}

/* --- registering ---------------------------------------------------------- */

/* The rows of a group and a token that meet; 0: not there. */
struct meeting {
	uint64_t group, token;
	uint64_t group_bytes, groups, bytes;
};

static int
find_group(struct replica_sqlite * s, struct replica_request * r,
    struct meeting * m)
{
	sqlite3_stmt * q = take(s, R_GROUP_FIND);
	uint8_t link_key[32];
	int rc;

	bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	if ((rc = row(q)) > 0) {
		m->group = number(q, 0);
		bytes(q, 1, link_key, sizeof(link_key));
		m->group_bytes = number(q, 2);
		rc = memcmp(link_key, r->group.link_key, 32) == 0 ? 0 :
		    error_set(&r->err, ERR_INVALID_INPUT,
		    "the group is known with another link key");
	}
	over(q);
	return (rc);
}

static int
find_token(struct replica_sqlite * s, struct replica_request * r,
    struct meeting * m)
{
	sqlite3_stmt * q = take(s, R_TOKEN_FIND);
	int rc;

	bind_text(q, 1, r->token.issuer);
	bind_text(q, 2, r->token.id);
	if ((rc = row(q)) > 0) {
		m->token = number(q, 0);
		m->groups = number(q, 1);
		m->bytes = number(q, 2);
	}
	over(q);
	return (rc < 0 ? rc : 0);
}

static int
check_new(struct replica_sqlite * s, struct replica_request * r,
    const struct meeting * m)
{
	sqlite3_stmt * q;
	int rc;

	if (m->group != 0 && m->token != 0) {
		q = take(s, R_REGISTERED);
		bind_number(q, 1, m->token);
		bind_number(q, 2, m->group);
		rc = row(q);
		over(q);
		if (rc != 0)
			return (rc < 0 ? rc : error_set(&r->err,
			    ERR_DB_ENTRY_ALREADY_EXISTS,
			    "the group is replicated for this token already"));
	}
	if (r->quota.groups != 0 && m->groups >= r->quota.groups)
		return (error_set(&r->err, ERR_SERVICE_REPLICATION,
		    "the token's quota of groups is used up: %llu",
		    (unsigned long long)r->quota.groups));
	if (r->quota.bytes != 0 && m->bytes >= r->quota.bytes)
		return (error_set(&r->err, ERR_SERVICE_REPLICATION,
		    "the token's quota of bytes is used up: %llu",
		    (unsigned long long)r->quota.bytes));
	return (0);
}

static int
put_group(struct replica_sqlite * s, const struct replica_group * g,
    int64_t now, struct meeting * m)
{
	sqlite3_stmt * q = take(s, R_GROUP_PUT);
	int rc;

	bind_bytes(q, 1, g->id, sizeof(g->id));
	bind_text(q, 2, g->network);
	bind_bytes(q, 3, g->public_key, sizeof(g->public_key));
	bind_bytes(q, 4, g->sign_pub, sizeof(g->sign_pub));
	bind_bytes(q, 5, g->link_key, sizeof(g->link_key));
	bind_number(q, 6, (uint64_t)now);
	if ((rc = change(s, q)) < 0)
		return (rc);
	m->group = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return (0);
}

static int
put_token(struct replica_sqlite * s, const struct replica_token * token,
    struct meeting * m)
{
	sqlite3_stmt * q = take(s, R_TOKEN_PUT);
	int rc;

	bind_text(q, 1, token->issuer);
	bind_text(q, 2, token->id);
	if ((rc = change(s, q)) < 0)
		return (rc);
	m->token = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return (0);
}

static int
put_registration(struct replica_sqlite * s, int64_t now,
    const struct meeting * m)
{
	sqlite3_stmt * q = take(s, R_REGISTRATION_PUT);
	int rc;

	bind_number(q, 1, m->token);
	bind_number(q, 2, m->group);
	bind_number(q, 3, (uint64_t)now);
	if ((rc = change(s, q)) < 0)
		return (rc);
	q = take(s, R_TOKEN_GREW);
	bind_number(q, 1, m->token);
	bind_number(q, 2, m->group_bytes);
	rc = change(s, q);
	return (rc < 0 ? rc : 0);
}

static int
run_register(struct replica_sqlite * s, struct replica_request * r,
    int64_t now)
{
	struct meeting m = {0};
	int rc;

	if ((rc = find_group(s, r, &m)) != 0 ||
	    (rc = find_token(s, r, &m)) != 0 ||
	    (rc = check_new(s, r, &m)) != 0)
		return (rc);
	if (m.group == 0 && (rc = put_group(s, &r->group, now, &m)) != 0)
		return (rc);
	if (m.token == 0 && (rc = put_token(s, &r->token, &m)) != 0)
		return (rc);
	return (put_registration(s, now, &m));
}

/* --- leading -------------------------------------------------------------- */

static int
expire(struct replica_sqlite * s, int64_t now)
{
	enum replica_statement both[2] = {R_EXPIRE_GROUPS, R_EXPIRE_SERVERS};
	sqlite3_stmt * q;
	int i, rc;

	for (i = 0; i < 2; i++) {
		q = take(s, both[i]);
		bind_number(q, 1, (uint64_t)now);
		if ((rc = change(s, q)) < 0)
			return (rc);
	}
	return (0);
}

static int
tell_servers(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = take(s, R_SERVER_EACH);
	int rc;

	bind_bytes(q, 1, r->server, sizeof(r->server));
	r->servers = 0;
	while ((rc = row(q)) > 0) {
		size_t n = (size_t)sqlite3_column_bytes(q, 0);

		if (r->servers++ >= 16)
			continue;
		buffer_uvarint(&r->addresses_of, n);
		buffer_append(&r->addresses_of, sqlite3_column_blob(q, 0), n);
	}
	over(q);
	return (rc < 0 ? rc : r->addresses_of.failed ? -ERR_INTERNAL : 0);
}

static int
tell_counts(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = take(s, R_COUNTS);
	int rc;

	if ((rc = row(q)) > 0) {
		r->all_groups = number(q, 0);
		r->unled = number(q, 1);
	}
	over(q);
	return (rc < 0 ? rc : 0);
}

static int
run_beat(struct replica_sqlite * s, struct replica_request * r, int64_t now)
{
	sqlite3_stmt * q = take(s, r->first ? R_SERVER_PUT : R_SERVER_SET);
	int rc;

	bind_bytes(q, 1, r->server, sizeof(r->server));
	bind_number(q, 2, (uint64_t)now + r->lease_ms);
	bind_bytes(q, 3, r->addresses.p, r->addresses.n);
	if (!r->first)
		bind_number(q, 4, (uint64_t)now);
	if ((rc = change(s, q)) < 0)
		return (rc);
	if (rc == 0)
		return (error_set(&r->err, ERR_NOT_FOUND,
		    "the server's time ran out"));
	if ((rc = expire(s, now)) != 0 || (rc = tell_servers(s, r)) != 0)
		return (rc);
	return (tell_counts(s, r));
}

static int
run_leave(struct replica_sqlite * s, struct replica_request * r)
{
	enum replica_statement both[2] = {R_FREE_ALL, R_SERVER_DELETE};
	sqlite3_stmt * q;
	int i, rc;

	for (i = 0; i < 2; i++) {
		q = take(s, both[i]);
		bind_bytes(q, 1, r->server, sizeof(r->server));
		if ((rc = change(s, q)) < 0)
			return (rc);
	}
	return (0);
}

static int
run_claim(struct replica_sqlite * s, struct replica_request * r, int64_t now)
{
	size_t max = at_most(r->max, REPLICA_GROUPS_MAX);
	sqlite3_stmt * q;
	int rc;

	if ((rc = expire(s, now)) != 0)
		return (rc);
	q = take(s, R_SERVER_ALIVE);
	bind_bytes(q, 1, r->server, sizeof(r->server));
	bind_number(q, 2, (uint64_t)now);
	rc = row(q);
	over(q);
	if (rc <= 0)
		return (rc < 0 ? rc : error_set(&r->err, ERR_NOT_FOUND,
		    "the server's time ran out"));
	q = take(s, R_CLAIM);
	bind_bytes(q, 1, r->server, sizeof(r->server));
	bind_number(q, 2, max);
	return (read_groups(q, r, max));
}

static int
run_release(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = take(s, R_RELEASE);
	int rc;

	bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	bind_bytes(q, 2, r->server, sizeof(r->server));
	bind_number(q, 3, r->group.fence);
	rc = change(s, q);
	return (rc < 0 ? rc : 0);
}

/* --- entries -------------------------------------------------------------- */

static int
find_led(struct replica_sqlite * s, struct replica_request * r, int64_t now,
    uint64_t * group, uint64_t * had)
{
	sqlite3_stmt * q = take(s, R_LED);
	int rc;

	bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	bind_bytes(q, 2, r->server, sizeof(r->server));
	bind_number(q, 3, r->group.fence);
	bind_number(q, 4, (uint64_t)now);
	if ((rc = row(q)) > 0) {
		*group = number(q, 0);
		*had = number(q, 1);
	}
	over(q);
	return (rc < 0 ? rc : rc > 0 ? 0 : error_set(&r->err, ERR_NOT_FOUND,
	    "the group is not led by this server"));
}

static int
put_entries(struct replica_sqlite * s, const struct replica_request * r,
    uint64_t group)
{
	sqlite3_stmt * q;
	size_t i;
	int rc;

	for (i = 0; i < r->n_append; i++) {
		q = take(s, R_ENTRY_PUT);
		bind_number(q, 1, group);
		bind_number(q, 2, r->log);
		bind_bytes(q, 3, r->append[i].cid.bytes, r->append[i].cid.n);
		bind_bytes(q, 4, r->append[i].block.p, r->append[i].block.n);
		if ((rc = change(s, q)) < 0)
			return (rc);
	}
	return (0);
}

static int
set_group(struct replica_sqlite * s, const struct replica_request * r,
    uint64_t group, uint64_t had, int64_t now)
{
	const struct replica_cid * head = &r->group.head[r->log];
	sqlite3_stmt * q = take(s, R_GROUP_SET);
	int rc;

	bind_number(q, 1, group);
	bind_number(q, 2, (uint64_t)now);
	bind_number(q, 3, r->log == 0 ? r->group.entries[0] : 0);
	bind_number(q, 4, r->log == 1 ? r->group.entries[1] : 0);
	bind_number(q, 5, r->group.bytes);
	bind_bytes(q, 6 + (int)r->log, head->bytes, head->n);
	if ((rc = change(s, q)) < 0)
		return (rc);
	if (r->group.bytes <= had)
		return (0);
	q = take(s, R_BYTES_ADD);
	bind_number(q, 1, group);
	bind_number(q, 2, r->group.bytes - had);
	rc = change(s, q);
	return (rc < 0 ? rc : 0);
}

static int
tell_room(struct replica_sqlite * s, struct replica_request * r,
    uint64_t group)
{
	sqlite3_stmt * q;
	int rc;

	r->room = UINT64_MAX;
	if (r->quota.bytes == 0)
		return (0);
	q = take(s, R_ROOM);
	bind_number(q, 1, group);
	bind_number(q, 2, r->quota.bytes);
	if ((rc = row(q)) > 0)
		r->room = number(q, 0);
	over(q);
	return (rc < 0 ? rc : 0);
}

static int
run_append(struct replica_sqlite * s, struct replica_request * r, int64_t now)
{
	uint64_t group, had;
	int rc;

	if ((rc = find_led(s, r, now, &group, &had)) != 0 ||
	    (rc = put_entries(s, r, group)) != 0 ||
	    (rc = set_group(s, r, group, had, now)) != 0)
		return (rc);
	return (tell_room(s, r, group));
}

/* Blocks first have places in `held`, which moves as it grows. */
static int
read_entry(sqlite3_stmt * q, struct replica_request * r)
{
	struct replica_entry * e = &r->entries[r->n_entries];
	size_t n = (size_t)sqlite3_column_bytes(q, 2);

	if (r->n_entries > 0 && r->held.n + n > REPLICA_BYTES_MAX)
		return (0);
	e->number = number(q, 0);
	cid(q, 1, &e->cid);
	e->block.n = n;
	buffer_append(&r->held, sqlite3_column_blob(q, 2), n);
	r->n_entries++;
	return (r->held.failed ? -ERR_INTERNAL : 1);
}

static int
run_read(struct replica_sqlite * s, struct replica_request * r)
{
	size_t max = at_most(r->max, REPLICA_ENTRIES_MAX), i, at = 0;
	sqlite3_stmt * q = take(s, R_READ);
	int rc;

	if ((r->entries = calloc(max, sizeof(*r->entries))) == NULL)
		return (-ERR_INTERNAL);
	bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	bind_number(q, 2, r->log);
	bind_number(q, 3, r->after);
	bind_number(q, 4, max);
	while ((rc = row(q)) > 0 && (rc = read_entry(q, r)) > 0)
		continue;
	over(q);
	for (i = 0; i < r->n_entries; i++) {
		r->entries[i].block.p = r->held.p + at;
		at += r->entries[i].block.n;
	}
	return (rc < 0 ? rc : 0);
}

/* --- views ---------------------------------------------------------------- */

static int
run_find(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = take(s, R_FIND);
	int rc;

	bind_bytes(q, 1, r->group.public_key, sizeof(r->group.public_key));
	bind_text(q, 2, r->token.issuer);
	bind_text(q, 3, r->token.id);
	bind_number(q, 4, REPLICA_GROUPS_MAX);
	if ((rc = read_groups(q, r, REPLICA_GROUPS_MAX)) != 0)
		return (rc);
	return (r->n_groups > 0 ? 0 : error_set(&r->err, ERR_NOT_FOUND,
	    "no such group is replicated for this token"));
}

static int
run_totals(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = take(s, R_TOTALS);
	int rc;

	if ((rc = row(q)) > 0) {
		r->all_groups = number(q, 0);
		r->total[0] = number(q, 1);
		r->total[1] = number(q, 2);
	}
	over(q);
	return (rc < 0 ? rc : 0);
}

int
replica_sqlite_run(struct replica_sqlite * s, struct replica_request * r,
    int64_t now)
{
	switch (r->call) {
	case REPLICA_REGISTER:
		return (run_register(s, r, now));
	case REPLICA_BEAT:
		return (run_beat(s, r, now));
	case REPLICA_LEAVE:
		return (run_leave(s, r));
	case REPLICA_CLAIM:
		return (run_claim(s, r, now));
	case REPLICA_RELEASE:
		return (run_release(s, r));
	case REPLICA_APPEND:
		return (run_append(s, r, now));
	case REPLICA_READ:
		return (run_read(s, r));
	case REPLICA_FIND:
		return (run_find(s, r));
	case REPLICA_TOTALS:
		return (run_totals(s, r));
	}
	return (-ERR_INVALID_INPUT);
}
