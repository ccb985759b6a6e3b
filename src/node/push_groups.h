/* push_groups.h: the groups that pushes may be of. */
#ifndef BERTY_NODE_PUSH_GROUPS_H
#define BERTY_NODE_PUSH_GROUPS_H

#include "node/node.h"

/*
 * Walk the configs of the groups that the account knows: its own, those of
 * contacts that are not blocked, and joined ones; of groups that were never
 * open, only some.  A non-zero return of `each` ends the walk and is returned.
 * Nothing is written.
 */
int push_each_group(struct node * n,
    int (*each)(void * user, const struct group_config * config),
    void * user);

#endif /* !BERTY_NODE_PUSH_GROUPS_H */
