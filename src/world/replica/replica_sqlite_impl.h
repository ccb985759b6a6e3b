/* replica_sqlite_impl.h: what the files of the SQLite engine share. */
#ifndef BERTY_WORLD_REPLICA_REPLICA_SQLITE_IMPL_H
#define BERTY_WORLD_REPLICA_REPLICA_SQLITE_IMPL_H

#include <sqlite3.h>

#include "world/replica/replica_sqlite.h"

/* The prepared statements, by what they do. */
enum replica_statement {
	R_GROUP_FIND, R_GROUP_PUT, R_TOKEN_FIND, R_TOKEN_PUT, R_TOKEN_GREW,
	R_REGISTERED, R_REGISTRATION_PUT, R_EXPIRE_GROUPS, R_EXPIRE_SERVERS,
	R_SERVER_PUT, R_SERVER_SET, R_SERVER_ALIVE, R_SERVER_EACH, R_COUNTS,
	R_SERVER_DELETE, R_FREE_ALL, R_CLAIM, R_RELEASE, R_LED, R_ENTRY_PUT,
	R_GROUP_SET, R_BYTES_ADD, R_ROOM, R_READ, R_FIND, R_TOTALS, R_COUNT
};

struct replica_sqlite {
	struct replica base;      /* first */
	struct world * w;
	sqlite3 * db;
	sqlite3_stmt * statements[R_COUNT];
	struct list queue;        /* requests that wait for a worker */
	struct replica_turn * turn; /* with a worker; or NULL */
	struct world_timer soon;  /* a turn that could not begin */
	void (*changed)(void * user);
	void * changed_user;
	bool failed;              /* for good */
	char failure[160];
};

/*
 * Run a request inside a transaction, `now` being unix ms: 0, the codes of the
 * call, or -ERR_DB_WRITE, -ERR_DB_READ with the database's own reason.
 */
int replica_sqlite_run(struct replica_sqlite * s, struct replica_request * r,
    int64_t now);

/* --- replica_sqlite_statement.c ------------------------------------------ */

/* Make the tables; an SQLite code. */
int replica_sqlite_schema(sqlite3 * db);

/* A statement ready to bind; NULL, which all below take: the database failed. */
sqlite3_stmt * replica_statement_take(struct replica_sqlite * s,
    enum replica_statement which);

/* Bind; what is pointed at stays as it is until the statement has run.  Numbers
 * past 2^63 - 1 stand for it. */
void replica_bind_bytes(sqlite3_stmt * q, int place, const void * p,
    size_t n);
void replica_bind_text(sqlite3_stmt * q, int place, const char * text);
void replica_bind_number(sqlite3_stmt * q, int place, uint64_t v);

/* 1: a row, 0: none, -ERR_DB_WRITE; and let go of one that read something. */
int replica_row(sqlite3_stmt * q);
void replica_over(sqlite3_stmt * q);

/* Run one that changes rows; how many, or -ERR_DB_WRITE. */
int replica_change(struct replica_sqlite * s, sqlite3_stmt * q);

/* Columns; bytes of another length are zeros. */
uint64_t replica_number(sqlite3_stmt * q, int column);
void replica_bytes(sqlite3_stmt * q, int column, uint8_t * to, size_t n);
void replica_cid(sqlite3_stmt * q, int column, struct replica_cid * to);

/* All rows of a statement that gives groups, at most max. */
int replica_read_groups(sqlite3_stmt * q, struct replica_request * r,
    size_t max);

#endif /* !BERTY_WORLD_REPLICA_REPLICA_SQLITE_IMPL_H */
