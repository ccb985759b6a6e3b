#include "base/budget.h"

void
budget_init(struct budget * b, const char * name, uint64_t limit)
{
	*b = (struct budget){.name = name, .limit = limit};
}

void
budget_note(struct budget * b, uint64_t used)
{
	b->used = used;
	if (used > b->peak)
		b->peak = used;
}

bool
budget_allows(struct budget * b, uint64_t has, uint64_t n)
{
	if (has > b->limit || n > b->limit - has) {
		b->refused++;
		return (false);
	}
	if (has + n > b->peak)
		b->peak = has + n;
	return (true);
}

bool
budget_take(struct budget * b, uint64_t n)
{
	if (!budget_allows(b, b->used, n))
		return (false);
	b->used += n;
	return (true);
}

bool
budget_is_tight(const struct budget * b)
{
	return (b->used >= b->limit - b->limit / 4);
}

uint64_t
budget_little(const struct budget * b)
{
	return (b->limit / 1024);
}

bool
budget_take_fair(struct budget * b, uint64_t has, uint64_t n)
{
	uint64_t little = budget_little(b);

	if (n > 0 && (b->used > UINT64_MAX - n ||
	    b->used + n > b->limit - b->limit / 4) &&
	    (has > little || n > little - has)) {
		b->refused++;
		return (false);
	}
	return (budget_take(b, n));
}

void
budget_give(struct budget * b, uint64_t n)
{
	b->used -= n < b->used ? n : b->used;
}

void
budget_refuse(struct budget * b)
{
	b->refused++;
}

void
budget_tell_used(const struct budget_walk * walk, const struct budget * b,
    uint64_t used)
{
	struct budget shown = *b;

	budget_note(&shown, used);
	budget_tell(walk, &shown);
}
