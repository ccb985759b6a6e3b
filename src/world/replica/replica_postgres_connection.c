/*
 * replica_postgres_connection.c: a connection to the database: how it is made
 * without blocking, and how a request walks over it, round by round.
 */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "world/os/world_os.h"
#include "world/replica/replica_postgres_impl.h"

enum {
	CONNECT_MS = 10000,       /* to be connected and prepared */
	ANSWER_MS = 20000,        /* to a round */
	RETRY_MS = 200, RETRY_MAX_MS = 5000,
	TRIES = 10
};

/* Of a socket; it outlives the connection until libuv let go of it. */
struct pg_watch {
	uv_poll_t poll;
	struct pg_connection * c; /* NULL: let go */
};

static void advance(struct pg_connection * c);

/* --- the socket ------------------------------------------------------------ */

static void
watch_freed(uv_handle_t * handle)
{
	free(handle->data);
}

static void
unwatch(struct pg_connection * c)
{
	if (c->watch == NULL)
		return;
	c->watch->c = NULL;
	uv_close((uv_handle_t *)&c->watch->poll, watch_freed);
	c->watch = NULL;
}

static void
ready(uv_poll_t * poll, int status, int events)
{
	struct pg_watch * w = poll->data;

	(void)status;
	(void)events;
	if (w->c != NULL)
		advance(w->c);
}

static int
watch(struct pg_connection * c, int events)
{
	struct pg_watch * w = c->watch;

	if (w == NULL) {
		if ((w = calloc(1, sizeof(*w))) == NULL)
			return (-ERR_INTERNAL);
		if (uv_poll_init(world_os_loop(c->s->w), &w->poll,
		    PQsocket(c->db)) != 0) {
			free(w);
			return (-ERR_INTERNAL);
		}
		w->poll.data = w;
		w->c = c;
		c->watch = w;
	}
	return (uv_poll_start(&w->poll, events, ready) == 0 ? 0 :
	    -ERR_INTERNAL);
}

/* --- going down ------------------------------------------------------------ */

static void
close_database(struct pg_connection * c)
{
	unwatch(c);
	world_timer_stop(c->s->w, &c->timer);
	PQfinish(c->db);
	c->db = NULL;
	c->state = PG_DOWN;
}

void
pg_disconnect(struct pg_connection * c)
{
	close_database(c);
	c->request = NULL;
}

/* The request may have been done, when its end was under way. */
static void
fail(struct pg_connection * c, const char * what)
{
	struct replica_request * r = c->request;
	uint64_t ms = RETRY_MS << (c->failures > 5 ? 5 : c->failures);
	const char * said = c->db == NULL ? "" : PQerrorMessage(c->db);
	struct error err = {0};

	(void)error_set(&err, ERR_DB_WRITE, "the replication database %s: "
	    "%.100s", what, said);
	log_warn(c->s->w->log, "replica", "%s", err.text);
	pg_disconnect(c);
	c->failures++;
	(void)world_timer_start(c->s->w, &c->timer,
	    ms > RETRY_MAX_MS ? RETRY_MAX_MS : ms);
	if (r == NULL)
		return;
	r->err = err;
	pg_answer(c->s, r, -ERR_DB_WRITE);
}

/* --- sending --------------------------------------------------------------- */

static void
statement_name(enum pg_statement which, char name[8])
{
	name[0] = 's';
	name[1] = (char)('0' + (int)which / 10);
	name[2] = (char)('0' + (int)which % 10);
	name[3] = '\0';
}

int
pg_ask(struct pg_connection * c, enum pg_statement which,
    const struct pg_parameters * p)
{
	static const struct pg_parameters none;
	char name[8];

	if (p == NULL)
		p = &none;
	statement_name(which, name);
	return (PQsendQueryPrepared(c->db, name, p->n, p->values, p->lengths,
	    p->formats, 1) == 1 ? 0 : -ERR_DB_WRITE);
}

