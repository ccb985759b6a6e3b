/* dialer.c: dials to peers, one address after the other, and kept peers. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "p2p/host_impl.h"

/* The next address is tried after this pause, ms, or at once on failure. */
#define STAGGER 1000

/* Back-off of kept peers, ms. */
enum { KEEP_FIRST = 1000, KEEP_MOST = 60000 };

/* A peer that is to be reached. */
struct keep {
	struct host * h;
	struct multiaddr_tcp address;     /* peer n = 0: whoever is there */
	struct peer_id found;             /* who was there last */
	bool dialling;
	unsigned attempt;
	struct world_timer timer;
	struct list place;
};

/* One call to connect. */
struct dial {
	struct host * h;
	struct peer_id peer;              /* n = 0: anybody */
	struct keep * keep;               /* NULL: asked for once */
	struct multiaddr_tcp * addresses;
	size_t n, at;                     /* how many; the next one */
	unsigned running;                 /* attempts under way */
	bool done;                        /* reached, or given up */
	int status;                       /* of the last failure */
	struct world_timer timer;
	struct list place;
};

static void dial_go_on(struct dial * d);

/* --- kept peers --------------------------------------------------------- */

/* Try again after a pause that doubles, between half and all of it. */
static void
keep_later(struct keep * k)
{
	uint64_t ms = clock_backoff(KEEP_FIRST, KEEP_MOST, k->attempt);
	uint32_t dice;

	if (k->attempt < 32)
		k->attempt++;
	world_random(k->h->w, (uint8_t *)&dice, sizeof(dice));
	ms = ms / 2 + dice % (ms / 2 + 1);
	(void)world_timer_start(k->h->w, &k->timer, ms);
}

static void
keep_result(struct keep * k, const struct peer_id * peer, int status)
{
	k->dialling = false;
	if (status != 0) {
		keep_later(k);
		return;
	}
	k->found = *peer;
	k->attempt = 0;
}

void
dialer_lost(struct host * h, const struct peer_id * peer)
{
	struct list * place, * next;
	struct keep * k;

	list_each(place, next, &h->keeps) {
		k = list_entry(place, struct keep, place);
		if (!k->dialling && peer_id_equal(&k->found, peer))
			keep_later(k);
	}
}

/* --- dials -------------------------------------------------------------- */

static void
dial_free(struct dial * d)
{
	world_timer_stop(d->h->w, &d->timer);
	list_remove(&d->place);
	free(d->addresses);
	free(d);
}

/* Attempts that are no longer wanted; what comes of them is not asked. */
static void
drop_attempts(struct dial * d)
{
	struct list * place, * next;
	struct connection * c;

	list_each(place, next, &d->h->connections) {
		c = list_entry(place, struct connection, place);
		if (c->dial != d)
			continue;
		c->dial = NULL;
		connection_fail(c, -ERR_STREAM_WRITE);
	}
}

/* Whoever asked hears of the end of it. */
static void
dial_end(struct dial * d, const struct peer_id * peer, int status)
{
	struct peer * p = peerstore_find(&d->h->peers, peer);

	if (p != NULL)
		p->dial_status = status;
	d->done = true;
	drop_attempts(d);
	if (d->keep != NULL)
		keep_result(d->keep, peer, status);
	else if (status != 0)
		host_tell(d->h, EVENT_FAILED, &d->peer, status);
	dial_free(d);
}

/* Start the next attempt; false when there is no slot for it. */
static bool
dial_attempt(struct dial * d)
{
	int status;

	if (d->h->half_open_out.used >= d->h->limits.half_open) {
		d->h->dial_waiting = true;
		return (false);
	}
	status = connection_dial(d->h, &d->addresses[d->at++], &d->peer,
	    d->h->securities, d);
	if (status == 0)
		d->running++;
	else
		d->status = status;
	return (true);
}

static void
dial_go_on(struct dial * d)
{
	if (d->peer.n > 0 && host_connected(d->h, &d->peer)) {
		dial_end(d, &d->peer, 0);
		return;
	}
	while (d->at < d->n && d->running == 0)
		if (!dial_attempt(d))
			return;
	if (d->running == 0)
		dial_end(d, &d->peer, d->status);
	else if (d->at < d->n)
		(void)world_timer_start(d->h->w, &d->timer, STAGGER);
}

static void
on_dial_timer(struct world_timer * timer)
{
	struct dial * d = list_entry(timer, struct dial, timer);
	struct host * h = d->h;

	if (d->at < d->n && d->running > 0)
		(void)dial_attempt(d);
	dial_go_on(d);
	host_turn(h);
}

/*
 * Who refused the first of our securities may speak the next: the same address
 * once more.  That costs those a connection who do not speak Noise, and saves
 * all others a round trip, as its first message goes with the offer.
 */
static bool
offer_next(struct dial * d, const struct connection * c)
{
	unsigned left = c->securities & (c->securities - 1);

	return (left != 0 && c->upgrade != NULL && upgrade_refused(c->upgrade) &&
	    connection_dial(d->h, &c->remote, &d->peer, left, d) == 0);
}

