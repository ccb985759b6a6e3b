#include <stdlib.h>

#include "base/clock.h"
#include "contact/attempt.h"
#include "contact/rendezvous.h"

/* Peers tried for one contact. */
#define CANDIDATES_MAX 256

/* --- candidates --------------------------------------------------------- */

static struct candidate *
candidate_find(struct request * r, const struct peer_id * peer)
{
	struct candidate * c;
	struct list * at;

	for (at = r->candidates.next; at != &r->candidates; at = at->next) {
		c = list_entry(at, struct candidate, place);
		if (peer_id_equal(&c->peer, peer))
			return (c);
	}
	return (NULL);
}

static size_t
candidates_count(const struct request * r)
{
	const struct list * at;
	size_t n = 0;

	for (at = r->candidates.next; at != &r->candidates; at = at->next)
		n++;
	return (n);
}

static void
candidate_free(struct candidate * c)
{

	list_remove(&c->place);
	free(c);
}

/* Make room: whoever failed most goes; false when none has failed. */
static bool
candidate_evict(struct request * r)
{
	struct candidate * c, * worst = NULL;
	struct list * at;

	for (at = r->candidates.next; at != &r->candidates; at = at->next) {
		c = list_entry(at, struct candidate, place);
		if (c != r->trying && c->failures > 0 &&
		    (worst == NULL || c->failures > worst->failures))
			worst = c;
	}
	if (worst == NULL)
		return (false);
	candidate_free(worst);
	return (true);
}

static void
on_found(struct discovery_search * search, const struct peer_id * peer)
{
	struct request * r = search->user;
	struct candidate * c;

	if (peer_id_equal(peer, host_id(r->manager->host)) ||
	    candidate_find(r, peer) != NULL)
		return;
	if (candidates_count(r) >= CANDIDATES_MAX && !candidate_evict(r))
		return;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return;
	c->peer = *peer;
	list_append(&r->candidates, &c->place);
	if (r->phase == ATTEMPT_IDLE)
		attempt_schedule(r, 0);
}

/* --- requests ----------------------------------------------------------- */

static void
searches_stop(struct request * r)
{

	while (r->n_searches > 0)
		discovery_search_stop(r->manager->discovery,
		    &r->searches[--r->n_searches]);
}

static void
search(struct request * r, uint64_t period_s)
{
	struct discovery_search * s = &r->searches[r->n_searches];
	struct buffer ns = {0};

	rendezvous_namespace(&ns, r->network, r->pk, r->seed, period_s);
	s->found = on_found;
	s->user = r;
	if (!ns.failed && discovery_search_start(r->manager->discovery, s,
	    buffer_all(&ns)) == 0)
		r->n_searches++;
	buffer_free(&ns);
}

/* This period and the one before: clocks differ, and Go's watch goes stale. */
static void
searches_start(struct request * r)
{
	uint64_t rotation = r->network->contact_rotation_s;

	r->period_s = network_period(manager_unix(r->manager), rotation);
	search(r, r->period_s);
	if (r->period_s >= rotation)
		search(r, r->period_s - rotation);
	r->started = true;
}

static void
request_free(struct request * r)
{
	struct list * at, * next;

	attempt_end(r);
	searches_stop(r);
	world_timer_stop(r->manager->world, &r->timer);
	list_each(at, next, &r->candidates)
		candidate_free(list_entry(at, struct candidate, place));
	list_remove(&r->place);
	buffer_free(&r->own_metadata);
	free(r);
}

static struct request *
request_find(struct contact_manager * m, const uint8_t pk[32])
{
	struct request * r;
	struct list * at;

	for (at = m->requests.next; at != &m->requests; at = at->next) {
		r = list_entry(at, struct request, place);
		if (memcmp(r->pk, pk, sizeof(r->pk)) == 0)
			return (r);
	}
	return (NULL);
}

static void
request_new(struct contact_manager * m, const struct contact_wanted * wanted)
{
	struct request * r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return;
	r->manager = m;
	memcpy(r->pk, wanted->pk, sizeof(r->pk));
	memcpy(r->seed, wanted->seed, sizeof(r->seed));
	r->network = wanted->network;
	r->wanted = true;
	r->timer.fire = attempt_timer;
	list_init(&r->candidates);
	list_append(&m->requests, &r->place);
	buffer_slice(&r->own_metadata, wanted->own_metadata);
	if (r->own_metadata.failed)
		request_free(r);
}

/* From inside the owner's walk, so nothing is started here. */
static void
on_wanted(void * to, const struct contact_wanted * wanted)
{
	struct contact_manager * m = to;
	struct request * r;

	r = request_find(m, wanted->pk);
	if (r != NULL && !r->wanted && r->network == wanted->network &&
	    memcmp(r->seed, wanted->seed, sizeof(r->seed)) == 0 &&
	    slice_equal(buffer_all(&r->own_metadata), wanted->own_metadata))
		r->wanted = true;
	else if (r == NULL || !r->wanted)
		request_new(m, wanted);
}

void
manager_requests_update(struct contact_manager * m)
{
	struct list * at, * next;
	struct request * r;

	list_each(at, next, &m->requests)
		list_entry(at, struct request, place)->wanted = false;
	m->handler.each_wanted(m->user, on_wanted, m);
	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (!r->wanted)
			request_free(r);
	}
	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (!r->started)
			searches_start(r);
	}
}

void
manager_requests_rotate(struct contact_manager * m)
{
	struct list * at, * next;
	struct request * r;
	uint64_t now = manager_unix(m);

	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (!r->started || network_period(now,
		    r->network->contact_rotation_s) == r->period_s)
			continue;
		searches_stop(r);
		searches_start(r);
	}
}

void
manager_requests_up(struct contact_manager * m, const struct peer_id * peer)
{
	struct list * at, * next;
	struct candidate * c;
	struct request * r;

	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if ((c = candidate_find(r, peer)) == NULL)
			continue;
		c->failures = 0;
		c->next_at = 0;
		if (r->phase == ATTEMPT_CONNECTING && r->trying == c)
			r->phase = ATTEMPT_CONNECTED;
		else if (r->phase != ATTEMPT_IDLE)
			continue;
		attempt_schedule(r, 0);
	}
}

void
manager_requests_failed(struct contact_manager * m,
    const struct peer_id * peer)
{
	struct list * at, * next;
	struct request * r;

	list_each(at, next, &m->requests) {
		r = list_entry(at, struct request, place);
		if (r->phase == ATTEMPT_CONNECTING &&
		    peer_id_equal(&r->trying->peer, peer))
			attempt_fail(r);
	}
}

void
manager_requests_free(struct contact_manager * m)
{
	struct list * at, * next;

	list_each(at, next, &m->requests)
		request_free(list_entry(at, struct request, place));
}
