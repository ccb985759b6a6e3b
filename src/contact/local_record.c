#include "contact/local_record.h"

#include <stdlib.h>

#include "contact/local_record_impl.h"

/* Everything is told anew then: 4/5 of what it is good for. */
#define RENEW_MS 5760000

int64_t
local_record_now(struct local_record * l)
{
	int64_t wall = world_wall(l->w);

	return (wall < 0 ? 0 : wall / 1000000000);
}

static void
on_soon(struct world_timer * timer)
{
	local_record_tell(list_entry(timer, struct local_record, soon), true);
}

static void
on_renew(struct world_timer * timer)
{
	struct local_record * l = list_entry(timer, struct local_record,
	    renew);

	local_record_tell(l, false);
	(void)world_timer_start(l->w, timer, RENEW_MS);
}

/* --- the driver --------------------------------------------------------- */

static struct own *
own_find(struct local_record * l, struct slice ns)
{
	struct list * at, * next;
	struct own * o;

	list_each(at, next, &l->own) {
		o = list_entry(at, struct own, place);
		if (slice_equal(buffer_all(&o->ns), ns))
			return (o);
	}
	return (NULL);
}

static void
own_free(struct local_record * l, struct own * o)
{
	list_remove(&o->place);
	l->n_own--;
	buffer_free(&o->ns);
	free(o);
}

/* As long as it is announced it is told anew: ttl_ms may be years. */
static void
announce(void * driver, struct slice ns, uint64_t ttl_ms)
{
	struct local_record * l = driver;
	struct own * o = own_find(l, ns);

	(void)ttl_ms;
	if (o == NULL) {
		if (l->n_own >= LOCAL_RECORD_PEER || ns.n == 0 ||
		    ns.n > LOCAL_RECORD_NAMESPACE ||
		    (o = calloc(1, sizeof(*o))) == NULL)
			return;
		list_append(&l->own, &o->place);
		l->n_own++;
		buffer_slice(&o->ns, ns);
		if (o->ns.failed) {
			own_free(l, o);
			return;
		}
	}
	o->fresh = true;
	if (!l->soon.armed)
		(void)world_timer_start(l->w, &l->soon, 0);
}

static void
withdraw(void * driver, struct slice ns)
{
	struct own * o = own_find(driver, ns);

	if (o != NULL)
		own_free(driver, o);
}

/* A lookup, and by whom. */
struct lookup {
	struct local_record * l;
	struct slice ns;
};

static void
give(void * user, const struct peer_id * peer)
{
	struct lookup * k = user;

	discovery_found_by(k->l->discovery, k->l->driver.name, k->ns, peer);
}

/* What comes later is given as it comes. */
static void
look(void * driver, struct slice ns)
{
	struct local_record * l = driver;
	struct lookup k = {l, ns};

	neighbourhood_each(&l->told, ns, world_now(l->w), give, &k);
}

/* --- life --------------------------------------------------------------- */

static void
add_dialect(struct local_record * l, const struct network * network)
{
	size_t i;

	for (i = 0; i < l->n_dialects; i++)
		if (strcmp(l->dialects[i].protocol,
		    network->localrecord_protocol) == 0)
			return;
	l->dialects[l->n_dialects++] = (struct dialect){
	    network->localrecord_protocol, network->rotation_text,
	    network->localrecord_again_ms};
}

static int
serve(struct local_record * l)
{
	size_t i;

	for (i = 0; i < l->n_dialects; i++)
		if (host_serve(l->host, l->dialects[i].protocol, local_record_hear,
		    l) != 0)
			return (-ERR_INTERNAL);
	return (0);
}

static void
meet_connected(struct local_record * l)
{
	struct peer_id peer;
	size_t at = 0;

	while (host_each_peer(l->host, &at, &peer))
		local_record_met(l, &peer);
}

struct local_record *
local_record_new(struct discovery * d, struct host * h,
    const struct network * const * networks, size_t n_networks)
{
	struct local_record * l;
	uint64_t seed;
	size_t i;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->discovery = d;
	l->host = h;
	l->w = host_world(h);
	for (i = 0; i < n_networks; i++)
		add_dialect(l, networks[i]);
	list_init(&l->own);
	list_init(&l->near);
	list_init(&l->incoming);
	budget_init(&l->n_incoming, "localdisc.streams",
	    LOCAL_RECORD_STREAMS);
	world_random(l->w, (uint8_t *)&seed, sizeof(seed));
	neighbourhood_init(&l->told, seed);
	l->soon.fire = on_soon;
	l->renew.fire = on_renew;
	l->watcher = (struct host_watcher){.identified = local_record_met,
	    .down = local_record_lost, .user = l};
	host_watch(h, &l->watcher);
	l->driver = (struct discovery_driver){.name = "localdisc",
	    .announce = announce, .withdraw = withdraw, .look = look,
	    .driver = l};
	discovery_add(d, &l->driver);
	(void)world_timer_start(l->w, &l->renew, RENEW_MS);
	if (serve(l) != 0) {
		local_record_free(l);
		return (NULL);
	}
	meet_connected(l);
	return (l);
}

void
local_record_budgets(const struct local_record * l,
    const struct budget_walk * walk)
{
	budget_tell(walk, &l->n_incoming);
	budget_tell(walk, &l->told.n);
	budget_tell_used(walk, &l->told.of_peer,
	    neighbourhood_most(&l->told));
}

void
local_record_free(struct local_record * l)
{
	size_t i;

	if (l == NULL)
		return;
	discovery_remove(l->discovery, &l->driver);
	host_unwatch(l->host, &l->watcher);
	world_timer_stop(l->w, &l->soon);
	world_timer_stop(l->w, &l->renew);
	for (i = 0; i < l->n_dialects; i++)
		host_unserve(l->host, l->dialects[i].protocol);
	local_record_tell_free(l);
	local_record_hear_free(l);
	while (!list_empty(&l->own))
		own_free(l, list_entry(l->own.next, struct own, place));
	neighbourhood_free(&l->told);
	free(l);
}
