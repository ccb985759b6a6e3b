/* replica_postgres.c: the requests that wait, and the connections they take. */
#include "world/replica/replica_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "world/replica/replica_postgres_impl.h"

enum { LOOK_MS = 1000, SCHEMA_TRIES = 20, SCHEMA_WAIT_NS = 100000000 };

static struct replica_postgres *
engine(struct replica * r)
{
	/* The base is the first member. */
	return ((struct replica_postgres *)(void *)r);
}

/* --- requests -------------------------------------------------------------- */

/* While it waits, a request remembers since when, ms. */
static void
set_since(struct replica_request * r, uint64_t now)
{
	r->impl = (void *)(uintptr_t)now;
}

static uint64_t
since(const struct replica_request * r)
{
	return ((uint64_t)(uintptr_t)r->impl);
}

static bool
is_lease(enum replica_call call)
{
	return (call == REPLICA_BEAT || call == REPLICA_LEAVE ||
	    call == REPLICA_CLAIM || call == REPLICA_RELEASE);
}

static bool
frees_groups(enum replica_call call)
{
	return (call == REPLICA_REGISTER || call == REPLICA_LEAVE ||
	    call == REPLICA_RELEASE);
}

void
pg_answer(struct replica_postgres * s, struct replica_request * r, int status)
{
	if (status == 0 && frees_groups(r->call) && !s->closing)
		(void)world_timer_start(s->w, &s->hint, 0);
	r->done(r, status);
}

static void
serve(struct replica_postgres * s)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		pg_serve(&s->connections[i]);
}

static int
submit(struct replica * replica, struct replica_request * r)
{
	struct replica_postgres * s = engine(replica);

	if (r->n_append > REPLICA_ENTRIES_MAX || r->log >= REPLICA_LOGS ||
	    r->addresses.n > REPLICA_ADDRESSES_MAX ||
	    pg_call_of(r->call) == NULL)
		return (-ERR_INVALID_INPUT);
	error_clear(&r->err);
	set_since(r, world_now(s->w));
	list_append(is_lease(r->call) ? &s->leases : &s->others, &r->place);
	/* What is idle begins when the loop turns: it might fail at once. */
	(void)world_timer_start(s->w, &s->look, 0);
	return (0);
}

static void
watch(struct replica * replica, void (*changed)(void * user), void * user)
{
	struct replica_postgres * s = engine(replica);

	s->changed = changed;
	s->changed_user = user;
}

/* Answer what a queue holds, all of it or what waited too long. */
static void
give_up(struct replica_postgres * s, struct list * queue, bool all,
    const char * why)
{
	uint64_t now = world_now(s->w);
	struct list late;

	list_init(&late);
	while (!list_empty(queue)) {
		struct replica_request * r = list_entry(queue->next,
		    struct replica_request, place);

		if (!all && now - since(r) < REPLICA_POSTGRES_PATIENCE_MS)
			break;
		list_remove(&r->place);
		list_append(&late, &r->place);
	}
	while (!list_empty(&late)) {
		struct replica_request * r = list_entry(late.next,
		    struct replica_request, place);

		list_remove(&r->place);
		(void)error_set(&r->err, ERR_DB_WRITE, "%s", why);
		pg_answer(s, r, -ERR_DB_WRITE);
	}
}

static void
look(struct world_timer * timer)
{
	struct replica_postgres * s =
	    list_entry(timer, struct replica_postgres, look);
	static const char why[] = "the replication database does not answer";

	serve(s);
	give_up(s, &s->leases, false, why);
	give_up(s, &s->others, false, why);
	if (!timer->armed && (!list_empty(&s->leases) ||
	    !list_empty(&s->others)))
		(void)world_timer_start(s->w, timer, LOOK_MS);
}

static void
tell(struct world_timer * timer)
{
	struct replica_postgres * s =
	    list_entry(timer, struct replica_postgres, hint);

	if (s->changed != NULL)
		s->changed(s->changed_user);
}

/* A connection is down for long enough, or took too long. */
static void
ring(struct world_timer * timer)
{
	struct pg_connection * c =
	    list_entry(timer, struct pg_connection, timer);
	struct replica_request * r = c->request;

	if (c->state == PG_DOWN) {
		pg_connect(c);
		return;
	}
	pg_disconnect(c);
	pg_connect(c);
	if (r == NULL)
		return;
	(void)error_set(&r->err, ERR_DB_WRITE,
	    "the replication database does not answer");
	pg_answer(c->s, r, -ERR_DB_WRITE);
}

/* --- tables ---------------------------------------------------------------- */

