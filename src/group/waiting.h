/*
 * waiting.h: messages whose key is not here yet, by device and counter, and
 * which devices are worth another look.
 */
#ifndef BERTY_GROUP_WAITING_H
#define BERTY_GROUP_WAITING_H

#include "codec/cid.h"
#include "group/chain_key.h"
#include "world/store.h"

/* Where a group's waiting messages are: scope of the messages, of the looks. */
struct waiting {
	struct store * store;
	uint64_t scope, todo;
};

int waiting_add(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter, const struct cid * cid);

/* How many of a device, of any counter, wait. */
int waiting_count(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t * n);

/* How many wait under a counter; and number i of them. */
int waiting_count_at(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter, uint64_t * n);
int waiting_get(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter, uint64_t i, struct cid * cid);

/* Those under a counter are settled. */
int waiting_remove(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t counter);

/*
 * A device's chain came, or moved, from `from`: if messages wait, they are
 * worth a look from there on.  An earlier look that is still due stays.
 */
int waiting_look(const struct waiting * w, const uint8_t device_pk[32],
    uint64_t from);

/* A look that is due: -ERR_NOT_FOUND when there is none. */
struct waiting_due {
	uint8_t device_pk[32];
	uint64_t from;
};
int waiting_next(const struct waiting * w, struct waiting_due * due);
int waiting_due_of(const struct waiting * w, const uint8_t device_pk[32],
    struct waiting_due * due);

/* Go on from there another time; or it is done. */
int waiting_put_off(const struct waiting * w, const struct waiting_due * due);
int waiting_done(const struct waiting * w, const uint8_t device_pk[32]);

#endif /* !BERTY_GROUP_WAITING_H */
