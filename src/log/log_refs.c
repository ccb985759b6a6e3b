/*
 * Which entries a new one names.  Source: log spec §3.4 (go-ipfs-log
 * log.go:Append, getEveryPow2, traverse).
 */
#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

/* The walk from the heads: a stack, latest last. */
struct walk {
	struct log * log;
	struct log_head * stack;
	size_t n, size;
	struct map seen;
};

static int
walk_push(struct walk * w, uint64_t time, const struct cid * cid)
{
	size_t i, size = w->size == 0 ? 16 : w->size * 2;
	struct log_head * more;

	if (map_get(&w->seen, cid_slice(cid)) != NULL)
		return (0);
	if (w->n == w->size) {
		if ((more = realloc(w->stack, size * sizeof(*more))) == NULL)
			return (-ERR_INTERNAL);
		w->stack = more;
		w->size = size;
	}
	for (i = w->n; i > 0 && log_order(w->stack[i - 1].time,
	    &w->stack[i - 1].cid, time, cid) > 0; i--)
		w->stack[i] = w->stack[i - 1];
	w->stack[i] = (struct log_head){time, *cid};
	w->n++;
	return (map_set(&w->seen, cid_slice(cid), w));
}

/* Bring an entry into the cache; -ERR_NOT_FOUND if it is not of this log. */
static int
load(struct log * log, const struct cid * cid, struct log_item * item)
{
	int status;

	if ((status = log_find(log, cid, item)) != 0)
		return (status);
	if (item->join == 0) {
		log_item_free(item);
		return (-ERR_NOT_FOUND);
	}
	log_recent_add(log, cid, &item->entry);
	return (0);
}

static int
push_known(struct walk * w, const struct cid * cid)
{
	const struct log_recent * recent = log_recent_get(w->log, cid);
	struct log_item item = {0};
	uint64_t time;
	int status;

	if (recent != NULL)
		return (walk_push(w, recent->time, cid));
	if ((status = load(w->log, cid, &item)) != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	time = item.entry.time;
	log_item_free(&item);
	return (walk_push(w, time, cid));
}

/* Push what an entry names in next. */
static int
push_parents(struct walk * w, const struct cid * cid)
{
	const struct log_recent * recent = log_recent_get(w->log, cid);
	struct log_item item = {0};
	struct cid * next;
	size_t i, n;
	int status;

	if (recent != NULL) {
		n = recent->n_next;
		/* Pushing may turn the cache over. */
		if ((next = calloc(n + 1, sizeof(*next))) == NULL)
			return (-ERR_INTERNAL);
		if (n > 0)
			memcpy(next, recent->next, n * sizeof(*next));
	} else {
		if ((status = load(w->log, cid, &item)) != 0)
			return (status);
		next = item.entry.next;
		n = item.entry.n_next;
		item.entry.next = NULL;
		log_item_free(&item);
	}
	for (status = 0, i = 0; i < n && status == 0; i++)
		status = push_known(w, &next[i]);
	free(next);
	return (status);
}

/* The latest entries, at most max; *n says how many. */
static int
traverse(struct log * log, struct cid * all, size_t max, size_t * n)
{
	struct walk w = {.log = log};
	size_t i;
	int status = 0;

	*n = 0;
	for (i = log->n_heads; i > 0 && status == 0; i--)
		status = walk_push(&w, log->heads[i - 1].time,
		    &log->heads[i - 1].cid);
	while (status == 0 && w.n > 0 && *n < max) {
		all[(*n)++] = w.stack[--w.n].cid;
		if (*n < max)
			status = push_parents(&w, &all[*n - 1]);
	}
	map_free(&w.seen);
	free(w.stack);
	return (status);
}

static void
add_ref(const struct log * log, struct cid * refs, size_t * n,
    const struct cid * cid)
{
	size_t i;

	for (i = 0; i < log->n_heads; i++)
		if (cid_equal(&log->heads[i].cid, cid))
			return;
	for (i = 0; i < *n; i++)
		if (cid_equal(&refs[i], cid))
			return;
	refs[(*n)++] = *cid;
}

/* Every power of two back, and the oldest when few are there. */
static void
choose_refs(const struct log * log, const struct cid * all, size_t n_all,
    struct cid * refs, size_t * n)
{
	size_t reach = n_all < LOG_REFERENCES ? n_all : LOG_REFERENCES;
	size_t power;

	*n = 0;
	for (power = 1; power <= reach; power *= 2)
		add_ref(log, refs, n, &all[power - 1]);
	if (n_all > 0 && n_all < LOG_REFERENCES)
		add_ref(log, refs, n, &all[n_all - 1]);
}

int
log_links(struct log * log, struct cid ** next, size_t * n_next,
    struct cid ** refs, size_t * n_refs)
{
	size_t max = log->n_heads > LOG_REFERENCES ? log->n_heads :
	    LOG_REFERENCES;
	struct cid * all;
	size_t n_all, i;
	int status = -ERR_INTERNAL;

	if ((all = calloc(max, sizeof(*all))) == NULL)
		goto err0;
	if ((*next = calloc(log->n_heads + 1, sizeof(**next))) == NULL)
		goto err1;
	/* 1, 2, 4 … 64, and the last. */
	if ((*refs = calloc(8, sizeof(**refs))) == NULL)
		goto err2;
	if ((status = traverse(log, all, max, &n_all)) != 0)
		goto err3;
	for (i = 0; i < log->n_heads; i++)
		(*next)[i] = log->heads[log->n_heads - 1 - i].cid;
	*n_next = log->n_heads;
	choose_refs(log, all, n_all, *refs, n_refs);
	free(all);
	return (0);

err3:
	free(*refs);
err2:
	free(*next);
err1:
	free(all);
err0:
	return (status);
}
