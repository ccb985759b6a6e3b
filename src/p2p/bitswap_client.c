#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "p2p/bitswap_private.h"

/* The want may take a step, at the next flush. */
static void
want_changed(struct bitswap * b, struct swap_want * w)
{
	if (list_empty(&w->changed))
		list_append(&b->changed, &w->changed);
	bitswap_flush_soon(b);
}

/* A peer does not have it.  It keeps the entry for when it does, but when its
 * list of us fills up, what it lacks makes room. */
static void
ask_failed(struct swap_ask * a)
{
	a->state = ASK_NO;
	if (a->listed && a->peer->n_listed > BITSWAP_ENTRIES / 2) {
		bitswap_ask_entry(a, true);
		bitswap_ask_unlist(a);
	}
	/* A hint that failed: time for the others. */
	if (peer_id_equal(&a->want->hint, &a->peer->id)) {
		a->want->hint.n = 0;
		a->want->widen_at = 0;
		a->want->due = true;
	}
	want_changed(a->peer->b, a->want);
}

/* --- wants --- */

static void
want_free(struct bitswap * b, struct swap_want * w)
{
	struct list * place, * following;

	list_each (place, following, &w->asks)
		bitswap_ask_free(list_entry(place, struct swap_ask, in_want));
	(void)map_remove(&b->want_map, cid_slice(&w->cid));
	list_remove(&w->changed);
	list_remove(&w->place);
	free(w);
}

/* Over: peers that still have it on their list take it off; not the one that
 * sent the block, which did so by itself. */
static void
want_over(struct bitswap * b, struct swap_want * w,
    const struct swap_peer * sender)
{
	struct list * place, * following;

	list_each (place, following, &w->asks) {
		struct swap_ask * a =
		    list_entry(place, struct swap_ask, in_want);

		if (a->listed && a->peer != sender)
			bitswap_ask_entry(a, true);
	}
	want_free(b, w);
	bitswap_flush_soon(b);
}

static struct swap_want *
want_get(struct bitswap * b, const struct cid * cid)
{
	struct swap_want * w = map_get(&b->want_map, cid_slice(cid));

	if (w != NULL)
		return (w);
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (NULL);
	if (map_set(&b->want_map, cid_slice(cid), w) != 0) {
		free(w);
		return (NULL);
	}
	w->cid = *cid;
	w->due = true;
	list_init(&w->asks);
	list_init(&w->changed);
	list_append(&b->wants, &w->place);
	return (w);
}

/* Give a want a hint, unless one has it in hand.  Each want goes to one of the
 * hints, in turn, so that a block does not come from each of them. */
static void
give_hint(struct bitswap * b, struct swap_want * w,
    const struct peer_id * hints, size_t n)
{
	size_t i;

	if (w->hint.n > 0)
		return;
	for (i = 0; i < n; i++) {
		const struct peer_id * id = &hints[(b->turn + i) % n];
		struct swap_peer * p = bitswap_find_peer(b, id);
		struct swap_ask * a;

		if (p == NULL || p->speaks == SPEAKS_NOT)
			continue;
		if ((a = bitswap_ask_find(w, p)) != NULL &&
		    a->state == ASK_BLOCK)
			continue;
		b->turn++;
		w->hint = *id;
		w->due = true;
		w->widen_at = clock_add(world_now(b->world), WIDEN_MS);
		return;
	}
}

int
bitswap_want(struct bitswap * b, const struct cid * cids, size_t n,
    const struct peer_id * hints, size_t n_hints)
{
	struct swap_want * w;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((w = want_get(b, &cids[i])) == NULL)
			return (-ERR_INTERNAL);
		give_hint(b, w, hints, n_hints);
		want_changed(b, w);
	}
	return (0);
}

void
bitswap_cancel(struct bitswap * b, const struct cid * cids, size_t n)
{
	struct swap_want * w;
	size_t i;

	for (i = 0; i < n; i++)
		if ((w = map_get(&b->want_map, cid_slice(&cids[i]))) != NULL)
			want_over(b, w, NULL);
}

