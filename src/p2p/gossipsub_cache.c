#include "p2p/gossipsub_cache.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/map.h"

struct seen {
	struct list place;
	uint64_t until;
	struct gossipsub_id id;
};

/* How often a peer was given a message. */
struct given {
	struct peer_id peer;
	unsigned times;
};

struct kept {
	struct list place;
	struct gossipsub_id id;
	struct buffer topic;
	struct buffer bytes;
	unsigned age;             /* heartbeats */
	struct given * given;
	size_t n_given;
};

struct gossipsub_cache {
	struct map seen;
	struct list seen_order;   /* oldest first */
	struct map kept;
	struct list kept_order;   /* oldest first */
	struct budget ids, bytes; /* refused: forgotten for another */
};

struct gossipsub_cache *
gossipsub_cache_new(uint64_t seed)
{
	struct gossipsub_cache * c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (NULL);
	c->seen.seed = c->kept.seed = seed;
	list_init(&c->seen_order);
	list_init(&c->kept_order);
	budget_init(&c->ids, "gossipsub.seen_ids", GOSSIPSUB_SEEN_MAX);
	budget_init(&c->bytes, "gossipsub.kept_bytes", GOSSIPSUB_CACHE_MAX);
	return (c);
}

static void
forget_seen(struct gossipsub_cache * c, struct seen * s)
{
	(void)map_remove(&c->seen, gossipsub_id_slice(&s->id));
	list_remove(&s->place);
	free(s);
}

/* What a kept message counts for: its bytes, and what is around them. */
static size_t
weight(const struct kept * k)
{
	return (k->bytes.n + k->topic.n + sizeof(*k) +
	    k->n_given * sizeof(*k->given));
}

static void
forget_kept(struct gossipsub_cache * c, struct kept * k)
{
	budget_give(&c->bytes, weight(k));
	(void)map_remove(&c->kept, gossipsub_id_slice(&k->id));
	list_remove(&k->place);
	buffer_free(&k->topic);
	buffer_free(&k->bytes);
	free(k->given);
	free(k);
}

void
gossipsub_cache_free(struct gossipsub_cache * c)
{
	struct list * place, * following;

	if (c == NULL)
		return;
	list_each (place, following, &c->seen_order)
		forget_seen(c, list_entry(place, struct seen, place));
	list_each (place, following, &c->kept_order)
		forget_kept(c, list_entry(place, struct kept, place));
	map_free(&c->seen);
	map_free(&c->kept);
	free(c);
}

bool
gossipsub_cache_seen(const struct gossipsub_cache * c,
    const struct gossipsub_id * id)
{
	return (map_get(&c->seen, gossipsub_id_slice(id)) != NULL);
}

int
gossipsub_cache_mark(struct gossipsub_cache * c, const struct gossipsub_id * id,
    uint64_t now)
{
	struct seen * s;

	if (gossipsub_cache_seen(c, id))
		return (0);
	if (!budget_allows(&c->ids, c->seen.n, 1))
		forget_seen(c,
		    list_entry(c->seen_order.next, struct seen, place));
	if ((s = malloc(sizeof(*s))) == NULL)
		goto err0;
	s->id = *id;
	s->until = clock_add(now, GOSSIPSUB_SEEN_MS);
	if (map_set(&c->seen, gossipsub_id_slice(id), s) != 0)
		goto err1;
	list_append(&c->seen_order, &s->place);
	return (0);

err1:
	free(s);
err0:
	return (-ERR_INTERNAL);
}

void
gossipsub_cache_expire(struct gossipsub_cache * c, uint64_t now)
{
	struct list * place, * following;

	list_each (place, following, &c->seen_order) {
		struct seen * s = list_entry(place, struct seen, place);

		if (s->until > now)
			return;
		forget_seen(c, s);
	}
}

/* The oldest give way to so many bytes. */
static void
make_room(struct gossipsub_cache * c, size_t n)
{
	while (!list_empty(&c->kept_order) &&
	    !budget_allows(&c->bytes, c->bytes.used, n))
		forget_kept(c,
		    list_entry(c->kept_order.next, struct kept, place));
}

int
gossipsub_cache_put(struct gossipsub_cache * c, const struct gossipsub_id * id,
    struct slice topic, struct slice message)
{
	struct kept * k;

	if (map_get(&c->kept, gossipsub_id_slice(id)) != NULL)
		return (0);
	if ((k = calloc(1, sizeof(*k))) == NULL)
		goto err0;
	k->id = *id;
	buffer_slice(&k->topic, topic);
	buffer_slice(&k->bytes, message);
	if (k->topic.failed || k->bytes.failed)
		goto err1;
	make_room(c, weight(k));
	if (map_set(&c->kept, gossipsub_id_slice(id), k) != 0)
		goto err1;
	list_append(&c->kept_order, &k->place);
	(void)budget_take(&c->bytes, weight(k));
	return (0);

err1:
	buffer_free(&k->topic);
	buffer_free(&k->bytes);
	free(k);
err0:
	return (-ERR_INTERNAL);
}

/* Count one more time that the peer is given it; false when it had enough. */
static bool
count_given(struct gossipsub_cache * c, struct kept * k,
    const struct peer_id * asker)
{
	struct given * grown;
	size_t i;

	for (i = 0; i < k->n_given; i++)
		if (peer_id_equal(&k->given[i].peer, asker))
			return (k->given[i].times++ < GOSSIPSUB_RETRANSMIT);
	if (!budget_take(&c->bytes, sizeof(*grown)))
		return (false);
	grown = realloc(k->given, (k->n_given + 1) * sizeof(*grown));
	if (grown == NULL) {
		budget_give(&c->bytes, sizeof(*grown));
		return (false);
	}
	k->given = grown;
	k->given[k->n_given++] = (struct given){*asker, 1};
	return (true);
}

struct slice
gossipsub_cache_get(struct gossipsub_cache * c, const struct gossipsub_id * id,
    const struct peer_id * asker)
{
	struct kept * k = map_get(&c->kept, gossipsub_id_slice(id));

	if (k == NULL || !count_given(c, k, asker))
		return (slice_of(NULL, 0));
	return (buffer_all(&k->bytes));
}

size_t
gossipsub_cache_ids(const struct gossipsub_cache * c, struct slice topic,
    struct gossipsub_id * ids, size_t max)
{
	const struct list * place;
	size_t n = 0;

	for (place = c->kept_order.prev; place != &c->kept_order && n < max;
	     place = place->prev) {
		const struct kept * k =
		    list_entry(place, const struct kept, place);

		if (k->age >= GOSSIPSUB_GOSSIP)
			break;
		if (slice_equal(buffer_all(&k->topic), topic))
			ids[n++] = k->id;
	}
	return (n);
}

void
gossipsub_cache_shift(struct gossipsub_cache * c)
{
	struct list * place, * following;

	list_each (place, following, &c->kept_order) {
		struct kept * k = list_entry(place, struct kept, place);

		if (++k->age >= GOSSIPSUB_HISTORY)
			forget_kept(c, k);
	}
}

size_t
gossipsub_cache_seen_count(const struct gossipsub_cache * c)
{
	return (c->seen.n);
}

void
gossipsub_cache_budgets(const struct gossipsub_cache * c,
    const struct budget_walk * walk)
{
	budget_tell_used(walk, &c->ids, c->seen.n);
	budget_tell(walk, &c->bytes);
}

size_t
gossipsub_cache_bytes(const struct gossipsub_cache * c)
{
	return ((size_t)c->bytes.used);
}
