/*
 * gossipsub_cache.h: which messages were seen in the last two minutes, and the
 * messages of the last heartbeats, for peers that ask for them (IWANT).  Both
 * hold at most so much; the oldest goes first.
 */
#ifndef BERTY_P2P_GOSSIPSUB_CACHE_H
#define BERTY_P2P_GOSSIPSUB_CACHE_H

#include "base/budget.h"
#include "p2p/gossipsub_message.h"

enum {
	GOSSIPSUB_SEEN_MS = 120000,
	GOSSIPSUB_SEEN_MAX = 65536,       /* ids */
	GOSSIPSUB_HISTORY = 5,            /* heartbeats a message is kept */
	GOSSIPSUB_GOSSIP = 3,             /* heartbeats it is told of */
	GOSSIPSUB_CACHE_MAX = 16 << 20,   /* bytes of messages kept */
	GOSSIPSUB_RETRANSMIT = 3,         /* times it is sent to one asker */
};

struct gossipsub_cache;

/* `seed` keys the hashes: peers choose ids.  NULL without memory. */
struct gossipsub_cache * gossipsub_cache_new(uint64_t seed);
void gossipsub_cache_free(struct gossipsub_cache * c);

bool gossipsub_cache_seen(const struct gossipsub_cache * c,
    const struct gossipsub_id * id);

/* Remember that a message was seen at `now` (ms). */
int gossipsub_cache_mark(struct gossipsub_cache * c,
    const struct gossipsub_id * id, uint64_t now);

/* Forget what was seen over two minutes before `now`. */
void gossipsub_cache_expire(struct gossipsub_cache * c, uint64_t now);

/* Keep a message (copied) of a topic; one kept already is left as it is. */
int gossipsub_cache_put(struct gossipsub_cache * c,
    const struct gossipsub_id * id, struct slice topic, struct slice message);

/*
 * A kept message for a peer that asks; empty when it is not kept or the peer
 * was given it three times.  Borrowed until the next change.
 */
struct slice gossipsub_cache_get(struct gossipsub_cache * c,
    const struct gossipsub_id * id, const struct peer_id * asker);

/* The newest ids of a topic worth telling of: at most max; how many. */
size_t gossipsub_cache_ids(const struct gossipsub_cache * c, struct slice topic,
    struct gossipsub_id * ids, size_t max);

/* A heartbeat passed: messages grow older, the oldest are forgotten. */
void gossipsub_cache_shift(struct gossipsub_cache * c);

/* How many ids are remembered, and how many bytes of messages are kept. */
size_t gossipsub_cache_seen_count(const struct gossipsub_cache * c);
size_t gossipsub_cache_bytes(const struct gossipsub_cache * c);
void gossipsub_cache_budgets(const struct gossipsub_cache * c,
    const struct budget_walk * walk);

#endif /* !BERTY_P2P_GOSSIPSUB_CACHE_H */
