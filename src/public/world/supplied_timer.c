/* supplied_timer.c: all timers of the core behind the host's one alarm. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "public/world/supplied.h"

/* A running timer's place in the heap. */
struct slot {
	struct heap_item item;
	struct world_timer * timer;
};

static void ring(void * arg);

static void
set_alarm(struct supplied * s)
{
	struct heap_item * first = heap_top(&s->timers);
	uint64_t ms = UINT64_MAX;

	if (first != NULL)
		ms = clock_sub(first->key, world_now(&s->world));
	s->host.alarm(s->host.user, ms, ring, s);
}

static void
forget(struct supplied * s, struct slot * slot)
{
	heap_remove(&s->timers, &slot->item);
	slot->timer->armed = false;
	slot->timer->impl = NULL;
	free(slot);
}

/* Timers that callbacks start wait for the next turn, even those of 0 ms. */
static void
fire_due(struct supplied * s)
{
	uint64_t now = world_now(&s->world);
	uint64_t order = s->timers.order;
	struct heap_item * first;
	struct world_timer * t;

	while ((first = heap_top(&s->timers)) != NULL && first->key <= now &&
	    first->order < order) {
		t = heap_entry(first, struct slot, item)->timer;
		forget(s, heap_entry(first, struct slot, item));
		t->fire(t);
	}
}

static void
ring(void * arg)
{
	struct supplied * s = arg;

	s->ringing = true;
	fire_due(s);
	s->ringing = false;
	set_alarm(s);
}

int
supplied_timer_start(struct world * w, struct world_timer * t, uint64_t ms)
{
	struct supplied * s = supplied_of(w);
	struct slot * slot;

	if (t->armed)
		forget(s, t->impl);
	if ((slot = malloc(sizeof(*slot))) == NULL)
		return (-ERR_INTERNAL);
	slot->timer = t;
	t->at = clock_add(world_now(w), ms);
	if (heap_push(&s->timers, &slot->item, t->at) != 0) {
		free(slot);
		return (-ERR_INTERNAL);
	}
	t->impl = slot;
	t->armed = true;
	if (!s->ringing && heap_top(&s->timers) == &slot->item)
		set_alarm(s);
	return (0);
}

void
supplied_timer_stop(struct world * w, struct world_timer * t)
{
	/* The alarm may ring for nothing. */
	if (t->armed)
		forget(supplied_of(w), t->impl);
}

void
supplied_timers_free(struct supplied * s)
{
	while (heap_top(&s->timers) != NULL)
		forget(s, heap_entry(heap_top(&s->timers), struct slot, item));
	heap_free(&s->timers);
	s->timers = (struct heap){0};
	s->host.alarm(s->host.user, UINT64_MAX, ring, s);
}
