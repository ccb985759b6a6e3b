/*
 * parked.h: events of devices that are not announced yet.  A device's own
 * announcement may come behind other events of it, for peers write at the same
 * time; then its events are given again.
 */
#ifndef BERTY_GROUP_PARKED_H
#define BERTY_GROUP_PARKED_H

#include "group/group.h"

/* Keep an event's envelope under its device. */
int parked_add(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    const struct event_place * place, struct slice envelope);

/* Give all of a device, in causal order, and forget them.  A non-zero return
 * of `each` ends that and is returned. */
int parked_take(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    int (*each)(void * user, const struct event_place * place,
        struct slice envelope), void * user);

#endif /* !BERTY_GROUP_PARKED_H */
