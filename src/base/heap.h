/* heap.h: a priority queue of the caller's items, smallest key first. */
#ifndef BERTY_BASE_HEAP_H
#define BERTY_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* An item's place, a member of the caller's object. */
struct heap_item {
	uint64_t key;
	uint64_t order;           /* equal keys leave in the order they came */
	size_t at;                /* where it stands, private */
};

/* The object of the given type whose member is this item. */
#define heap_entry(item, type, member) \
	((type *)(void *)((char *)(item) - offsetof(type, member)))

/* Zero bytes are an empty heap. */
struct heap {
	struct heap_item ** items;
	size_t n;
	size_t size;
	uint64_t order;
};

/* Free the heap's own memory, not the items. */
void heap_free(struct heap * h);

/* Add an item; 0, or -ERR_INTERNAL: no memory. */
int heap_push(struct heap * h, struct heap_item * item, uint64_t key);

/* The item with the smallest key, or NULL. */
static inline struct heap_item *
heap_top(const struct heap * h)
{
	return (h->n == 0 ? NULL : h->items[0]);
}

/* Take out an item that is in the heap. */
void heap_remove(struct heap * h, struct heap_item * item);

#endif /* !BERTY_BASE_HEAP_H */
