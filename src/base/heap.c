#include "base/heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

static bool
before(const struct heap_item * a, const struct heap_item * b)
{
	return (a->key != b->key ? a->key < b->key : a->order < b->order);
}

static void
place(struct heap * h, size_t at, struct heap_item * item)
{
	h->items[at] = item;
	item->at = at;
}

static void
rise(struct heap * h, size_t at)
{
	struct heap_item * item = h->items[at];
	size_t up;

	while (at > 0 && before(item, h->items[up = (at - 1) / 2])) {
		place(h, at, h->items[up]);
		at = up;
	}
	place(h, at, item);
}

static void
sink(struct heap * h, size_t at)
{
	struct heap_item * item = h->items[at];
	size_t down;

	while ((down = 2 * at + 1) < h->n) {
		if (down + 1 < h->n &&
		    before(h->items[down + 1], h->items[down]))
			down++;
		if (!before(h->items[down], item))
			break;
		place(h, at, h->items[down]);
		at = down;
	}
	place(h, at, item);
}

void
heap_free(struct heap * h)
{
	free(h->items);
	*h = (struct heap){0};
}

int
heap_push(struct heap * h, struct heap_item * item, uint64_t key)
{
	size_t size = h->size == 0 ? 16 : 2 * h->size;
	struct heap_item ** items;

	if (h->n == h->size) {
		if ((items = realloc(h->items, size * sizeof(*items))) == NULL)
			return (-ERR_INTERNAL);
		h->items = items;
		h->size = size;
	}
	item->key = key;
	item->order = h->order++;
	place(h, h->n++, item);
	rise(h, item->at);
	return (0);
}

void
heap_remove(struct heap * h, struct heap_item * item)
{
	struct heap_item * last = h->items[--h->n];
	size_t at = item->at;

	if (last == item)
		return;
	place(h, at, last);
	rise(h, at);
	sink(h, last->at);
}
