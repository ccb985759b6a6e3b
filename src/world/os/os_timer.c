/* All timers of the core stand in one heap behind one timer of libuv. */
#include <stdlib.h>

#include "base/clock.h"
#include "world/os/os_impl.h"

/* A running timer's place in the heap. */
struct slot {
	struct heap_item item;
	struct world_timer * timer;
	struct list place;
};

uint64_t
os_timer_now(struct world * w)
{
	(void)w;
	return (uv_hrtime() / 1000000);
}

static void
rearm(struct os * os)
{
	struct heap_item * first = heap_top(&os->timers);

	if (first == NULL) {
		(void)uv_timer_stop(&os->timer);
		return;
	}
	uv_update_time(&os->loop);
	(void)uv_timer_start(&os->timer, os_timer_expired,
	    clock_sub(first->key, os_timer_now(&os->world)), 0);
}

static struct slot *
slot_new(struct os * os)
{
	struct slot * slot;

	if (list_empty(&os->spare))
		return (malloc(sizeof(*slot)));
	slot = list_entry(os->spare.next, struct slot, place);
	list_remove(&slot->place);
	return (slot);
}

static void
forget(struct os * os, struct slot * slot)
{
	heap_remove(&os->timers, &slot->item);
	slot->timer->armed = false;
	slot->timer->impl = NULL;
	list_append(&os->spare, &slot->place);
}

int
os_timer_start(struct world * w, struct world_timer * t, uint64_t ms)
{
	struct os * os = os_of(w);
	struct slot * slot;

	if (t->armed)
		forget(os, t->impl);
	if ((slot = slot_new(os)) == NULL)
		return (-ERR_INTERNAL);
	slot->timer = t;
	t->at = clock_add(os_timer_now(w), ms);
	if (heap_push(&os->timers, &slot->item, t->at) != 0) {
		free(slot);
		return (-ERR_INTERNAL);
	}
	t->impl = slot;
	t->armed = true;
	if (heap_top(&os->timers) == &slot->item)
		rearm(os);
	return (0);
}

void
os_timer_stop(struct world * w, struct world_timer * t)
{
	struct os * os = os_of(w);

	if (t->armed)
		forget(os, t->impl);
	if (heap_top(&os->timers) == NULL)
		(void)uv_timer_stop(&os->timer);
}

/*
 * Fire what is due.  Timers that callbacks start wait for the loop's next turn,
 * even those of 0 ms, so that sockets are served in between.
 */
void
os_timer_expired(uv_timer_t * timer)
{
	struct os * os = timer->data;
	uint64_t now = os_timer_now(&os->world);
	uint64_t order = os->timers.order;
	struct heap_item * first;
	struct world_timer * t;

	while ((first = heap_top(&os->timers)) != NULL && first->key <= now &&
	    first->order < order) {
		t = heap_entry(first, struct slot, item)->timer;
		forget(os, t->impl);
		t->fire(t);
	}
	rearm(os);
}

void
os_timer_free(struct os * os)
{
	struct slot * slot;

	while (heap_top(&os->timers) != NULL)
		forget(os, heap_entry(heap_top(&os->timers), struct slot,
		    item));
	while (!list_empty(&os->spare)) {
		slot = list_entry(os->spare.next, struct slot, place);
		list_remove(&slot->place);
		free(slot);
	}
	heap_free(&os->timers);
}
