/* host_peers.c: what a host knows of peers, and what it tells them of itself. */
#include "base/clock.h"
#include "base/error.h"
#include "base/reader.h"
#include "p2p/host_impl.h"
#include "p2p/peer_record.h"

void
host_learn(struct host * h, const struct peer_id * peer,
    struct slice multiaddr, uint64_t ttl_ms)
{
	struct peer * p;

	if (peer->n == 0 || peer_id_equal(peer, &h->id))
		return;
	if ((p = peerstore_get(&h->peers, peer)) != NULL)
		peerstore_learn(p, multiaddr,
		    clock_add(world_now(h->w), ttl_ms));
}

int
host_learn_record(struct host * h, struct slice envelope,
    struct peer_id * peer, uint64_t ttl_ms)
{
	struct peer_record record = {0};
	struct reader r;
	struct peer * p;
	int status;

	if ((status = peer_record_open(&record, envelope)) != 0)
		return (status);
	*peer = record.peer;
	p = peerstore_get(&h->peers, peer);
	/* An older record says nothing new. */
	if (p != NULL && record.seq >= p->seq) {
		p->seq = record.seq;
		peerstore_keep_record(p, envelope,
		    clock_add(world_now(h->w), ttl_ms));
		r = reader_of(buffer_all(&record.addresses));
		while (r.n > 0)
			host_learn(h, peer, reader_prefixed(&r, r.n), ttl_ms);
	}
	peer_record_free(&record);
	return (0);
}

struct slice
host_record_of(struct host * h, const struct peer_id * peer)
{
	struct peer * p = peerstore_find(&h->peers, peer);

	if (p == NULL || (list_empty(&p->connections) &&
	    p->record_until <= world_now(h->w)))
		return ((struct slice){0});
	return (buffer_all(&p->record));
}

void
host_disconnect(struct host * h, const struct peer_id * peer)
{
	struct connection * c;

	while ((c = connection_of(h, peer)) != NULL)
		connection_close(c, -ERR_STREAM_READ);
}

bool
host_connected(struct host * h, const struct peer_id * peer)
{
	return (connection_of(h, peer) != NULL);
}

bool
host_peer_speaks(struct host * h, const struct peer_id * peer,
    const char * protocol)
{
	struct peer * p = peerstore_find(&h->peers, peer);

	return (p != NULL && p->identified && peer_speaks(p, protocol));
}

bool
host_each_peer(struct host * h, size_t * at, struct peer_id * peer)
{
	struct slice key;
	struct peer * p;
	void * value;

	while (map_next(&h->peers.peers, at, &key, &value)) {
		p = value;
		if (list_empty(&p->connections))
			continue;
		*peer = p->id;
		return (true);
	}
	return (false);
}

int
host_peer_info(struct host * h, const struct peer_id * peer,
    struct host_peer_info * info)
{
	struct connection * c = connection_of(h, peer);
	struct multiaddr_tcp address;

	if (c == NULL)
		return (-ERR_NOT_FOUND);
	*info = (struct host_peer_info){.outbound = c->outbound,
	    .latency_ms = c->rtt, .streams = yamux_streams(c->yamux)};
	address = c->remote;
	address.peer = *peer;
	multiaddr_from_tcp(&info->address, &address);
	buffer_slice(&info->agent, buffer_all(&c->peer->agent));
	return (0);
}

/* Own addresses as a record; signed anew only when they changed. */
struct slice
host_peer_record(struct host * h)
{
	struct peer_record record = {.seq = (uint64_t)world_wall(h->w)};

	host_addresses(h, &record.addresses, false);
	if (h->record.n > 0 && slice_equal(buffer_all(&record.addresses),
	    buffer_all(&h->record_addresses))) {
		peer_record_free(&record);
		return (buffer_all(&h->record));
	}
	buffer_clear(&h->record);
	peer_record_seal(&h->record, &record, h->key);
	buffer_free(&h->record_addresses);
	h->record_addresses = record.addresses;
	return (buffer_all(&h->record));
}
