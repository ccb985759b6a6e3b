/* attachment_blocks.c: blocks in the store, and which attachment needs them. */
#include "attachment/attachments_impl.h"
#include "base/reader.h"

enum { SCOPE_DOOMED = 1, SCOPE_NEXT = 2, USE_SCOPE = 0 };

/* Blocks stand under a name that no entry of a log has. */
struct block_name {
	uint8_t bytes[1 + CID_MAX];
	size_t n;
};

static struct slice
name_of(struct block_name * name, const struct cid * cid)
{
	name->bytes[0] = 'a';
	memcpy(name->bytes + 1, cid->bytes, cid->n);
	name->n = 1U + cid->n;
	return (slice_of(name->bytes, name->n));
}

static void
put_be64(uint8_t bytes[8], uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(v >> (56 - 8 * i));
}

static int
next_id(struct store * s, uint64_t * id)
{
	struct buffer value = {0};
	struct reader r;
	uint8_t bytes[8];
	int status;

	*id = 0;
	status = store_get(s, STORE_ATTACHMENT, SCOPE_NEXT,
	    slice_text("id"), &value);
	if (status == 0) {
		r = reader_of(buffer_all(&value));
		*id = reader_be64(&r);
		status = reader_done(&r) ? 0 : -ERR_DB_READ;
	} else if (status == -ERR_NOT_FOUND)
		status = 0;
	buffer_free(&value);
	if (status != 0)
		return (status);
	put_be64(bytes, ++*id);
	return (store_put(s, STORE_ATTACHMENT, SCOPE_NEXT,
	    slice_text("id"), slice_of(bytes, sizeof(bytes))));
}

int
attachment_blocks_doom(struct store * s, uint64_t id)
{
	uint8_t bytes[8];
	struct slice name;

	put_be64(bytes, id);
	name = slice_of(bytes, sizeof(bytes));
	return (store_put(s, STORE_ATTACHMENT, SCOPE_DOOMED, name,
	    name));
}

int
attachment_blocks_keep(struct store * s, uint64_t id)
{
	uint8_t bytes[8];

	put_be64(bytes, id);
	return (store_delete(s, STORE_ATTACHMENT, SCOPE_DOOMED,
	    slice_of(bytes, sizeof(bytes))));
}

int
attachment_blocks_begin(struct store * s, uint64_t * id)
{
	int status;

	if ((status = next_id(s, id)) != 0)
		return (status);
	return (attachment_blocks_doom(s, *id));
}

static int
find(struct store * s, const struct cid * cid, uint64_t * block)
{
	struct block_name name;

	return (store_block_find(s, name_of(&name, cid), block));
}

bool
attachment_blocks_has(struct store * s, const struct cid * cid)
{
	uint64_t block;

	return (find(s, cid, &block) == 0);
}

int
attachment_blocks_get(struct store * s, const struct cid * cid,
    struct buffer * out)
{
	uint64_t block;
	int status;

	if ((status = find(s, cid, &block)) != 0)
		return (status);
	return (store_block_get(s, block, out));
}

int
attachment_blocks_put(struct store * s, uint64_t id,
    const struct cid * cid, struct slice bytes, uint64_t * held)
{
	struct block_name name;
	struct store_number row;
	uint64_t block;
	size_t n;
	int status;

	if ((status = find(s, cid, &block)) == -ERR_NOT_FOUND)
		status = store_block_put(s, name_of(&name, cid), bytes,
		    &block);
	if (status != 0 || (status = store_number_range(s,
	        STORE_ATTACHMENT_BLOCK, id, block, block, false, &row, 1,
	        &n)) != 0 || n > 0)
		return (status);
	if ((status = store_number_put(s, STORE_ATTACHMENT_BLOCK, id,
	        block, bytes.n)) != 0)
		return (status);
	*held += bytes.n;
	return (store_number_put(s, STORE_ATTACHMENT_USE, USE_SCOPE,
	    block, id));
}

/* --- freeing ---------------------------------------------------------------- */

/* It is not of this attachment any more; gone, if it is of no other. */
static int
release(struct attachments * a, uint64_t id, const struct store_number * row)
{
	struct store_number other;
	size_t n;
	int status;

	if ((status = store_number_delete(a->store, STORE_ATTACHMENT_BLOCK, id,
	         row->number, row->id)) != 0 ||
	    (status = store_number_delete(a->store, STORE_ATTACHMENT_USE,
	         USE_SCOPE, row->number, id)) != 0 ||
	    (status = store_number_range(a->store, STORE_ATTACHMENT_USE,
	         USE_SCOPE, row->number, row->number, false, &other, 1,
	         &n)) != 0)
		return (status);
	return (n > 0 ? 0 : store_block_delete(a->store, row->number));
}

static int
free_some(struct attachments * a, uint64_t id)
{
	struct store_number rows[ATTACHMENTS_SWEEP];
	size_t i, n;
	int status;

	status = store_number_range(a->store, STORE_ATTACHMENT_BLOCK, id, 0,
	    INT64_MAX, false, rows, ATTACHMENTS_SWEEP, &n);
	for (i = 0; status == 0 && i < n; i++)
		status = release(a, id, &rows[i]);
	if (status == 0 && n < ATTACHMENTS_SWEEP)
		status = attachment_blocks_keep(a->store, id);
	return (status);
}

struct search {
	struct attachments * a;
	uint64_t id;
};

static int
first_doomed(void * user, struct slice value)
{
	struct search * search = user;
	struct reader r = reader_of(value);

	search->id = reader_be64(&r);
	return (attachment_writer_live(search->a, search->id) ? 0 : 1);
}

void
attachment_blocks_sweep(struct attachments * a)
{
	if (a->sync != NULL && !a->sweep.armed)
		(void)world_timer_start(a->world, &a->sweep,
		    ATTACHMENTS_SWEEP_MS);
}

void
attachment_blocks_fire(struct world_timer * timer)
{
	struct attachments * a = list_entry(timer, struct attachments, sweep);
	struct search search = {a, 0};

	if (store_each(a->store, STORE_ATTACHMENT, SCOPE_DOOMED, first_doomed,
	        &search) != 1 || store_begin(a->store) != 0)
		return;
	if (free_some(a, search.id) != 0) {
		store_rollback(a->store);
		log_warn(a->world->log, "attachment",
		    "blocks could not be freed: %s", store_failure(a->store));
		return;
	}
	if (store_commit(a->store, NULL) == 0)
		attachment_blocks_sweep(a);
}
