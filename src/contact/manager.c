#include <stdlib.h>

#include "base/clock.h"
#include "contact/manager_impl.h"
#include "contact/rendezvous.h"

/* Look at the clock this often at least, ms: it may have been set. */
#define PERIOD_CHECK_MS 600000

/* A namespace under which we are announced. */
struct announced {
	struct buffer ns;
	bool wanted;
	struct list place;
};

/* Seconds; 0 before 1970. */
static uint64_t
unix_now(struct contact_manager * m)
{
	int64_t wall = world_wall(m->world);

	return (wall < 0 ? 0 : (uint64_t)wall / 1000000000U);
}

/*
 * Clocks differ, and a peer that looks since yesterday may look for yesterday's
 * point still (Go computes it once a watch).
 */
size_t
manager_window(struct contact_manager * m, const struct network * network,
    bool lookup, uint64_t periods[WINDOW_MAX])
{
	uint64_t length = network->contact_rotation_s, now = unix_now(m);
	uint64_t period = network_period(now, length);
	size_t n = 0;

	periods[n++] = period;
	if (period >= length && (lookup || now - period < BOUNDARY_S))
		periods[n++] = period - length;
	if (period + length - now <= BOUNDARY_S)
		periods[n++] = period + length;
	return (n);
}

/* Milliseconds that the namespace of a period is announced yet. */
static uint64_t
period_left(struct contact_manager * m, const struct network * network,
    uint64_t period)
{
	uint64_t end = clock_add(clock_add(period,
	    network->contact_rotation_s), BOUNDARY_S);

	return (clock_mul(clock_sub(end, unix_now(m)), 1000));
}

/* Milliseconds to the next change of the network's window. */
static uint64_t
window_left(struct contact_manager * m, const struct network * network)
{
	uint64_t length = network->contact_rotation_s, now = unix_now(m);
	uint64_t period = network_period(now, length);
	uint64_t left = period + length - now;

	if (left > BOUNDARY_S)
		left -= BOUNDARY_S;
	if (now - period < BOUNDARY_S && BOUNDARY_S - (now - period) < left)
		left = BOUNDARY_S - (now - period);
	return (clock_mul(left, 1000));
}

static void
announced_free(struct announced * a)
{

	list_remove(&a->place);
	buffer_free(&a->ns);
	free(a);
}

/* Be under the namespace; takes it over. */
static void
announce(struct contact_manager * m, struct buffer * ns, uint64_t ttl_ms)
{
	struct announced * a;
	struct list * at;

	for (at = m->announced.next; at != &m->announced; at = at->next) {
		a = list_entry(at, struct announced, place);
		if (slice_equal(buffer_all(&a->ns), buffer_all(ns))) {
			a->wanted = true;
			buffer_free(ns);
			return;
		}
	}
	if (ns->failed || (a = calloc(1, sizeof(*a))) == NULL) {
		buffer_free(ns);
		return;
	}
	a->ns = *ns;
	a->wanted = true;
	list_append(&m->announced, &a->place);
	discovery_announce(m->discovery, buffer_all(&a->ns), ttl_ms);
}

static void
announce_network(struct contact_manager * m, const struct network * network,
    const uint8_t seed[32])
{
	uint64_t periods[WINDOW_MAX];
	size_t i, n = manager_window(m, network, false, periods);

	for (i = 0; i < n; i++) {
		struct buffer ns = {0};

		rendezvous_namespace(&ns, network, m->account->pub, seed,
		    periods[i]);
		announce(m, &ns, period_left(m, network, periods[i]));
	}
}

static void
announce_all(struct contact_manager * m)
{
	uint8_t seed[32];
	size_t i;

	if (!m->serving || !m->handler.seed(m->user, seed))
		return;
	for (i = 0; i < m->n_networks; i++)
		announce_network(m, m->networks[i], seed);
	crypto_wipe(seed, sizeof(seed));
}

