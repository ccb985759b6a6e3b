/*
 * replication_append.c: what the replica is told of a group's entries, and has
 * of them already.
 *
 * Entries are told in the order of their arrival here.  A replica of our own
 * remembers how many it was told of; with a shared one this store remembers,
 * beside the number up to which it has read what others told.
 */
#include <stdlib.h>

#include "services/replication_impl.h"

/* STORE_GROUP, 0, by the group's id: told and after, of both logs. */
enum { CURSOR_SIZE = 2 * REPLICA_LOGS * 8 };

/* --- cursors -------------------------------------------------------------- */

static int
read_cursor(struct replicated * g)
{
	struct buffer kept = {0};
	struct reader r;
	int rc;
	size_t i;

	/* What was counted of a page that was taken back does not count. */
	memset(g->told, 0, sizeof(g->told));
	memset(g->after, 0, sizeof(g->after));
	rc = store_get(g->s->store, STORE_GROUP, 0,
	    slice_of(g->row.id, REPLICA_ID), &kept);
	if (rc == 0 && kept.n == CURSOR_SIZE) {
		r = reader_of(buffer_all(&kept));
		for (i = 0; i < REPLICA_LOGS; i++) {
			g->told[i] = reader_be64(&r);
			g->after[i] = reader_be64(&r);
		}
	}
	buffer_free(&kept);
	return (rc == -ERR_NOT_FOUND ? 0 : rc);
}

/* Inside a transaction. */
static int
write_cursor(struct replicated * g)
{
	struct buffer row = {0};
	int rc;
	size_t i;

	for (i = 0; i < REPLICA_LOGS; i++) {
		buffer_be64(&row, g->told[i]);
		buffer_be64(&row, g->after[i]);
	}
	rc = row.failed ? -ERR_INTERNAL : store_put(g->s->store, STORE_GROUP,
	    0, slice_of(g->row.id, REPLICA_ID), buffer_all(&row));
	buffer_free(&row);
	return (rc);
}

/* Lost, it costs that some entries are told twice. */
static void
keep_cursor(struct replicated * g)
{
	struct store * store = g->s->store;

	if (store_begin(store) != 0)
		return;
	if (write_cursor(g) == 0)
		(void)store_commit(store, NULL);
	else
		store_rollback(store);
}

/* --- telling -------------------------------------------------------------- */

static void
set_full(struct replicated * g, bool full)
{
	size_t i;

	if (g->full == full)
		return;
	g->full = full;
	log_warn(g->s->w->log, "replication", full ?
	    "a group has used up the quota of its tokens: nothing more of it "
	    "is taken" : "a group has room again");
	for (i = 0; i < REPLICA_LOGS; i++)
		if (g->synced[i] != NULL)
			sync_hold(g->synced[i], full);
}

static void
again_later(struct replicated * g)
{
	if (!g->s->soon.armed)
		(void)world_timer_start(g->s->w, &g->s->soon,
		    REPLICATION_RETRY_MS);
}

static void
appended(struct replication_wait * wait, int status)
{
	struct replicated * g = wait->g;
	unsigned log = wait->r.log;

	g->busy[log] = false;
	if (status == -ERR_NOT_FOUND) {
		log_warn(g->s->w->log, "replication",
		    "another server leads a group now");
		replication_group_free(g);
		return;
	}
	if (status != 0) {
		g->due[log] = true;
		again_later(g);
		return;
	}
	g->told[log] = wait->upto;
	if (g->bytes < wait->r.group.bytes)
		g->bytes = wait->r.group.bytes;
	if (g->s->replica->shared)
		keep_cursor(g);
	set_full(g, wait->r.room == 0);
	if (g->told[log] < g->visible[log])
		g->due[log] = true;
	/* The other log waited, as both count the same bytes. */
	replication_append(g, 1 - log);
	replication_append(g, log);
}

static int
add_entry(struct replication_wait * wait, const struct log_item * item)
{
	struct replica_entry * e = &wait->append[wait->r.n_append++];

	e->cid.n = item->cid.n;
	memcpy(e->cid.bytes, item->cid.bytes, item->cid.n);
	e->block.n = item->block.n;
	buffer_slice(&wait->blocks, buffer_all(&item->block));
	return (wait->blocks.failed ? -ERR_INTERNAL : 0);
}

/* Count the entries from `told` on; with a shared replica take them along. */
static int
gather(struct replicated * g, struct replication_wait * wait)
{
	bool shared = g->s->replica->shared;
	uint64_t most = shared ? REPLICA_ENTRIES_MAX : REPLICATION_COUNT_MAX;
	struct log * log = g->logs[wait->r.log];
	struct log_item item;
	int rc;

	wait->upto = g->told[wait->r.log];
	wait->r.group.bytes = g->bytes;
	if (shared && (wait->append = calloc((size_t)most,
	    sizeof(*wait->append))) == NULL)
		return (-ERR_INTERNAL);
	while (most-- > 0 && wait->upto < g->visible[wait->r.log]) {
		rc = log_at_arrival(log, wait->upto + 1, &item);
		if (rc != 0)
			return (rc);
		if (shared && wait->r.n_append > 0 && wait->blocks.n +
		    item.block.n > REPLICA_BYTES_MAX) {
			log_item_free(&item);
			break;
		}
		rc = shared ? add_entry(wait, &item) : 0;
		wait->r.group.bytes += item.block.n;
		log_item_free(&item);
		if (rc != 0)
			return (rc);
		wait->upto++;
	}
	return (0);
}

