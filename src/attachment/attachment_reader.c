/* attachment_reader.c: a file on its way out, its blocks fetched if need be. */
#include <stdlib.h>

#include "attachment/attachments_impl.h"

/* Sealed bytes of a file: the tags, and what the tree adds is little. */
#define SEALED_MAX(clear) ((clear) + (clear) / 1024 + ATTACHMENT_SEALED)

struct attachment_reader {
	struct list place;        /* in attachments.readers */
	struct attachments * a;
	void (*wake)(void * user);
	void * user;
	struct world_timer turn;
	struct cid cid;
	enum attachment_cipher cipher;
	uint8_t key[32];
	struct unixfs_walk walk;
	struct cid asked[ATTACHMENTS_AHEAD];
	size_t n_asked;
	struct buffer sealed;     /* not opened yet */
	uint64_t blocks, bytes;   /* that were opened; in clear */
	bool walked;              /* sealed is all that is left */
	int failed;               /* writing what came did not work: the code */
};

/* --- what is asked of peers ------------------------------------------------- */

static bool
asks_for(const struct attachment_reader * r, const struct cid * cid)
{
	size_t i;

	for (i = 0; i < r->n_asked; i++)
		if (cid_equal(&r->asked[i], cid))
			return (true);
	return (false);
}

/* One reader more waits for it; false without memory. */
static bool
want(struct attachments * a, const struct cid * cid)
{
	struct attachment_want * w = map_get(&a->wanted, cid_slice(cid));

	if (w == NULL) {
		if ((w = calloc(1, sizeof(*w))) == NULL)
			return (false);
		w->cid = *cid;
		if (map_set(&a->wanted, cid_slice(cid), w) != 0) {
			free(w);
			return (false);
		}
	}
	w->readers++;
	return (true);
}

/* One less; true when it was the last. */
static bool
unwant(struct attachments * a, const struct cid * cid)
{
	struct attachment_want * w = map_get(&a->wanted, cid_slice(cid));

	if (w == NULL || --w->readers > 0)
		return (false);
	(void)map_remove(&a->wanted, cid_slice(cid));
	free(w);
	return (true);
}

static void
ask(struct attachment_reader * r)
{
	struct attachments * a = r->a;
	struct cid ahead[ATTACHMENTS_AHEAD];
	size_t i, n, from = r->n_asked;

	n = unixfs_walk_ahead(&r->walk, ahead, ATTACHMENTS_AHEAD);
	for (i = 0; i < n && r->n_asked < ATTACHMENTS_AHEAD; i++)
		if (!asks_for(r, &ahead[i]) &&
		    !attachment_blocks_has(a->store, &ahead[i]) &&
		    want(a, &ahead[i]))
			r->asked[r->n_asked++] = ahead[i];
	if (r->n_asked > from && a->sync != NULL)
		(void)sync_want_blocks(a->sync, r->asked + from,
		    r->n_asked - from);
}

static void
forget(struct attachment_reader * r, size_t i)
{
	r->asked[i] = r->asked[--r->n_asked];
}

/* --- what comes ------------------------------------------------------------- */

/* Keep a block of the attachment, inside a transaction. */
static int
keep(struct attachments * a, const struct cid * root, const struct cid * cid,
    struct slice block, uint64_t * grown)
{
	struct attachment_register g;
	uint64_t before;
	int status;

	*grown = 0;
	if ((status = attachment_register_load(a->store, root, &g)) != 0)
		return (status);
	before = g.held;
	if (g.id == 0 &&
	    (status = attachment_blocks_begin(a->store, &g.id)) == 0)
		status = attachment_blocks_keep(a->store, g.id);
	if (status == 0)
		status = attachment_blocks_put(a->store, g.id, cid, block,
		    &g.held);
	if (status == 0)
		status = attachment_register_save(a->store, &g);
	if (status == 0 && !g.pinned)
		*grown = g.held - before;
	crypto_wipe(&g, sizeof(g));
	return (status);
}

static int
store_for(struct attachment_reader * r, const struct cid * cid,
    struct slice block)
{
	struct attachments * a = r->a;
	uint64_t grown;
	int status;

