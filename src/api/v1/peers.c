/* peers.c: PeerList. */
#include <stdio.h>
#include <stdlib.h>

#include "api/v1/v1.h"

/* Peers that are known and not connected: those used last. */
#define KNOWN_MAX 512

/* Streams named on a connection. */
#define STREAMS_MAX 64

typedef V1(PeerList__Peer) peer_t;
typedef V1(PeerList__Route) route_t;

/* A list that grows while the host is walked. */
struct listing {
	V1(PeerList__Reply) * reply;
	peer_t * peer;            /* the last one; NULL without memory */
	route_t * route;          /* its last one, likewise */
	struct buffer ids;        /* struct peer_id of each */
};

unsigned
v1_address_features(struct slice address, bool active)
{
	bool local = multiaddr_is_private(address);
	struct multiaddr_part part;
	unsigned features = 0;

	while (multiaddr_next(&address, &part) == 1)
		if (part.code == MA_QUIC || part.code == MA_QUIC_V1)
			features |= 1U << BERTY__PROTOCOL__V1__PEER_LIST__FEATURE__QuicFeature;
	/* Anybody may claim a private address: only a connection tells. */
	if (active && local)
		features |= 1U << BERTY__PROTOCOL__V1__PEER_LIST__FEATURE__LocalFeature;
	return (features);
}

/* --- walking --------------------------------------------------------------- */

static void
on_peer(void * user, const struct host_view * view)
{
	struct listing * l = user;
	char text[80];

	l->route = NULL;
	l->peer = v1_add(&l->reply->peers, &l->reply->n_peers,
	    &berty__protocol__v1__peer_list__peer__descriptor);
	if (l->peer == NULL)
		return;
	v1_set_peer(&l->peer->id, view->peer);
	buffer_append(&l->ids, view->peer, sizeof(*view->peer));
	l->peer->is_active = view->connected;
	if (view->connected || view->dial_status == 0)
		return;
	(void)snprintf(text, sizeof(text), "the last dial failed: %s(#%d)",
	    error_name(-view->dial_status), -view->dial_status);
	v1_add_text(&l->peer->errors, &l->peer->n_errors, slice_text(text));
}

static void
on_route(void * user, const struct host_route * route)
{
	struct listing * l = user;

	l->route = l->peer == NULL ? NULL : v1_add(&l->peer->routes,
	    &l->peer->n_routes,
	    &berty__protocol__v1__peer_list__route__descriptor);
	if (l->route == NULL)
		return;
	v1_set_address(&l->route->address, route->address);
	l->route->is_active = route->active;
	l->route->latency = (int64_t)route->latency_ms;
	if (route->active)
		l->route->direction = route->outbound
		    ? BERTY__PROTOCOL__V1__DIRECTION__OutboundDir
		    : BERTY__PROTOCOL__V1__DIRECTION__InboundDir;
}

static void
on_stream(void * user, const char * protocol)
{
	struct listing * l = user;
	V1(PeerList__Stream) * stream;

	if (l->route == NULL || l->route->n_streams >= STREAMS_MAX)
		return;
	stream = v1_add(&l->route->streams, &l->route->n_streams,
	    &berty__protocol__v1__peer_list__stream__descriptor);
	if (stream != NULL)
		v1_set_text(&stream->id, slice_text(protocol));
}

/* --- what a peer's routes come to ------------------------------------------ */

/* Does it serve contact requests, of whichever network? */
static bool
is_berty(struct host * h, const struct peer_id * id)
{
	size_t i;

	for (i = 0; i < NETWORK_COUNT; i++)
		if (host_peer_speaks(h, id, network_get(
		    (enum network_id)i)->contact_protocol))
			return (true);
	return (host_peer_speaks(h, id, "/rendezvous/1.0.0"));
}

static unsigned
route_features(const route_t * route)
{
	struct buffer address = {0};
	unsigned features = 0;

	if (multiaddr_decode(&address, slice_text(route->address)) == 0)
		features = v1_address_features(buffer_all(&address),
		    route->is_active);
	buffer_free(&address);
	return (features);
}

static void
sum_up(peer_t * peer, unsigned features)
{
	unsigned directions = 0, i;
	size_t r;

	for (r = 0; r < peer->n_routes; r++) {
		const route_t * route = peer->routes[r];

		features |= route_features(route);
		/* InboundDir | OutboundDir is BiDir. */
		directions |= (unsigned)route->direction;
		if (route->latency > 0 && (peer->min_latency == 0 ||
		    route->latency < peer->min_latency))
			peer->min_latency = route->latency;
	}
	peer->direction = (V1(Direction))directions;
	peer->features = calloc(32, sizeof(*peer->features));
	for (i = 0; peer->features != NULL && i < 32; i++)
		if ((features & 1U << i) != 0)
			peer->features[peer->n_features++] =
			    (V1(PeerList__Feature))i;
}

static int
compare_ids(const void * a, const void * b)
{
	const peer_t * const * x = a;
	const peer_t * const * y = b;

	return (strcmp((*x)->id, (*y)->id));
}

void
v1_peer_list(struct api_call * call)
{
	struct host * h = node_host(call->node);
	struct listing l = {.reply = v1_new(call->method->reply)};
	const struct host_viewer viewer = {on_peer, on_route, on_stream, &l};
	struct peer_id id;
	size_t i;

	if (l.reply != NULL)
		host_view_peers(h, KNOWN_MAX, &viewer);
	for (i = 0; l.reply != NULL && i < l.reply->n_peers; i++) {
		bool berty = false;

		if ((i + 1) * sizeof(id) <= l.ids.n) {
			memcpy(&id, l.ids.p + i * sizeof(id), sizeof(id));
			berty = is_berty(h, &id);
		}
		sum_up(l.reply->peers[i], berty
		    ? 1U << BERTY__PROTOCOL__V1__PEER_LIST__FEATURE__BertyFeature : 0);
	}
	if (l.reply != NULL && l.reply->n_peers > 0)
		qsort(l.reply->peers, l.reply->n_peers,
		    sizeof(*l.reply->peers), compare_ids);
	v1_answer_built(call, l.reply);
	buffer_free(&l.ids);
}
