/*
 * Transactions in groups.  Each call's transaction is a savepoint in one SQLite
 * transaction, which is committed (written, not synced) when no sync is in
 * flight; then one sync, on a worker, serves all calls in it, while the next
 * calls gather in the next SQLite transaction.
 */
#include "base/clock.h"
#include "world/sqlite/store_impl.h"

int
store_begin(struct store * s)
{
	int rc;

	if (s->read_only || s->closing)
		return (-ERR_DB_WRITE);
	if (s->begun)
		return (-ERR_INTERNAL);
	if (!s->open) {
		if ((rc = statement_run(s, S_BEGIN)) != SQLITE_OK)
			goto err0;
		s->open = true;
	}
	if ((rc = statement_run(s, S_SAVEPOINT)) != SQLITE_OK)
		goto err0;
	s->begun = true;
	s->was_dirty = s->dirty;
	return (0);

err0:
	store_fail(s, rc);
	return (-ERR_DB_WRITE);
}

void
store_rollback(struct store * s)
{
	int rc;

	if (!s->begun)
		return;
	s->begun = false;
	if (s->read_only)
		return;
	if ((rc = statement_run(s, S_UNDO)) != SQLITE_OK ||
	    (rc = statement_run(s, S_RELEASE)) != SQLITE_OK)
		store_fail(s, rc);
	s->dirty = s->was_dirty;
}

/* See to what is written at the next turn; a sync in flight comes first. */
static void
flush_soon(struct store * s)
{
	if (s->sync == NULL)
		(void)world_timer_start(s->w, &s->flush, 0);
}

int
store_commit(struct store * s, struct store_commit * commit)
{
	int rc;

	if (!s->begun)
		return (s->read_only ? -ERR_DB_WRITE : -ERR_INTERNAL);
	s->begun = false;
	if (s->read_only)
		return (-ERR_DB_WRITE);
	if ((rc = statement_run(s, S_RELEASE)) != SQLITE_OK) {
		store_fail(s, rc);
		return (-ERR_DB_WRITE);
	}
	s->stats.commits++;
	if (commit != NULL)
		list_append(&s->waiting, &commit->place);
	flush_soon(s);
	return (0);
}

int
store_barrier(struct store * s, struct store_commit * commit)
{
	if (s->read_only || s->closing)
		return (-ERR_DB_WRITE);
	if (s->begun || s->dirty || (s->unsynced && s->sync == NULL)) {
		list_append(&s->waiting, &commit->place);
		flush_soon(s);
	} else if (s->sync != NULL) {
		/* It answers for all that is written: nothing came since. */
		list_append(&s->syncing, &commit->place);
	} else {
		list_append(&s->passed, &commit->place);
		flush_soon(s);
	}
	return (0);
}

/* Those that callbacks add meanwhile wait for the next group. */
static void
finish(struct list * commits, int status)
{
	struct store_commit * commit;
	struct list now;

	list_init(&now);
	list_splice(&now, commits);
	while (!list_empty(&now)) {
		commit = list_entry(now.next, struct store_commit, place);
		list_remove(&commit->place);
		commit->done(commit, status);
	}
}

static void
tell_failure(struct store * s)
{
	finish(&s->waiting, -ERR_DB_WRITE);
	if (!s->told && s->failed != NULL) {
		s->told = true;
		s->failed(s->failed_user);
	}
}

/*
 * Write the open transaction to the log.  Copying the log into the file, when
 * it has grown enough, syncs the log first.
 */
static int
write_group(struct store * s)
{
	int rc = SQLITE_OK;

	if (s->open)
		rc = statement_run(s, S_COMMIT);
	if (rc != SQLITE_OK)
		return (rc);
	if (s->dirty && !s->memory && !s->unsynced) {
		s->unsynced = true;
		s->sync_by = clock_add(world_now(s->w), LAZY_MS);
	}
	s->open = s->dirty = false;
	list_splice(&s->syncing, &s->waiting);
	if (s->wal_pages < WAL_PAGES)
		return (SQLITE_OK);
	s->wal_pages = 0;
	s->stats.syncs += 2;
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	if (rc == SQLITE_OK)
		s->unsynced = false;
	return (rc);
}

void
store_synced(struct store * s, int rc)
{
	if (rc == SQLITE_OK)
		s->unsynced = false;
	else
		store_fail(s, rc);
	finish(&s->syncing, rc == SQLITE_OK ? 0 : -ERR_DB_WRITE);
	if (s->open || !list_empty(&s->waiting) ||
	    (s->read_only && !s->told))
		flush_soon(s);
}

/* What nobody waits for is synced with what others wait for, or later. */
static void
sync_written(struct store * s, bool wanted)
{
	uint64_t left = clock_sub(s->sync_by, world_now(s->w));

	if (!wanted && left > 0)
		(void)world_timer_start(s->w, &s->flush, left);
	else if (sync_start(s) != 0)
		store_synced(s, sync_now(s));
}

void
store_flush(struct world_timer * timer)
{
	struct store * s = list_entry(timer, struct store, flush);
	bool wanted;
	int rc;

	finish(&s->passed, 0);
	if (s->read_only) {
		tell_failure(s);
		return;
	}
	if (s->sync != NULL || s->begun)
		return;
	wanted = !list_empty(&s->waiting);
	rc = write_group(s);
	if (rc == SQLITE_OK && s->unsynced) {
		sync_written(s, wanted);
		return;
	}
	if (wanted || rc != SQLITE_OK)
		store_synced(s, rc);
}

void
store_drain(struct store * s)
{
	int rc = SQLITE_OK;

	store_rollback(s);
	finish(&s->passed, 0);
	if (s->sync != NULL)
		rc = sync_join(s);
	if (rc == SQLITE_OK && !s->read_only)
		rc = write_group(s);
	if (rc == SQLITE_OK && s->unsynced &&
	    (!s->read_only || !list_empty(&s->syncing)))
		rc = sync_now(s);
	if (rc != SQLITE_OK)
		store_fail(s, rc);
	finish(&s->syncing, rc == SQLITE_OK ? 0 : -ERR_DB_WRITE);
	finish(&s->waiting, -ERR_DB_WRITE);
}
