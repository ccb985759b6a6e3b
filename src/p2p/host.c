/* host.c: the host as a whole, its watchers, and its turn. */
#include <stdlib.h>

#include "base/error.h"
#include "p2p/host_impl.h"
#include "p2p/listener.h"
#include "p2p/tls.h"

_Static_assert(HOST_NOISE == SECURITY_BIT(SECURITY_NOISE) &&
    HOST_TLS == SECURITY_BIT(SECURITY_TLS), "the same bits by other names");

struct host_event {
	enum host_event_kind kind;
	struct peer_id peer;
	int status;
	struct list place;
};

/* --- the turn ----------------------------------------------------------- */

void
host_schedule(struct host * h)
{
	if (!h->turn.armed)
		(void)world_timer_start(h->w, &h->turn, 0);
}

void
host_tell(struct host * h, enum host_event_kind kind,
    const struct peer_id * peer, int status)
{
	struct host_event * e = calloc(1, sizeof(*e));

	if (e == NULL)
		return;
	e->kind = kind;
	e->peer = *peer;
	e->status = status;
	list_append(&h->events, &e->place);
	host_schedule(h);
}

static void
tell_watcher(const struct host_watcher * w, const struct host_event * e)
{
	switch (e->kind) {
	case EVENT_UP:
		if (w->up != NULL)
			w->up(w->user, &e->peer);
		break;
	case EVENT_IDENTIFIED:
		if (w->identified != NULL)
			w->identified(w->user, &e->peer);
		break;
	case EVENT_DOWN:
		if (w->down != NULL)
			w->down(w->user, &e->peer);
		break;
	case EVENT_FAILED:
		if (w->failed != NULL)
			w->failed(w->user, &e->peer, e->status);
		break;
	}
}

/* A watcher may come or go meanwhile: the cursor is kept off what goes. */
static void
tell_watchers(struct host * h, const struct host_event * e)
{
	struct host_watcher * w;

	for (h->cursor = h->watchers.next; h->cursor != &h->watchers;) {
		w = list_entry(h->cursor, struct host_watcher, place);
		h->cursor = h->cursor->next;
		tell_watcher(w, e);
	}
}

void
host_deliver(struct host * h)
{
	struct host_event * e;
	struct stream * s;

	for (;;) {
		if (!list_empty(&h->ready)) {
			s = list_entry(h->ready.next, struct stream,
			    ready_place);
			list_remove(&s->ready_place);
			stream_deliver(s);
		} else if (!list_empty(&h->events)) {
			e = list_entry(h->events.next, struct host_event,
			    place);
			list_remove(&e->place);
			tell_watchers(h, e);
			free(e);
		} else {
			break;
		}
	}
}

static void
reap(struct host * h)
{
	struct list * place, * next;
	struct connection * c;

	while (!list_empty(&h->dead_streams))
		stream_destroy(list_entry(h->dead_streams.next, struct stream,
		    place));
	list_each(place, next, &h->dead_connections) {
		c = list_entry(place, struct connection, place);
		if (list_empty(&c->streams))
			connection_free(c);
	}
}

void
host_turn(struct host * h)
{
	struct connection * c;

	do {
		host_deliver(h);
		while (!list_empty(&h->dirty)) {
			c = list_entry(h->dirty.next, struct connection,
			    dirty_place);
			list_remove(&c->dirty_place);
			connection_settle(c);
		}
		if (h->dial_waiting) {
			h->dial_waiting = false;
			dialer_continue(h);
		}
	} while (!list_empty(&h->ready) || !list_empty(&h->events) ||
	    !list_empty(&h->dirty));
	reap(h);
	world_timer_stop(h->w, &h->turn);
}

static void
on_turn(struct world_timer * timer)
{
	host_turn(list_entry(timer, struct host, turn));
}

/* --- life --------------------------------------------------------------- */

static void
set_default(unsigned * limit, unsigned value)
{
	if (*limit == 0)
		*limit = value;
}

/* Source: design §7. */
static void
fill_limits(struct host_limits * l)
{
	set_default(&l->connections, 256);
	set_default(&l->connections_per_peer, 4);
	set_default(&l->half_open, 32);
	set_default(&l->upgrade_ms, 10000);
	set_default(&l->streams, 16384);
	set_default(&l->streams_per_connection, 256);
	set_default(&l->accept_backlog, 64);
	if (l->buffered_per_connection == 0)
		l->buffered_per_connection = 1024 * 1024;
	if (l->buffered == 0)
		l->buffered = 64 * 1024 * 1024;
	if (l->unfinished == 0)
		l->unfinished = 32 * 1024 * 1024;
	if (l->queued == 0)
		l->queued = 32 * 1024 * 1024;
}

static void
init_lists(struct host * h)
{
	list_init(&h->connections);
	list_init(&h->listeners);
	list_init(&h->served);
	list_init(&h->watchers);
	list_init(&h->events);
	list_init(&h->ready);
	list_init(&h->dirty);
	list_init(&h->dead_streams);
	list_init(&h->dead_connections);
	list_init(&h->dials);
	list_init(&h->keeps);
	h->cursor = &h->watchers;
}

