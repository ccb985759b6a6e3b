/* Entries joined lately, so that an append or a join reads no blocks. */
#include <stdlib.h>

#include "log/log_impl.h"

static void
forget(struct log * log, struct log_recent * recent)
{
	if (recent->cid.n == 0)
		return;
	(void)map_remove(&log->recent_map, cid_slice(&recent->cid));
	free(recent->next);
	*recent = (struct log_recent){0};
}

void
log_recent_add(struct log * log, const struct cid * cid,
    const struct entry * e)
{
	struct log_recent * recent;
	struct cid * next = NULL;

	if (e->n_next > LOG_RECENT_NEXT || log_recent_get(log, cid) != NULL)
		return;
	/* Most logs of a server are quiet for long. */
	if (log->recent == NULL && (log->recent = calloc(LOG_RECENT,
	    sizeof(*log->recent))) == NULL)
		return;
	recent = &log->recent[log->recent_at];
	if (e->n_next > 0) {
		if ((next = calloc(e->n_next, sizeof(*next))) == NULL)
			return;
		memcpy(next, e->next, e->n_next * sizeof(*next));
	}
	forget(log, recent);
	if (map_set(&log->recent_map, cid_slice(cid), recent) != 0) {
		free(next);
		return;
	}
	*recent = (struct log_recent){*cid, e->time, e->n_next, next};
	log->recent_at = (log->recent_at + 1) % LOG_RECENT;
}

const struct log_recent *
log_recent_get(const struct log * log, const struct cid * cid)
{
	return (map_get(&log->recent_map, cid_slice(cid)));
}

void
log_recent_free(struct log * log)
{
	size_t i;

	for (i = 0; i < LOG_RECENT && log->recent != NULL; i++)
		forget(log, &log->recent[i]);
	free(log->recent);
	log->recent = NULL;
	map_free(&log->recent_map);
	log->recent_at = 0;
}
