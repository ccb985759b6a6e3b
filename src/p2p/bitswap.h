/*
 * bitswap.h: bitswap 1.2 over a host, client and server.  Source: network
 * spec §4.
 */
#ifndef BERTY_P2P_BITSWAP_H
#define BERTY_P2P_BITSWAP_H

#include "codec/cid.h"
#include "p2p/host.h"

struct bitswap;

struct bitswap_handler {
	/*
	 * Append a block that we hold to out; -ERR_NOT_FOUND if we do not.
	 * Asked for each want of a peer.
	 */
	int (*load)(void * user, const struct cid * cid, struct buffer * out);
	/*
	 * A wanted block came from a peer and hashes to its CID (borrowed).
	 * The want is over.
	 */
	void (*block)(void * user, const struct cid * cid, struct slice data,
	    const struct peer_id * from);
	/*
	 * No connected peer has it, or none answered in time.  The want stays:
	 * it is asked again of every peer that connects, and with back-off
	 * (up to a minute), until bitswap_cancel.  Called after each such
	 * round that found nothing.
	 */
	void (*missing)(void * user, const struct cid * cid);
};

struct bitswap * bitswap_new(struct host * h,
    const struct bitswap_handler * handler, void * user);
void bitswap_free(struct bitswap * b);

/*
 * Want blocks.  `hints` (may be empty) are peers likely to have them: each CID
 * goes to one of them, in turn, as want-block, at once, many CIDs a message (at
 * most 1,024 entries wait at a peer); the other connected peers get want-have
 * when that one has not got it, or was silent for a second.  Wanting again
 * gives a new hint.
 */
int bitswap_want(struct bitswap * b, const struct cid * cids, size_t n,
    const struct peer_id * hints, size_t n_hints);
void bitswap_cancel(struct bitswap * b, const struct cid * cids, size_t n);

/* A block is here now: answers peers that still want it. */
void bitswap_have(struct bitswap * b, const struct cid * cid, struct slice data);

/* Walk over what peers use up. */
void bitswap_budgets(const struct bitswap * b, const struct budget_walk * walk);

/* How many wants are open. */
size_t bitswap_wants(const struct bitswap * b);

#endif /* !BERTY_P2P_BITSWAP_H */
