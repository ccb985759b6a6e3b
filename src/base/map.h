/* map.h: a hash map from bytes to pointers. */
#ifndef BERTY_BASE_MAP_H
#define BERTY_BASE_MAP_H

#include "base/slice.h"

struct map_slot;

/*
 * Keys are copied, values are the caller's.  `seed` keys the hash: a map whose
 * keys peers choose gets a random one.  Zero bytes are an empty map.
 */
struct map {
	struct map_slot * slots;
	size_t n;
	size_t size;
	size_t used;
	uint64_t seed;
};

/* Free the map's own memory, not the values. */
void map_free(struct map * m);

/* The value under the key, or NULL. */
void * map_get(const struct map * m, struct slice key);

/* Set the value (not NULL) under the key; 0, or -ERR_INTERNAL: no memory. */
int map_set(struct map * m, struct slice key, void * value);

/* Remove the key; its value, or NULL if there was none. */
void * map_remove(struct map * m, struct slice key);

/*
 * Walk in no particular order: start with *at = 0; false at the end.  The key
 * just given may be removed during the walk, nothing may be added.
 */
bool map_next(const struct map * m, size_t * at, struct slice * key,
    void ** value);

#endif /* !BERTY_BASE_MAP_H */
