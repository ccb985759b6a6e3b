#include <stdlib.h>

#include "contact/discovery.h"

/* Finds that wait to be told; more are dropped, drivers will name them again. */
#define FINDS_MAX 4096

struct announcement {
	struct buffer ns;
	uint64_t ttl_ms;
	struct list place;
};

/* A driver's find; told from the loop, never from inside the driver. */
struct find {
	struct buffer ns;
	const char * driver;
	struct peer_id peer;
	struct list place;
};

struct discovery {
	struct world * world;
	struct list drivers, searches, announcements, finds, watchers;
	struct budget n_finds;
	uint64_t round;           /* number of the find that is being told */
	struct world_timer timer;
};

static void tell(struct world_timer * timer);

struct discovery *
discovery_new(struct host * h)
{
	struct discovery * d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return (NULL);
	d->world = host_world(h);
	list_init(&d->drivers);
	list_init(&d->searches);
	list_init(&d->announcements);
	list_init(&d->finds);
	budget_init(&d->n_finds, "discovery.finds", FINDS_MAX);
	list_init(&d->watchers);
	d->timer.fire = tell;
	return (d);
}

void
discovery_budgets(const struct discovery * d, const struct budget_walk * walk)
{

	budget_tell(walk, &d->n_finds);
}

static void
announcement_free(struct announcement * a)
{

	list_remove(&a->place);
	buffer_free(&a->ns);
	free(a);
}

static void
find_free(struct discovery * d, struct find * f)
{

	list_remove(&f->place);
	budget_give(&d->n_finds, 1);
	buffer_free(&f->ns);
	free(f);
}

void
discovery_free(struct discovery * d)
{
	struct list * at, * next;

	if (d == NULL)
		return;
	world_timer_stop(d->world, &d->timer);
	list_each(at, next, &d->searches)
		discovery_search_stop(d, list_entry(at,
		    struct discovery_search, place));
	list_each(at, next, &d->drivers)
		list_remove(at);
	list_each(at, next, &d->announcements)
		announcement_free(list_entry(at, struct announcement, place));
	list_each(at, next, &d->finds)
		find_free(d, list_entry(at, struct find, place));
	free(d);
}

static bool
same(const struct buffer * held, struct slice ns)
{

	return (slice_equal(buffer_all(held), ns));
}

/* Does anybody look for it? */
static bool
sought(const struct discovery * d, struct slice ns)
{
	const struct list * at;

	for (at = d->searches.next; at != &d->searches; at = at->next)
		if (same(&list_entry(at, struct discovery_search, place)->ns,
		    ns))
			return (true);
	return (false);
}

/* Is it the first of the searches for its namespace? */
static bool
leads(const struct discovery * d, const struct discovery_search * search)
{
	const struct list * at;

	for (at = d->searches.next; at != &search->place; at = at->next)
		if (same(&list_entry(at, struct discovery_search, place)->ns,
		    buffer_all(&search->ns)))
			return (false);
	return (true);
}

void
discovery_watch(struct discovery * d, struct discovery_watcher * watcher)
{
	list_append(&d->watchers, &watcher->place);
}

static void
tell_watchers(struct discovery * d, const char * driver, struct slice ns,
    const struct peer_id * peer)
{
	struct discovery_watcher * w;
	struct list * at, * next;

	list_each(at, next, &d->watchers) {
		w = list_entry(at, struct discovery_watcher, place);
		w->seen(w->user, driver, ns, peer);
	}
}

/* A driver that comes late is told all that is wanted: each namespace once. */
void
discovery_add(struct discovery * d, struct discovery_driver * driver)
{
	struct list * at, * next;
	struct discovery_search * s;
	struct announcement * a;

	list_append(&d->drivers, &driver->place);
	list_each(at, next, &d->announcements) {
		a = list_entry(at, struct announcement, place);
		if (driver->announce == NULL)
			continue;
		driver->announce(driver->driver, buffer_all(&a->ns),
		    a->ttl_ms);
		tell_watchers(d, driver->name, buffer_all(&a->ns), NULL);
	}
	list_each(at, next, &d->searches) {
		s = list_entry(at, struct discovery_search, place);
		if (driver->look != NULL && leads(d, s))
			driver->look(driver->driver, buffer_all(&s->ns));
	}
}

void
discovery_remove(struct discovery * d, struct discovery_driver * driver)
{

	(void)d;
	list_remove(&driver->place);
}

void
discovery_found(struct discovery * d, struct slice ns,
    const struct peer_id * peer)
{
	discovery_found_by(d, "", ns, peer);
}

