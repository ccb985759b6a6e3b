#include "base/map.h"

#include <stdlib.h>

#include "base/error.h"

struct map_slot {
	uint8_t * key; /* NULL: never used, or removed if `gone` */
	size_t n;
	void * value;
	uint64_t hash;
	bool gone;
};

/* FNV-1a from the seed, with a final mix. */
static uint64_t
hash_key(uint64_t seed, struct slice key)
{
	uint64_t h = seed ^ 0xcbf29ce484222325U;
	size_t i;

	for (i = 0; i < key.n; i++)
		h = (h ^ key.p[i]) * 0x100000001b3U;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15U;
	return (h ^ h >> 29);
}

static struct map_slot *
find(const struct map * m, struct slice key, uint64_t hash)
{
	struct map_slot * s;
	size_t i;

	if (m->size == 0)
		return (NULL);
	for (i = hash & (m->size - 1);; i = (i + 1) & (m->size - 1)) {
		s = &m->slots[i];
		if (s->key == NULL && !s->gone)
			return (NULL);
		if (s->key != NULL && s->hash == hash &&
		    slice_equal(slice_of(s->key, s->n), key))
			return (s);
	}
}

static struct map_slot *
find_free(const struct map * m, uint64_t hash)
{
	size_t i = hash & (m->size - 1);

	while (m->slots[i].key != NULL)
		i = (i + 1) & (m->size - 1);
	return (&m->slots[i]);
}

/* Room for one more with at most three quarters of the slots ever used. */
static int
make_room(struct map * m)
{
	struct map old = *m;
	size_t i;

	if (m->size > 0 && (m->used + 1) * 4 <= m->size * 3)
		return (0);
	m->size = 16;
	while (m->size < (m->n + 1) * 2)
		m->size *= 2;
	if ((m->slots = calloc(m->size, sizeof(*m->slots))) == NULL) {
		*m = old;
		return (-ERR_INTERNAL);
	}
	for (i = 0; i < old.size; i++)
		if (old.slots[i].key != NULL)
			*find_free(m, old.slots[i].hash) = old.slots[i];
	m->used = m->n;
	free(old.slots);
	return (0);
}

void
map_free(struct map * m)
{
	size_t i;

	for (i = 0; i < m->size; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct map){.seed = m->seed};
}

void *
map_get(const struct map * m, struct slice key)
{
	struct map_slot * s = find(m, key, hash_key(m->seed, key));

	return (s == NULL ? NULL : s->value);
}

int
map_set(struct map * m, struct slice key, void * value)
{
	uint64_t hash = hash_key(m->seed, key);
	struct map_slot * s = find(m, key, hash);
	uint8_t * copy;

	if (s != NULL) {
		s->value = value;
		return (0);
	}
	if (make_room(m) != 0)
		goto err0;
	if ((copy = malloc(key.n + 1)) == NULL)
		goto err0;
	if (key.n > 0)
		memcpy(copy, key.p, key.n);
	s = find_free(m, hash);
	if (!s->gone)
		m->used++;
	*s = (struct map_slot){copy, key.n, value, hash, false};
	m->n++;
	return (0);

err0:
	return (-ERR_INTERNAL);
}

void *
map_remove(struct map * m, struct slice key)
{
	struct map_slot * s = find(m, key, hash_key(m->seed, key));

	if (s == NULL)
		return (NULL);
	free(s->key);
	s->key = NULL;
	s->gone = true;
	m->n--;
	return (s->value);
}

bool
map_next(const struct map * m, size_t * at, struct slice * key, void ** value)
{
	for (; *at < m->size; (*at)++) {
		struct map_slot * s = &m->slots[*at];

		if (s->key == NULL)
			continue;
		*key = slice_of(s->key, s->n);
		*value = s->value;
		(*at)++;
		return (true);
	}
	return (false);
}
