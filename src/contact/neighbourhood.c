/* neighbourhood.c: what neighbours have told, within bounds. */
#include <stdlib.h>

#include "base/error.h"
#include "contact/local_record_impl.h"

/* A namespace that a peer told. */
struct told {
	uint64_t until;           /* ms */
};

struct neighbour {
	struct peer_id peer;
	struct map told;          /* namespace -> struct told */
	struct list place;
};

void
neighbourhood_init(struct neighbourhood * n, uint64_t seed)
{
	*n = (struct neighbourhood){.peers.seed = seed};
	list_init(&n->order);
	budget_init(&n->n, "localdisc.records", LOCAL_RECORD_ALL);
	budget_init(&n->of_peer, "localdisc.records_of_peer",
	    LOCAL_RECORD_PEER);
}

uint64_t
neighbourhood_most(const struct neighbourhood * n)
{
	const struct list * at;
	uint64_t most = 0, told;

	for (at = n->order.next; at != &n->order; at = at->next) {
		told = list_entry(at, const struct neighbour, place)->told.n;
		most = told > most ? told : most;
	}
	return (most);
}

static void
forget_peer(struct neighbourhood * n, struct neighbour * peer)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&peer->told, &at, &key, &value))
		free(value);
	budget_give(&n->n, peer->told.n);
	map_free(&peer->told);
	(void)map_remove(&n->peers, peer_id_slice(&peer->peer));
	list_remove(&peer->place);
	free(peer);
}

void
neighbourhood_free(struct neighbourhood * n)
{
	while (!list_empty(&n->order))
		forget_peer(n, list_entry(n->order.next, struct neighbour,
		    place));
	map_free(&n->peers);
}

static void
forget_expired(struct neighbourhood * n, struct neighbour * peer,
    uint64_t now)
{
	struct slice key;
	void * value;
	size_t at = 0;

	while (map_next(&peer->told, &at, &key, &value)) {
		if (((struct told *)value)->until > now)
			continue;
		(void)map_remove(&peer->told, key);
		free(value);
		budget_give(&n->n, 1);
	}
}

static struct neighbour *
neighbour_of(struct neighbourhood * n, const struct peer_id * id)
{
	struct neighbour * peer = map_get(&n->peers, peer_id_slice(id));

	if (peer != NULL) {
		list_remove(&peer->place);
		list_append(&n->order, &peer->place);
		return (peer);
	}
	if ((peer = calloc(1, sizeof(*peer))) == NULL)
		return (NULL);
	peer->peer = *id;
	peer->told.seed = n->peers.seed;
	if (map_set(&n->peers, peer_id_slice(id), peer) != 0) {
		free(peer);
		return (NULL);
	}
	list_append(&n->order, &peer->place);
	return (peer);
}

/* Room for one more record of the peer, which is taken. */
static bool
make_room(struct neighbourhood * n, struct neighbour * peer, uint64_t now)
{
	struct neighbour * oldest;

	if (peer->told.n >= LOCAL_RECORD_PEER)
		forget_expired(n, peer, now);
	if (!budget_allows(&n->of_peer, peer->told.n, 1))
		return (false);
	while (!budget_take(&n->n, 1)) {
		oldest = list_entry(n->order.next, struct neighbour, place);
		if (oldest == peer)
			return (false);
		forget_peer(n, oldest);
	}
	return (true);
}

bool
neighbourhood_keep(struct neighbourhood * n, const struct peer_id * id,
    struct slice ns, uint64_t now, uint64_t until)
{
	struct neighbour * peer = neighbour_of(n, id);
	struct told * t;

	if (peer == NULL)
		return (false);
	if ((t = map_get(&peer->told, ns)) != NULL) {
		t->until = until;
		return (true);
	}
	if (!make_room(n, peer, now))
		return (false);
	if ((t = calloc(1, sizeof(*t))) == NULL)
		goto err0;
	t->until = until;
	if (map_set(&peer->told, ns, t) != 0)
		goto err1;
	return (true);

err1:
	free(t);
err0:
	budget_give(&n->n, 1);
	return (false);
}

void
neighbourhood_each(struct neighbourhood * n, struct slice ns, uint64_t now,
    void (*each)(void * user, const struct peer_id * peer), void * user)
{
	struct list * at, * next;
	struct neighbour * peer;
	struct told * t;

	list_each(at, next, &n->order) {
		peer = list_entry(at, struct neighbour, place);
		t = map_get(&peer->told, ns);
		if (t != NULL && t->until > now)
			each(user, &peer->peer);
	}
}
