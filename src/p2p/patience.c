#include "p2p/patience.h"

#include <stdlib.h>

struct trial {
	struct list place;
	struct peer_id peer;
	struct bucket bucket;
};

void
patience_init(struct patience * p, const char * name,
    const struct bucket_size * size, uint64_t seed)
{
	*p = (struct patience){.size = *size, .peers = {.seed = seed}};
	list_init(&p->order);
	budget_init(&p->shown, name, size->burst);
}

static void
trial_free(struct patience * p, struct trial * t)
{
	(void)map_remove(&p->peers, peer_id_slice(&t->peer));
	list_remove(&t->place);
	free(t);
}

void
patience_free(struct patience * p)
{
	while (!list_empty(&p->order))
		trial_free(p, list_entry(p->order.next, struct trial, place));
	map_free(&p->peers);
}

bool
patience_has(struct patience * p, const struct peer_id * peer, uint64_t now)
{
	struct trial * t = map_get(&p->peers, peer_id_slice(peer));

	if (t == NULL || bucket_any(&t->bucket, &p->size, now))
		return (true);
	budget_refuse(&p->shown);
	return (false);
}

static struct trial *
trial_get(struct patience * p, const struct peer_id * peer)
{
	struct trial * t = map_get(&p->peers, peer_id_slice(peer));

	if (t != NULL)
		return (t);
	if (p->peers.n >= PATIENCE_PEERS)
		trial_free(p, list_entry(p->order.next, struct trial, place));
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->peer = *peer;
	list_init(&t->place);
	if (map_set(&p->peers, peer_id_slice(peer), t) != 0) {
		free(t);
		return (NULL);
	}
	return (t);
}

void
patience_lose(struct patience * p, const struct peer_id * peer, uint64_t now)
{
	struct trial * t = trial_get(p, peer);

	if (t == NULL)
		return;
	bucket_take(&t->bucket, &p->size, now);
	budget_note(&p->shown, bucket_taken(&t->bucket, &p->size, now));
	list_remove(&t->place);
	list_append(&p->order, &t->place);
}
