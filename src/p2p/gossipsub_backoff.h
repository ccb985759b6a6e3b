/*
 * gossipsub_backoff.h: which peers may not be grafted to a topic's mesh yet.
 * It outlives connections, so it holds only so many peers.
 */
#ifndef BERTY_P2P_GOSSIPSUB_BACKOFF_H
#define BERTY_P2P_GOSSIPSUB_BACKOFF_H

#include "base/map.h"
#include "codec/peer_id.h"

enum {
	GOSSIPSUB_BACKOFF_MAX = 1024,     /* peers a topic */
	/* After a PRUNE that names none, and what ours name; those of a topic
	 * that we leave name what its network does. */
	GOSSIPSUB_BACKOFF_MS = 60000,
	GOSSIPSUB_BACKOFF_LONGEST_MS = 3600000, /* that a peer may ask for */
};

/* Zero bytes but for the map's seed. */
struct gossipsub_backoff {
	struct map peers;
};

void gossipsub_backoff_free(struct gossipsub_backoff * b);

/* The time, ms, that a PRUNE of so many seconds asks for: clamped. */
uint64_t gossipsub_backoff_clamp(uint64_t seconds);

/*
 * Back off until now + ms, if that is later than it is.  When 1,024 peers are
 * held, the ones over are forgotten first; then a new one is not held.
 */
void gossipsub_backoff_set(struct gossipsub_backoff * b,
    const struct peer_id * peer, uint64_t now, uint64_t ms);
bool gossipsub_backoff_active(const struct gossipsub_backoff * b,
    const struct peer_id * peer, uint64_t now);

/* Forget the ones that are over. */
void gossipsub_backoff_expire(struct gossipsub_backoff * b, uint64_t now);

#endif /* !BERTY_P2P_GOSSIPSUB_BACKOFF_H */
