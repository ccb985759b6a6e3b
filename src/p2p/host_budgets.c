/* host_budgets.c: what peers may use up of a host, and what they do. */
#include "p2p/host_impl.h"

void
host_budgets_init(struct host * h)
{
	const struct host_limits * l = &h->limits;

	budget_init(&h->n_connections, "host.connections", l->connections);
	/* The rest is ours to dial, whoever floods us. */
	budget_init(&h->n_in, "host.connections_in",
	    l->connections - l->connections / 4);
	budget_init(&h->per_peer, "host.connections_of_peer",
	    l->connections_per_peer);
	budget_init(&h->half_open_in, "host.half_open_in", l->half_open);
	budget_init(&h->half_open_out, "host.half_open_out", l->half_open);
	budget_init(&h->n_streams, "host.streams", l->streams);
	budget_init(&h->streams, "host.streams_of_connection",
	    l->streams_per_connection);
	budget_init(&h->backlog, "host.backlog_of_connection",
	    l->accept_backlog);
	budget_init(&h->held, "host.held_bytes_of_connection",
	    l->buffered_per_connection);
	budget_init(&h->buffered, "host.held_bytes", l->buffered);
	budget_init(&h->unfinished, "host.unfinished_bytes", l->unfinished);
	budget_init(&h->queued, "host.queued_bytes", l->queued);
}

struct budget *
host_unfinished(struct host * h)
{
	return (&h->unfinished);
}

struct budget *
host_queued(struct host * h)
{
	return (&h->queued);
}

/* What the connection, or the peer, that uses most of each uses. */
struct most {
	uint64_t per_peer, streams, backlog, held;
};

static void
raise_to(uint64_t * most, uint64_t n)
{
	if (n > *most)
		*most = n;
}

static struct most
find_most(const struct host * h)
{
	const struct connection * c;
	const struct list * place;
	struct most m = {0};

	for (place = h->connections.next; place != &h->connections;
	     place = place->next) {
		c = list_entry(place, const struct connection, place);
		raise_to(&m.held, c->held);
		if (!c->up)
			continue;
		raise_to(&m.per_peer, c->peer->n_connections);
		raise_to(&m.streams, yamux_streams(c->yamux));
		raise_to(&m.backlog, yamux_backlog(c->yamux));
	}
	return (m);
}

void
host_budgets(const struct host * h, const struct budget_walk * walk)
{
	struct most m = find_most(h);

	budget_tell(walk, &h->n_connections);
	budget_tell(walk, &h->n_in);
	budget_tell_used(walk, &h->per_peer, m.per_peer);
	budget_tell(walk, &h->half_open_in);
	budget_tell(walk, &h->half_open_out);
	budget_tell(walk, &h->n_streams);
	budget_tell_used(walk, &h->streams, m.streams);
	budget_tell_used(walk, &h->backlog, m.backlog);
	budget_tell_used(walk, &h->held, m.held);
	budget_tell(walk, &h->buffered);
	budget_tell(walk, &h->unfinished);
	budget_tell(walk, &h->queued);
	budget_tell_used(walk, &h->peers.known, h->peers.peers.n);
}
