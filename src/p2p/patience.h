/*
 * patience.h: how often each peer may waste our time.  It outlives connections,
 * so it is kept of so many peers; the one that was longest not heard of is
 * forgotten first.
 */
#ifndef BERTY_P2P_PATIENCE_H
#define BERTY_P2P_PATIENCE_H

#include "base/bucket.h"
#include "base/budget.h"
#include "base/list.h"
#include "base/map.h"
#include "codec/peer_id.h"

enum { PATIENCE_PEERS = 1024 };

struct patience {
	struct bucket_size size;
	struct map peers;
	struct list order;        /* longest not heard of first */
	struct budget shown;      /* what is lost with a peer */
};

/* seed keys the map; `name` is that of the budget. */
void patience_init(struct patience * p, const char * name,
    const struct bucket_size * size, uint64_t seed);
void patience_free(struct patience * p);

/* Is there any left with the peer at `now`, ms?  Counted when there is not. */
bool patience_has(struct patience * p, const struct peer_id * peer,
    uint64_t now);

/* Something that the peer sent was of no use. */
void patience_lose(struct patience * p, const struct peer_id * peer,
    uint64_t now);

#endif /* !BERTY_P2P_PATIENCE_H */
