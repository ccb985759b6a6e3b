/*
 * Transactions in groups.  Each call's transaction is a savepoint in one SQLite
 * transaction, which is committed (written, not synced) when no sync is in
 * flight; then one sync, on a worker, serves all calls in it, while the next
 * calls gather in the next SQLite transaction.
 */
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
	if (s->sync == NULL && !s->flush.armed)
		(void)world_timer_start(s->w, &s->flush, 0);
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
 * it has grown enough, syncs the log first: *synced says that it happened.
 */
static int
write_group(struct store * s, bool * synced)
{
	int rc;

	*synced = s->memory;
	if ((rc = statement_run(s, S_COMMIT)) != SQLITE_OK)
		return (rc);
	s->open = false;
	list_splice(&s->syncing, &s->waiting);
	if (s->wal_pages < WAL_PAGES)
		return (SQLITE_OK);
	s->wal_pages = 0;
	*synced = true;
	s->stats.syncs += 2;
	return (sqlite3_wal_checkpoint_v2(s->db, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
}

void
store_synced(struct store * s, int rc)
{
	if (rc != SQLITE_OK)
		store_fail(s, rc);
	finish(&s->syncing, rc == SQLITE_OK ? 0 : -ERR_DB_WRITE);
	if (s->open || (s->read_only && !s->told))
		(void)world_timer_start(s->w, &s->flush, 0);
}

void
store_flush(struct world_timer * timer)
{
	struct store * s = list_entry(timer, struct store, flush);
	bool synced;
	int rc;

	if (s->read_only) {
		tell_failure(s);
		return;
	}
	if (s->sync != NULL || s->begun || !s->open)
		return;
	rc = write_group(s, &synced);
	if (rc == SQLITE_OK && !synced && sync_start(s) == 0)
		return;
	if (rc == SQLITE_OK && !synced)
		rc = sync_now(s);
	store_synced(s, rc);
}

void
store_drain(struct store * s)
{
	bool synced = false;
	int rc = SQLITE_OK;

	store_rollback(s);
	if (s->sync != NULL)
		rc = sync_join(s);
	if (rc == SQLITE_OK && s->open && !s->read_only)
		rc = write_group(s, &synced);
	if (rc == SQLITE_OK && !synced && !s->memory &&
	    (!s->read_only || !list_empty(&s->syncing)))
		rc = sync_now(s);
	if (rc != SQLITE_OK)
		store_fail(s, rc);
	finish(&s->syncing, rc == SQLITE_OK ? 0 : -ERR_DB_WRITE);
	finish(&s->waiting, -ERR_DB_WRITE);
}
