/* replica_sqlite.c: the queue of requests and the worker that runs them. */
#include "world/replica/replica_sqlite.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "world/replica/replica_sqlite_impl.h"

enum { TURN_MAX = 256, SCHEMA = 1 };

/* Requests with a worker. */
struct replica_turn {
	struct world_work work;
	pthread_mutex_t lock;     /* held while the database is in use */
	struct replica_sqlite * s; /* NULL: closed */
	struct list requests;
	int64_t now;
	bool ran;
};

/* What came of a request, until `done` tells. */
static void
set_status(struct replica_request * r, int status)
{
	r->impl = (void *)(intptr_t)status;
}

static int
status_of(const struct replica_request * r)
{
	return ((int)(intptr_t)r->impl);
}

static struct replica_sqlite *
engine(struct replica * r)
{
	/* The base is the first member. */
	return ((struct replica_sqlite *)(void *)r);
}

static int
execute(struct replica_sqlite * s, const char * sql)
{
	return (sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* --- on the worker -------------------------------------------------------- */

/* After this nothing is known of the file but what was answered. */
static void
fail(struct replica_sqlite * s, const char * what)
{
	s->failed = true;
	(void)snprintf(s->failure, sizeof(s->failure),
	    "the replication database failed (%s): %s", what,
	    sqlite3_errmsg(s->db));
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)execute(s, "ROLLBACK");
}

static void
refuse(struct replica_turn * t)
{
	struct list * place, * following;

	list_each(place, following, &t->requests) {
		struct replica_request * r =
		    list_entry(place, struct replica_request, place);

		replica_request_free(r);
		set_status(r, error_set(&r->err, ERR_DB_WRITE, "%s",
		    t->s->failure));
	}
}

static void
run_request(struct replica_turn * t, struct replica_request * r)
{
	struct replica_sqlite * s = t->s;
	int rc;

	if (s->failed)
		return;
	if (execute(s, "SAVEPOINT one") != SQLITE_OK) {
		fail(s, "begin");
		return;
	}
	rc = replica_sqlite_run(s, r, t->now);
	set_status(r, rc);
	if (rc == -ERR_DB_WRITE)
		fail(s, "write");
	else if ((rc != 0 && execute(s, "ROLLBACK TO one") != SQLITE_OK) ||
	    execute(s, "RELEASE one") != SQLITE_OK)
		fail(s, "undo");
	if (rc != 0)
		replica_request_free(r);
}

static void
run_turn(struct replica_turn * t)
{
	struct replica_sqlite * s = t->s;
	struct list * place, * following;

	if (!s->failed && execute(s, "BEGIN IMMEDIATE") != SQLITE_OK)
		fail(s, "begin");
	list_each(place, following, &t->requests)
		run_request(t, list_entry(place, struct replica_request,
		    place));
	if (!s->failed && execute(s, "COMMIT") != SQLITE_OK)
		fail(s, "commit");
	if (s->failed)
		refuse(t);
	t->ran = true;
}

static void
turn_run(struct world_work * work)
{
	struct replica_turn * t = list_entry(work, struct replica_turn, work);

	(void)pthread_mutex_lock(&t->lock);
	if (t->s != NULL)
		run_turn(t);
	(void)pthread_mutex_unlock(&t->lock);
}

/* --- on the loop ---------------------------------------------------------- */

static bool
frees_groups(const struct replica_request * r)
{
	return (r->call == REPLICA_REGISTER || r->call == REPLICA_LEAVE ||
	    r->call == REPLICA_RELEASE);
}

/* A callback may submit, not close. */
static bool
answer(struct list * requests)
{
	bool freed = false;

	while (!list_empty(requests)) {
		struct replica_request * r = list_entry(requests->next,
		    struct replica_request, place);
		int status = status_of(r);

		list_remove(&r->place);
		freed = freed || (status == 0 && frees_groups(r));
		r->done(r, status);
	}
	return (freed);
}

static void
turn_free(struct replica_turn * t)
{
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

static void begin_turn(struct replica_sqlite * s);

static void
turn_done(struct world_work * work)
{
	struct replica_turn * t = list_entry(work, struct replica_turn, work);
	struct replica_sqlite * s = t->s;
	bool freed;

	if (s == NULL) {
		turn_free(t);
		return;
	}
	s->base.failed = s->failed;
	freed = answer(&t->requests);
	turn_free(t);
	s->turn = NULL;
	if (freed && s->changed != NULL)
		s->changed(s->changed_user);
	begin_turn(s);
}

static struct replica_turn *
turn_new(struct replica_sqlite * s)
{
	struct replica_turn * t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	if (pthread_mutex_init(&t->lock, NULL) != 0) {
		free(t);
		return (NULL);
	}
	t->s = s;
	t->now = world_wall(s->w) / 1000000;
	t->work.run = turn_run;
	t->work.done = turn_done;
	list_init(&t->requests);
	return (t);
}

static void
begin_turn(struct replica_sqlite * s)
{
	struct replica_turn * t;
	unsigned n;

	if (s->turn != NULL || list_empty(&s->queue))
		return;
	if ((t = turn_new(s)) == NULL)
		goto err0;
	for (n = 0; n < TURN_MAX && !list_empty(&s->queue); n++) {
		struct list * place = s->queue.next;

		list_remove(place);
		list_append(&t->requests, place);
	}
	if (world_work(s->w, &t->work) != 0)
		goto err1;
	s->turn = t;
	return;

err1:
	list_splice(&t->requests, &s->queue);
	list_splice(&s->queue, &t->requests);
	turn_free(t);
err0:
	(void)world_timer_start(s->w, &s->soon, 100);
}

static void
soon(struct world_timer * timer)
{
	begin_turn(list_entry(timer, struct replica_sqlite, soon));
}

static int
submit(struct replica * replica, struct replica_request * r)
{
	struct replica_sqlite * s = engine(replica);

	if (r->n_append > REPLICA_ENTRIES_MAX || r->log >= REPLICA_LOGS ||
	    r->addresses.n > REPLICA_ADDRESSES_MAX)
		return (-ERR_INVALID_INPUT);
	error_clear(&r->err);
	list_append(&s->queue, &r->place);
	begin_turn(s);
	return (0);
}

static void
watch(struct replica * replica, void (*changed)(void * user), void * user)
{
	struct replica_sqlite * s = engine(replica);

	s->changed = changed;
	s->changed_user = user;
}

/* --- opening and closing -------------------------------------------------- */

static void
close_database(struct replica_sqlite * s)
{
	size_t i;

	for (i = 0; i < R_COUNT; i++)
		(void)sqlite3_finalize(s->statements[i]);
	(void)sqlite3_close(s->db);
}

static void
give_up(struct list * requests)
{
	struct list * place, * following;

	list_each(place, following, requests) {
		struct replica_request * r =
		    list_entry(place, struct replica_request, place);

		set_status(r, error_set(&r->err, ERR_DB_WRITE,
		    "the replication database was closed"));
	}
}

static void
end_turn(struct replica_sqlite * s)
{
	struct replica_turn * t = s->turn;
	struct list requests;

	list_init(&requests);
	(void)pthread_mutex_lock(&t->lock);
	t->s = NULL;
	list_splice(&requests, &t->requests);
	if (!t->ran)
		give_up(&requests);
	(void)pthread_mutex_unlock(&t->lock);
	s->turn = NULL;
	(void)answer(&requests);
}

static void
engine_close(struct replica * replica)
{
	struct replica_sqlite * s = engine(replica);

	s->changed = NULL;
	world_timer_stop(s->w, &s->soon);
	if (s->turn != NULL)
		end_turn(s);
	give_up(&s->queue);
	(void)answer(&s->queue);
	close_database(s);
	free(s);
}

/* Only the owner may read the file; SQLite would make it for everybody. */
static void
make_private(const struct replica_sqlite_config * config)
{
	int fd;

	if (config->path == NULL || config->vfs != NULL)
		return;
	fd = open(config->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
}

static int
version_of(struct replica_sqlite * s, int * version)
{
	sqlite3_stmt * statement;
	int rc;

	rc = sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &statement,
	    NULL);
	if (rc != SQLITE_OK)
		return (rc);
	if ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		*version = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	return (rc == SQLITE_ROW ? SQLITE_OK : rc);
}

static int
setup(struct replica_sqlite * s, struct error * err)
{
	int version = 0;

	if (execute(s, "PRAGMA locking_mode=EXCLUSIVE;"
	    "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
	    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	    "PRAGMA journal_size_limit=4194304") != SQLITE_OK ||
	    version_of(s, &version) != SQLITE_OK)
		return (error_set(err, ERR_DB_OPEN,
		    "the replication database does not open: %s",
		    sqlite3_errmsg(s->db)));
	if (version > SCHEMA)
		return (error_set(err, ERR_DB_MIGRATE, "the replication "
		    "database was made by a newer version"));
	if (execute(s, "BEGIN IMMEDIATE") != SQLITE_OK ||
	    (version == 0 && replica_sqlite_schema(s->db) != SQLITE_OK) ||
	    execute(s, "PRAGMA user_version=1; COMMIT") != SQLITE_OK)
		return (error_set(err, ERR_DB_OPEN,
		    "the replication database could not be set up: %s",
		    sqlite3_errmsg(s->db)));
	return (0);
}

int
replica_sqlite_open(struct world * w,
    const struct replica_sqlite_config * config, struct replica ** replica,
    struct error * err)
{
	static const struct replica_ops ops = {submit, watch, engine_close};
	const char * path = config->path == NULL ? ":memory:" : config->path;
	struct replica_sqlite * s;
	int rc;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (error_set(err, ERR_DB_OPEN, "memory is short"));
	s->base.ops = &ops;
	s->w = w;
	s->soon.fire = soon;
	list_init(&s->queue);
	make_private(config);
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, config->vfs) !=
	    SQLITE_OK) {
		rc = error_set(err, ERR_DB_OPEN, "cannot open %.100s: %s",
		    path, s->db == NULL ? "memory is short" :
		    sqlite3_errmsg(s->db));
		goto err1;
	}
	if ((rc = setup(s, err)) != 0)
		goto err1;
	*replica = &s->base;
	return (0);

err1:
	close_database(s);
	free(s);
	return (rc);
}