size_t
bitswap_wants(const struct bitswap * b)
{
	return (b->want_map.n);
}

/* --- what peers say --- */

void
bitswap_client_block(struct swap_peer * p, const struct cid * cid,
    struct slice data)
{
	struct bitswap * b = p->b;
	struct swap_want * w = map_get(&b->want_map, cid_slice(cid));
	struct peer_id from = p->id;

	if (w == NULL)
		return;
	p->block_at = world_now(b->world);
	want_over(b, w, p);
	if (b->handler.block != NULL)
		b->handler.block(b->user, cid, data, &from);
}

void
bitswap_client_presence(struct swap_peer * p, const struct cid * cid, bool have)
{
	struct swap_want * w = map_get(&p->b->want_map, cid_slice(cid));
	struct swap_ask * a;

	if (w == NULL || (a = bitswap_ask_find(w, p)) == NULL)
		return;
	if (!have) {
		ask_failed(a);
		return;
	}
	/* Its list of us has it no more, unless it was for the block. */
	if (a->state != ASK_BLOCK) {
		bitswap_ask_unlist(a);
		a->state = ASK_HAS;
		list_remove(&a->waiting);
	}
	want_changed(p->b, w);
}

/* --- deciding --- */

/* Ask the peers that were not asked yet.  False when some could not be. */
static bool
widen(struct bitswap * b, struct swap_want * w, uint64_t now)
{
	struct list * place, * following;
	bool all = true;

	list_each (place, following, &b->peers) {
		struct swap_peer * p =
		    list_entry(place, struct swap_peer, place);
		bool hint = peer_id_equal(&p->id, &w->hint);
		struct swap_ask * a;

		if (p->speaks == SPEAKS_NOT ||
		    (!hint && (!bitswap_can_ask(p) || w->widen_at > now)))
			continue;
		if ((a = bitswap_ask_find(w, p)) != NULL &&
		    (!hint || a->state == ASK_BLOCK))
			continue;
		if (outstream_backs_off(&p->out))
			continue;
		all &= bitswap_ask(w, p, hint ? ASK_BLOCK : ASK_HAVE);
	}
	return (all);
}

struct standing {
	unsigned open;            /* asked, not answered */
	bool block;               /* one of them for the block */
	struct swap_ask * has;    /* said HAVE, not asked for the block */
};

/* Is the peer asked for the block itself, now or when there is room? */
static bool
for_block(const struct swap_ask * a)
{
	return (a->state == ASK_BLOCK ||
	    (a->state == ASK_WAITS && a->next == ASK_BLOCK));
}

static struct standing
stand(const struct swap_want * w)
{
	struct standing s = {0};
	const struct list * place;

	for (place = w->asks.next; place != &w->asks; place = place->next) {
		struct swap_ask * a =
		    list_entry(place, struct swap_ask, in_want);

		s.open += a->state != ASK_HAS && a->state != ASK_NO;
		s.block |= for_block(a);
		if (a->state == ASK_HAS && s.has == NULL)
			s.has = a;
	}
	return (s);
}

/* May a peer that we know too little of yet still have it? */
static bool
undecided(const struct bitswap * b)
{
	const struct list * place;

	for (place = b->peers.next; place != &b->peers; place = place->next)
		if (list_entry(place, const struct swap_peer, place)->speaks ==
		    SPEAKS_UNKNOWN)
			return (true);
	return (false);
}

/* Take the next step for a want; true when it is found missing. */
static bool
step(struct bitswap * b, struct swap_want * w, uint64_t now)
{
	struct standing s;

	if (w->idle && !w->due)
		return (false);
	if (w->due && w->widen_at != 0 && w->widen_at <= now)
		w->widen_at = 0;
	if (w->due)
		w->due = !widen(b, w, now) || w->widen_at > now;
	s = stand(w);
	if (!s.block && s.has != NULL && bitswap_ask(w, s.has->peer, ASK_BLOCK))
		return (false);
	if (s.open > 0 || s.has != NULL || w->due || undecided(b) || w->idle)
		return (false);
	w->idle = true;
	w->retry_at = clock_add(now,
	    clock_backoff(RETRY_MS, RETRY_LONGEST_MS, w->attempts));
	if (w->attempts < 16)
		w->attempts++;
	return (true);
}

