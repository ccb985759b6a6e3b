#include <stdlib.h>

#include "base/clock.h"
#include "world/sim/sim_impl.h"

/* A link has one name, whichever end is named first. */
static struct slice
name_of(size_t name[2], const struct node * a, const struct node * b)
{
	name[0] = a->index < b->index ? a->index : b->index;
	name[1] = a->index < b->index ? b->index : a->index;
	return (slice_of(name, 2 * sizeof(name[0])));
}

const struct sim_link *
link_between(struct sim * sim, const struct node * a, const struct node * b)
{
	const struct sim_link * link;
	size_t name[2];

	link = map_get(&sim->links, name_of(name, a, b));
	return (link == NULL ? &sim->all : link);
}

bool
link_cut(struct sim * sim, const struct node * a, const struct node * b)
{
	return (a->island != b->island || link_between(sim, a, b)->cut);
}

void
sim_links(struct sim * sim, const struct sim_link * link)
{
	sim->all = *link;
	tcp_resume(sim);
}

void
sim_link(struct world * a, struct world * b, const struct sim_link * link)
{
	struct sim * sim = node_of(a)->sim;
	struct sim_link * kept;
	struct slice name;
	size_t bytes[2];

	name = name_of(bytes, node_of(a), node_of(b));
	free(map_remove(&sim->links, name));
	if (link != NULL) {
		if ((kept = malloc(sizeof(*kept))) == NULL)
			abort();
		*kept = *link;
		if (map_set(&sim->links, name, kept) != 0)
			abort();
	}
	tcp_resume(sim);
}

void
sim_partition(struct sim * sim, struct world * const * nodes, size_t n)
{
	uint32_t island = ++sim->islands;
	size_t i;

	for (i = 0; i < n; i++)
		node_of(nodes[i])->island = island;
}

void
sim_heal(struct sim * sim)
{
	size_t i;

	for (i = 0; i < sim->n; i++)
		sim->nodes[i]->island = 0;
	tcp_resume(sim);
}

void
sim_patience(struct sim * sim, uint64_t ms)
{
	sim->patience = clock_mul(ms, 1000);
}
