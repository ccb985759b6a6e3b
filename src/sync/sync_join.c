/*
 * From blocks to joined entries: checked by workers in batches, then one
 * transaction a batch; the owner hears of it when it is durable.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "sync/sync_impl.h"

/* --- checking ------------------------------------------------------------ */

static void
batch_free(struct sync_batch * b)
{
	list_remove(&b->place);
	buffer_free(&b->address);
	crypto_wipe(&b->identity, sizeof(b->identity));
	free(b);
}

/* On a worker: touches nothing but the batch. */
static void
check(struct world_work * work)
{
	struct sync_batch * b = (struct sync_batch *)(void *)work;
	struct list *place, *following;
	struct sync_item * item;

	list_each(place, following, &b->items) {
		item = list_entry(place, struct sync_item, place);
		item->status = entry_check(&b->identity,
		    buffer_all(&b->address), &item->cid,
		    buffer_all(&item->block));
	}
}

/* The items of a batch whose log is gone stand in no map any more. */
static void
orphans_free(struct sync_batch * b)
{
	struct list *place, *following;
	struct sync_item * item;

	list_each(place, following, &b->items) {
		item = list_entry(place, struct sync_item, place);
		list_remove(&item->place);
		buffer_free(&item->block);
		free(item);
	}
}

/* --- joining ------------------------------------------------------------- */

/* The transaction failed: nothing of it holds, and more would fail too. */
static void
undo(struct sync_log * l)
{
	log_forget(l->log);
	sync_soon(l->s);
	l->paused_until = clock_add(world_now(l->s->world), SYNC_RETRY_MS);
	l->overflow = true;
	if (l->s->handler.undone != NULL)
		l->s->handler.undone(l->s->user, l->log);
}

static void
durable(struct store_commit * commit, int status)
{
	struct sync_commit * c = (struct sync_commit *)(void *)commit;
	struct sync_log * l = c->l;
	uint64_t arrivals = c->arrivals;
	unsigned joined = c->joined;

	list_remove(&c->place);
	free(c);
	if (l == NULL)
		return;
	if (status != 0)
		undo(l);
	else if (joined > 0 && l->s->handler.joined != NULL)
		l->s->handler.joined(l->s->user, l->log, arrivals);
}

/* End the transaction that joined so many. */
static int
commit(struct sync_log * l, unsigned joined)
{
	struct sync_commit * c;
	int status;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		store_rollback(l->s->store);
		return (-ERR_INTERNAL);
	}
	c->commit.done = durable;
	c->l = l;
	c->joined = joined;
	c->arrivals = log_arrivals(l->log);
	list_append(&l->commits, &c->place);
	if ((status = store_commit(l->s->store, &c->commit)) != 0) {
		list_remove(&c->place);
		free(c);
	}
	return (status);
}

static int
receive_all(struct sync_log * l, struct list * items)
{
	struct list *place, *following;
	struct sync_item * item;
	int status;

	list_each(place, following, items) {
		item = list_entry(place, struct sync_item, place);
		status = log_receive(l->log, &item->cid,
		    buffer_all(&item->block));
		if (status < 0)
			return (status);
	}
	return (0);
}

/* Take the entries, and join what is ready, in one transaction. */
static int
join(struct sync_log * l, struct list * items)
{
	struct store * s = l->s->store;
	int status;

	if ((status = store_begin(s)) != 0)
		return (status);
	if ((status = receive_all(l, items)) != 0 ||
	    (status = log_settle(l->log, SYNC_JOIN)) < 0) {
		store_rollback(s);
		return (status);
	}
	if (status > 0)
		l->quiet = 0;
	return (commit(l, (unsigned)status));
}

/* Ask for what the entry names and we lack. */
static void
want_links(struct sync_log * l, struct slice block)
{
	struct entry e = {0};
	size_t i;

	if (entry_decode(&e, block) != 0)
		return;
	for (i = 0; i < e.n_next; i++)
		sync_fetch_want(l, &e.next[i]);
	for (i = 0; i < e.n_refs; i++)
		sync_fetch_want(l, &e.refs[i]);
	entry_free(&e);
}

static uint64_t
refused(struct sync_log * l)
{
	struct log_status status;

	log_status(l->log, &status);
	return (status.refused);
}

/*
 * The items are in the log: whoever wants them of us gets them.  Some are not,
 * when the log had no room: what they name is not asked for.  When nothing was
 * joined, they are fetched again.
 */
