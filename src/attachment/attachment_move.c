#include "attachment/attachment_move.h"

#include "attachment/attachment_blocks.h"
#include "crypto/crypto.h"

static void
begin(struct attachment_move * m, struct store * s)
{

	m->store = s;
	/* A store holds what was let in: it is not measured again. */
	unixfs_walk_init(&m->walk, &m->about.cid, INT64_MAX);
}

int
attachment_move_out(struct attachment_move * m, struct store * s,
    const struct cid * cid)
{
	int status;

	*m = (struct attachment_move){.store = s};
	if ((status = attachment_register_load(s, cid, &m->about)) != 0)
		return (status);
	begin(m, s);
	return (m->about.complete ? 0 : -ERR_NOT_FOUND);
}

int
attachment_move_next(struct attachment_move * m, struct cid * cid,
    struct buffer * block)
{
	size_t before = block->n;
	struct slice data;
	int status;

	if (unixfs_walk_ahead(&m->walk, cid, 1) == 0)
		return (0);
	status = attachment_blocks_get(m->store, cid, block);
	if (status == -ERR_NOT_FOUND)
		return (0);
	if (status == 0 && block->failed)
		status = -ERR_INTERNAL;
	if (status == 0)
		status = unixfs_walk_give(&m->walk, slice_of(block->p + before,
		    block->n - before), &data);
	return (status == 0 ? 1 : status);
}

int
attachment_move_in(struct attachment_move * m, struct store * s,
    const struct attachment_register * about)
{
	struct attachment_register known;
	int status;

	*m = (struct attachment_move){.about = *about};
	m->about.complete = false;
	m->about.held = 0;
	begin(m, s);
	status = attachment_register_load(s, &about->cid, &known);
	crypto_wipe(&known, sizeof(known));
	if (status != -ERR_NOT_FOUND)
		return (status == 0 ? -ERR_INVALID_INPUT : status);
	if ((status = attachment_blocks_begin(s, &m->about.id)) != 0)
		return (status);
	return (attachment_blocks_keep(s, m->about.id));
}

int
attachment_move_block(struct attachment_move * m, const struct cid * cid,
    struct slice block)
{
	struct cid next;
	struct slice data;
	int status;

	if (unixfs_walk_ahead(&m->walk, &next, 1) == 0 ||
	    !cid_equal(&next, cid) || !cid_matches(cid, block))
		return (-ERR_INVALID_INPUT);
	if ((status = unixfs_walk_give(&m->walk, block, &data)) != 0)
		return (status);
	return (attachment_blocks_put(m->store, m->about.id, cid, block,
	    &m->about.held));
}

/* Bytes of the file that holds it. */
static uint64_t
file_size(const struct attachment_register * about)
{

	return (about->cipher == ATTACHMENT_PLAIN ? about->bytes :
	    attachment_sealed_size(about->bytes));
}

int
attachment_move_keep(struct attachment_move * m)
{
	struct cid next;

	m->about.complete = unixfs_walk_ahead(&m->walk, &next, 1) == 0;
	if (m->about.complete &&
	    unixfs_walk_size(&m->walk) != file_size(&m->about))
		return (-ERR_INVALID_INPUT);
	return (attachment_register_save(m->store, &m->about));
}

void
attachment_move_end(struct attachment_move * m)
{

	unixfs_walk_free(&m->walk);
	crypto_wipe(&m->about, sizeof(m->about));
}
