/*
 * chain_store.h: the chains of a group's devices in the store, and the keys of
 * messages that were passed over.
 *
 * A chain stands where its device's last opened message was.  A message ahead
 * of it, by at most the window, is reached by steps; the keys of those between
 * are kept until their messages come.  Behind it only kept keys open.
 */
#ifndef BERTY_GROUP_CHAIN_STORE_H
#define BERTY_GROUP_CHAIN_STORE_H

#include "group/chain_key.h"
#include "world/store.h"

/* Read; -ERR_NOT_FOUND.  Write, replacing. */
int chain_store_load(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], struct chain_key * c);
int chain_store_save(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], const struct chain_key * c);

/* Is `counter` after `from`, on the circle of 2^64? */
static inline bool
chain_store_ahead(uint64_t from, uint64_t counter)
{
	return (counter != from && counter - from < 1ULL << 63);
}

/* A message's key, and what using it changes; wipe it after use. */
struct chain_use {
	uint8_t key[32];
	bool moves;               /* the chain, else a kept key is used up */
	struct chain_key after;
	unsigned n_skipped;
	uint64_t first_skipped;
	uint8_t skipped[CHAIN_KEY_WINDOW][32];
};

/*
 * Find the key of a device's message; nothing is written, for whoever knows
 * the group's secret can name any device and counter.  -ERR_NOT_FOUND: no
 * chain, too far ahead, or used.
 */
int chain_store_find(struct store * s, uint64_t scope,
    const uint8_t group_pk[32], const uint8_t device_pk[32], uint64_t counter,
    struct chain_use * use);

/*
 * The key of a message that is not taken out of the log: a push.  Nothing of
 * the chain changes, so it may be as much as `ahead` before it, which costs a
 * step each.  -ERR_NOT_FOUND as above.
 */
int chain_store_peek(struct store * s, uint64_t scope,
    const uint8_t group_pk[32], const uint8_t device_pk[32], uint64_t counter,
    unsigned ahead, uint8_t key[32]);

/* The message did open: keep what that changes. */
int chain_store_use(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], uint64_t counter,
    const struct chain_use * use);

#endif /* !BERTY_GROUP_CHAIN_STORE_H */