/* The identity, where secrets are kept. */
static int
keep_key(struct host * h, const struct host_config * config)
{
	h->own_secrets = config->secrets == NULL;
	h->secrets = h->own_secrets ? secret_arena_new() : config->secrets;
	if (h->secrets == NULL ||
	    (h->key = secret_new(h->secrets, sizeof(*h->key))) == NULL)
		return (-ERR_INTERNAL);
	*h->key = config->key;
	peer_id_from_ed25519(&h->id, h->key->pub);
	return (0);
}

static void
free_key(struct host * h)
{
	if (h->own_secrets)
		secret_arena_free(h->secrets);
	else
		secret_free(h->secrets, h->key, sizeof(*h->key));
}

struct host *
host_new(struct world * w, const struct host_config * config)
{
	struct host * h = calloc(1, sizeof(*h));
	uint64_t seed;

	if (h == NULL)
		goto err0;
	h->w = w;
	h->securities = config->security != 0 ? config->security :
	    HOST_NOISE | HOST_TLS;
	h->delta = config->identify_delta;
	h->limits = config->limits;
	fill_limits(&h->limits);
	host_budgets_init(h);
	h->turn.fire = on_turn;
	init_lists(h);
	world_random(w, (uint8_t *)&seed, sizeof(seed));
	peerstore_init(&h->peers, seed);
	h->agent = strdup(config->agent == NULL ? "" : config->agent);
	h->version = strdup(config->version == NULL ? "" : config->version);
	if (h->agent == NULL || h->version == NULL ||
	    keep_key(h, config) != 0)
		goto err1;
	if ((h->securities & HOST_TLS) != 0 &&
	    (h->tls = tls_identity_new(h->key)) == NULL)
		goto err1;
	if ((h->identify = identify_service_new(h)) == NULL)
		goto err1;
	if (ping_serve(h) != 0)
		goto err1;
	return (h);

err1:
	host_free(h);
err0:
	return (NULL);
}

static void
free_connections(struct host * h)
{
	struct list * place, * next;
	struct connection * c;

	while (!list_empty(&h->connections))
		connection_close(list_entry(h->connections.next,
		    struct connection, place), -ERR_STREAM_READ);
	list_each(place, next, &h->dead_connections) {
		c = list_entry(place, struct connection, place);
		while (!list_empty(&c->streams))
			stream_reset(list_entry(c->streams.next,
			    struct stream, place));
	}
	reap(h);
}

static void
free_served(struct served * served)
{
	list_remove(&served->place);
	free(served->name);
	free(served);
}

void
host_free(struct host * h)
{
	struct host_event * e;

	if (h == NULL)
		return;
	dialer_free(h);
	listener_close_all(h);
	/* Its streams are told first: what they read into is freed by it. */
	free_connections(h);
	identify_service_free(h->identify);
	while (!list_empty(&h->events)) {
		e = list_entry(h->events.next, struct host_event, place);
		list_remove(&e->place);
		free(e);
	}
	while (!list_empty(&h->watchers))
		list_remove(h->watchers.next);
	while (!list_empty(&h->served))
		free_served(list_entry(h->served.next, struct served, place));
	world_timer_stop(h->w, &h->turn);
	peerstore_free(&h->peers);
	buffer_free(&h->record);
	buffer_free(&h->record_addresses);
	free(h->agent);
	free(h->version);
	tls_identity_free(h->tls);
	free_key(h);
	free(h);
}

const struct peer_id *
host_id(const struct host * h)
{
	return (&h->id);
}

struct world *
host_world(struct host * h)
{
	return (h->w);
}

/* --- watchers and protocols --------------------------------------------- */

void
host_watch(struct host * h, struct host_watcher * watcher)
{
	list_append(&h->watchers, &watcher->place);
}

void
host_unwatch(struct host * h, struct host_watcher * watcher)
{
	if (watcher->place.next == NULL)
		return;
	if (h->cursor == &watcher->place)
		h->cursor = watcher->place.next;
	list_remove(&watcher->place);
}

struct served *
host_served(const struct host * h, const char * protocol)
{
	struct list * place, * next;
	struct served * s;

	list_each(place, next, &h->served) {
		s = list_entry(place, struct served, place);
		if (strcmp(s->name, protocol) == 0)
			return (s);
	}
	return (NULL);
}

int
host_serve(struct host * h, const char * protocol,
    void (*accept)(void * user, struct stream * s, const char * protocol),
    void * user)
{
	struct served * s = host_served(h, protocol);

	if (s != NULL) {
		s->accept = accept;
		s->user = user;
		return (0);
	}
	if (protocol[0] == '\0' || strlen(protocol) >= MULTISTREAM_MAX)
		return (-ERR_INVALID_INPUT);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		goto err0;
	if ((s->name = strdup(protocol)) == NULL)
		goto err1;
	s->accept = accept;
	s->user = user;
	list_append(&h->served, &s->place);
	identify_service_changed(h);
	return (0);

err1:
	free(s);
err0:
	return (-ERR_INTERNAL);
}

void
host_unserve(struct host * h, const char * protocol)
{
	struct served * s = host_served(h, protocol);

	if (s == NULL)
		return;
	free_served(s);
	identify_service_changed(h);
}
