/*
 * gossipsub.h: gossipsub 1.1 over a host: StrictSign, a mesh per topic, gossip,
 * PRUNE with peer exchange, and floodsub peers.  Source: network spec §3.
 */
#ifndef BERTY_P2P_GOSSIPSUB_H
#define BERTY_P2P_GOSSIPSUB_H

#include "p2p/host.h"

struct gossipsub;

struct gossipsub_handler {
	/*
	 * A message of a subscribed topic, not our own, signature checked,
	 * seen for the first time.  `via` is the peer that handed it over,
	 * `from` its author.  Return true to accept it: only accepted messages
	 * are forwarded.
	 */
	bool (*message)(void * user, const char * topic, struct slice data,
	    const struct peer_id * from, const struct peer_id * via);
	/* A peer subscribed to, or left, a topic of ours. */
	void (*joined)(void * user, const char * topic,
	    const struct peer_id * peer);
	void (*left)(void * user, const char * topic,
	    const struct peer_id * peer);
};

/* The key is the host's, borrowed for the router's life.  NULL: no memory. */
struct gossipsub * gossipsub_new(struct host * h,
    const struct ed25519_key * key,
    const struct gossipsub_handler * handler, void * user);
void gossipsub_free(struct gossipsub * g);

/* Subscribing twice, or leaving what is not subscribed, does nothing. */
int gossipsub_subscribe(struct gossipsub * g, const char * topic);
void gossipsub_unsubscribe(struct gossipsub * g, const char * topic);

/*
 * For how long peers shall not graft us when we leave the topic, ms; 60,000
 * unless told.  A topic that is not subscribed is passed over.
 */
void gossipsub_set_leave(struct gossipsub * g, const char * topic,
    uint64_t ms);

/*
 * Publish (data copied) to the mesh, or to fanout.  Returns how many peers it
 * was sent to (0: nobody is there), or a code (-ERR_INVALID_INPUT: over 1 MiB).
 */
int gossipsub_publish(struct gossipsub * g, const char * topic,
    struct slice data);

/* Walk the peers subscribed to a topic: *at = 0 first; false at the end. */
bool gossipsub_each_peer(struct gossipsub * g, const char * topic, size_t * at,
    struct peer_id * peer);

/* Walk over what peers use up. */
void gossipsub_budgets(struct gossipsub * g, const struct budget_walk * walk);

struct gossipsub_stats {
	uint64_t received, duplicates, rejected, published, forwarded;
};
void gossipsub_stats(const struct gossipsub * g, struct gossipsub_stats * s);

#endif /* !BERTY_P2P_GOSSIPSUB_H */
