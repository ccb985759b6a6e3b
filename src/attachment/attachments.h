/*
 * attachments.h: the files of a node: sealed, cut into blocks as IPFS does,
 * kept in the store, served to peers by bitswap and fetched from them.
 *
 * Memory does not grow with a file: it is written and read in pieces, each
 * block in a transaction of its own or with few others.  What a writer that did
 * not finish has left is freed, after a crash at the next start.
 * Source: crypto spec §9; docs/extensions.md (long files).
 */
#ifndef BERTY_ATTACHMENT_ATTACHMENTS_H
#define BERTY_ATTACHMENT_ATTACHMENTS_H

#include "base/budget.h"
#include "group/attachment_register.h"
#include "sync/sync.h"

struct attachments;

struct attachments_config {
	uint64_t size_max;        /* of one, bytes in clear; 0: 4 GiB */
	uint64_t cached_max;      /* of all that are not pinned; 0: 1 GiB */
};

/* NULL without memory.  The store and sync outlive attachments_stop. */
struct attachments * attachments_new(struct world * w, struct store * s,
    struct sync * sync, const struct attachments_config * config);

/* No more network, no more turns; and, once the store was closed, the rest.
 * Writers and readers were freed before. */
void attachments_stop(struct attachments * a);
void attachments_free(struct attachments * a);

void attachments_budgets(const struct attachments * a,
    const struct budget_walk * walk);

/*
 * Keep one until it is unpinned; free the blocks that nothing else needs, all
 * but the key: *held says how many bytes there were.  Inside a transaction.
 * -ERR_NOT_FOUND: no key of it is here.
 */
int attachments_pin(struct attachments * a, const struct cid * cid);
int attachments_unpin(struct attachments * a, const struct cid * cid,
    uint64_t * held);

/* A transaction with pin or unpin in it was committed, or undone. */
void attachments_changed(struct attachments * a);

/* --- writing ---------------------------------------------------------------- */

struct attachment_writer;

/*
 * Begin one.  settled is called when all that was added is on disk, with 0 or
 * the code of a write that failed; after attachment_writer_finish once, when
 * the attachment is.  Chains begin with 1050.  Take the cipher ATTACHMENT_LONG,
 * which is Berty's up to ATTACHMENT_SHORT blocks; beyond, ATTACHMENT_BERTY
 * repeats nonces.
 */
int attachment_writer_new(struct attachments * a,
    enum attachment_cipher cipher,
    void (*settled)(void * user, int status), void * user,
    struct attachment_writer ** writer, struct error * err);

/* The next bytes.  busy: wait for settled before there is more. */
int attachment_writer_add(struct attachment_writer * w, struct slice bytes,
    bool * busy, struct error * err);

/* The end; the CID is there at once. */
int attachment_writer_finish(struct attachment_writer * w, struct cid * cid,
    struct error * err);

/* Any time; what did not settle after finish leaves nothing behind. */
void attachment_writer_free(struct attachment_writer * w);

/* --- reading ---------------------------------------------------------------- */

struct attachment_reader;

/*
 * Read one from the front.  wake is called from the loop when there may be more
 * after attachment_reader_next had nothing.  -ERR_KEYSTORE_GET: its key is not
 * here (400 over 400).
 */
int attachment_reader_new(struct attachments * a, const struct cid * cid,
    void (*wake)(void * user), void * user, struct attachment_reader ** reader,
    struct error * err);

/*
 * Append the next piece in clear, at most ATTACHMENT_CLEAR bytes: 1.  0: it is
 * asked for, of all peers, until it comes, or others are to have a turn first;
 * 2: the end.  Or a code: 1051 over
 * what is wrong with the blocks, 113 over 105, 110, 205 when they do not open.
 */
int attachment_reader_next(struct attachment_reader * r, struct buffer * out,
    struct error * err);
void attachment_reader_free(struct attachment_reader * r);

#endif /* !BERTY_ATTACHMENT_ATTACHMENTS_H */
