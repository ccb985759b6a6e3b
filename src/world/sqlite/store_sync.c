/*
 * The sync of the log on a worker.  The loop may write to the log at the same
 * time, which is harmless: what was written before the sync began is what it
 * answers for.  The lock is held while the log's file is in use, so that a
 * store being closed can wait for it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "world/sqlite/store_impl.h"

enum { PIECE = 65536 };

struct store_sync {
	struct world_work work;
	pthread_mutex_t lock;
	sqlite3_file * file;      /* NULL: no longer to be touched */
	struct store * store;     /* NULL: closed */
	bool ran;
	int rc;
};

static sqlite3_file *
log_file(struct store * s)
{
	sqlite3_file * file = NULL;

	(void)sqlite3_file_control(s->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &file);
	return (file == NULL || file->pMethods == NULL ? NULL : file);
}

static int
sync_file(sqlite3_file * file)
{
	return (file->pMethods->xSync(file,
	    SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY));
}

int
sync_now(struct store * s)
{
	sqlite3_file * file = log_file(s);

	if (file == NULL)
		return (SQLITE_IOERR_FSYNC);
	s->stats.syncs++;
	return (sync_file(file));
}

/*
 * When a sync fails, Linux forgets that the pages were to be written, and goes
 * on reading them from memory: a process that begins anew would build on a log
 * that the disk does not have.  So the log is written once more, as it reads.
 */
int
sync_again(struct store * s)
{
	sqlite3_file * file = log_file(s);
	uint8_t * piece;
	sqlite3_int64 at = 0, n = 0;
	int rc, some;

	if (file == NULL)
		return (SQLITE_IOERR_FSYNC);
	if ((rc = file->pMethods->xFileSize(file, &n)) != SQLITE_OK)
		return (rc);
	if ((piece = malloc(PIECE)) == NULL)
		return (SQLITE_NOMEM);
	for (; at < n && rc == SQLITE_OK; at += some) {
		some = n - at < PIECE ? (int)(n - at) : PIECE;
		rc = file->pMethods->xRead(file, piece, some, at);
		if (rc == SQLITE_OK)
			rc = file->pMethods->xWrite(file, piece, some, at);
	}
	free(piece);
	return (rc == SQLITE_OK ? sync_now(s) : rc);
}

static void
run(struct world_work * work)
{
	struct store_sync * sync = list_entry(work, struct store_sync, work);

	(void)pthread_mutex_lock(&sync->lock);
	if (sync->file != NULL) {
		sync->rc = sync_file(sync->file);
		sync->ran = true;
	}
	(void)pthread_mutex_unlock(&sync->lock);
}

static void
sync_free(struct store_sync * sync)
{
	(void)pthread_mutex_destroy(&sync->lock);
	free(sync);
}

static void
done(struct world_work * work)
{
	struct store_sync * sync = list_entry(work, struct store_sync, work);
	struct store * s = sync->store;
	int rc = sync->rc;

	sync_free(sync);
	if (s == NULL)
		return;
	s->sync = NULL;
	store_synced(s, rc);
}

int
sync_start(struct store * s)
{
	struct store_sync * sync;

	if ((sync = calloc(1, sizeof(*sync))) == NULL)
		goto err0;
	if (pthread_mutex_init(&sync->lock, NULL) != 0)
		goto err1;
	if ((sync->file = log_file(s)) == NULL)
		goto err2;
	sync->store = s;
	sync->rc = SQLITE_IOERR_FSYNC;
	sync->work.run = run;
	sync->work.done = done;
	if (world_work(s->w, &sync->work) != 0)
		goto err2;
	s->sync = sync;
	s->stats.syncs++;
	return (0);

err2:
	(void)pthread_mutex_destroy(&sync->lock);
err1:
	free(sync);
err0:
	return (-ERR_INTERNAL);
}

int
sync_join(struct store * s)
{
	struct store_sync * sync = s->sync;
	int rc;

	(void)pthread_mutex_lock(&sync->lock);
	rc = sync->ran ? sync->rc : SQLITE_OK;
	sync->file = NULL;
	sync->store = NULL;
	(void)pthread_mutex_unlock(&sync->lock);
	s->sync = NULL;
	return (rc);
}
