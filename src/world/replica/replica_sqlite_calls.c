/* replica_sqlite_calls.c: what each request does to the tables. */
#include <string.h>

#include "world/replica/replica_sqlite_impl.h"

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
	sqlite3_stmt * q = replica_statement_take(s, R_GROUP_FIND);
	uint8_t link_key[32];
	int rc;

	replica_bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	if ((rc = replica_row(q)) > 0) {
		m->group = replica_number(q, 0);
		replica_bytes(q, 1, link_key, sizeof(link_key));
		m->group_bytes = replica_number(q, 2);
		rc = memcmp(link_key, r->group.link_key, 32) == 0 ? 0 :
		    error_set(&r->err, ERR_INVALID_INPUT,
		    "the group is known with another link key");
	}
	replica_over(q);
	return (rc);
}

static int
find_token(struct replica_sqlite * s, struct replica_request * r,
    struct meeting * m)
{
	sqlite3_stmt * q = replica_statement_take(s, R_TOKEN_FIND);
	int rc;

	replica_bind_text(q, 1, r->token.issuer);
	replica_bind_text(q, 2, r->token.id);
	if ((rc = replica_row(q)) > 0) {
		m->token = replica_number(q, 0);
		m->groups = replica_number(q, 1);
		m->bytes = replica_number(q, 2);
	}
	replica_over(q);
	return (rc < 0 ? rc : 0);
}

static int
check_new(struct replica_sqlite * s, struct replica_request * r,
    const struct meeting * m)
{
	sqlite3_stmt * q;
	int rc;

	if (m->group != 0 && m->token != 0) {
		q = replica_statement_take(s, R_REGISTERED);
		replica_bind_number(q, 1, m->token);
		replica_bind_number(q, 2, m->group);
		rc = replica_row(q);
		replica_over(q);
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
	sqlite3_stmt * q = replica_statement_take(s, R_GROUP_PUT);
	int rc;

	replica_bind_bytes(q, 1, g->id, sizeof(g->id));
	replica_bind_text(q, 2, g->network);
	replica_bind_bytes(q, 3, g->public_key, sizeof(g->public_key));
	replica_bind_bytes(q, 4, g->sign_pub, sizeof(g->sign_pub));
	replica_bind_bytes(q, 5, g->link_key, sizeof(g->link_key));
	replica_bind_number(q, 6, (uint64_t)now);
	if ((rc = replica_change(s, q)) < 0)
		return (rc);
	m->group = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return (0);
}

static int
put_token(struct replica_sqlite * s, const struct replica_token * token,
    struct meeting * m)
{
	sqlite3_stmt * q = replica_statement_take(s, R_TOKEN_PUT);
	int rc;

	replica_bind_text(q, 1, token->issuer);
	replica_bind_text(q, 2, token->id);
	if ((rc = replica_change(s, q)) < 0)
		return (rc);
	m->token = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return (0);
}

static int
put_registration(struct replica_sqlite * s, int64_t now,
    const struct meeting * m)
{
	sqlite3_stmt * q = replica_statement_take(s, R_REGISTRATION_PUT);
	int rc;

	replica_bind_number(q, 1, m->token);
	replica_bind_number(q, 2, m->group);
	replica_bind_number(q, 3, (uint64_t)now);
	if ((rc = replica_change(s, q)) < 0)
		return (rc);
	q = replica_statement_take(s, R_TOKEN_GREW);
	replica_bind_number(q, 1, m->token);
	replica_bind_number(q, 2, m->group_bytes);
	rc = replica_change(s, q);
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
		q = replica_statement_take(s, both[i]);
		replica_bind_number(q, 1, (uint64_t)now);
		if ((rc = replica_change(s, q)) < 0)
			return (rc);
	}
	return (0);
}

static int
tell_servers(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = replica_statement_take(s, R_SERVER_EACH);
	int rc;

	replica_bind_bytes(q, 1, r->server, sizeof(r->server));
	r->servers = 0;
	while ((rc = replica_row(q)) > 0) {
		size_t n = (size_t)sqlite3_column_bytes(q, 0);

		if (r->servers++ >= 16)
			continue;
		buffer_uvarint(&r->addresses_of, n);
		buffer_append(&r->addresses_of, sqlite3_column_blob(q, 0), n);
	}
	replica_over(q);
	return (rc < 0 ? rc : r->addresses_of.failed ? -ERR_INTERNAL : 0);
}

static int
tell_counts(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = replica_statement_take(s, R_COUNTS);
	int rc;

	if ((rc = replica_row(q)) > 0) {
		r->all_groups = replica_number(q, 0);
		r->unled = replica_number(q, 1);
	}
	replica_over(q);
	return (rc < 0 ? rc : 0);
}

static int
run_beat(struct replica_sqlite * s, struct replica_request * r, int64_t now)
{
	sqlite3_stmt * q = replica_statement_take(s, r->first ?
	    R_SERVER_PUT : R_SERVER_SET);
	int rc;

	replica_bind_bytes(q, 1, r->server, sizeof(r->server));
	replica_bind_number(q, 2, (uint64_t)now + r->lease_ms);
	replica_bind_bytes(q, 3, r->addresses.p, r->addresses.n);
	if (!r->first)
		replica_bind_number(q, 4, (uint64_t)now);
	if ((rc = replica_change(s, q)) < 0)
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
		q = replica_statement_take(s, both[i]);
		replica_bind_bytes(q, 1, r->server, sizeof(r->server));
		if ((rc = replica_change(s, q)) < 0)
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
	q = replica_statement_take(s, R_SERVER_ALIVE);
	replica_bind_bytes(q, 1, r->server, sizeof(r->server));
	replica_bind_number(q, 2, (uint64_t)now);
	rc = replica_row(q);
	replica_over(q);
	if (rc <= 0)
		return (rc < 0 ? rc : error_set(&r->err, ERR_NOT_FOUND,
		    "the server's time ran out"));
	q = replica_statement_take(s, R_CLAIM);
	replica_bind_bytes(q, 1, r->server, sizeof(r->server));
	replica_bind_number(q, 2, max);
	return (replica_read_groups(q, r, max));
}

