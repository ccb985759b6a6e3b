/*
 * Fetching what is lacking: many blocks at a time, of the peers that announced
 * them.  What nobody has is left to bitswap, which asks again, and does not
 * hold up the rest.
 */
#include <stdlib.h>

#include "sync/sync_impl.h"

void
sync_item_free(struct sync_item * item)
{
	struct sync * s = item->l->s;

	(void)map_remove(&s->items, cid_slice(&item->cid));
	list_remove(&item->place);
	if (item->state == SYNC_CAME || item->state == SYNC_CHECKING)
		budget_give(&s->unverified, item->block.n);
	buffer_free(&item->block);
	free(item);
}

static struct sync_item *
item_new(struct sync_log * l, const struct cid * cid)
{
	struct sync_item * item;

	if ((item = calloc(1, sizeof(*item))) == NULL)
		return (NULL);
	item->l = l;
	item->cid = *cid;
	list_init(&item->place);
	if (map_set(&l->s->items, cid_slice(cid), item) != 0) {
		free(item);
		return (NULL);
	}
	return (item);
}

/* Leave the count of the list it is in. */
static void
leave(struct sync_item * item)
{
	struct sync_log * l = item->l;

	switch (item->state) {
	case SYNC_QUEUED:
		l->n_queued--;
		budget_give(&l->s->lacking, 1);
		break;
	case SYNC_ASKED:
		l->n_asked--;
		break;
	case SYNC_NOBODY:
		l->n_nobody--;
		break;
	case SYNC_BAD:
		l->n_bad--;
		break;
	case SYNC_CAME:
	case SYNC_CHECKING:
	default:
		break;
	}
	list_remove(&item->place);
}

/* It is to be asked for; it was counted as lacking. */
static void
enqueue(struct sync_item * item)
{
	item->state = SYNC_QUEUED;
	list_append(&item->l->queued, &item->place);
	item->l->n_queued++;
}

/* It was under way, so there is room for it. */
static void
enqueue_again(struct sync_item * item)
{
	struct budget * lacking = &item->l->s->lacking;

	leave(item);
	budget_note(lacking, lacking->used + 1);
	enqueue(item);
}

void
sync_fetch_want(struct sync_log * l, const struct cid * cid)
{
	struct sync * s = l->s;
	struct sync_item * item;

	if (store_read_only(s->store) || l->held ||
	    map_get(&s->items, cid_slice(cid)) != NULL || log_has(l->log, cid))
		return;
	if (!budget_allows(&s->log_lacking, l->n_queued, 1) ||
	    !budget_take_fair(&s->lacking, l->n_queued, 1)) {
		l->overflow = true;
		return;
	}
	if ((item = item_new(l, cid)) == NULL) {
		budget_give(&s->lacking, 1);
		return;
	}
	enqueue(item);
	sync_soon(s);
}

static int
want_missing(void * user, const struct cid * cid)
{
	struct sync_log * l = user;

	sync_fetch_want(l, cid);
	return (l->overflow);
}

void
sync_fetch_missing(struct sync_log * l)
{
	l->overflow = false;
	(void)log_missing(l->log, want_missing, l);
}

/* How many more blocks may be under way. */
static size_t
room(const struct sync_log * l)
{
	const struct sync * s = l->s;
	size_t most = SYNC_IN_FLIGHT_BYTES / (s->block_size + 1) + 1;

	if (most > SYNC_IN_FLIGHT)
		most = SYNC_IN_FLIGHT;
	if (s->unverified.used >= SYNC_UNVERIFIED / 2)
		return (0);
	return (l->n_asked < most ? most - l->n_asked : 0);
}

static size_t
connected_hints(const struct sync_log * l, struct peer_id * hints)
{
	size_t i, n = 0;

	for (i = 0; i < SYNC_HINTS; i++)
		if (l->hints[i].n > 0 &&
		    host_connected(l->s->host, &l->hints[i]))
			hints[n++] = l->hints[i];
	return (n);
}

void
sync_fetch_ask(struct sync_log * l)
{
	struct cid cids[SYNC_IN_FLIGHT];
	struct peer_id hints[SYNC_HINTS];
	size_t max = room(l), n = 0;
	struct sync_item * item;

	while (n < max && !list_empty(&l->queued)) {
		item = list_entry(l->queued.next, struct sync_item, place);
		leave(item);
		item->state = SYNC_ASKED;
		list_append(&l->asked, &item->place);
		budget_note(&l->s->log_asked, ++l->n_asked);
		cids[n++] = item->cid;
	}
	if (n > 0)
		(void)bitswap_want(l->s->bitswap, cids, n, hints,
		    connected_hints(l, hints));
}

