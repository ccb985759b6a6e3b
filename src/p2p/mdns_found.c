#include "p2p/mdns_found.h"

#include <stdlib.h>

#include "base/clock.h"

enum {
	RETRY_MS = 10000,         /* after a first failure; then it doubles */
	RETRY_MOST_MS = 600000,
	AGAIN_MS = 5000,          /* after a connection was lost */
	DIAL_MS = 30000,          /* a dial is under way no longer */
	HEARD_MS = 180000,        /* who was not heard since is not dialled */
	YIELD_MS = 500,           /* one side dials first */
};

/* A peer that was heard of. */
struct found {
	struct peer_id peer;
	unsigned failures;
	uint64_t heard_at, next_at;
	uint64_t dialled_at;      /* 0: no dial is under way */
	struct list place;
};

static uint64_t
now(const struct mdns_found * f)
{
	return (world_now(host_world(f->host)));
}

static struct found *
find(struct mdns_found * f, const struct peer_id * peer)
{
	struct list * at, * next;
	struct found * p;

	list_each(at, next, &f->peers) {
		p = list_entry(at, struct found, place);
		if (peer_id_equal(&p->peer, peer))
			return (p);
	}
	return (NULL);
}

static void
forget(struct mdns_found * f, struct found * p)
{
	list_remove(&p->place);
	budget_give(&f->n, 1);
	free(p);
}

/* --- dials -------------------------------------------------------------- */

static void
try_at(struct mdns_found * f, uint64_t at)
{
	if (f->timer.armed && f->due <= at)
		return;
	f->due = at;
	(void)world_timer_start(host_world(f->host), &f->timer,
	    clock_sub(at, now(f)));
}

static void
put_off(struct mdns_found * f, struct found * p)
{
	p->dialled_at = 0;
	p->next_at = clock_add(now(f), clock_backoff(RETRY_MS, RETRY_MOST_MS,
	    p->failures));
	if (p->failures < 32)
		p->failures++;
}

static unsigned
dials(struct mdns_found * f)
{
	struct list * at, * next;
	struct found * p;
	unsigned n = 0;

	list_each(at, next, &f->peers) {
		p = list_entry(at, struct found, place);
		if (p->dialled_at != 0 && now(f) - p->dialled_at > DIAL_MS)
			put_off(f, p);
		n += p->dialled_at != 0;
	}
	return (n);
}

static void
dial(struct mdns_found * f, struct found * p)
{
	if (host_connected(f->host, &p->peer)) {
		p->failures = 0;
		p->next_at = clock_add(now(f), AGAIN_MS);
	} else if (host_connect(f->host, &p->peer) == 0) {
		p->dialled_at = now(f);
	} else {
		put_off(f, p);
	}
}

void
mdns_found_connect(struct mdns_found * f)
{
	struct list * at, * next;
	uint64_t soonest = UINT64_MAX;
	unsigned n = dials(f);
	struct found * p;

	list_each(at, next, &f->peers) {
		p = list_entry(at, struct found, place);
		if (p->dialled_at != 0 || now(f) - p->heard_at > HEARD_MS ||
		    host_connected(f->host, &p->peer))
			continue;
		if (p->next_at <= now(f) && n < MDNS_DIALS) {
			dial(f, p);
			n += p->dialled_at != 0;
		}
		if (p->dialled_at == 0 && p->next_at > now(f) &&
		    p->next_at < soonest)
			soonest = p->next_at;
	}
	budget_note(&f->dials, n);
	/* A dial that nobody ends must not keep its place for good. */
	if (n > 0 && soonest > clock_add(now(f), DIAL_MS))
		soonest = clock_add(now(f), DIAL_MS + 1);
	if (soonest != UINT64_MAX)
		try_at(f, soonest);
}

static void
on_timer(struct world_timer * timer)
{
	mdns_found_connect(list_entry(timer, struct mdns_found, timer));
}

static void
on_up(void * user, const struct peer_id * peer)
{
	struct mdns_found * f = user;
	struct found * p = find(f, peer);

	if (p == NULL)
		return;
	p->dialled_at = 0;
	p->failures = 0;
	mdns_found_connect(f);
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{
	struct mdns_found * f = user;
	struct found * p = find(f, peer);

	(void)status;
	if (p == NULL || p->dialled_at == 0)
		return;
	put_off(f, p);
	mdns_found_connect(f);
}

static void
on_down(void * user, const struct peer_id * peer)
{
	struct mdns_found * f = user;
	struct found * p = find(f, peer);

	if (p == NULL)
		return;
	p->next_at = clock_add(now(f), AGAIN_MS);
	try_at(f, p->next_at);
}

/* --- peers -------------------------------------------------------------- */

void
mdns_found_init(struct mdns_found * f, struct host * h)
{
	*f = (struct mdns_found){.host = h};
	list_init(&f->peers);
	budget_init(&f->n, "mdns.peers", MDNS_FOUND_MAX);
	budget_init(&f->fresh, "mdns.new_peers_of_minute",
	    MDNS_FOUND_PER_MINUTE);
	budget_init(&f->dials, "mdns.dials", MDNS_DIALS);
	f->timer.fire = on_timer;
	f->watcher = (struct host_watcher){.up = on_up, .down = on_down,
	    .failed = on_failed, .user = f};
	host_watch(h, &f->watcher);
}

void
mdns_found_free(struct mdns_found * f)
{
	world_timer_stop(host_world(f->host), &f->timer);
	host_unwatch(f->host, &f->watcher);
	while (!list_empty(&f->peers))
		forget(f, list_entry(f->peers.next, struct found, place));
}

/* One more new peer, if this minute has not had too many. */
static bool
count_fresh(struct mdns_found * f)
{
	if (now(f) - f->minute >= 60000) {
		f->minute = now(f);
		f->fresh.used = 0;
	}
	return (budget_take(&f->fresh, 1));
}

/* The two sides find each other at once: one of them waits for the other. */
static uint64_t
first_try(struct mdns_found * f, const struct peer_id * peer)
{
	bool yields = slice_compare(peer_id_slice(host_id(f->host)),
	    peer_id_slice(peer)) > 0;

	return (clock_add(now(f), yields ? YIELD_MS : 0));
}

bool
mdns_found_heard(struct mdns_found * f, const struct peer_id * peer)
{
	struct found * p = find(f, peer);

	if (p == NULL) {
		if (!count_fresh(f) || (p = calloc(1, sizeof(*p))) == NULL)
			return (false);
		if (!budget_take(&f->n, 1)) {
			forget(f, list_entry(f->peers.next, struct found,
			    place));
			(void)budget_take(&f->n, 1);
		}
		p->peer = *peer;
		p->next_at = first_try(f, peer);
		list_init(&p->place);
	}
	p->heard_at = now(f);
	list_remove(&p->place);
	list_append(&f->peers, &p->place);
	return (true);
}
