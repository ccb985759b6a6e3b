/*
 * push_store.h: how the devices of a group are reached by push: what the newest
 * event 404 of each says.  Newest is the causal order, so all nodes agree.
 */
#ifndef BERTY_GROUP_PUSH_STORE_H
#define BERTY_GROUP_PUSH_STORE_H

#include "group/group.h"

/* The longest address of a relay, and token sealed for one, bytes. */
#define PUSH_ADDRESS_MAX 300
#define PUSH_TOKEN_MAX 8192

/* A device's token, and the relay that reads it; slices borrow from held. */
struct push_target {
	struct event_place place;
	uint8_t server_key[32];
	struct slice service_addr;
	struct slice token;
	struct buffer held;
};
void push_target_free(struct push_target * t);

/*
 * Fold an event 404 of an announced device, inside a transaction; others are
 * passed over.  What names no relay or no token, or is larger than it may be,
 * folds to nothing.
 */
int push_store_fold(struct store * s, uint64_t scope,
    const struct metadata_event * e, const struct event_place * place);

/* A device's; -ERR_NOT_FOUND. */
int push_store_load(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], struct push_target * t);

/* May this be a relay's address: 1 to PUSH_ADDRESS_MAX bytes of text? */
bool push_server_address(struct slice s);

/* The two fields of a PushServer; false when its key has not 32 bytes, or its
 * address can be none. */
bool push_server_read(struct slice server, uint8_t key[32],
    struct slice * service_addr);

#endif /* !BERTY_GROUP_PUSH_STORE_H */
