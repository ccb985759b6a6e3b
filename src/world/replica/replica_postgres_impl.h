/* replica_postgres_impl.h: what the files of the PostgreSQL engine share. */
#ifndef BERTY_WORLD_REPLICA_REPLICA_POSTGRES_IMPL_H
#define BERTY_WORLD_REPLICA_REPLICA_POSTGRES_IMPL_H

#include <libpq-fe.h>

#include "world/replica/replica_postgres.h"

enum { PG_CONNECTIONS_MAX = 16, PG_PARAMETERS_MAX = 12 };

/* replica_postgres_library.c: load libpq, before any other function of it is
 * called.  0, or -ERR_INTERNAL with err. */
int pg_library(struct error * err);

/* The prepared statements, by what they do. */
enum pg_statement {
	PG_BEGIN, PG_COMMIT, PG_ROLLBACK,
	PG_GROUP_PUT, PG_TOKEN_PUT, PG_TOKEN_LOCK, PG_GROUP_FIND,
	PG_REGISTERED, PG_TOKEN_USE, PG_REGISTRATION_PUT,
	PG_SERVER_PUT, PG_SERVER_SET, PG_SERVER_ALIVE, PG_SERVER_DELETE,
	PG_SERVERS_EXPIRE, PG_SERVERS, PG_COUNTS, PG_CLAIM, PG_RELEASE,
	PG_LED, PG_ENTRY_PUT, PG_GROUP_SET, PG_ROOM, PG_READ, PG_FIND,
	PG_TOTALS, PG_STATEMENTS
};
extern const char * const pg_statements[PG_STATEMENTS];

/* The tables, as one text of statements, and their version. */
extern const char pg_schema[];
enum { PG_SCHEMA = 1 };

struct pg_connection;

/*
 * What a call is to the database: one or two rounds, each some statements that
 * are sent at once.  Unless it is `plain` (one statement, which stands alone),
 * all are one transaction.
 */
struct pg_call {
	unsigned rounds;
	bool plain;
	/* Queue a round's statements (pg_ask). */
	int (*ask)(struct pg_connection * c, unsigned round);
	/*
	 * The result of the place-th of them.  0, -ERR_INTERNAL, or a code of
	 * the call, by which the transaction is undone.
	 */
	int (*take)(struct pg_connection * c, unsigned round, unsigned place,
	    const PGresult * result);
};
const struct pg_call * pg_call_of(enum replica_call call);

/* The parameters of a statement; the bytes are borrowed until pg_ask. */
struct pg_parameters {
	int n;
	const char * values[PG_PARAMETERS_MAX];
	int lengths[PG_PARAMETERS_MAX];
	int formats[PG_PARAMETERS_MAX];
	char numbers[PG_PARAMETERS_MAX][24];
};
void pg_bytes(struct pg_parameters * p, const void * bytes, size_t n);
void pg_text(struct pg_parameters * p, const char * text);
void pg_number(struct pg_parameters * p, uint64_t v);

/* Queue a statement of the round; p may be NULL.  0 or -ERR_DB_WRITE. */
int pg_ask(struct pg_connection * c, enum pg_statement which,
    const struct pg_parameters * p);

enum pg_state {
	PG_DOWN,                  /* until the timer rings */
	PG_CONNECTING,
	PG_PREPARING,
	PG_IDLE,
	PG_BUSY,
	PG_UNDOING
};

struct pg_connection {
	struct replica_postgres * s;
	PGconn * db;              /* NULL: down */
	struct pg_watch * watch;  /* of its socket; or NULL */
	struct list * queue;      /* what it serves */
	enum pg_state state;
	struct world_timer timer; /* to connect again; or patience with it */
	unsigned failures;        /* one after the other */

	struct replica_request * request;
	const struct pg_call * call;
	unsigned round, place, tries;
	bool again;               /* the transaction was in another's way */
	int status;               /* what came of it so far */
	uint64_t group, next, bytes; /* the call's own, between rounds */
	uint64_t groups;
};

struct replica_postgres {
	struct replica base;      /* first */
	struct world * w;
	char * url;
	struct list leases, others; /* requests that wait */
	struct pg_connection connections[PG_CONNECTIONS_MAX];
	unsigned n;
	struct world_timer look;  /* for requests that waited too long */
	struct world_timer hint;  /* tells who watches */
	void (*changed)(void * user);
	void * changed_user;
	bool closing;
};

/* A connection is idle and its queue may have something. */
void pg_serve(struct pg_connection * c);

/* Begin to connect; close, and forget the request without an answer. */
void pg_connect(struct pg_connection * c);
void pg_disconnect(struct pg_connection * c);

/* The end of a request: it is answered, and the connection idle. */
void pg_answer(struct replica_postgres * s, struct replica_request * r,
    int status);

/* Connect and block: for the tables. */
PGconn * pg_connect_now(const char * url, struct error * err);

#endif /* !BERTY_WORLD_REPLICA_REPLICA_POSTGRES_IMPL_H */
