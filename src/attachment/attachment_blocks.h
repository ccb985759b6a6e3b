/*
 * attachment_blocks.h: the blocks of attachments in a store, each under the ids
 * of those that need it.  What changes them is inside a transaction.
 */
#ifndef BERTY_ATTACHMENT_ATTACHMENT_BLOCKS_H
#define BERTY_ATTACHMENT_ATTACHMENT_BLOCKS_H

#include "codec/cid.h"
#include "world/store.h"

/* An id that was never used, whose blocks are freed if nothing comes of it. */
int attachment_blocks_begin(struct store * s, uint64_t * id);

/* Its blocks stay; they go (again), when the sweep comes by. */
int attachment_blocks_keep(struct store * s, uint64_t id);
int attachment_blocks_doom(struct store * s, uint64_t id);

/* Put a block under an id; *held grows by its bytes if it was not there. */
int attachment_blocks_put(struct store * s, uint64_t id,
    const struct cid * cid, struct slice block, uint64_t * held);

/* -ERR_NOT_FOUND; get appends. */
int attachment_blocks_get(struct store * s, const struct cid * cid,
    struct buffer * out);
bool attachment_blocks_has(struct store * s, const struct cid * cid);

#endif /* !BERTY_ATTACHMENT_ATTACHMENT_BLOCKS_H */
