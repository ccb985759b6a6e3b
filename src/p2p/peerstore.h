/*
 * peerstore.h: what a host knows of peers: addresses with the time they are
 * good for, and what identify told.
 */
#ifndef BERTY_P2P_PEERSTORE_H
#define BERTY_P2P_PEERSTORE_H

#include "base/budget.h"
#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "codec/multiaddr.h"
#include "codec/peer_id.h"

/* Addresses kept of a peer; peers kept that are not connected; bytes of a
 * signed record kept (that of a peer with 32 addresses is far below). */
enum { PEERSTORE_ADDRESSES = 32, PEERSTORE_PEERS = 4096,
	PEERSTORE_RECORD = 2048 };

struct peer_address {
	uint64_t until;           /* ms of the world's clock */
	struct multiaddr_tcp tcp;
};

struct peer {
	struct peer_id id;
	struct list place;        /* in the store, longest unused first */
	struct list connections;  /* usable ones, the oldest first */
	unsigned n_connections;
	struct peer_address * addresses;
	size_t n_addresses;
	int dial_status;          /* how the last dial failed, or 0 */
	bool identified;
	struct buffer protocols;  /* NUL-terminated names, one by one */
	struct buffer agent;      /* text, not terminated */
	uint64_t seq;             /* of the last peer record */
	struct buffer record;     /* its envelope, if it was short enough */
	uint64_t record_until;    /* good until then, and while connected */
};

struct peerstore {
	struct map peers;
	struct list order;
	struct budget known;      /* refused: forgotten for another */
};

/* seed keys the map: peers choose their ids. */
void peerstore_init(struct peerstore * ps, uint64_t seed);
void peerstore_free(struct peerstore * ps);

/* The peer, or NULL; get makes it when it is new (NULL without memory). */
struct peer * peerstore_find(const struct peerstore * ps,
    const struct peer_id * id);
struct peer * peerstore_get(struct peerstore * ps, const struct peer_id * id);

/*
 * Learn a multiaddr, good until then; ones that are no direct TCP address, or
 * that name another peer, are skipped.  The one that ends first gives way.
 */
void peerstore_learn(struct peer * p, struct slice multiaddr, uint64_t until);

/* Keep the envelope of a record that was checked, in the place of the last. */
void peerstore_keep_record(struct peer * p, struct slice envelope,
    uint64_t until);

/* Forget addresses that are no longer good. */
void peerstore_expire(struct peer * p, uint64_t now);

/* It is gone: what its identify told takes no memory any more. */
void peer_forget(struct peer * p);

/* Does the peer's identify list it? */
bool peer_speaks(const struct peer * p, const char * protocol);

#endif /* !BERTY_P2P_PEERSTORE_H */