	attachment_cache_count(a);
	if ((status = store_begin(a->store)) != 0)
		return (status);
	if ((status = keep(a, &r->cid, cid, block, &grown)) != 0) {
		store_rollback(a->store);
		return (status);
	}
	if ((status = store_commit(a->store, NULL)) == 0)
		budget_note(&a->cached, a->cached.used + grown);
	return (status);
}

void
attachment_reader_came(struct attachments * a, const struct cid * cid,
    struct slice block)
{
	struct attachment_want * w = map_remove(&a->wanted, cid_slice(cid));
	struct list * place, * following;
	size_t i;

	if (w == NULL)
		return;
	free(w);
	list_each (place, following, &a->readers) {
		struct attachment_reader * r =
		    list_entry(place, struct attachment_reader, place);

		if (!asks_for(r, cid))
			continue;
		for (i = 0; !cid_equal(&r->asked[i], cid);)
			i++;
		forget(r, i);
		if (r->failed == 0)
			r->failed = store_for(r, cid, block);
		(void)world_timer_start(a->world, &r->turn, 0);
	}
	if (a->sync != NULL)
		sync_have_block(a->sync, cid, block);
	attachment_cache_trim(a);
}

/* --- the object ------------------------------------------------------------- */

static void
on_turn(struct world_timer * timer)
{
	struct attachment_reader * r =
	    list_entry(timer, struct attachment_reader, turn);

	r->wake(r->user);
}

bool
attachment_reader_reads(const struct attachments * a, const struct cid * cid)
{
	const struct list * place;

	for (place = a->readers.next; place != &a->readers;
	     place = place->next)
		if (cid_equal(&list_entry(place,
		        const struct attachment_reader, place)->cid, cid))
			return (true);
	return (false);
}

int
attachment_reader_new(struct attachments * a, const struct cid * cid,
    void (*wake)(void * user), void * user, struct attachment_reader ** reader,
    struct error * err)
{
	struct attachment_register g;
	struct attachment_reader * r;
	int status;

	if ((status = attachment_register_load(a->store, cid, &g)) != 0)
		return (error_from(err, ERR_KEYSTORE_GET,
		    status == -ERR_NOT_FOUND ? -ERR_KEYSTORE_GET : status,
		    "the attachment's key is not here"));
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		crypto_wipe(&g, sizeof(g));
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	r->a = a;
	r->wake = wake;
	r->user = user;
	r->turn.fire = on_turn;
	r->cid = *cid;
	r->cipher = g.cipher;
	memcpy(r->key, g.key, sizeof(r->key));
	crypto_wipe(&g, sizeof(g));
	unixfs_walk_init(&r->walk, cid, SEALED_MAX(a->size_max));
	list_append(&a->readers, &r->place);
	*reader = r;
	return (0);
}

void
attachment_reader_free(struct attachment_reader * r)
{
	struct attachments * a = r->a;

	while (r->n_asked > 0) {
		struct cid cid = r->asked[r->n_asked - 1];

		forget(r, r->n_asked - 1);
		if (unwant(a, &cid) && a->sync != NULL)
			sync_unwant_block(a->sync, &cid);
	}
	world_timer_stop(a->world, &r->turn);
	list_remove(&r->place);
	unixfs_walk_free(&r->walk);
	buffer_free(&r->sealed);
	crypto_wipe(r->key, sizeof(r->key));
	free(r);
	/* It may go now, if it was too much. */
	a->stuck = false;
	if (a->counted && a->sync != NULL)
		attachment_cache_trim(a);
}

/* --- reading ---------------------------------------------------------------- */

/* All of it was read: so it is known, and how large it is. */
static void
note_complete(struct attachment_reader * r)
{
	struct attachments * a = r->a;
	struct attachment_register g;

	if (attachment_register_load(a->store, &r->cid, &g) == 0 &&
	    store_begin(a->store) == 0) {
		g.complete = g.id != 0;
		g.bytes = r->bytes;
		g.used = world_wall(a->world) / 1000000000;
		if (attachment_register_save(a->store, &g) != 0)
			store_rollback(a->store);
		else
			(void)store_commit(a->store, NULL);
	}
	crypto_wipe(&g, sizeof(g));
}