/* The namespaces of now; those that are no longer ours are withdrawn. */
static void
renew_announcements(struct contact_manager * m)
{
	struct list * at, * next;
	struct announced * a;

	list_each(at, next, &m->announced)
		list_entry(at, struct announced, place)->wanted = false;
	announce_all(m);
	list_each(at, next, &m->announced) {
		a = list_entry(at, struct announced, place);
		if (a->wanted)
			continue;
		discovery_withdraw(m->discovery, buffer_all(&a->ns));
		announced_free(a);
	}
}

static void
plan_period(struct contact_manager * m)
{
	uint64_t left, ms = PERIOD_CHECK_MS;
	size_t i;

	for (i = 0; i < m->n_networks; i++) {
		left = window_left(m, m->networks[i]);
		ms = left < ms ? left : ms;
	}
	(void)world_timer_start(m->world, &m->period, ms);
}

static void
on_period(struct world_timer * timer)
{
	struct contact_manager * m = list_entry(timer, struct contact_manager,
	    period);

	renew_announcements(m);
	manager_requests_rotate(m);
	plan_period(m);
}

static void
on_soon(struct world_timer * timer)
{
	struct contact_manager * m = list_entry(timer, struct contact_manager,
	    soon);
	bool enabled = m->handler.enabled(m->user);

	if (enabled && !m->serving)
		manager_responder_start(m);
	else if (!enabled && m->serving)
		manager_responder_stop(m);
	renew_announcements(m);
	manager_requests_update(m);
}

static void
on_up(void * user, const struct peer_id * peer)
{

	manager_requests_up(user, peer);
}

static void
on_failed(void * user, const struct peer_id * peer, int status)
{

	(void)status;
	manager_requests_failed(user, peer);
}

struct contact_manager *
contact_manager_new(struct host * h, struct discovery * d,
    const struct ed25519_key * account, const struct network * const * networks,
    size_t n_networks, const struct contact_manager_handler * handler,
    void * user)
{
	struct contact_manager * m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (NULL);
	m->networks = calloc(n_networks, sizeof(m->networks[0]));
	if (m->networks == NULL) {
		free(m);
		return (NULL);
	}
	memcpy(m->networks, networks, n_networks * sizeof(networks[0]));
	m->n_networks = n_networks;
	m->host = h;
	m->discovery = d;
	m->world = host_world(h);
	m->account = account;
	m->handler = *handler;
	m->user = user;
	list_init(&m->announced);
	list_init(&m->responders);
	list_init(&m->visitors);
	list_init(&m->requests);
	manager_responder_init(m);
	manager_requests_init(m);
	m->soon.fire = on_soon;
	m->period.fire = on_period;
	m->watcher.up = on_up;
	m->watcher.failed = on_failed;
	m->watcher.user = m;
	host_watch(h, &m->watcher);
	plan_period(m);
	contact_manager_update(m);
	return (m);
}

void
contact_manager_free(struct contact_manager * m)
{
	struct list * at, * next;

	if (m == NULL)
		return;
	world_timer_stop(m->world, &m->soon);
	world_timer_stop(m->world, &m->period);
	host_unwatch(m->host, &m->watcher);
	manager_responder_free(m);
	manager_requests_free(m);
	list_each(at, next, &m->announced) {
		struct announced * a = list_entry(at, struct announced, place);

		discovery_withdraw(m->discovery, buffer_all(&a->ns));
		announced_free(a);
	}
	free(m->networks);
	free(m);
}

void
contact_manager_budgets(const struct contact_manager * m,
    const struct budget_walk * walk)
{
	uint64_t of_peer, visits;

	manager_responder_most(m, &of_peer, &visits);
	budget_tell(walk, &m->n_responders);
	budget_tell_used(walk, &m->of_peer, of_peer);
	budget_tell_used(walk, &m->visits, visits);
	budget_tell(walk, &m->n_visitors);
	budget_tell(walk, &m->n_attempts);
	budget_tell_used(walk, &m->candidates, manager_requests_most(m));
}

void
contact_manager_update(struct contact_manager * m)
{

	if (!m->soon.armed)
		(void)world_timer_start(m->world, &m->soon, 0);
}
