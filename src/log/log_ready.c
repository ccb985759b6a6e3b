/* Entries that may be joined: a binary heap in causal order. */
#include <stdlib.h>

#include "base/error.h"
#include "log/log_impl.h"

static bool
before(const struct log_ready * a, const struct log_ready * b)
{
	return (log_order(a->time, &a->cid, b->time, &b->cid) < 0);
}

static void
swap(struct log_ready * a, struct log_ready * b)
{
	struct log_ready t = *a;

	*a = *b;
	*b = t;
}

int
log_ready_push(struct log * log, const struct log_ready * ready)
{
	size_t i, up, size = log->ready_size == 0 ? 16 : log->ready_size * 2;
	struct log_ready * more;

	if (log->n_ready == log->ready_size) {
		if ((more = realloc(log->ready, size * sizeof(*more))) == NULL)
			return (-ERR_INTERNAL);
		log->ready = more;
		log->ready_size = size;
	}
	log->ready[log->n_ready] = *ready;
	for (i = log->n_ready++; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!before(&log->ready[i], &log->ready[up]))
			break;
		swap(&log->ready[i], &log->ready[up]);
	}
	return (0);
}

struct log_ready
log_ready_pop(struct log * log)
{
	struct log_ready top = log->ready[0];
	size_t i = 0, least, n = --log->n_ready;

	log->ready[0] = log->ready[n];
	for (;;) {
		least = i;
		if (2 * i + 1 < n &&
		    before(&log->ready[2 * i + 1], &log->ready[least]))
			least = 2 * i + 1;
		if (2 * i + 2 < n &&
		    before(&log->ready[2 * i + 2], &log->ready[least]))
			least = 2 * i + 2;
		if (least == i)
			return (top);
		swap(&log->ready[i], &log->ready[least]);
		i = least;
	}
}