static bool
execute(PGconn * db, const char * sql)
{
	PGresult * result = PQexec(db, sql);
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	return (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
}

/* The version of the tables, 0: there are none; or -ERR_DB_OPEN. */
static int
version_of(PGconn * db)
{
	PGresult * result = PQexec(db, "SELECT version FROM replica_schema");
	const char * state;
	int version = -ERR_DB_OPEN;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		version = PQntuples(result) == 0 ? 0 :
		    atoi(PQgetvalue(result, 0, 0));
	else if ((state = PQresultErrorField(result, PG_DIAG_SQLSTATE)) !=
	    NULL && strcmp(state, "42P01") == 0)
		version = 0;
	PQclear(result);
	return (version);
}

/* One of several servers that begin at a time makes them; others see it. */
static bool
make_tables(PGconn * db)
{
	char done[80];

	(void)snprintf(done, sizeof(done),
	    "INSERT INTO replica_schema VALUES (1, %d)", PG_SCHEMA);
	if (execute(db, "BEGIN") && execute(db, "CREATE TABLE replica_schema "
	    "(one INT PRIMARY KEY, version INT NOT NULL)") &&
	    execute(db, done) && execute(db, pg_schema) &&
	    execute(db, "COMMIT"))
		return (true);
	return (false);
}

static int
setup(const char * url, struct error * err)
{
	static const struct timespec moment = {0, SCHEMA_WAIT_NS};
	PGconn * db = pg_connect_now(url, err);
	int i, version = 0, rc = 0;

	if (db == NULL)
		return (-ERR_DB_OPEN);
	for (i = 0; i < SCHEMA_TRIES; i++) {
		version = version_of(db);
		if (version != 0 || make_tables(db))
			break;
		(void)error_set(err, ERR_DB_OPEN, "the tables of the "
		    "replication database are not made: %.120s",
		    PQerrorMessage(db));
		(void)execute(db, "ROLLBACK");
		(void)nanosleep(&moment, NULL);
	}
	if (version < 0)
		rc = error_set(err, ERR_DB_OPEN, "the replication database "
		    "is not read: %.150s", PQerrorMessage(db));
	else if (version > PG_SCHEMA)
		rc = error_set(err, ERR_DB_MIGRATE, "the replication "
		    "database was made by a newer version");
	else if (i == SCHEMA_TRIES)
		rc = -ERR_DB_OPEN;
	else
		error_clear(err);
	PQfinish(db);
	return (rc);
}

/* --- opening and closing --------------------------------------------------- */

/* What a server that hangs, or we, must not hold for ever. */
static char *
with_patience(const char * url, struct error * err)
{
	static const char * const keys[] = {"connect_timeout",
	    "tcp_user_timeout", "fallback_application_name", "options", NULL};
	static const char * const values[] = {"10", "10000", "berty",
	    "-c statement_timeout=15000 "
	    "-c idle_in_transaction_session_timeout=5000", NULL};
	PQconninfoOption * parsed, * o;
	struct buffer text = {0};
	const char * p;
	size_t i;

	if ((parsed = PQconninfoParse(url, NULL)) == NULL) {
		(void)error_set(err, ERR_DB_OPEN, "the url of the replication "
		    "database is not one: postgresql://user@host/name");
		return (NULL);
	}
	for (o = parsed; o->keyword != NULL; o++) {
		const char * value = o->val;

		for (i = 0; keys[i] != NULL; i++)
			if (value == NULL && strcmp(keys[i], o->keyword) == 0)
				value = values[i];
		if (value == NULL)
			continue;
		buffer_printf(&text, "%s='", o->keyword);
		for (p = value; *p != '\0'; p++) {
			if (*p == '\'' || *p == '\\')
				buffer_byte(&text, '\\');
			buffer_byte(&text, (uint8_t)*p);
		}
		buffer_text(&text, "' ");
	}
	buffer_byte(&text, 0);
	PQconninfoFree(parsed);
	if (text.failed) {
		buffer_wipe(&text);
		(void)error_set(err, ERR_DB_OPEN, "memory is short");
		return (NULL);
	}
	return ((char *)text.p);
}

static void
free_engine(struct replica_postgres * s)
{
	if (s->url != NULL)
		crypto_wipe(s->url, strlen(s->url));
	free(s->url);
	free(s);
}

static void
engine_close(struct replica * replica)
{
	static const char why[] = "the replication database was closed";
	struct replica_postgres * s = engine(replica);
	struct replica_request * r;
	unsigned i;

	s->closing = true;
	s->changed = NULL;
	world_timer_stop(s->w, &s->look);
	world_timer_stop(s->w, &s->hint);
	for (i = 0; i < s->n; i++) {
		r = s->connections[i].request;
		pg_disconnect(&s->connections[i]);
		if (r == NULL)
			continue;
		(void)error_set(&r->err, ERR_DB_WRITE, "%s", why);
		pg_answer(s, r, -ERR_DB_WRITE);
	}
	give_up(s, &s->leases, true, why);
	give_up(s, &s->others, true, why);
	world_timer_stop(s->w, &s->look);
	free_engine(s);
}

int
replica_postgres_open(struct world * w,
    const struct replica_postgres_config * config, struct replica ** replica,
    struct error * err)
{
	static const struct replica_ops ops = {submit, watch, engine_close};
	struct replica_postgres * s;
	unsigned i;
	int rc;

	if (pg_library(err) != 0)
		return (error_wrap(err, ERR_DB_OPEN));
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (error_set(err, ERR_DB_OPEN, "memory is short"));
	s->base.ops = &ops;
	s->base.shared = true;
	s->w = w;
	s->n = config->connections == 0 ? 4 : config->connections;
	if (s->n < 2 || s->n > PG_CONNECTIONS_MAX)
		s->n = s->n < 2 ? 2 : PG_CONNECTIONS_MAX;
	s->look.fire = look;
	s->hint.fire = tell;
	list_init(&s->leases);
	list_init(&s->others);
	if ((s->url = with_patience(config->url, err)) == NULL) {
		rc = -ERR_DB_OPEN;
		goto err1;
	}
	if ((rc = setup(s->url, err)) != 0)
		goto err1;
	for (i = 0; i < s->n; i++) {
		s->connections[i].s = s;
		s->connections[i].queue = i == 0 ? &s->leases : &s->others;
		s->connections[i].timer.fire = ring;
		pg_connect(&s->connections[i]);
	}
	*replica = &s->base;
	return (0);

err1:
	free_engine(s);
	return (rc);
}
