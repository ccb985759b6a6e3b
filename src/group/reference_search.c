#include "group/reference_search.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "group/out_of_store.h"

/* References computed in one go. */
#define BATCH 64

struct search_group {
	uint8_t pk[32];
	uint8_t secret[32];
};

struct search_chain {
	uint8_t device_pk[32];
	uint64_t counter;
	uint32_t group;
};

struct reference_search {
	uint8_t wanted[32];
	bool possible;
	struct buffer groups;     /* of struct search_group; secret */
	struct buffer chains;     /* of struct search_chain */
	unsigned ring, done;      /* where: ring, references of it computed */
	size_t chain;
	unsigned looks;
};

/*
 * All chains are tried near by before any is tried far away: what is pushed is
 * nearly always the next message of somebody.
 */
static const struct ring {
	int from;                 /* counted from where the chain stands */
	unsigned n;
} rings[] = {
	{1, 8},
	{9, 91},
	{-100, 101},
	{100, REFERENCE_AHEAD - 100 + 1},
	{-REFERENCE_BEHIND, REFERENCE_BEHIND - 100},
};
#define RINGS (sizeof(rings) / sizeof(rings[0]))

struct reference_search *
reference_search_new(struct slice reference)
{
	struct reference_search * s = calloc(1, sizeof(*s));

	if (s != NULL && reference.n == sizeof(s->wanted)) {
		memcpy(s->wanted, reference.p, sizeof(s->wanted));
		s->possible = true;
	}
	return (s);
}

void
reference_search_free(struct reference_search * s)
{
	if (s == NULL)
		return;
	buffer_wipe(&s->groups);
	buffer_free(&s->chains);
	free(s);
}

/* A buffer that grows by moving would leave secrets behind. */
static int
grow_secret(struct buffer * b, size_t n)
{
	struct buffer bigger = {0};

	if (b->size - b->n >= n)
		return (0);
	if (buffer_reserve(&bigger, 2 * b->n + 64 * n) != 0)
		return (-ERR_INTERNAL);
	buffer_slice(&bigger, buffer_all(b));
	buffer_wipe(b);
	*b = bigger;
	return (0);
}

int
reference_search_group(struct reference_search * s, const uint8_t group_pk[32],
    const uint8_t secret[32])
{
	struct search_group g;

	if (grow_secret(&s->groups, sizeof(g)) != 0)
		return (-ERR_INTERNAL);
	memcpy(g.pk, group_pk, sizeof(g.pk));
	memcpy(g.secret, secret, sizeof(g.secret));
	buffer_append(&s->groups, &g, sizeof(g));
	crypto_wipe(&g, sizeof(g));
	return (0);
}

int
reference_search_chain(struct reference_search * s,
    const uint8_t device_pk[32], uint64_t counter)
{
	struct search_chain c = {.counter = counter,
	    .group = (uint32_t)(s->groups.n / sizeof(struct search_group)) - 1};

	memcpy(c.device_pk, device_pk, sizeof(c.device_pk));
	buffer_append(&s->chains, &c, sizeof(c));
	return (s->chains.failed ? -ERR_INTERNAL : 0);
}

/* Compute the next few of a chain's ring; true when it is one of them. */
static bool
look(struct reference_search * s, const struct search_chain * c,
    struct reference_found * found)
{
	const struct search_group * g =
	    (const struct search_group *)(const void *)s->groups.p + c->group;
	const struct ring * ring = &rings[s->ring];
	uint8_t references[BATCH][32];
	unsigned i, n = ring->n - s->done;
	uint64_t first;

	n = n > BATCH ? BATCH : n;
	first = c->counter + (uint64_t)(int64_t)ring->from + s->done;
	out_of_store_references(references, n, g->secret, c->device_pk, first);
	s->looks += n;
	s->done += n;
	for (i = 0; i < n; i++)
		if (memcmp(references[i], s->wanted, sizeof(s->wanted)) == 0)
			break;
	if (i == n)
		return (false);
	memcpy(found->group_pk, g->pk, sizeof(found->group_pk));
	memcpy(found->device_pk, c->device_pk, sizeof(found->device_pk));
	found->counter = first + i;
	return (true);
}

/* On to the next chain, and after the last one to the next ring. */
static void
advance(struct reference_search * s)
{
	if (s->done < rings[s->ring].n)
		return;
	s->done = 0;
	if ((++s->chain + 1) * sizeof(struct search_chain) <= s->chains.n)
		return;
	s->chain = 0;
	s->ring++;
}

int
reference_search_run(struct reference_search * s, unsigned looks,
    struct reference_found * found)
{
	const struct search_chain * chains =
	    (const struct search_chain *)(const void *)s->chains.p;
	unsigned until = s->looks + looks;

	if (!s->possible || s->chains.n == 0)
		return (-ERR_NOT_FOUND);
	while (s->ring < RINGS && s->looks < REFERENCE_LOOKS_MAX) {
		if (s->looks >= until)
			return (0);
		if (look(s, &chains[s->chain], found))
			return (1);
		advance(s);
	}
	return (-ERR_NOT_FOUND);
}
