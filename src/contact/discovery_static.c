#include <stdlib.h>

#include "contact/discovery.h"

/* A namespace that is looked for. */
struct looked {
	struct buffer ns;
	struct list place;
};

struct discovery_static {
	struct discovery * discovery;
	struct host * host;
	const char * const * protocols;   /* NULL-terminated, the caller's */
	struct list looked;
	struct host_watcher watcher;
	struct discovery_driver driver;
};

static bool
speaks(struct discovery_static * s, const struct peer_id * peer)
{
	size_t i;

	for (i = 0; s->protocols[i] != NULL; i++)
		if (host_peer_speaks(s->host, peer, s->protocols[i]))
			return (true);
	return (false);
}

/* What a peer speaks says nothing of the topics that it is on. */
static bool
is_topic(struct slice ns)
{
	static const char prefix[] = "floodsub:";
	size_t n = sizeof(prefix) - 1;

	return (ns.n > n && memcmp(ns.p, prefix, n) == 0);
}

static void
look(void * driver, struct slice ns)
{
	struct discovery_static * s = driver;
	struct looked * l;
	struct peer_id peer;
	size_t at = 0;

	if (is_topic(ns))
		return;
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return;
	buffer_slice(&l->ns, ns);
	list_append(&s->looked, &l->place);
	while (host_each_peer(s->host, &at, &peer))
		if (speaks(s, &peer))
			discovery_found_by(s->discovery, s->driver.name,
			    ns, &peer);
}

static void
looked_free(struct looked * l)
{

	list_remove(&l->place);
	buffer_free(&l->ns);
	free(l);
}

static void
stop(void * driver, struct slice ns)
{
	struct discovery_static * s = driver;
	struct list * at, * next;
	struct looked * l;

	list_each(at, next, &s->looked) {
		l = list_entry(at, struct looked, place);
		if (slice_equal(buffer_all(&l->ns), ns))
			looked_free(l);
	}
}

static void
identified(void * user, const struct peer_id * peer)
{
	struct discovery_static * s = user;
	struct list * at, * next;

	if (!speaks(s, peer))
		return;
	list_each(at, next, &s->looked)
		discovery_found_by(s->discovery, s->driver.name,
		    buffer_all(&list_entry(at, struct looked, place)->ns),
		    peer);
}

struct discovery_static *
discovery_static_new(struct discovery * d, struct host * h,
    const char * const * protocols)
{
	struct discovery_static * s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->discovery = d;
	s->host = h;
	s->protocols = protocols;
	list_init(&s->looked);
	s->watcher.identified = identified;
	s->watcher.user = s;
	host_watch(h, &s->watcher);
	s->driver = (struct discovery_driver){.name = "static", .look = look,
	    .stop = stop, .driver = s};
	discovery_add(d, &s->driver);
	return (s);
}

void
discovery_static_free(struct discovery_static * s)
{
	struct list * at, * next;

	if (s == NULL)
		return;
	discovery_remove(s->discovery, &s->driver);
	host_unwatch(s->host, &s->watcher);
	list_each(at, next, &s->looked)
		looked_free(list_entry(at, struct looked, place));
	free(s);
}