static void
point_at_blocks(struct replication_wait * wait)
{
	size_t i, at = 0;

	for (i = 0; i < wait->r.n_append; i++) {
		wait->append[i].block.p = wait->blocks.p + at;
		at += wait->append[i].block.n;
	}
	wait->r.append = wait->append;
}

static void
name_head(struct replicated * g, struct replication_wait * wait)
{
	struct replica_cid * to = &wait->r.group.head[wait->r.log];
	struct cid head;

	to->n = 0;
	if (log_heads(g->logs[wait->r.log], &head, 1) == 0)
		return;
	to->n = head.n;
	memcpy(to->bytes, head.bytes, head.n);
}

void
replication_append(struct replicated * g, unsigned log)
{
	struct replication_wait * wait;

	if (!g->due[log] || g->busy[0] || g->busy[1] || g->broken ||
	    g->synced[log] == NULL)
		return;
	wait = replication_wait_new(g->s, REPLICA_APPEND, appended);
	if (wait == NULL) {
		again_later(g);
		return;
	}
	wait->g = g;
	wait->of_group = true;
	wait->r.group = g->row;
	wait->r.log = log;
	if (gather(g, wait) != 0) {
		replication_wait_free(wait);
		again_later(g);
		return;
	}
	point_at_blocks(wait);
	name_head(g, wait);
	wait->r.group.entries[log] = wait->upto;
	g->due[log] = false;
	g->busy[log] = replication_wait_send(wait) == 0;
	if (!g->busy[log]) {
		g->due[log] = true;
		again_later(g);
	}
}

/* --- reading what others told --------------------------------------------- */

static void read_page(struct replicated * g, unsigned log,
    void (*loaded)(struct replicated * g, int status));

static int
take_page(struct replicated * g, const struct replica_request * r)
{
	struct log * log = g->logs[r->log];
	struct cid cid;
	size_t i;
	int rc;

	for (i = 0; i < r->n_entries; i++) {
		if (cid_parse(&cid, slice_of(r->entries[i].cid.bytes,
		    r->entries[i].cid.n)) != 0)
			return (-ERR_DB_READ);
		/* Nobody's word is taken for an entry, the database's neither. */
		if (entry_check(log_identity_of(log), log_address_of(log),
		    &cid, r->entries[i].block) == 0 &&
		    (rc = log_receive(log, &cid, r->entries[i].block)) < 0)
			return (rc);
		g->after[r->log] = r->entries[i].number;
	}
	do
		rc = log_settle(log, REPLICA_ENTRIES_MAX);
	while (rc > 0 && log_ready(log));
	return (rc < 0 ? rc : 0);
}

static int
keep_page(struct replicated * g, const struct replica_request * r)
{
	uint64_t had = log_arrivals(g->logs[r->log]);
	bool all_told = g->told[r->log] == had;
	struct store * store = g->s->store;
	int rc;

	if ((rc = store_begin(store)) != 0)
		return (rc);
	if ((rc = take_page(g, r)) == 0) {
		g->visible[r->log] = log_arrivals(g->logs[r->log]);
		if (all_told)
			g->told[r->log] = g->visible[r->log];
		rc = write_cursor(g);
	}
	if (rc == 0)
		return (store_commit(store, NULL));
	store_rollback(store);
	log_forget(g->logs[r->log]);
	return (rc);
}

static void
page_came(struct replication_wait * wait, int status)
{
	void (*then)(struct replicated * g, int status) = wait->loaded;
	struct replicated * g = wait->g;
	unsigned log = wait->r.log;

	if (status == 0 && wait->r.n_entries > 0 &&
	    (status = keep_page(g, &wait->r)) == 0)
		read_page(g, log, then);
	else if (status == 0 && log + 1 < REPLICA_LOGS)
		read_page(g, log + 1, then);
	else
		then(g, status);
}

static void
read_page(struct replicated * g, unsigned log,
    void (*loaded)(struct replicated * g, int status))
{
	struct replication_wait * wait;

	wait = replication_wait_new(g->s, REPLICA_READ, page_came);
	if (wait == NULL) {
		loaded(g, -ERR_INTERNAL);
		return;
	}
	wait->g = g;
	wait->of_group = true;
	wait->r.group = g->row;
	wait->r.log = log;
	wait->r.after = g->after[log];
	wait->r.max = REPLICA_ENTRIES_MAX;
	wait->loaded = loaded;
	if (replication_wait_send(wait) != 0)
		loaded(g, -ERR_INTERNAL);
}

void
replication_load(struct replicated * g,
    void (*loaded)(struct replicated * g, int status))
{
	size_t i;

	if (g->s->replica->shared) {
		if (read_cursor(g) != 0)
			loaded(g, -ERR_DB_READ);
		else
			read_page(g, 0, loaded);
		return;
	}
	for (i = 0; i < REPLICA_LOGS; i++)
		g->told[i] = g->row.entries[i] < g->visible[i] ?
		    g->row.entries[i] : g->visible[i];
	loaded(g, 0);
}