static void
finish_items(struct sync_log * l, struct list * items, bool joined, bool all)
{
	struct list *place, *following;
	struct sync_item * item;

	/* Of the dropped there may be parents of those that were kept. */
	l->overflow |= joined && !all;
	list_each(place, following, items) {
		item = list_entry(place, struct sync_item, place);
		if (!joined) {
			sync_item_again(item);
			continue;
		}
		if (all || log_has(l->log, &item->cid)) {
			want_links(l, buffer_all(&item->block));
			bitswap_have(l->s->bitswap, &item->cid,
			    buffer_all(&item->block));
		}
		sync_item_free(item);
	}
}

static void
drop_bad(struct list * items)
{
	struct list *place, *following;
	struct sync_item * item;

	list_each(place, following, items) {
		item = list_entry(place, struct sync_item, place);
		/* Without memory nothing is known of it. */
		if (item->status == -ERR_INTERNAL)
			sync_item_free(item);
		else if (item->status != 0)
			sync_item_bad(item);
	}
}

static void start_batch(struct sync_log * l);

/* Nothing is taken now: a transaction failed a moment ago, or for good. */
static bool
is_paused(const struct sync_log * l)
{
	return (store_read_only(l->s->store) ||
	    world_now(l->s->world) < l->paused_until);
}

static void
checked(struct world_work * work)
{
	struct sync_batch * b = (struct sync_batch *)(void *)work;
	struct sync_log * l = b->l;
	uint64_t before;
	int status;

	if (l == NULL) {
		orphans_free(b);
		batch_free(b);
		return;
	}
	l->batch = NULL;
	drop_bad(&b->items);
	if (is_paused(l)) {
		finish_items(l, &b->items, false, false);
		batch_free(b);
		sync_soon(l->s);
		return;
	}
	/* The worker checks the next ones while these are joined. */
	if (!list_empty(&l->came))
		start_batch(l);
	before = refused(l);
	status = list_empty(&b->items) ? 0 : join(l, &b->items);
	finish_items(l, &b->items, status == 0, refused(l) == before);
	batch_free(b);
	sync_soon(l->s);
	if (status != 0)
		undo(l);
}

static void
start_batch(struct sync_log * l)
{
	struct sync_batch * b;
	struct sync_item * item;
	unsigned n;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return;
	list_init(&b->items);
	list_init(&b->place);
	b->work = (struct world_work){.run = check, .done = checked};
	b->l = l;
	/* A worker needs no secret. */
	log_identity_from_public(&b->identity, log_identity_of(l->log)->pub);
	buffer_slice(&b->address, log_address_of(l->log));
	for (n = 0; n < SYNC_BATCH && !list_empty(&l->came); n++) {
		item = list_entry(l->came.next, struct sync_item, place);
		list_remove(&item->place);
		item->state = SYNC_CHECKING;
		list_append(&b->items, &item->place);
	}
	l->batch = b;
	if (!b->address.failed && world_work(l->s->world, &b->work) == 0)
		return;
	l->batch = NULL;
	finish_items(l, &b->items, false, false);
	l->overflow = true;
	batch_free(b);
}

/* All that was under way is here: whom do we know to lack something? */
static void
consider_peers(struct sync_log * l)
{
	struct list *place, *following;
	struct sync_peer * p;

	list_each(place, following, &l->peers) {
		p = list_entry(place, struct sync_peer, place);
		if (p->reply)
			sync_consider_reply(l, p);
	}
}

void
sync_join_turn(struct sync_log * l)
{
	struct list none;

	if (store_read_only(l->s->store)) {
		/* Never to be written: it would only fill memory. */
		sync_fetch_free(l);
		consider_peers(l);
		return;
	}
	if (is_paused(l))
		return;
	if (l->batch == NULL && !list_empty(&l->came))
		start_batch(l);
	/* What one transaction left goes into another. */
	if (l->batch == NULL && list_empty(&l->came) && log_ready(l->log)) {
		list_init(&none);
		if (join(l, &none) != 0)
			undo(l);
		sync_soon(l->s);
		return;
	}
	if (!sync_fetch_idle(l))
		return;
	if (l->overflow)
		sync_fetch_missing(l);
	else
		consider_peers(l);
}

void
sync_join_free(struct sync_log * l)
{
	struct list *place, *following;
	struct sync_item * item;
	struct sync_commit * c;

	list_each(place, following, &l->commits) {
		c = list_entry(place, struct sync_commit, place);
		c->l = NULL;
		list_remove(&c->place);
	}
	if (l->batch == NULL)
		return;
	list_each(place, following, &l->batch->items) {
		item = list_entry(place, struct sync_item, place);
		(void)map_remove(&l->s->items, cid_slice(&item->cid));
		budget_give(&l->s->unverified, item->block.n);
	}
	l->batch->l = NULL;
	l->batch = NULL;
}
