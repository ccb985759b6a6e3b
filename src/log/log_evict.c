/*
 * Whoever may write in a log can sign entries whose parents are never given;
 * also a long chain of them, of which each is named as a parent by one that
 * waits, so that each is taken.  When too much waits, those go that have waited
 * longest.  As histories come newest first, these are the newest: what is left
 * reaches the beginning, is joined, and makes room for the rest, which is told
 * again.  Who catches up while a liar fills the log is evicted last.
 */
#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

/*
 * Parents whose children go at a time, as a share of the budget and at most;
 * times in a transaction; and parents for one entry that is let in.
 */
enum { EVICT_SHARE = 8, EVICT_PARENTS = 512, EVICT_TIMES = 16,
	EVICT_FOR_ONE = 16 };

/* A child goes: its block, and that it is here. */
static int
evict_child(struct log * log, const struct cid * cid)
{
	struct buffer value = {0};
	struct log_row row;
	struct slice block;
	uint64_t id;
	int status;

	if ((status = store_block_find(log->store, cid_slice(cid), &id)) != 0 ||
	    (status = log_row_read(log->store, id, &row, &value,
	        &block)) != 0)
		goto done;
	crypto_wipe(&row, sizeof(row));
	if ((status = store_block_delete(log->store, id)) != 0)
		goto done;
	log->waiting--;
	log->waiting_bytes -= block.n < log->waiting_bytes ? block.n :
	    log->waiting_bytes;
	log->evicted++;
	status = log_wait_gone(log, cid);
done:
	buffer_free(&value);
	return (status);
}

static int
evict_children(struct log * log, const struct cid * parent)
{
	struct log_child * children;
	size_t n, i;
	int status;

	status = log_wait_take(log, parent, &children, &n);
	for (i = 0; i < n && status == 0; i++)
		status = evict_child(log, &children[i].cid);
	free(children);
	return (status);
}

/* The parents that are waited for since longest: how many, or a code. */
static int
evict_some(struct log * log, uint64_t max)
{
	struct cid * parents = calloc(EVICT_PARENTS, sizeof(*parents));
	int i, n, status = 0;

	if (parents == NULL)
		return (-ERR_INTERNAL);
	n = log_wait_oldest(log, parents,
	    max < EVICT_PARENTS ? (int)max : EVICT_PARENTS);
	for (i = 0; i < n && status == 0; i++)
		status = evict_children(log, &parents[i]);
	free(parents);
	return (status != 0 ? status : n);
}

/* Would so many more, of so many bytes, be too much? */
static bool
is_full(const struct log * log, uint64_t entries, uint64_t bytes)
{
	return (log->waiting + entries > log->chain_max ||
	    log->waiting_bytes + bytes > log->chain_bytes_max);
}

bool
log_is_full(const struct log * log, const struct log_pending * p)
{
	return (is_full(log, 1, p->block.n));
}

int
log_evict(struct log * log)
{
	struct list *place, *following;
	struct log_pending * p;
	uint64_t entries = 0, bytes = 0;
	int n = 1, times;

	list_each(place, following, &log->pending) {
		p = list_entry(place, struct log_pending, place);
		entries += !p->ready;
		bytes += p->ready ? 0 : p->block.n;
	}
	for (times = 0; n > 0 && times < EVICT_TIMES &&
	     is_full(log, entries, bytes); times++)
		if ((n = evict_some(log,
		    log->chain_max / EVICT_SHARE + 1)) < 0)
			return (n);
	return (0);
}

static bool
has_room(const struct log * log, const struct log_pending * p)
{
	return (log->waiting < log->waiting_max &&
	    p->block.n <= log->waiting_bytes_max &&
	    log->waiting_bytes <= log->waiting_bytes_max - p->block.n);
}

int
log_evict_for(struct log * log, const struct log_pending * p)
{
	int i, n = 1;

	/* It would not fit if all the others went. */
	if (log->waiting_max == 0 || p->block.n > log->waiting_bytes_max)
		return (0);
	for (i = 0; i < EVICT_FOR_ONE && n > 0 && !has_room(log, p); i++)
		if ((n = evict_some(log, 1)) < 0)
			return (n);
	return (has_room(log, p));
}
