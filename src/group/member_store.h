/* member_store.h: the announced devices of a group, and the place of the event
 * that announced each. */
#ifndef BERTY_GROUP_MEMBER_STORE_H
#define BERTY_GROUP_MEMBER_STORE_H

#include "group/group.h"

struct member_row {
	uint8_t device_pk[32];
	uint8_t member_pk[32];
	struct event_place place;
};

/* Read; -ERR_NOT_FOUND.  Write, replacing. */
int member_store_load(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], struct member_row * row);
int member_store_save(struct store * s, uint64_t scope,
    const struct member_row * row);

/* A row from its stored bytes; -ERR_DB_READ. */
int member_row_decode(struct member_row * row, struct slice value);

#endif /* !BERTY_GROUP_MEMBER_STORE_H */
