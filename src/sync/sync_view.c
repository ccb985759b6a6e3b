/* sync_view.c: how far a log has come, for people to look at. */
#include "sync/sync_impl.h"

static uint64_t
length(const struct list * items)
{
	const struct list * at;
	uint64_t n = 0;

	for (at = items->next; at != items; at = at->next)
		n++;
	return (n);
}

void
sync_progress(const struct sync_log * l, struct sync_progress * progress)
{
	struct log_status status;

	log_status(l->log, &status);
	progress->joined = status.joined;
	progress->held = status.waiting + length(&l->came);
	if (l->batch != NULL)
		progress->held += length(&l->batch->items);
	progress->wanted = l->n_queued + l->n_asked + l->n_nobody;
}