static int
does_not_open(struct error * err, const char * text)
{
	(void)error_set(err, ERR_CRYPTO_DECRYPT, "%s", text);
	(void)error_wrap(err, ERR_STREAM_TRANSFORM);
	(void)error_wrap(err, ERR_STREAM_READ);
	return (error_wrap(err, ERR_STREAM_SINK));
}

/* What is in no cipher is given in pieces of the same size. */
static int
take_plain(struct attachment_reader * r, struct buffer * out,
    struct error * err)
{
	size_t n = r->sealed.n < ATTACHMENT_CLEAR ? r->sealed.n
	    : ATTACHMENT_CLEAR;

	buffer_append(out, r->sealed.p, n);
	if (out->failed)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	r->blocks++;
	r->bytes += n;
	buffer_consume(&r->sealed, n);
	return (1);
}

static int
open_block(struct attachment_reader * r, struct buffer * out,
    struct error * err)
{
	size_t n = r->sealed.n < ATTACHMENT_SEALED ? r->sealed.n
	    : ATTACHMENT_SEALED;
	bool last = r->walked && n == r->sealed.n;
	struct slice sealed = slice_of(r->sealed.p, n);
	size_t before = out->n;
	int status;

	status = r->cipher == ATTACHMENT_LONG
	    ? attachment_open_long(out, r->key, r->blocks, last, sealed)
	    : attachment_open_block(out, r->key, r->blocks, sealed);
	if (status == 0 && out->failed)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if (status != 0)
		return (does_not_open(err, "a block does not open"));
	r->blocks++;
	r->bytes += out->n - before;
	buffer_consume(&r->sealed, n);
	return (1);
}

static int
open_next(struct attachment_reader * r, struct buffer * out,
    struct error * err)
{
	size_t n = r->sealed.n < ATTACHMENT_SEALED ? r->sealed.n
	    : ATTACHMENT_SEALED;

	if (r->blocks == 0)
		attachment_choose(r->a, &r->cid, slice_of(r->sealed.p, n),
		    r->walked && n == r->sealed.n, &r->cipher, r->key);
	return (r->cipher == ATTACHMENT_PLAIN ? take_plain(r, out, err)
	    : open_block(r, out, err));
}

/* The next block of the tree: 1, 0 when it is not here, or a code. */
static int
step(struct attachment_reader * r, struct error * err)
{
	struct buffer block = {0};
	struct slice data;
	struct cid cid;
	int status;

	if (unixfs_walk_ahead(&r->walk, &cid, 1) == 0) {
		r->walked = true;
		return (1);
	}
	status = attachment_blocks_get(r->a->store, &cid, &block);
	if (status == -ERR_NOT_FOUND) {
		ask(r);
		buffer_free(&block);
		return (0);
	}
	if (status == 0 && block.failed)
		status = -ERR_INTERNAL;
	if (status == 0)
		status = unixfs_walk_give(&r->walk, buffer_all(&block), &data);
	if (status == 0)
		buffer_slice(&r->sealed, data);
	buffer_free(&block);
	if (status == 0 && r->sealed.failed)
		status = -ERR_INTERNAL;
	return (status == 0 ? 1 : error_from(err, ERR_IPFS_GET, status,
	    "a block is no part of a file that could be read here"));
}

static int
end(struct attachment_reader * r, struct error * err)
{
	/* A long file is longer than this; if not, its end was cut off. */
	if (r->cipher == ATTACHMENT_LONG && r->blocks <= ATTACHMENT_SHORT)
		return (does_not_open(err, "the file ends too early"));
	note_complete(r);
	return (2);
}

int
attachment_reader_next(struct attachment_reader * r, struct buffer * out,
    struct error * err)
{
	unsigned steps = 0;
	int status;

	for (;;) {
		if (r->sealed.n > ATTACHMENT_SEALED ||
		    (r->walked && r->sealed.n > 0))
			return (open_next(r, out, err));
		if (r->walked)
			return (end(r, err));
		if (r->failed != 0)
			return (error_from(err, ERR_IPFS_GET, r->failed,
			    "what came could not be kept"));
		/* Who wrote it may have cut it as small as bytes. */
		if (steps++ == ATTACHMENTS_STEPS) {
			(void)world_timer_start(r->a->world, &r->turn, 0);
			return (0);
		}
		if ((status = step(r, err)) != 1)
			return (status);
	}
}
