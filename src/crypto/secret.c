#include "crypto/secret.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Secrets are carved from chunks; each chunk is one guarded, locked mapping.
 * A mapping per secret would meet the system's limit of mappings (65,530).
 */
#define CHUNK_SIZE 65536

/* Size classes are powers of two from 16 to 4,096 bytes. */
enum { CLASS_COUNT = 9, CLASS_MIN = 16 };

/* A freed place holds the link to the next one, and else zeros. */
struct gap {
	struct gap * next;
};

struct chunk {
	struct chunk * next;
	uint8_t * p;
	size_t used;
};

struct secret_arena {
	struct chunk * chunks;
	struct gap * gaps[CLASS_COUNT];
};

/* The class that holds n bytes, CLASS_COUNT if none does. */
static unsigned
class_of(size_t n)
{
	unsigned c = 0;

	while (c < CLASS_COUNT && ((size_t)CLASS_MIN << c) < n)
		c++;
	return (c);
}

struct secret_arena *
secret_arena_new(void)
{
	return (calloc(1, sizeof(struct secret_arena)));
}

void
secret_arena_free(struct secret_arena * arena)
{
	struct chunk * c;

	if (arena == NULL)
		return;
	while ((c = arena->chunks) != NULL) {
		arena->chunks = c->next;
		sodium_free(c->p);
		free(c);
	}
	free(arena);
}

static struct chunk *
add_chunk(struct secret_arena * arena)
{
	struct chunk * c;

	if ((c = malloc(sizeof(*c))) == NULL)
		goto err0;
	/* A system that refuses to lock still gives the guarded pages. */
	if ((c->p = sodium_malloc(CHUNK_SIZE)) == NULL)
		goto err1;
	c->used = 0;
	c->next = arena->chunks;
	arena->chunks = c;
	return (c);

err1:
	free(c);
err0:
	return (NULL);
}

void *
secret_new(struct secret_arena * arena, size_t n)
{
	unsigned class = class_of(n);
	size_t size = (size_t)CLASS_MIN << class;
	struct chunk * c;
	void * p;

	if (class == CLASS_COUNT)
		return (NULL);
	if (arena->gaps[class] != NULL) {
		p = arena->gaps[class];
		arena->gaps[class] = arena->gaps[class]->next;
	} else {
		c = arena->chunks;
		if ((c == NULL || CHUNK_SIZE - c->used < size) &&
		    (c = add_chunk(arena)) == NULL)
			return (NULL);
		p = c->p + c->used;
		c->used += size;
	}
	memset(p, 0, size);
	return (p);
}

void
secret_free(struct secret_arena * arena, void * p, size_t n)
{
	unsigned class = class_of(n);
	struct gap * gap = p;

	if (p == NULL || class == CLASS_COUNT)
		return;
	sodium_memzero(p, (size_t)CLASS_MIN << class);
	gap->next = arena->gaps[class];
	arena->gaps[class] = gap;
}