/* What was queued goes out as the socket takes it. */
static int
flush(struct pg_connection * c)
{
	int rc = PQflush(c->db);

	if (rc < 0)
		return (-ERR_DB_WRITE);
	return (watch(c, UV_READABLE | (rc > 0 ? UV_WRITABLE : 0)));
}

static int
end_round(struct pg_connection * c)
{
	c->place = 0;
	if (PQpipelineSync(c->db) != 1)
		return (-ERR_DB_WRITE);
	(void)world_timer_start(c->s->w, &c->timer, ANSWER_MS);
	return (flush(c));
}

static int
send_round(struct pg_connection * c)
{
	int rc = 0;

	if (!c->call->plain && c->round == 0)
		rc = pg_ask(c, PG_BEGIN, NULL);
	if (rc == 0)
		rc = c->call->ask(c, c->round);
	if (rc == 0 && !c->call->plain && c->round + 1 == c->call->rounds)
		rc = pg_ask(c, PG_COMMIT, NULL);
	return (rc == 0 ? end_round(c) : rc);
}

static void
begin(struct pg_connection * c)
{
	struct replica_request * r = c->request;

	replica_request_free(r);
	r->servers = r->all_groups = r->unled = 0;
	error_clear(&r->err);
	c->round = 0;
	c->status = 0;
	c->again = false;
	c->state = PG_BUSY;
	if (send_round(c) != 0)
		fail(c, "takes no request");
}

void
pg_serve(struct pg_connection * c)
{
	struct list * place;

	if (c->state != PG_IDLE || list_empty(c->queue))
		return;
	place = c->queue->next;
	list_remove(place);
	c->request = list_entry(place, struct replica_request, place);
	c->call = pg_call_of(c->request->call);
	c->tries = 0;
	begin(c);
}

/* --- results --------------------------------------------------------------- */

static void
refused(struct pg_connection * c, const PGresult * result)
{
	const char * state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char * said = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);

	c->again = state != NULL && (strcmp(state, "40001") == 0 ||
	    strcmp(state, "40P01") == 0);
	c->status = error_set(&c->request->err, ERR_DB_WRITE,
	    "the replication database refused: %.100s",
	    said == NULL ? "no reason given" : said);
}

/* The place-th result of a round; the transaction's own come around it. */
static void
take(struct pg_connection * c, const PGresult * result)
{
	unsigned place = c->place++;
	bool framed = !c->call->plain && c->round == 0;

	if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
		if (c->status != -ERR_DB_WRITE)
			refused(c, result);
		return;
	}
	if (c->status != 0 || PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return;
	if (framed && place == 0)
		return;
	/* COMMIT tells nothing but by failing. */
	if (strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "COMMIT") == 0)
		return;
	c->status = c->call->take(c, c->round, place - (framed ? 1 : 0),
	    result);
}

static void
answer(struct pg_connection * c)
{
	struct replica_request * r = c->request;

	c->request = NULL;
	c->state = PG_IDLE;
	c->failures = 0;
	world_timer_stop(c->s->w, &c->timer);
	if (c->status != 0)
		replica_request_free(r);
	pg_answer(c->s, r, c->status);
}

static void
undo(struct pg_connection * c)
{
	c->state = PG_UNDOING;
	if (pg_ask(c, PG_ROLLBACK, NULL) != 0 || end_round(c) != 0)
		fail(c, "does not undo");
}

/* All statements of a round were answered. */
static void
round_over(struct pg_connection * c)
{
	if (c->state == PG_BUSY &&
	    PQtransactionStatus(c->db) != PQTRANS_IDLE &&
	    (c->status != 0 || c->round + 1 == c->call->rounds)) {
		undo(c);
		return;
	}
	if (c->again && ++c->tries < TRIES) {
		begin(c);
		return;
	}
	if (c->state == PG_UNDOING || c->status != 0 ||
	    ++c->round == c->call->rounds) {
		answer(c);
		return;
	}
	if (send_round(c) != 0)
		fail(c, "takes no request");
}

static void
prepared(struct pg_connection * c)
{
	c->state = PG_IDLE;
	world_timer_stop(c->s->w, &c->timer);
	pg_serve(c);
}

