/* sync_blocks.c: blocks that are of no log, by the same bitswap. */
#include "sync/sync_impl.h"

void
sync_set_blocks(struct sync * s, const struct sync_blocks * blocks,
    void * user)
{
	s->blocks = blocks == NULL ? (struct sync_blocks){NULL, NULL}
	    : *blocks;
	s->blocks_user = user;
}

int
sync_want_blocks(struct sync * s, const struct cid * cids, size_t n)
{
	const struct peer_id * hint = &s->blocks_from;

	/* Who had one block of a file will have the next. */
	return (bitswap_want(s->bitswap, cids, n, hint,
	    hint->n > 0 && host_connected(s->host, hint)));
}

void
sync_unwant_block(struct sync * s, const struct cid * cid)
{
	if (map_get(&s->items, cid_slice(cid)) == NULL)
		bitswap_cancel(s->bitswap, cid, 1);
}

void
sync_have_block(struct sync * s, const struct cid * cid, struct slice block)
{
	bitswap_have(s->bitswap, cid, block);
}

void
sync_blocks_came(struct sync * s, const struct cid * cid, struct slice block,
    const struct peer_id * from)
{
	s->blocks_from = *from;
	s->blocks.came(s->blocks_user, cid, block);
}
