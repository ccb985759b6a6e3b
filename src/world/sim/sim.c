#include "world/sim/sim.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "world/sim/sim_impl.h"

struct sim *
sim_new(uint64_t seed)
{
	struct sim * sim;

	if (sodium_init() < 0 || (sim = calloc(1, sizeof(*sim))) == NULL)
		return (NULL);
	sim->seed = seed;
	sim->fingerprint = seed;
	sim->all.latency_ms = 10;
	sim->patience = 30000 * 1000;
	sim->least = LOG_ERROR + 1;
	list_init(&sim->packets);
	dice_init(&sim->dice, seed, UINT64_MAX);
	return (sim);
}

void
sim_free(struct sim * sim)
{
	struct slice key;
	void * link;
	size_t at = 0;
	size_t i;

	if (sim == NULL)
		return;
	udp_free(sim);
	for (i = 0; i < sim->n; i++)
		node_die(sim->nodes[i]);
	for (i = 0; i < sim->n; i++)
		node_free(sim->nodes[i]);
	while (map_next(&sim->links, &at, &key, &link))
		free(link);
	map_free(&sim->links);
	heap_free(&sim->heap);
	free(sim->nodes);
	free(sim);
}

uint64_t
sim_seed(const struct sim * sim)
{
	return (sim->seed);
}

uint64_t
sim_seed_wanted(uint64_t otherwise)
{
	const char * text = getenv("BERTY_SEED");

	return (text == NULL ? otherwise : strtoull(text, NULL, 0));
}

bool
sim_holds(const struct sim * sim, bool holds, const char * text)
{
	if (!holds)
		(void)fprintf(stderr, "does not hold: %s (BERTY_SEED=%" PRIu64
		    ", at %" PRIu64 " ms, event %" PRIu64 ")\n", text,
		    sim->seed, sim_now(sim), sim->events);
	return (holds);
}

uint64_t
sim_now(const struct sim * sim)
{
	return (sim->now / 1000);
}

uint64_t
sim_events(const struct sim * sim)
{
	return (sim->events);
}

uint64_t
sim_fingerprint(const struct sim * sim)
{
	return (sim->fingerprint);
}

/* FNV-1a, over the time too. */
void
fingerprint(struct sim * sim, struct slice bytes)
{
	uint64_t hash = sim->fingerprint ^ sim->now;
	size_t i;

	for (i = 0; i < bytes.n; i++)
		hash = (hash ^ bytes.p[i]) * 1099511628211u;
	sim->fingerprint = hash * 1099511628211u;
}

int
event_in(struct sim * sim, struct event * event, uint64_t us)
{
	event_stop(sim, event);
	/* Time passes with each event, so that no run stands still. */
	if (heap_push(&sim->heap, &event->item,
	    clock_add(sim->now, us == 0 ? 1 : us)) != 0)
		return (-ERR_INTERNAL);
	event->queued = true;
	return (0);
}

void
event_stop(struct sim * sim, struct event * event)
{
	if (!event->queued)
		return;
	heap_remove(&sim->heap, &event->item);
	event->queued = false;
}

/* Let the next event happen if its time is not past `until`. */
static bool
step(struct sim * sim, uint64_t until)
{
	struct heap_item * first = heap_top(&sim->heap);
	struct event * event;

	if (first == NULL || first->key > until)
		return (false);
	event = heap_entry(first, struct event, item);
	event_stop(sim, event);
	sim->now = first->key;
	sim->events++;
	event->fire(event);
	return (true);
}

void
sim_run_for(struct sim * sim, uint64_t ms)
{
	uint64_t until = clock_add(sim->now, clock_mul(ms, 1000));

	while (step(sim, until))
		;
	sim->now = until;
}

bool
sim_run_until(struct sim * sim, bool (*done)(void * user), void * user,
    uint64_t max_ms)
{
	uint64_t until = clock_add(sim->now, clock_mul(max_ms, 1000));

	while (!done(user)) {
		if (!step(sim, until)) {
			sim->now = until;
			return (done(user));
		}
	}
	return (true);
}