void
dialer_result(struct dial * d, struct connection * c, int status)
{
	if (d->done || (status != 0 && offer_next(d, c)))
		return;
	d->running--;
	if (status == 0) {
		dial_end(d, &c->peer->id, 0);
		return;
	}
	d->status = status;
	/* From the top: the connection that failed is still being closed. */
	(void)world_timer_start(d->h->w, &d->timer, 0);
}

void
dialer_continue(struct host * h)
{
	struct list * place, * next;
	struct dial * d;

	list_each(place, next, &h->dials) {
		d = list_entry(place, struct dial, place);
		if (h->half_open_out.used >= h->limits.half_open) {
			h->dial_waiting = false;
			return;
		}
		if (d->running == 0 && !d->timer.armed)
			dial_go_on(d);
	}
}

/* n addresses (owned from now on) for the peer, or for anybody. */
static int
dial_start(struct host * h, const struct peer_id * peer,
    struct multiaddr_tcp * addresses, size_t n, struct keep * keep)
{
	struct dial * d = calloc(1, sizeof(*d));

	if (d == NULL)
		return (-ERR_INTERNAL);
	d->h = h;
	d->peer = *peer;
	d->keep = keep;
	d->addresses = addresses;
	d->n = n;
	d->status = -ERR_NOT_FOUND;
	d->timer.fire = on_dial_timer;
	list_append(&h->dials, &d->place);
	(void)world_timer_start(h->w, &d->timer, 0);
	return (0);
}

static bool
is_dialled(const struct host * h, const struct peer_id * peer)
{
	struct list * place, * next;

	list_each(place, next, &h->dials)
		if (peer_id_equal(&list_entry(place, struct dial, place)->peer,
		    peer))
			return (true);
	return (false);
}

int
host_connect(struct host * h, const struct peer_id * peer)
{
	struct peer * p = peerstore_find(&h->peers, peer);
	struct multiaddr_tcp * addresses;
	size_t i;
	int status;

	if (peer_id_equal(peer, &h->id))
		return (-ERR_INVALID_INPUT);
	if (p != NULL && !list_empty(&p->connections))
		return (0);
	if (p != NULL)
		peerstore_expire(p, world_now(h->w));
	if (p == NULL || p->n_addresses == 0)
		return (-ERR_NOT_FOUND);
	if (is_dialled(h, peer))
		return (0);
	addresses = calloc(p->n_addresses, sizeof(*addresses));
	if (addresses == NULL)
		return (-ERR_INTERNAL);
	/* The newest first: it is the likeliest to be right. */
	for (i = 0; i < p->n_addresses; i++)
		addresses[i] = p->addresses[p->n_addresses - 1 - i].tcp;
	status = dial_start(h, peer, addresses, p->n_addresses, NULL);
	if (status != 0)
		free(addresses);
	return (status);
}

/* One address, for its peer if it names one. */
static int
dial_one(struct host * h, const struct multiaddr_tcp * to, struct keep * keep)
{
	struct multiaddr_tcp * addresses = calloc(1, sizeof(*addresses));
	int status;

	if (addresses == NULL)
		return (-ERR_INTERNAL);
	addresses[0] = *to;
	status = dial_start(h, &to->peer, addresses, 1, keep);
	if (status != 0)
		free(addresses);
	return (status);
}

int
host_connect_address(struct host * h, struct slice multiaddr)
{
	struct multiaddr_tcp tcp;

	if (multiaddr_to_tcp(multiaddr, &tcp) != 0 || tcp.port == 0 ||
	    peer_id_equal(&tcp.peer, &h->id))
		return (-ERR_INVALID_INPUT);
	if (tcp.peer.n > 0)
		host_learn(h, &tcp.peer, multiaddr, UINT64_MAX);
	return (dial_one(h, &tcp, NULL));
}

static void
on_keep_timer(struct world_timer * timer)
{
	struct keep * k = list_entry(timer, struct keep, timer);
	struct host * h = k->h;

	if (k->dialling || (k->found.n > 0 && host_connected(h, &k->found)))
		return;
	if (dial_one(h, &k->address, k) == 0)
		k->dialling = true;
	else
		keep_later(k);
}

int
host_keep(struct host * h, struct slice multiaddr)
{
	struct multiaddr_tcp tcp;
	struct keep * k;

	if (multiaddr_to_tcp(multiaddr, &tcp) != 0 || tcp.port == 0 ||
	    peer_id_equal(&tcp.peer, &h->id))
		return (-ERR_INVALID_INPUT);
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return (-ERR_INTERNAL);
	k->h = h;
	k->address = tcp;
	k->timer.fire = on_keep_timer;
	if (tcp.peer.n > 0)
		host_learn(h, &tcp.peer, multiaddr, UINT64_MAX);
	list_append(&h->keeps, &k->place);
	return (world_timer_start(h->w, &k->timer, 0));
}

void
dialer_free(struct host * h)
{
	struct list * place, * next;
	struct keep * k;
	struct dial * d;

	list_each(place, next, &h->connections)
		list_entry(place, struct connection, place)->dial = NULL;
	while (!list_empty(&h->dials)) {
		d = list_entry(h->dials.next, struct dial, place);
		dial_free(d);
	}
	while (!list_empty(&h->keeps)) {
		k = list_entry(h->keeps.next, struct keep, place);
		list_remove(&k->place);
		world_timer_stop(h->w, &k->timer);
		free(k);
	}
}