/* --- connecting ------------------------------------------------------------ */

static int
prepare(struct pg_connection * c)
{
	unsigned i;

	c->state = PG_PREPARING;
	c->status = 0;
	if (PQsetnonblocking(c->db, 1) != 0 || PQenterPipelineMode(c->db) != 1)
		return (-ERR_DB_WRITE);
	for (i = 0; i < PG_STATEMENTS; i++) {
		char name[8];

		statement_name((enum pg_statement)i, name);
		if (PQsendPrepare(c->db, name, pg_statements[i], 0, NULL) != 1)
			return (-ERR_DB_WRITE);
	}
	if (PQpipelineSync(c->db) != 1)
		return (-ERR_DB_WRITE);
	return (flush(c));
}

static void
connect_on(struct pg_connection * c)
{
	PostgresPollingStatusType next = PQconnectPoll(c->db);
	int rc = 0;

	/* libpq may have taken another socket. */
	unwatch(c);
	switch (next) {
	case PGRES_POLLING_READING:
		rc = watch(c, UV_READABLE);
		break;
	case PGRES_POLLING_WRITING:
		rc = watch(c, UV_WRITABLE);
		break;
	case PGRES_POLLING_OK:
		rc = prepare(c);
		break;
	default:
		rc = -ERR_DB_OPEN;
		break;
	}
	if (rc != 0)
		fail(c, "is not reached");
}

void
pg_connect(struct pg_connection * c)
{
	c->db = PQconnectStart(c->s->url);
	c->state = PG_CONNECTING;
	(void)world_timer_start(c->s->w, &c->timer, CONNECT_MS);
	if (c->db == NULL || PQstatus(c->db) == CONNECTION_BAD ||
	    watch(c, UV_WRITABLE) != 0)
		fail(c, "is not reached");
}

PGconn *
pg_connect_now(const char * url, struct error * err)
{
	PGconn * db = PQconnectdb(url);

	if (db != NULL && PQstatus(db) == CONNECTION_OK)
		return (db);
	(void)error_set(err, ERR_DB_OPEN, "the replication database is not "
	    "reached: %.150s", db == NULL ? "memory is short" :
	    PQerrorMessage(db));
	PQfinish(db);
	return (NULL);
}

/* --- reading --------------------------------------------------------------- */

/*
 * One result, or NULL between those of two statements; false: nothing more for
 * now.
 */
static bool
next_result(struct pg_connection * c, PGresult ** result, bool * nothing)
{
	if (PQisBusy(c->db))
		return (false);
	*result = PQgetResult(c->db);
	/* Two in a row: no statement is under way. */
	if (*result == NULL && *nothing)
		return (false);
	*nothing = *result == NULL;
	return (true);
}

static void
read_results(struct pg_connection * c)
{
	PGconn * db = c->db;
	bool nothing = false;
	PGresult * result;

	while (c->db == db && next_result(c, &result, &nothing)) {
		if (result == NULL)
			continue;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			if (c->state == PG_PREPARING && c->status != 0)
				fail(c, "does not know our tables");
			else if (c->state == PG_PREPARING)
				prepared(c);
			else
				round_over(c);
			nothing = false;
			continue;
		}
		if (c->state == PG_BUSY)
			take(c, result);
		else if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			c->status = c->state == PG_PREPARING ?
			    -ERR_DB_OPEN : c->status;
		PQclear(result);
	}
}

static void
advance(struct pg_connection * c)
{
	if (c->state == PG_CONNECTING) {
		connect_on(c);
		return;
	}
	if (PQconsumeInput(c->db) != 1) {
		fail(c, "is lost");
		return;
	}
	read_results(c);
	if (c->db == NULL || c->state == PG_CONNECTING)
		return;
	if (PQstatus(c->db) == CONNECTION_BAD)
		fail(c, "is lost");
	else if (flush(c) != 0)
		fail(c, "is lost");
	else
		pg_serve(c);
}
