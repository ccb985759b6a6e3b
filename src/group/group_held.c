/* group_held.c: events that were held until their device was announced. */
#include "group/group_impl.h"

/* Events that one walk takes. */
#define HELD_MAX 64

struct held {
	unsigned n, max;
	struct cid cids[HELD_MAX];
};

static int
collect(void * user, struct slice value)
{
	struct held * h = user;

	if (h->n == h->max)
		return (1);
	return (cid_parse(&h->cids[h->n++], value) == 0 ? 0 : -ERR_DB_READ);
}

static int
deliver(struct group * g, const struct cid * cid)
{
	int status = log_deliver(g->metadata, cid, NULL, 0);

	/* An earlier version listed it before its device was announced. */
	if (status != 0 && status != -ERR_INVALID_INPUT)
		return (status);
	return (store_delete(g->context.store, STORE_PARKED, g->todo,
	    cid_slice(cid)));
}

int
group_deliver_held(struct group * g, unsigned max)
{
	struct held h = {.max = max < HELD_MAX ? max : HELD_MAX};
	unsigned i;
	int status;

	status = store_each(g->context.store, STORE_PARKED, g->todo, collect,
	    &h);
	if (status < 0)
		return (status);
	for (i = 0, status = 0; i < h.n && status == 0; i++)
		status = deliver(g, &h.cids[i]);
	return (status);
}
