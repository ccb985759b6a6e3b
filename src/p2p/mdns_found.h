/*
 * mdns_found.h: the peers that multicast DNS found: remembered within bounds,
 * and connected, a few at a time.  For mdns.c only.
 */
#ifndef BERTY_P2P_MDNS_FOUND_H
#define BERTY_P2P_MDNS_FOUND_H

#include "p2p/mdns.h"

struct mdns_found {
	struct host * host;
	struct list peers;        /* the one heard last at the end */
	struct budget n;
	struct budget fresh;      /* new ones in this minute ... */
	uint64_t minute;          /* ... which began then */
	struct budget dials;      /* under way */
	struct host_watcher watcher;
	struct world_timer timer; /* a peer may be tried (again) ... */
	uint64_t due;             /* ... at this time, if it is armed */
};

void mdns_found_init(struct mdns_found * f, struct host * h);
void mdns_found_free(struct mdns_found * f);

/*
 * A peer was heard; may its addresses be learnt?  No, when too many new ones
 * were heard lately.
 */
bool mdns_found_heard(struct mdns_found * f, const struct peer_id * peer);

/* Addresses were learnt: connect. */
void mdns_found_connect(struct mdns_found * f);

#endif /* !BERTY_P2P_MDNS_FOUND_H */
