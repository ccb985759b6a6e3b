/* attachments_impl.h: what the files of attachments share. */
#ifndef BERTY_ATTACHMENT_ATTACHMENTS_IMPL_H
#define BERTY_ATTACHMENT_ATTACHMENTS_IMPL_H

#include "attachment/attachment_blocks.h"
#include "attachment/attachments.h"
#include "base/map.h"
#include "codec/unixfs.h"

enum {
	ATTACHMENTS_AHEAD = 16,   /* blocks asked for at a time, of a reader */
	ATTACHMENTS_STEPS = 64,   /* blocks read before others have a turn */
	ATTACHMENTS_SWEEP = 64,   /* blocks freed in a transaction */
	ATTACHMENTS_SWEEP_MS = 10, /* between two of them */
};

struct attachments {
	struct world * world;
	struct store * store;
	struct sync * sync;       /* NULL: stopped */
	uint64_t size_max;
	struct budget cached;     /* bytes of blocks that are not pinned */
	bool counted;             /* so many are used of it */
	bool stuck;               /* too many, and all are being read */
	struct list writers;      /* struct attachment_writer */
	struct list readers;      /* struct attachment_reader */
	struct map wanted;        /* CID -> struct attachment_want */
	struct world_timer sweep;
};

/* A block that readers wait for. */
struct attachment_want {
	struct cid cid;
	size_t readers;
};

/* --- attachment_blocks.c ---------------------------------------------------- */

/* Free what is doomed, a little at a time. */
void attachment_blocks_sweep(struct attachments * a);
void attachment_blocks_fire(struct world_timer * timer);

/* --- attachment_cache.c ----------------------------------------------------- */

/* So many bytes more of what is not pinned; and what was read long ago goes
 * until there is room (outside of transactions). */
void attachment_cache_count(struct attachments * a);
void attachment_cache_trim(struct attachments * a);

/* --- attachment_writer.c ---------------------------------------------------- */

/* Is a writer at work under this id? */
bool attachment_writer_live(const struct attachments * a, uint64_t id);

/* --- attachment_choose.c ---------------------------------------------------- */

/* Change cipher and key to others that were told, if those do not open the
 * first block and these do. */
void attachment_choose(struct attachments * a, const struct cid * cid,
    struct slice sealed, bool last, enum attachment_cipher * cipher,
    uint8_t key[32]);

/* --- attachment_reader.c ---------------------------------------------------- */

bool attachment_reader_reads(const struct attachments * a,
    const struct cid * cid);

/* A wanted block came. */
void attachment_reader_came(struct attachments * a, const struct cid * cid,
    struct slice block);

#endif /* !BERTY_ATTACHMENT_ATTACHMENTS_IMPL_H */
