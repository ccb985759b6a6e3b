#include "base/bucket.h"

#include "base/clock.h"

#define ONE 1000U

/* What came back since it was last looked at; a rate of 1 a second is a
 * thousandth a millisecond. */
static void
refill(struct bucket * b, const struct bucket_size * size, uint64_t now)
{
	uint64_t back = clock_mul(clock_sub(now, b->at), size->rate);

	b->taken = back >= b->taken ? 0 : b->taken - (uint32_t)back;
	if (now > b->at)
		b->at = now;
}

bool
bucket_any(struct bucket * b, const struct bucket_size * size, uint64_t now)
{
	refill(b, size, now);
	return ((uint64_t)b->taken + ONE <= (uint64_t)size->burst * ONE);
}

void
bucket_take(struct bucket * b, const struct bucket_size * size, uint64_t now)
{
	uint64_t most = (uint64_t)size->burst * ONE;

	refill(b, size, now);
	b->taken = (uint64_t)b->taken + ONE > most ? (uint32_t)most :
	    b->taken + ONE;
}

uint32_t
bucket_taken(struct bucket * b, const struct bucket_size * size, uint64_t now)
{
	refill(b, size, now);
	return ((b->taken + ONE - 1) / ONE);
}
