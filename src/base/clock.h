/* clock.h: arithmetic on times that saturates instead of wrapping. */
#ifndef BERTY_BASE_CLOCK_H
#define BERTY_BASE_CLOCK_H

#include <stdint.h>

/* a + b, or the largest value. */
static inline uint64_t
clock_add(uint64_t a, uint64_t b)
{
	return (a > UINT64_MAX - b ? UINT64_MAX : a + b);
}

/* a - b, or 0. */
static inline uint64_t
clock_sub(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : 0);
}

/* a * b, or the largest value. */
static inline uint64_t
clock_mul(uint64_t a, uint64_t b)
{
	return (b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b);
}

/* base * 2^attempt, at most max: the pause before attempt n (from 0). */
static inline uint64_t
clock_backoff(uint64_t base, uint64_t max, unsigned attempt)
{
	uint64_t ms = attempt >= 63 ? max : clock_mul(base, 1ULL << attempt);

	return (ms < max ? ms : max);
}

#endif /* !BERTY_BASE_CLOCK_H */