void
discovery_found_by(struct discovery * d, const char * name, struct slice ns,
    const struct peer_id * peer)
{
	struct find * f;

	if (!sought(d, ns) || !budget_take(&d->n_finds, 1))
		return;
	if ((f = calloc(1, sizeof(*f))) == NULL) {
		budget_give(&d->n_finds, 1);
		return;
	}
	buffer_slice(&f->ns, ns);
	f->driver = name;
	f->peer = *peer;
	list_append(&d->finds, &f->place);
	if (f->ns.failed) {
		find_free(d, f);
		return;
	}
	if (!d->timer.armed)
		(void)world_timer_start(d->world, &d->timer, 0);
}

/* A search for the namespace that has not heard of this round's find. */
static struct discovery_search *
untold(struct discovery * d, struct slice ns)
{
	struct discovery_search * s;
	struct list * at;

	for (at = d->searches.next; at != &d->searches; at = at->next) {
		s = list_entry(at, struct discovery_search, place);
		if (s->told != d->round && same(&s->ns, ns))
			return (s);
	}
	return (NULL);
}

/* A callback may stop any search and start others, so each time we look anew. */
static void
tell_find(struct discovery * d, const struct find * f)
{
	struct discovery_search * s;

	tell_watchers(d, f->driver, buffer_all(&f->ns), &f->peer);
	d->round++;
	while ((s = untold(d, buffer_all(&f->ns))) != NULL) {
		s->told = d->round;
		s->found(s, &f->peer);
	}
}

static void
tell(struct world_timer * timer)
{
	struct discovery * d = list_entry(timer, struct discovery, timer);
	struct find * f;
	size_t n;

	for (n = (size_t)d->n_finds.used; n > 0 && !list_empty(&d->finds); n--) {
		f = list_entry(d->finds.next, struct find, place);
		tell_find(d, f);
		find_free(d, f);
	}
	if (!list_empty(&d->finds))
		(void)world_timer_start(d->world, &d->timer, 0);
}

int
discovery_search_start(struct discovery * d, struct discovery_search * search,
    struct slice ns)
{
	struct discovery_driver * driver;
	struct list * at, * next;
	bool first = !sought(d, ns);

	memset(&search->ns, 0, sizeof(search->ns));
	search->told = 0;
	buffer_slice(&search->ns, ns);
	if (search->ns.failed) {
		buffer_free(&search->ns);
		return (-ERR_INTERNAL);
	}
	list_append(&d->searches, &search->place);
	if (!first)
		return (0);
	list_each(at, next, &d->drivers) {
		driver = list_entry(at, struct discovery_driver, place);
		if (driver->look != NULL)
			driver->look(driver->driver, buffer_all(&search->ns));
	}
	return (0);
}

void
discovery_search_stop(struct discovery * d, struct discovery_search * search)
{
	struct discovery_driver * driver;
	struct list * at, * next;

	list_remove(&search->place);
	if (!sought(d, buffer_all(&search->ns))) {
		list_each(at, next, &d->drivers) {
			driver = list_entry(at, struct discovery_driver,
			    place);
			if (driver->stop != NULL)
				driver->stop(driver->driver,
				    buffer_all(&search->ns));
		}
	}
	buffer_free(&search->ns);
}

static struct announcement *
announced(struct discovery * d, struct slice ns)
{
	struct list * at;
	struct announcement * a;

	for (at = d->announcements.next; at != &d->announcements;
	    at = at->next) {
		a = list_entry(at, struct announcement, place);
		if (same(&a->ns, ns))
			return (a);
	}
	return (NULL);
}

void
discovery_announce(struct discovery * d, struct slice ns, uint64_t ttl_ms)
{
	struct announcement * a;
	struct discovery_driver * driver;
	struct list * at, * next;

	if ((a = announced(d, ns)) == NULL) {
		if ((a = calloc(1, sizeof(*a))) == NULL)
			return;
		list_init(&a->place);
		buffer_slice(&a->ns, ns);
		if (a->ns.failed) {
			announcement_free(a);
			return;
		}
		list_append(&d->announcements, &a->place);
	}
	a->ttl_ms = ttl_ms;
	list_each(at, next, &d->drivers) {
		driver = list_entry(at, struct discovery_driver, place);
		if (driver->announce == NULL)
			continue;
		driver->announce(driver->driver, buffer_all(&a->ns), ttl_ms);
		tell_watchers(d, driver->name, buffer_all(&a->ns), NULL);
	}
}

void
discovery_withdraw(struct discovery * d, struct slice ns)
{
	struct announcement * a;
	struct discovery_driver * driver;
	struct list * at, * next;

	if ((a = announced(d, ns)) == NULL)
		return;
	list_each(at, next, &d->drivers) {
		driver = list_entry(at, struct discovery_driver, place);
		if (driver->withdraw != NULL)
			driver->withdraw(driver->driver, buffer_all(&a->ns));
	}
	announcement_free(a);
}
