/* attachment_writer.c: a file on its way in. */
#include <stdlib.h>

#include "attachment/attachments_impl.h"

struct attachment_writer {
	struct list place;        /* in attachments.writers */
	struct attachments * a;
	void (*settled)(void * user, int status);
	void * user;
	uint64_t id;              /* 0: nothing was written yet */
	uint8_t key[32];
	struct unixfs_builder * builder;
	struct buffer clear;      /* the block that may be the last */
	struct buffer sealed;
	uint64_t blocks;          /* before it */
	uint64_t bytes, held;
	struct cid cid;           /* once finished */
	enum attachment_cipher cipher;
	bool in_transaction;
	bool failed, finished;
	bool known;               /* the same is here already: the empty one */
	bool freed;               /* kept for its commits alone */
	unsigned in_flight;       /* commits */
};

/* A commit of a writer. */
struct writer_commit {
	struct store_commit commit;
	struct attachment_writer * w;
};

bool
attachment_writer_live(const struct attachments * a, uint64_t id)
{
	const struct list * place;

	for (place = a->writers.next; place != &a->writers;
	     place = place->next) {
		const struct attachment_writer * w = list_entry(place,
		    const struct attachment_writer, place);

		if (w->id == id)
			return (true);
	}
	return (false);
}

static void
destroy(struct attachment_writer * w)
{
	crypto_wipe(w->key, sizeof(w->key));
	unixfs_builder_free(w->builder);
	buffer_wipe(&w->clear);
	buffer_free(&w->sealed);
	free(w);
}

/* --- transactions ----------------------------------------------------------- */

static int
begin(struct attachment_writer * w)
{
	int status;

	if (w->in_transaction)
		return (0);
	if ((status = store_begin(w->a->store)) != 0)
		return (status);
	w->in_transaction = true;
	return (w->id != 0 ? 0 :
	    attachment_blocks_begin(w->a->store, &w->id));
}

static void
undo(struct attachment_writer * w)
{
	if (w->in_transaction)
		store_rollback(w->a->store);
	w->in_transaction = false;
	w->failed = true;
}

/* It was given up while the last commit was on its way. */
static void
take_back(struct attachment_writer * w)
{
	struct attachments * a = w->a;

	if (w->known || a->sync == NULL || store_begin(a->store) != 0)
		return;
	if (attachment_blocks_doom(a->store, w->id) != 0 ||
	    attachment_register_remove(a->store, &w->cid) != 0)
		store_rollback(a->store);
	else if (store_commit(a->store, NULL) == 0)
		attachment_blocks_sweep(a);
}

static void
committed(struct store_commit * commit, int status)
{
	struct writer_commit * c =
	    list_entry(commit, struct writer_commit, commit);
	struct attachment_writer * w = c->w;

	free(c);
	w->in_flight--;
	w->failed |= status != 0;
	if (!w->freed) {
		if (w->in_flight == 0 || w->failed)
			w->settled(w->user, w->failed ? -ERR_DB_WRITE : 0);
	} else if (w->in_flight == 0) {
		if (w->finished && !w->failed)
			take_back(w);
		destroy(w);
	}
}

static int
commit(struct attachment_writer * w)
{
	struct writer_commit * c;
	int status;

	if (!w->in_transaction)
		return (0);
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (-ERR_INTERNAL);
	c->w = w;
	c->commit.done = committed;
	w->in_transaction = false;
	if ((status = store_commit(w->a->store, &c->commit)) != 0)
		free(c);
	else
		w->in_flight++;
	return (status);
}

/* --- what is written -------------------------------------------------------- */

static int
on_block(void * user, const struct cid * cid, struct slice block)
{
	struct attachment_writer * w = user;
	int status;

	if ((status = begin(w)) != 0)
		return (status);
	return (attachment_blocks_put(w->a->store, w->id, cid, block,
	    &w->held));
}

int
attachment_writer_new(struct attachments * a, enum attachment_cipher cipher,
    void (*settled)(void * user, int status), void * user,
    struct attachment_writer ** writer, struct error * err)
{
	struct attachment_writer * w;
	uint8_t seed[32];

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (error_from(err, ERR_CRYPTO_CIPHER_INIT, -ERR_INTERNAL,
		    "out of memory"));
	w->a = a;
	w->cipher = cipher;
	w->settled = settled;
	w->user = user;
	world_random(a->world, seed, sizeof(seed));
	memcpy(w->key, seed, sizeof(w->key));
	crypto_wipe(seed, sizeof(seed));
	w->builder = unixfs_builder_new(on_block, w);
	if (w->builder == NULL ||
	    buffer_reserve(&w->clear, ATTACHMENT_CLEAR) != 0) {
		destroy(w);
		return (error_from(err, ERR_CRYPTO_CIPHER_INIT, -ERR_INTERNAL,
		    "out of memory"));
	}
	list_append(&a->writers, &w->place);
	*writer = w;
	return (0);
}