/* A block is here, in whatever state the item was; its bytes were taken. */
static void
came(struct sync_item * item, struct slice block)
{
	struct sync_log * l = item->l;
	struct sync * s = l->s;

	leave(item);
	buffer_slice(&item->block, block);
	if (item->block.failed) {
		budget_give(&s->unverified, block.n);
		sync_item_free(item);
		l->overflow = true;
		return;
	}
	item->state = SYNC_CAME;
	s->block_size = (s->block_size * 7 + block.n) / 8;
	s->stats.entries_received++;
	list_append(&l->came, &item->place);
	sync_soon(s);
}

void
sync_fetch_came(struct sync * s, const struct cid * cid, struct slice block,
    const struct peer_id * from)
{
	struct sync_item * item = map_get(&s->items, cid_slice(cid));

	if (item == NULL ||
	    (item->state != SYNC_ASKED && item->state != SYNC_NOBODY))
		return;
	sync_hint(item->l, from);
	if (block.n > ENTRY_MAX) {
		sync_item_bad(item);
		return;
	}
	/* No room to hold it: asked for again when there is. */
	if (!budget_take(&s->unverified, block.n))
		enqueue_again(item);
	else
		came(item, block);
}

void
sync_fetch_given(struct sync_log * l, const struct cid * cid,
    struct slice block)
{
	struct sync_item * item = map_get(&l->s->items, cid_slice(cid));

	if (store_read_only(l->s->store) || l->held)
		return;
	if (item != NULL && (item->l != l || item->state == SYNC_CAME ||
	    item->state == SYNC_CHECKING || item->state == SYNC_BAD))
		return;
	if (!budget_take(&l->s->unverified, block.n)) {
		sync_fetch_want(l, cid);
		return;
	}
	if (item == NULL && (item = item_new(l, cid)) != NULL)
		item->state = SYNC_CAME;
	else if (item != NULL && item->state != SYNC_QUEUED)
		bitswap_cancel(l->s->bitswap, cid, 1);
	if (item == NULL)
		budget_give(&l->s->unverified, block.n);
	else
		came(item, block);
}

void
sync_fetch_nobody(struct sync * s, const struct cid * cid)
{
	struct sync_item * item = map_get(&s->items, cid_slice(cid));
	struct sync_log * l;

	if (item == NULL || item->state != SYNC_ASKED)
		return;
	l = item->l;
	leave(item);
	if (!budget_allows(&s->log_nobody, l->n_nobody, 1)) {
		/* Asked for again at once, it would go round for ever. */
		bitswap_cancel(s->bitswap, cid, 1);
		sync_item_free(item);
		l->later = true;
	} else {
		item->state = SYNC_NOBODY;
		list_append(&l->nobody, &item->place);
		l->n_nobody++;
	}
	sync_soon(s);
}

void
sync_item_bad(struct sync_item * item)
{
	struct sync_log * l = item->l;
	struct sync_item * oldest;

	l->s->stats.entries_refused++;
	if (item->state == SYNC_CAME || item->state == SYNC_CHECKING)
		budget_give(&l->s->unverified, item->block.n);
	leave(item);
	buffer_free(&item->block);
	item->state = SYNC_BAD;
	list_append(&l->bad, &item->place);
	if (budget_allows(&l->s->log_bad, l->n_bad++, 1))
		return;
	oldest = list_entry(l->bad.next, struct sync_item, place);
	leave(oldest);
	sync_item_free(oldest);
}

void
sync_item_again(struct sync_item * item)
{
	struct sync_log * l = item->l;

	budget_give(&l->s->unverified, item->block.n);
	buffer_free(&item->block);
	enqueue_again(item);
}

bool
sync_fetch_idle(const struct sync_log * l)
{
	return (l->n_queued == 0 && l->n_asked == 0 && list_empty(&l->came) &&
	    l->batch == NULL);
}

static void
free_list(struct sync_log * l, struct list * items, bool wanted)
{
	struct sync_item * item;

	while (!list_empty(items)) {
		item = list_entry(items->next, struct sync_item, place);
		if (wanted)
			bitswap_cancel(l->s->bitswap, &item->cid, 1);
		sync_item_free(item);
	}
}

void
sync_fetch_drop(struct sync_log * l)
{
	budget_give(&l->s->lacking, l->n_queued);
	free_list(l, &l->queued, false);
	free_list(l, &l->asked, true);
	free_list(l, &l->nobody, true);
	free_list(l, &l->came, false);
	l->n_queued = l->n_asked = l->n_nobody = 0;
}

void
sync_fetch_free(struct sync_log * l)
{
	sync_fetch_drop(l);
	free_list(l, &l->bad, false);
	l->n_bad = 0;
}
