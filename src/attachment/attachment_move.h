/*
 * attachment_move.h: whole attachments out of a store, block by block from the
 * root on, and into one.
 */
#ifndef BERTY_ATTACHMENT_ATTACHMENT_MOVE_H
#define BERTY_ATTACHMENT_ATTACHMENT_MOVE_H

#include "codec/unixfs.h"
#include "group/attachment_register.h"

/* One that goes out, or comes in. */
struct attachment_move {
	struct store * store;
	struct attachment_register about; /* has the key: wiped at the end */
	struct unixfs_walk walk;
};

/* Begin to read one.  -ERR_NOT_FOUND: it is not (any more) here, complete. */
int attachment_move_out(struct attachment_move * m, struct store * s,
    const struct cid * cid);

/* Its next block, appended: 1.  0: that was the last, or the next one was
 * freed meanwhile. */
int attachment_move_next(struct attachment_move * m, struct cid * cid,
    struct buffer * block);

/*
 * Begin to write one, inside a transaction: `about` says its CID, cipher, key,
 * bytes, dates and whether it is pinned.  -ERR_INVALID_INPUT: it is there.
 */
int attachment_move_in(struct attachment_move * m, struct store * s,
    const struct attachment_register * about);

/* -ERR_INVALID_INPUT: it is not its next block; -ERR_DESERIALIZATION: it is
 * no part of a file. */
int attachment_move_block(struct attachment_move * m, const struct cid * cid,
    struct slice block);

/* No more of it: it is kept, complete or not.  -ERR_INVALID_INPUT: complete,
 * and not as large as it should be. */
int attachment_move_keep(struct attachment_move * m);

/* Either way. */
void attachment_move_end(struct attachment_move * m);

#endif /* !BERTY_ATTACHMENT_ATTACHMENT_MOVE_H */
