#include "p2p/peerstore.h"

#include <stdlib.h>

void
peerstore_init(struct peerstore * ps, uint64_t seed)
{
	ps->peers = (struct map){.seed = seed};
	list_init(&ps->order);
	budget_init(&ps->known, "host.known_peers", PEERSTORE_PEERS);
}

static void
peer_free(struct peer * p)
{
	list_remove(&p->place);
	free(p->addresses);
	buffer_free(&p->protocols);
	buffer_free(&p->agent);
	buffer_free(&p->record);
	free(p);
}

void
peerstore_free(struct peerstore * ps)
{
	while (!list_empty(&ps->order))
		peer_free(list_entry(ps->order.next, struct peer, place));
	map_free(&ps->peers);
}

struct peer *
peerstore_find(const struct peerstore * ps, const struct peer_id * id)
{
	return (map_get(&ps->peers, peer_id_slice(id)));
}

/* Forget the peer that was longest unused, if there are too many. */
static void
make_room(struct peerstore * ps)
{
	struct list * place, * next;
	struct peer * p;

	if (budget_allows(&ps->known, ps->peers.n, 1))
		return;
	list_each(place, next, &ps->order) {
		p = list_entry(place, struct peer, place);
		if (!list_empty(&p->connections))
			continue;
		(void)map_remove(&ps->peers, peer_id_slice(&p->id));
		peer_free(p);
		return;
	}
}

struct peer *
peerstore_get(struct peerstore * ps, const struct peer_id * id)
{
	struct peer * p = peerstore_find(ps, id);

	if (p != NULL) {
		list_remove(&p->place);
		list_append(&ps->order, &p->place);
		return (p);
	}
	make_room(ps);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		goto err0;
	p->id = *id;
	list_init(&p->connections);
	if (map_set(&ps->peers, peer_id_slice(id), p) != 0)
		goto err1;
	list_append(&ps->order, &p->place);
	return (p);

err1:
	free(p);
err0:
	return (NULL);
}

static bool
same_place(const struct multiaddr_tcp * a, const struct multiaddr_tcp * b)
{
	return (a->v6 == b->v6 && a->port == b->port &&
	    memcmp(a->ip, b->ip, a->v6 ? 16 : 4) == 0);
}

/* The address to overwrite: the same one, a new place, or the first to end. */
static struct peer_address *
address_slot(struct peer * p, const struct multiaddr_tcp * tcp)
{
	struct peer_address * first = p->addresses, * grown;
	size_t i;

	for (i = 0; i < p->n_addresses; i++) {
		if (same_place(&p->addresses[i].tcp, tcp))
			return (&p->addresses[i]);
		if (p->addresses[i].until < first->until)
			first = &p->addresses[i];
	}
	if (p->n_addresses >= PEERSTORE_ADDRESSES)
		return (first);
	grown = realloc(p->addresses, (p->n_addresses + 1) * sizeof(*grown));
	if (grown == NULL)
		return (NULL);
	p->addresses = grown;
	grown[p->n_addresses] = (struct peer_address){0};
	return (&grown[p->n_addresses++]);
}

void
peerstore_learn(struct peer * p, struct slice multiaddr, uint64_t until)
{
	struct peer_address * slot;
	struct multiaddr_tcp tcp;

	if (multiaddr_to_tcp(multiaddr, &tcp) != 0 || tcp.port == 0)
		return;
	if (tcp.peer.n > 0 && !peer_id_equal(&tcp.peer, &p->id))
		return;
	if ((slot = address_slot(p, &tcp)) == NULL)
		return;
	tcp.peer.n = 0;
	if (!same_place(&slot->tcp, &tcp) || slot->until < until)
		*slot = (struct peer_address){until, tcp};
}

void
peerstore_keep_record(struct peer * p, struct slice envelope, uint64_t until)
{
	buffer_free(&p->record);
	if (envelope.n > PEERSTORE_RECORD)
		return;
	buffer_slice(&p->record, envelope);
	if (p->record.failed)
		buffer_free(&p->record);
	p->record_until = until;
}

void
peerstore_expire(struct peer * p, uint64_t now)
{
	size_t i, kept = 0;

	for (i = 0; i < p->n_addresses; i++)
		if (p->addresses[i].until > now)
			p->addresses[kept++] = p->addresses[i];
	p->n_addresses = kept;
}

void
peer_forget(struct peer * p)
{
	p->identified = false;
	buffer_free(&p->protocols);
	buffer_free(&p->agent);
}

bool
peer_speaks(const struct peer * p, const char * protocol)
{
	const char * name;
	size_t at;

	for (at = 0; at < p->protocols.n; at += strlen(name) + 1) {
		name = (const char *)p->protocols.p + at;
		if (strcmp(name, protocol) == 0)
			return (true);
	}
	return (false);
}
