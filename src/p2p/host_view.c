/* host_view.c: what a host knows of peers, for people to look at. */
#include "p2p/host_impl.h"

static bool
same_place(const struct multiaddr_tcp * a, const struct multiaddr_tcp * b)
{
	return (a->v6 == b->v6 && a->port == b->port &&
	    memcmp(a->ip, b->ip, a->v6 ? 16 : 4) == 0);
}

static void
tell_route(const struct host_viewer * viewer, const struct multiaddr_tcp * at,
    struct host_route * route)
{
	struct multiaddr_tcp place = *at;
	struct buffer address = {0};

	place.peer.n = 0;
	multiaddr_from_tcp(&address, &place);
	route->address = buffer_all(&address);
	if (!address.failed)
		viewer->route(viewer->user, route);
	buffer_free(&address);
}

static void
tell_connection(const struct host_viewer * viewer, struct connection * c)
{
	struct host_route route = {.active = true, .outbound = c->outbound,
	    .latency_ms = c->rtt};
	struct list * place, * next;
	struct stream * s;

	tell_route(viewer, &c->remote, &route);
	list_each(place, next, &c->streams) {
		s = list_entry(place, struct stream, place);
		if (s->protocol != NULL && !s->gone)
			viewer->stream(viewer->user, s->protocol);
	}
}

/* Is a connection to that very address open? */
static bool
in_use(struct peer * p, const struct multiaddr_tcp * at)
{
	struct list * place, * next;

	list_each(place, next, &p->connections)
		if (same_place(&list_entry(place, struct connection,
		    peer_place)->remote, at))
			return (true);
	return (false);
}

static void
tell_peer(struct host * h, struct peer * p, const struct host_viewer * viewer)
{
	struct host_route known = {0};
	struct host_view view = {
		.peer = &p->id, .agent = buffer_all(&p->agent),
		.connected = !list_empty(&p->connections),
		.dial_status = p->dial_status,
	};
	struct list * place, * next;
	size_t i;

	viewer->peer(viewer->user, &view);
	list_each(place, next, &p->connections)
		tell_connection(viewer, list_entry(place, struct connection,
		    peer_place));
	peerstore_expire(p, world_now(h->w));
	for (i = 0; i < p->n_addresses; i++)
		if (!in_use(p, &p->addresses[i].tcp))
			tell_route(viewer, &p->addresses[i].tcp, &known);
}

void
host_view_peer(struct host * h, const struct peer_id * peer,
    const struct host_viewer * viewer)
{
	struct peer * p = peerstore_find(&h->peers, peer);

	if (p != NULL)
		tell_peer(h, p, viewer);
}

void
host_view_peers(struct host * h, size_t most, const struct host_viewer * viewer)
{
	struct list * place;
	struct peer * p;
	size_t n = 0;

	/* The store keeps those that were used last at the end. */
	for (place = h->peers.order.prev; place != &h->peers.order;
	    place = place->prev) {
		p = list_entry(place, struct peer, place);
		peerstore_expire(p, world_now(h->w));
		if (list_empty(&p->connections) &&
		    (p->n_addresses == 0 || n++ >= most))
			continue;
		tell_peer(h, p, viewer);
	}
}
