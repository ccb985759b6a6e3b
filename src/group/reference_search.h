/*
 * reference_search.h: whose message a reference of a push names.  Pure.
 *
 * A reference tells (device, counter) of a group to its members alone.  Go
 * keeps a row for each of 200 counters around every message it opens; here
 * nothing is kept: what a reference can be is computed when one comes, from
 * where the chains of the known devices stand, nearest counters of all chains
 * first.  Source: crypto spec §8.
 */
#ifndef BERTY_GROUP_REFERENCE_SEARCH_H
#define BERTY_GROUP_REFERENCE_SEARCH_H

#include "base/buffer.h"
#include "base/error.h"

/* How far from where its chain stands a message is found, in messages: Go's
 * window is [-100, 100). */
#define REFERENCE_AHEAD 1024
#define REFERENCE_BEHIND 1024

/* More references than these are not computed for one search: some 3 us each. */
#define REFERENCE_LOOKS_MAX (1U << 20)

struct reference_search;

/* reference: 32 bytes, else nothing will be found.  NULL without memory. */
struct reference_search * reference_search_new(struct slice reference);
void reference_search_free(struct reference_search * s);

/* A group by its key and its out-of-store secret; then its chains.  Those
 * added first are looked at first.  -ERR_INTERNAL without memory. */
int reference_search_group(struct reference_search * s,
    const uint8_t group_pk[32], const uint8_t secret[32]);
int reference_search_chain(struct reference_search * s,
    const uint8_t device_pk[32], uint64_t counter);

struct reference_found {
	uint8_t group_pk[32];
	uint8_t device_pk[32];
	uint64_t counter;
};

/*
 * Compute about `looks` more: 1 and *found; 0: there are more, call again;
 * -ERR_NOT_FOUND.
 */
int reference_search_run(struct reference_search * s, unsigned looks,
    struct reference_found * found);

#endif /* !BERTY_GROUP_REFERENCE_SEARCH_H */