/* The handler may want and cancel meanwhile: only CIDs are kept. */
static void
tell_missing(struct bitswap * b, struct buffer * missing)
{
	struct cid cid;
	size_t at;

	for (at = 0; at < missing->n; at += sizeof(cid)) {
		memcpy(&cid, missing->p + at, sizeof(cid));
		if (b->handler.missing != NULL &&
		    map_get(&b->want_map, cid_slice(&cid)) != NULL)
			b->handler.missing(b->user, &cid);
	}
	buffer_free(missing);
}

void
bitswap_client_flush(struct bitswap * b)
{
	uint64_t now = world_now(b->world);
	struct list * place, * following;
	struct buffer missing = {0};

	while (!list_empty(&b->changed)) {
		struct swap_want * w =
		    list_entry(b->changed.next, struct swap_want, changed);

		list_remove(&w->changed);
		if (step(b, w, now))
			buffer_append(&missing, &w->cid, sizeof(w->cid));
	}
	list_each (place, following, &b->peers) {
		struct swap_peer * p =
		    list_entry(place, struct swap_peer, place);

		bitswap_ask_fill(p);
		bitswap_ask_send(p);
	}
	tell_missing(b, &missing);
}

/* --- time --- */

/* Ask all over again those who had not got it. */
static void
retry(struct bitswap * b, struct swap_want * w)
{
	struct list * place, * following;

	w->idle = false;
	w->due = true;
	list_each (place, following, &w->asks) {
		struct swap_ask * a =
		    list_entry(place, struct swap_ask, in_want);

		if (bitswap_can_ask(a->peer))
			(void)bitswap_ask(w, a->peer, ASK_HAVE);
	}
	want_changed(b, w);
}

static void
tick_want(struct bitswap * b, struct swap_want * w, uint64_t now)
{
	struct list * place, * following;

	if (w->idle && w->retry_at <= now) {
		retry(b, w);
		return;
	}
	/* Its hint may have had its start; or memory was short. */
	if (w->due)
		want_changed(b, w);
	/* A peer that sends blocks is answering, if slowly. */
	list_each (place, following, &w->asks) {
		struct swap_ask * a =
		    list_entry(place, struct swap_ask, in_want);

		if ((a->state == ASK_HAVE || a->state == ASK_BLOCK) &&
		    a->until <= now &&
		    (a->peer->block_at == 0 ||
		        clock_add(a->peer->block_at, ANSWER_MS) <= now))
			ask_failed(a);
	}
}

void
bitswap_client_tick(struct bitswap * b, uint64_t now)
{
	struct list * place, * following;

	list_each (place, following, &b->wants)
		tick_want(b, list_entry(place, struct swap_want, place), now);
}

/* --- peers --- */

void
bitswap_client_up(struct swap_peer * p)
{
	struct list * place, * following;

	list_each (place, following, &p->b->wants) {
		struct swap_want * w =
		    list_entry(place, struct swap_want, place);

		w->due = true;
		want_changed(p->b, w);
	}
}

void
bitswap_client_lost(struct swap_peer * p)
{
	struct list * place, * following;

	list_each (place, following, &p->asks) {
		struct swap_ask * a =
		    list_entry(place, struct swap_ask, in_peer);
		struct swap_want * w = a->want;

		w->due = true;
		if (peer_id_equal(&w->hint, &p->id)) {
			w->hint.n = 0;
			w->widen_at = 0;
		}
		bitswap_ask_free(a);
	}
	buffer_clear(&p->entries);
	/* Wants that it was not asked for may have waited to know of it. */
	list_each (place, following, &p->b->wants)
		want_changed(p->b,
		    list_entry(place, struct swap_want, place));
}

void
bitswap_client_free(struct bitswap * b)
{
	struct list * place, * following;

	list_each (place, following, &b->wants)
		want_free(b, list_entry(place, struct swap_want, place));
}
