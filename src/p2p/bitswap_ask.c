/* bitswap_ask.c: where a want stands with a peer, and its want-list of us. */
#include <stdlib.h>

#include "base/clock.h"
#include "p2p/bitswap_private.h"

struct swap_ask *
bitswap_ask_find(const struct swap_want * w, const struct swap_peer * p)
{
	const struct list * place;

	for (place = w->asks.next; place != &w->asks; place = place->next) {
		struct swap_ask * a =
		    list_entry(place, struct swap_ask, in_want);

		if (a->peer == p)
			return (a);
	}
	return (NULL);
}

void
bitswap_ask_unlist(struct swap_ask * a)
{
	if (a->listed)
		a->peer->n_listed--;
	a->listed = false;
}

void
bitswap_ask_free(struct swap_ask * a)
{
	bitswap_ask_unlist(a);
	list_remove(&a->waiting);
	list_remove(&a->in_want);
	list_remove(&a->in_peer);
	free(a);
}

void
bitswap_ask_entry(struct swap_ask * a, bool cancel)
{
	struct swap_peer * p = a->peer;
	struct bitswap * b = p->b;
	struct bitswap_entry e = {
	    .cid = a->want->cid,
	    .priority = b->priority,
	    .cancel = cancel,
	    .have = a->state == ASK_HAVE,
	    .dont_have = true,
	};

	if (!cancel && b->priority > 1)
		b->priority--;
	buffer_append(&p->entries, &e, sizeof(e));
	bitswap_flush_soon(b);
}

static struct swap_ask *
ask_get(struct swap_want * w, struct swap_peer * p)
{
	struct swap_ask * a = bitswap_ask_find(w, p);

	if (a != NULL || (a = calloc(1, sizeof(*a))) == NULL)
		return (a);
	a->want = w;
	a->peer = p;
	list_init(&a->waiting);
	list_append(&w->asks, &a->in_want);
	list_append(&p->asks, &a->in_peer);
	return (a);
}

static void
put_on_list(struct swap_ask * a, enum ask_state state)
{
	struct swap_peer * p = a->peer;

	list_remove(&a->waiting);
	if (!a->listed)
		p->n_listed++;
	a->listed = true;
	a->state = state;
	a->until = clock_add(world_now(p->b->world), ANSWER_MS);
	bitswap_ask_entry(a, false);
}

/* Ask a peer in the given way (ASK_HAVE or ASK_BLOCK), or ask it again; when
 * its list is full, once there is room. */
bool
bitswap_ask(struct swap_want * w, struct swap_peer * p, enum ask_state state)
{
	struct swap_ask * a;

	if ((a = ask_get(w, p)) == NULL)
		return (false);
	w->idle = false;
	if (a->listed || p->n_listed < BITSWAP_ENTRIES) {
		put_on_list(a, state);
		return (true);
	}
	a->state = ASK_WAITS;
	a->next = state;
	if (list_empty(&a->waiting))
		list_append(&p->waiting, &a->waiting);
	return (true);
}

/* Asks that waited take the places that became free. */
void
bitswap_ask_fill(struct swap_peer * p)
{
	while (p->n_listed < BITSWAP_ENTRIES && !list_empty(&p->waiting)) {
		struct swap_ask * a =
		    list_entry(p->waiting.next, struct swap_ask, waiting);

		put_on_list(a, a->next);
	}
}

void
bitswap_ask_send(struct swap_peer * p)
{
	struct bitswap_writer w = {0};
	struct bitswap_entry e;
	size_t at;

	if (p->entries.n == 0 || !bitswap_ready(p))
		return;
	w.version = p->version;
	for (at = 0; at < p->entries.n; at += sizeof(e)) {
		memcpy(&e, p->entries.p + at, sizeof(e));
		bitswap_message_entry(&w, &e);
		if (w.n_entries == BITSWAP_ENTRIES)
			bitswap_send(p, &w);
	}
	if (w.n_entries > 0)
		bitswap_send(p, &w);
	buffer_clear(&p->entries);
}
