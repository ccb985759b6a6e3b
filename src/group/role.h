/*
 * role.h: who is an administrator of a multi-member group, folded in causal
 * order from events 302 and 303.
 *
 * The member that the first 302 names is one, from that place on; the group's
 * own key signs it, so only who made the group can have written it.  A 303 makes
 * its grantee one from its own place on, if the member of the device that signed
 * it is one at that place; else it says nothing.  Nobody loses the role.
 * Events may be folded in any order with the same result: what a late event
 * changes is followed through the grants that were kept.
 * Source: api-v1 spec §4, groups spec §7.
 */
#ifndef BERTY_GROUP_ROLE_H
#define BERTY_GROUP_ROLE_H

#include "group/group.h"

/* Fold a 302, or a 303 of a device of that member; others fold to nothing.
 * Inside a transaction; 0, or the store's code. */
int role_fold(struct group * g, const struct metadata_event * e,
    const struct event_place * place, const uint8_t member_pk[32]);

/*
 * A device is announced, or turns out to be another member's (moved): what was
 * said of it, and by it, is judged again.
 */
int role_device_known(struct group * g, const uint8_t device_pk[32],
    bool moved);

/* Fold what the log holds, once, of a group that an earlier version kept: roles
 * and aliases anew, and what it passed over (events 401 to 406, settings). */
int role_fold_log(struct group * g);

#endif /* !BERTY_GROUP_ROLE_H */
