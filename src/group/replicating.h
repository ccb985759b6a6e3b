/*
 * replicating.h: who keeps a group for members who are away: what the newest
 * event 403 of each device for each server says.  Newest is the causal order.
 */
#ifndef BERTY_GROUP_REPLICATING_H
#define BERTY_GROUP_REPLICATING_H

#include "group/group.h"

/* The longest text (server, authentication URL) kept, and event, bytes. */
#define REPLICATING_TEXT_MAX 300
#define REPLICATING_EVENT_MAX 8192

/* Addresses of servers that are looked at, of an event. */
#define REPLICATING_ADDRESSES_MAX 8

/* Of one device, and of a group, so many are given: a member who tells of more
 * neither keeps the servers of others out nor makes a list without end. */
#define REPLICATING_DEVICE_MAX 8
#define REPLICATING_GROUP_MAX 64

struct replicating {
	struct event_place place;
	uint8_t device_pk[32];    /* who has it kept */
	struct slice authentication_url, server;
	struct slice payload;     /* the whole GroupReplicating */
};

/*
 * Append a GroupReplicating.  addresses: multiaddrs, each behind a uvarint
 * length.
 */
void replicating_encode(struct buffer * out, const uint8_t device_pk[32],
    struct slice authentication_url, struct slice server,
    struct slice addresses);

/* Take the payload apart; false for one that is not folded. */
bool replicating_read(struct replicating * r);

/*
 * Fold an event 403, inside a transaction; others are passed over.  What names
 * no server, or is larger than it may be, folds to nothing.
 */
int replicating_fold(struct store * s, uint64_t scope,
    const struct metadata_event * e, const struct event_place * place);

/*
 * Walk over them, in the order they were first told, within the bounds above;
 * borrowed during the call.  A non-zero return ends it and is returned.
 */
int replicating_each(struct store * s, uint64_t scope,
    int (*each)(void * user, const struct replicating * r), void * user);

/* Is this server told of by that device?  1, 0 or a code. */
int replicating_has(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], struct slice server);

/* The next address (a multiaddr); *at = 0 first; false at the end. */
bool replicating_address(const struct replicating * r, size_t * at,
    struct slice * multiaddr);

#endif /* !BERTY_GROUP_REPLICATING_H */
