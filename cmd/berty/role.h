/* role.h: the members of a group, as `berty group info` gives them. */
#ifndef BERTY_CMD_ROLE_H
#define BERTY_CMD_ROLE_H

#include "book.h"
#include "output.h"

/* A line for each, or (object not NULL) an array in the JSON object. */
void role_print_members(const PB(GroupInfo__Reply) * info,
    const struct book * book, cJSON * object);

#endif /* !BERTY_CMD_ROLE_H */
