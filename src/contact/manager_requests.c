#include <stdlib.h>

#include "base/clock.h"
#include "contact/attempt.h"
#include "contact/rendezvous.h"

/* Handshakes of ours at a time; peers tried for one contact. */
#define ATTEMPTS_MAX 16
#define CANDIDATES_MAX 256

/* --- candidates --------------------------------------------------------- */

/* Networks with one protocol are one to a peer. */
static struct candidate *
candidate_find(struct request * r, const struct peer_id * peer,
    const struct network * network)
{
	struct candidate * c;
	struct list * at;

	for (at = r->candidates.next; at != &r->candidates; at = at->next) {
		c = list_entry(at, struct candidate, place);
		if (peer_id_equal(&c->peer, peer) &&
		    strcmp(c->network->contact_protocol,
		        network->contact_protocol) == 0)
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
	struct lookup * l = search->user;
	struct request * r = l->request;
	struct candidate * c;

	if (peer_id_equal(peer, host_id(r->manager->host)) ||
	    candidate_find(r, peer, l->network) != NULL)
		return;
	if (!budget_allows(&r->manager->candidates, candidates_count(r), 1) &&
	    !candidate_evict(r))
		return;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return;
	c->peer = *peer;
	c->network = l->network;
	list_append(&r->candidates, &c->place);
	if (r->phase == ATTEMPT_IDLE)
		attempt_schedule(r, 0);
}

/* --- requests ----------------------------------------------------------- */

static void
lookup_free(struct lookup * l)
{

	discovery_search_stop(l->request->manager->discovery, &l->search);
	list_remove(&l->place);
	free(l);
}

static struct lookup *
lookup_find(struct request * r, const struct network * network,
    uint64_t period_s)
{
	struct lookup * l;
	struct list * at;

	for (at = r->lookups.next; at != &r->lookups; at = at->next) {
		l = list_entry(at, struct lookup, place);
		if (l->network == network && l->period_s == period_s)
			return (l);
	}
	return (NULL);
}

static void
lookup_new(struct request * r, const struct network * network,
    uint64_t period_s)
{
	struct buffer ns = {0};
	struct lookup * l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return;
	l->request = r;
	l->network = network;
	l->period_s = period_s;
	l->wanted = true;
	l->search.found = on_found;
	l->search.user = l;
	rendezvous_namespace(&ns, network, r->pk, r->seed, period_s);
	if (!ns.failed && discovery_search_start(r->manager->discovery,
	    &l->search, buffer_all(&ns)) == 0)
		list_append(&r->lookups, &l->place);
	else
		free(l);
	buffer_free(&ns);
}

static void
look_in(struct request * r, const struct network * network)
{
	uint64_t periods[WINDOW_MAX];
	size_t i, n = manager_window(r->manager, network, true, periods);
	struct lookup * l;

	for (i = 0; i < n; i++)
		if ((l = lookup_find(r, network, periods[i])) != NULL)
			l->wanted = true;
		else
			lookup_new(r, network, periods[i]);
}

/* Look where the contact may be now, and nowhere else. */
static void
look(struct request * r)
{
	struct contact_manager * m = r->manager;
	struct list * at, * next;
	struct lookup * l;
	size_t i;

	list_each(at, next, &r->lookups)
		list_entry(at, struct lookup, place)->wanted = false;
	for (i = 0; i < m->n_networks; i++)
		if (r->network == NULL || r->network == m->networks[i])
			look_in(r, m->networks[i]);
	list_each(at, next, &r->lookups) {
		l = list_entry(at, struct lookup, place);
		if (!l->wanted)
			lookup_free(l);
	}
}

static void
request_free(struct request * r)
{
	struct list * at, * next;

	attempt_end(r);
	list_each(at, next, &r->lookups)
		lookup_free(list_entry(at, struct lookup, place));
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
	list_init(&r->lookups);
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
manager_requests_init(struct contact_manager * m)
{
	budget_init(&m->n_attempts, "contact.attempts", ATTEMPTS_MAX);
	budget_init(&m->candidates, "contact.candidates_of_contact",
	    CANDIDATES_MAX);
}

uint64_t
manager_requests_most(const struct contact_manager * m)
{
	const struct list * at;
	uint64_t n, most = 0;

	for (at = m->requests.next; at != &m->requests; at = at->next) {
		n = candidates_count(list_entry(at, const struct request,
		    place));
		if (n > most)
			most = n;
	}
	return (most);
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
	manager_requests_rotate(m);
}

void
manager_requests_rotate(struct contact_manager * m)
{
	struct list * at, * next;

	list_each(at, next, &m->requests)
		look(list_entry(at, struct request, place));
}

/* Who came may be tried at once. */
static void
up(struct request * r, const struct peer_id * peer)
{
	struct list * at, * next;
	struct candidate * c;

	list_each(at, next, &r->candidates) {
		c = list_entry(at, struct candidate, place);
		if (!peer_id_equal(&c->peer, peer))
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
manager_requests_up(struct contact_manager * m, const struct peer_id * peer)
{
	struct list * at, * next;

	list_each(at, next, &m->requests)
		up(list_entry(at, struct request, place), peer);
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
