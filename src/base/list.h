/* list.h: an intrusive doubly linked list. */
#ifndef BERTY_BASE_LIST_H
#define BERTY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A list, or a member's place in it.  A list points to itself when empty. */
struct list {
	struct list * next;
	struct list * prev;
};

/* The object of the given type whose member is at this place. */
#define list_entry(place, type, member) \
	((type *)(void *)((char *)(place) - offsetof(type, member)))

/* Walk; the place at hand may be removed while it is looked at. */
#define list_each(place, following, list) \
	for ((place) = (list)->next, (following) = (place)->next; \
	     (place) != (list); \
	     (place) = (following), (following) = (place)->next)

static inline void
list_init(struct list * l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct list * l)
{
	return (l->next == l);
}

static inline void
list_append(struct list * l, struct list * place)
{
	place->prev = l->prev;
	place->next = l;
	l->prev->next = place;
	l->prev = place;
}

/* Remove; removing a place that is in no list (initialised) does nothing. */
static inline void
list_remove(struct list * place)
{
	place->prev->next = place->next;
	place->next->prev = place->prev;
	list_init(place);
}

/* Move all of one list to the end of another. */
static inline void
list_splice(struct list * to, struct list * from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif /* !BERTY_BASE_LIST_H */
