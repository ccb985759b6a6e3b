/*
 * Nothing leaves that names an entry which a power cut could take: its message
 * key would be used again.  Heads are taken at a moment and sent when all that
 * was written before that moment is on disk.  Blocks need no such care: of an
 * entry of ours that is not durable nobody knows the CID, as only our heads
 * could name it.
 *
 * After a failed sync the store still reads what may be lost; so what is sent
 * then are the heads that passed last.
 */
#include <stdlib.h>

#include "base/error.h"
#include "sync/sync_impl.h"

/* Do the heads that passed stand for all that there is? */
static bool
is_durable(const struct sync_log * l, const struct cid * heads, size_t n)
{
	size_t i;

	if (l->durable == NULL || n != l->n_durable)
		return (false);
	for (i = 0; i < n; i++)
		if (!cid_equal(&heads[i], &l->durable[i]))
			return (false);
	return (true);
}

static bool
is_due(const struct sync_log * l)
{
	struct list *place, *following;

	if (l->announce && !list_empty(&l->peers))
		return (true);
	list_each(place, following, &l->peers)
		if (list_entry(place, struct sync_peer, place)->due)
			return (true);
	return (false);
}

/* What is due from now on waits for the next barrier. */
static void
mark(struct sync_log * l)
{
	struct list *place, *following;
	struct sync_peer * p;

	l->announcing |= l->announce && !list_empty(&l->peers);
	if (l->announcing)
		l->announce = false;
	list_each(place, following, &l->peers) {
		p = list_entry(place, struct sync_peer, place);
		p->telling |= p->due;
		p->due = false;
	}
}

/* Send what was marked. */
static void
send_marked(struct sync_log * l)
{
	struct list *place, *following;
	struct sync_peer * p;

	if (l->announcing) {
		l->announcing = false;
		sync_publish(l, l->durable, l->n_durable);
	}
	list_each(place, following, &l->peers) {
		p = list_entry(place, struct sync_peer, place);
		if (!p->telling)
			continue;
		p->telling = false;
		sync_tell(l, p, l->durable, l->n_durable);
	}
}

static void
barrier_free(struct sync_barrier * b)
{
	free(b->heads);
	free(b);
}

static void
passed(struct store_commit * commit, int status)
{
	struct sync_barrier * b = (struct sync_barrier *)(void *)commit;
	struct sync_log * l = b->l;
	bool more;

	if (l == NULL)
		goto out;
	more = is_due(l);
	l->barrier = NULL;
	if (status == 0) {
		free(l->durable);
		l->durable = b->heads;
		l->n_durable = b->n;
		b->heads = NULL;
	}
	if (l->durable != NULL)
		send_marked(l);
	/* A store that fails changes what may be held. */
	if (more || status != 0)
		sync_soon(l->s);
out:
	barrier_free(b);
}

/* Takes the heads over. */
static int
start(struct sync_log * l, struct cid * heads, size_t n)
{
	struct sync_barrier * b;
	int status = -ERR_INTERNAL;

	if ((b = calloc(1, sizeof(*b))) == NULL) {
		free(heads);
		return (status);
	}
	*b = (struct sync_barrier){.commit.done = passed, .l = l,
	    .heads = heads, .n = n};
	if ((status = store_barrier(l->s->store, &b->commit)) != 0)
		barrier_free(b);
	else
		l->barrier = b;
	return (status);
}

void
sync_durable_send(struct sync_log * l)
{
	struct cid * heads;
	size_t n;

	if (l->barrier != NULL || (l->durable != NULL && !is_due(l)))
		return;
	if ((heads = sync_own_heads(l, &n)) == NULL)
		return;
	if (is_durable(l, heads, n) || store_read_only(l->s->store)) {
		free(heads);
		mark(l);
		if (l->durable != NULL)
			send_marked(l);
		return;
	}
	if (start(l, heads, n) == 0)
		mark(l);
}

void
sync_durable_free(struct sync_log * l)
{
	if (l->barrier != NULL)
		l->barrier->l = NULL;
	free(l->durable);
}
