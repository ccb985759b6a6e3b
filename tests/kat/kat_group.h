/* kat_group.h: what the checks of groups and of envelopes share. */
#ifndef BERTY_KAT_GROUP_H
#define BERTY_KAT_GROUP_H

#include "group/group_keys.h"
#include "kat.h"

/* The network whose code made the file: `berty` files are those of 2022. */
const struct network * kat_network(const struct kat_vector * v);

/* Compare with the member `error_str`. */
void kat_error_name(struct kat * k, const cJSON * object, int status);

/* Read a group and check that it is written the same. */
void kat_group_info(struct kat * k, struct group_info * g,
    struct slice marshaled);

#endif /* !BERTY_KAT_GROUP_H */
