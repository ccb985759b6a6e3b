/* budgets.h: one budget of a walk, by its name. */
#ifndef BERTY_TEST_BUDGETS_H
#define BERTY_TEST_BUDGETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/budget.h"

struct budget_search {
	const char * name;
	unsigned times;
	struct budget found;
};

static inline void
budget_search_row(void * user, const struct budget * b)
{
	struct budget_search * s = user;

	if (strcmp(s->name, b->name) != 0)
		return;
	s->found = *b;
	s->times++;
}

/* It must be there, once. */
static inline struct budget
budget_found(const struct budget_search * s)
{
	if (s->times != 1)
		fail_msg("%u budgets are named %s", s->times, s->name);
	return (s->found);
}

/* budget_of(host_budgets, h, "host.connections", &b): as the walk tells it. */
#define budget_of(walk, room, named, out) \
	do { \
		struct budget_search search_ = {.name = (named)}; \
		struct budget_walk walk_ = {budget_search_row, &search_}; \
		walk((room), &walk_); \
		*(out) = budget_found(&search_); \
	} while (0)

#endif /* !BERTY_TEST_BUDGETS_H */
