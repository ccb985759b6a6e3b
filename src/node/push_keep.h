/*
 * push_keep.h: keeps the file beside the store (push_file.h) near what the
 * store says, at a cost that does not follow the messages: once in a while, and
 * for groups in which something happened.
 */
#ifndef BERTY_NODE_PUSH_KEEP_H
#define BERTY_NODE_PUSH_KEEP_H

#include "node/node.h"

struct push_keep;

/* How long after a change it is written, ms: the first time, and later. */
#define PUSH_KEEP_FIRST_MS 500
#define PUSH_KEEP_MS 10000

/* Begin, once the account is open.  *keep is NULL for a store without a file
 * or key.  -ERR_INTERNAL without memory. */
int push_keep_open(struct node * n, const struct store_config * config,
    struct push_keep ** keep);

/* Something happened in a group (NULL: in which groups there are). */
void push_keep_changed(struct push_keep * k, const uint8_t * group_pk);

/* Write what is not written yet, if the store still may, and end.  Blocks for
 * the disk.  NULL is fine. */
void push_keep_close(struct push_keep * k);

#endif /* !BERTY_NODE_PUSH_KEEP_H */
