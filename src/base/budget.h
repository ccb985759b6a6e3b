/*
 * budget.h: how much of something peers may use up, and what came of it.  The
 * numbers are for people and for tests: `used` against `limit` decides.
 */
#ifndef BERTY_BASE_BUDGET_H
#define BERTY_BASE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One budget: of a whole room, or the same for each of many (each peer, each
 * connection), in which case `used` and `peak` are those of the one that uses
 * most.  Counts or bytes, as the name says.
 */
struct budget {
	const char * name;        /* `room.thing`, a literal */
	uint64_t limit;
	uint64_t used;            /* now */
	uint64_t peak;            /* the most there ever was */
	uint64_t refused;         /* times that there was no room for more */
};

/* Empty, with a limit. */
void budget_init(struct budget * b, const char * name, uint64_t limit);

/* Take n of it; false, and counted as refused, when that is over the limit. */
bool budget_take(struct budget * b, uint64_t n);

/*
 * The same for one of many who share it, and who has so much already: the last
 * quarter is kept for those who have little (a 1,024th of all), so that a few
 * who take what they can do not shut out the others.
 */
bool budget_take_fair(struct budget * b, uint64_t has, uint64_t n);

/* Are only those who have little still given some?  And how little is that? */
bool budget_is_tight(const struct budget * b);
uint64_t budget_little(const struct budget * b);

/* Give back n that were taken. */
void budget_give(struct budget * b, uint64_t n);

/*
 * Of a budget for each: may one that has so much have n more?  Nothing is
 * taken: whoever it is counts its own.  A refusal is counted.
 */
bool budget_allows(struct budget * b, uint64_t has, uint64_t n);

/* So much is used now, as others count it. */
void budget_note(struct budget * b, uint64_t used);

/* Something was refused for want of it. */
void budget_refuse(struct budget * b);

/* A row for each budget of a room: what walks over budgets takes. */
struct budget_walk {
	void (*row)(void * user, const struct budget * b);
	void * user;
};

static inline void
budget_tell(const struct budget_walk * walk, const struct budget * b)
{
	walk->row(walk->user, b);
}

/* The same, of a budget for each, of which one uses so much now. */
void budget_tell_used(const struct budget_walk * walk, const struct budget * b,
    uint64_t used);

#endif /* !BERTY_BASE_BUDGET_H */