static int
run_release(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = replica_statement_take(s, R_RELEASE);
	int rc;

	replica_bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	replica_bind_bytes(q, 2, r->server, sizeof(r->server));
	replica_bind_number(q, 3, r->group.fence);
	rc = replica_change(s, q);
	return (rc < 0 ? rc : 0);
}

/* --- entries -------------------------------------------------------------- */

static int
find_led(struct replica_sqlite * s, struct replica_request * r, int64_t now,
    uint64_t * group, uint64_t * had)
{
	sqlite3_stmt * q = replica_statement_take(s, R_LED);
	int rc;

	replica_bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	replica_bind_bytes(q, 2, r->server, sizeof(r->server));
	replica_bind_number(q, 3, r->group.fence);
	replica_bind_number(q, 4, (uint64_t)now);
	if ((rc = replica_row(q)) > 0) {
		*group = replica_number(q, 0);
		*had = replica_number(q, 1);
	}
	replica_over(q);
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
		q = replica_statement_take(s, R_ENTRY_PUT);
		replica_bind_number(q, 1, group);
		replica_bind_number(q, 2, r->log);
		replica_bind_bytes(q, 3, r->append[i].cid.bytes, r->append[i].cid.n);
		replica_bind_bytes(q, 4, r->append[i].block.p, r->append[i].block.n);
		if ((rc = replica_change(s, q)) < 0)
			return (rc);
	}
	return (0);
}

static int
set_group(struct replica_sqlite * s, const struct replica_request * r,
    uint64_t group, uint64_t had, int64_t now)
{
	const struct replica_cid * head = &r->group.head[r->log];
	sqlite3_stmt * q = replica_statement_take(s, R_GROUP_SET);
	int rc;

	replica_bind_number(q, 1, group);
	replica_bind_number(q, 2, (uint64_t)now);
	replica_bind_number(q, 3, r->log == 0 ? r->group.entries[0] : 0);
	replica_bind_number(q, 4, r->log == 1 ? r->group.entries[1] : 0);
	replica_bind_number(q, 5, r->group.bytes);
	replica_bind_bytes(q, 6 + (int)r->log, head->bytes, head->n);
	if ((rc = replica_change(s, q)) < 0)
		return (rc);
	if (r->group.bytes <= had)
		return (0);
	q = replica_statement_take(s, R_BYTES_ADD);
	replica_bind_number(q, 1, group);
	replica_bind_number(q, 2, r->group.bytes - had);
	rc = replica_change(s, q);
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
	q = replica_statement_take(s, R_ROOM);
	replica_bind_number(q, 1, group);
	replica_bind_number(q, 2, r->quota.bytes);
	if ((rc = replica_row(q)) > 0)
		r->room = replica_number(q, 0);
	replica_over(q);
	return (rc < 0 ? rc : 0);
}

static int
run_append(struct replica_sqlite * s, struct replica_request * r, int64_t now)
{
	uint64_t group = 0, had = 0;
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
	e->number = replica_number(q, 0);
	replica_cid(q, 1, &e->cid);
	e->block.n = n;
	buffer_append(&r->held, sqlite3_column_blob(q, 2), n);
	r->n_entries++;
	return (r->held.failed ? -ERR_INTERNAL : 1);
}

static int
run_read(struct replica_sqlite * s, struct replica_request * r)
{
	size_t max = at_most(r->max, REPLICA_ENTRIES_MAX), i, at = 0;
	sqlite3_stmt * q = replica_statement_take(s, R_READ);
	int rc;

	if ((r->entries = calloc(max, sizeof(*r->entries))) == NULL)
		return (-ERR_INTERNAL);
	replica_bind_bytes(q, 1, r->group.id, sizeof(r->group.id));
	replica_bind_number(q, 2, r->log);
	replica_bind_number(q, 3, r->after);
	replica_bind_number(q, 4, max);
	while ((rc = replica_row(q)) > 0 && (rc = read_entry(q, r)) > 0)
		continue;
	replica_over(q);
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
	sqlite3_stmt * q = replica_statement_take(s, R_FIND);
	int rc;

	replica_bind_bytes(q, 1, r->group.public_key, sizeof(r->group.public_key));
	replica_bind_text(q, 2, r->token.issuer);
	replica_bind_text(q, 3, r->token.id);
	replica_bind_number(q, 4, REPLICA_GROUPS_MAX);
	if ((rc = replica_read_groups(q, r, REPLICA_GROUPS_MAX)) != 0)
		return (rc);
	return (r->n_groups > 0 ? 0 : error_set(&r->err, ERR_NOT_FOUND,
	    "no such group is replicated for this token"));
}

static int
run_totals(struct replica_sqlite * s, struct replica_request * r)
{
	sqlite3_stmt * q = replica_statement_take(s, R_TOTALS);
	int rc;

	if ((rc = replica_row(q)) > 0) {
		r->all_groups = replica_number(q, 0);
		r->total[0] = replica_number(q, 1);
		r->total[1] = replica_number(q, 2);
	}
	replica_over(q);
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