static int
seal(struct attachment_writer * w, bool last)
{
	buffer_clear(&w->sealed);
	switch (w->cipher) {
	case ATTACHMENT_PLAIN:
		buffer_slice(&w->sealed, buffer_all(&w->clear));
		break;
	case ATTACHMENT_LONG:
		attachment_seal_long(&w->sealed, w->key, w->blocks++, last,
		    buffer_all(&w->clear));
		break;
	case ATTACHMENT_BERTY:
		attachment_seal_block(&w->sealed, w->key, w->blocks++,
		    buffer_all(&w->clear));
		break;
	}
	buffer_clear(&w->clear);
	if (w->sealed.failed)
		return (-ERR_INTERNAL);
	return (unixfs_builder_add(w->builder, buffer_all(&w->sealed)));
}

/* A block is sealed when more comes after it: only then is it not the last. */
static int
take(struct attachment_writer * w, struct slice bytes)
{
	size_t n;
	int status;

	while (bytes.n > 0) {
		if (w->clear.n == ATTACHMENT_CLEAR &&
		    (status = seal(w, false)) != 0)
			return (status);
		n = ATTACHMENT_CLEAR - w->clear.n;
		if (n > bytes.n)
			n = bytes.n;
		buffer_append(&w->clear, bytes.p, n);
		bytes = slice_of(bytes.p + n, bytes.n - n);
	}
	return (w->clear.failed ? -ERR_INTERNAL : 0);
}

static int
explain(struct attachment_writer * w, int status, struct error * err)
{
	const char * why = store_failure(w->a->store);

	return (error_from(err, ERR_IPFS_ADD, status,
	    *why != '\0' ? why : "the attachment could not be written"));
}

int
attachment_writer_add(struct attachment_writer * w, struct slice bytes,
    bool * busy, struct error * err)
{
	int status;

	if (w->failed || w->finished)
		return (explain(w, -ERR_DB_WRITE, err));
	if (bytes.n > w->a->size_max - w->bytes) {
		w->failed = true;
		(void)error_set(err, ERR_INVALID_INPUT,
		    "an attachment has at most %llu bytes here",
		    (unsigned long long)w->a->size_max);
		return (error_wrap(err, ERR_IPFS_ADD));
	}
	w->bytes += bytes.n;
	if ((status = take(w, bytes)) == 0)
		status = commit(w);
	if (status != 0) {
		undo(w);
		return (explain(w, status, err));
	}
	*busy = w->in_flight > 0;
	return (0);
}

/* All empty files are one: the first stays. */
static int
pin_known(struct attachment_writer * w)
{
	struct attachment_register r;
	int status;

	status = attachment_register_load(w->a->store, &w->cid, &r);
	if (status == 0 && r.id != 0) {
		w->known = true;
		r.pinned = true;
		status = attachment_register_save(w->a->store, &r);
	}
	crypto_wipe(&r, sizeof(r));
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

static int
save(struct attachment_writer * w)
{
	int64_t now = world_wall(w->a->world) / 1000000000;
	struct attachment_register r = {.cid = w->cid, .pinned = true,
	    .complete = true, .id = w->id, .bytes = w->bytes,
	    .held = w->held, .since = now, .used = now};
	int status;

	r.cipher = w->cipher;
	if (w->cipher == ATTACHMENT_LONG && w->blocks <= ATTACHMENT_SHORT)
		r.cipher = ATTACHMENT_BERTY;
	if (w->cipher != ATTACHMENT_PLAIN)
		memcpy(r.key, w->key, sizeof(r.key));
	status = attachment_register_save(w->a->store, &r);
	crypto_wipe(&r, sizeof(r));
	return (status != 0 ? status :
	    attachment_blocks_keep(w->a->store, w->id));
}

static int
finish(struct attachment_writer * w)
{
	int status;

	if ((w->clear.n > 0 && (status = seal(w, true)) != 0) ||
	    (status = unixfs_builder_finish(w->builder, &w->cid)) != 0 ||
	    (status = begin(w)) != 0 || (status = pin_known(w)) != 0)
		return (status);
	return (w->known ? 0 : save(w));
}

int
attachment_writer_finish(struct attachment_writer * w, struct cid * cid,
    struct error * err)
{
	int status;

	if (w->failed || w->finished)
		return (explain(w, -ERR_DB_WRITE, err));
	w->finished = true;
	if ((status = finish(w)) != 0 || (status = commit(w)) != 0) {
		undo(w);
		(void)explain(w, status, err);
		return (-ERR_IPFS_ADD);
	}
	*cid = w->cid;
	return (0);
}

void
attachment_writer_free(struct attachment_writer * w)
{
	struct attachments * a = w->a;

	list_remove(&w->place);
	if (!w->finished || w->failed || w->known)
		attachment_blocks_sweep(a);
	if (w->in_flight == 0)
		destroy(w);
	else
		w->freed = true;
}
