/* The peers of a log's topic. */
#include <stdlib.h>

#include "sync/sync_impl.h"

struct sync_peer *
sync_peer_find(struct sync_log * l, const struct peer_id * id)
{
	struct list *place, *following;
	struct sync_peer * p;

	list_each(place, following, &l->peers) {
		p = list_entry(place, struct sync_peer, place);
		if (peer_id_equal(&p->id, id))
			return (p);
	}
	return (NULL);
}

void
sync_peer_joined(struct sync_log * l, const struct peer_id * id)
{
	struct sync_peer * p = sync_peer_find(l, id);

	if (p == NULL) {
		if ((p = calloc(1, sizeof(*p))) == NULL)
			return;
		p->id = *id;
		list_append(&l->peers, &p->place);
		l->s->early_due = true;
		if (l->s->handler.peer != NULL)
			l->s->handler.peer(l->s->user, l->log, id, true);
	}
	p->due = true;
	l->quiet = 0;
	sync_soon(l->s);
}

static void
peer_free(struct sync_peer * p)
{
	list_remove(&p->place);
	free(p);
}

void
sync_peer_left(struct sync_log * l, const struct peer_id * id)
{
	struct sync_peer * p = sync_peer_find(l, id);

	if (p == NULL)
		return;
	peer_free(p);
	if (l->s->handler.peer != NULL)
		l->s->handler.peer(l->s->user, l->log, id, false);
}

void
sync_peer_free_all(struct sync_log * l)
{
	while (!list_empty(&l->peers))
		peer_free(list_entry(l->peers.next, struct sync_peer, place));
}

void
sync_hint(struct sync_log * l, const struct peer_id * id)
{
	struct peer_id kept = *id, next;
	size_t i;

	for (i = 0; i < SYNC_HINTS; i++) {
		next = l->hints[i];
		l->hints[i] = kept;
		if (next.n == 0 || peer_id_equal(&next, id))
			return;
		kept = next;
	}
}
