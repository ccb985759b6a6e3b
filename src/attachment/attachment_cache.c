/*
 * attachment_cache.c: what was fetched and nobody pinned: the one that was read
 * longest ago goes when there is too much.
 */
#include "attachment/attachments_impl.h"

static int
add_held(void * user, const struct attachment_register * r)
{
	uint64_t * sum = user;

	if (!r->pinned)
		*sum += r->held;
	return (0);
}

void
attachment_cache_count(struct attachments * a)
{
	uint64_t sum = 0;

	if (a->counted)
		return;
	if (attachment_register_each(a->store, add_held, &sum) != 0)
		return;
	budget_note(&a->cached, sum);
	a->counted = true;
}

struct oldest {
	struct attachments * a;
	struct cid cid;
	int64_t used;
};

static int
look_for_oldest(void * user, const struct attachment_register * r)
{
	struct oldest * oldest = user;

	if (r->pinned || r->id == 0 ||
	    (oldest->cid.n > 0 && r->used >= oldest->used) ||
	    attachment_reader_reads(oldest->a, &r->cid))
		return (0);
	oldest->cid = r->cid;
	oldest->used = r->used;
	return (0);
}

/* Free the oldest; false when there is none. */
static bool
free_oldest(struct attachments * a)
{
	struct oldest oldest = {.a = a};
	uint64_t held = 0;

	if (attachment_register_each(a->store, look_for_oldest, &oldest) != 0 ||
	    oldest.cid.n == 0 || store_begin(a->store) != 0)
		return (false);
	if (attachments_unpin(a, &oldest.cid, &held) != 0) {
		store_rollback(a->store);
		return (false);
	}
	if (store_commit(a->store, NULL) != 0)
		return (false);
	budget_give(&a->cached, held);
	attachment_blocks_sweep(a);
	return (true);
}

void
attachment_cache_trim(struct attachments * a)
{
	attachment_cache_count(a);
	/* To look at all again, for each block that comes, would take long. */
	while (!a->stuck && a->cached.used > a->cached.limit) {
		budget_refuse(&a->cached);
		a->stuck = !free_oldest(a);
	}
}
