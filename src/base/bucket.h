/*
 * bucket.h: patience that runs out and comes back: so many at once, and so many
 * more each second.
 */
#ifndef BERTY_BASE_BUCKET_H
#define BERTY_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* How much there is at first, and how much comes back in a second. */
struct bucket_size {
	uint32_t burst;
	uint32_t rate;
};

/* Zero bytes are a full one. */
struct bucket {
	uint32_t taken;           /* thousandths, */
	uint64_t at;              /* at this time, ms */
};

/* Is there any left at `now`, ms?  Nothing is taken. */
bool bucket_any(struct bucket * b, const struct bucket_size * size,
    uint64_t now);

/* Take one, or what is left. */
void bucket_take(struct bucket * b, const struct bucket_size * size,
    uint64_t now);

/* How many are taken at `now`. */
uint32_t bucket_taken(struct bucket * b, const struct bucket_size * size,
    uint64_t now);

#endif /* !BERTY_BASE_BUCKET_H */
