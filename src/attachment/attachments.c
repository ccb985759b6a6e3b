#include "attachment/attachments.h"

#include <stdlib.h>

#include "attachment/attachments_impl.h"

#define SIZE_MAX_DEFAULT ((uint64_t)4 << 30)
#define CACHED_MAX_DEFAULT ((uint64_t)1 << 30)

/* --- peers ------------------------------------------------------------------ */

static int
on_load(void * user, const struct cid * cid, struct buffer * out)
{
	return (attachment_blocks_get(((struct attachments *)user)->store, cid,
	    out));
}

static void
on_came(void * user, const struct cid * cid, struct slice block)
{
	attachment_reader_came(user, cid, block);
}

/* --- the object ------------------------------------------------------------- */

struct attachments *
attachments_new(struct world * w, struct store * s, struct sync * sync,
    const struct attachments_config * config)
{
	const struct sync_blocks blocks = {on_load, on_came};
	struct attachments * a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (NULL);
	a->world = w;
	a->store = s;
	a->sync = sync;
	a->size_max = config->size_max != 0 ? config->size_max
	    : SIZE_MAX_DEFAULT;
	budget_init(&a->cached, "attachment.cached_bytes",
	    config->cached_max != 0 ? config->cached_max : CACHED_MAX_DEFAULT);
	list_init(&a->writers);
	list_init(&a->readers);
	a->sweep.fire = attachment_blocks_fire;
	world_random(w, (uint8_t *)&a->wanted.seed, sizeof(a->wanted.seed));
	sync_set_blocks(sync, &blocks, a);
	/* What a crash left. */
	attachment_blocks_sweep(a);
	return (a);
}

void
attachments_stop(struct attachments * a)
{
	world_timer_stop(a->world, &a->sweep);
	sync_set_blocks(a->sync, NULL, NULL);
	a->sync = NULL;
}

void
attachments_free(struct attachments * a)
{
	map_free(&a->wanted);
	free(a);
}

void
attachments_budgets(const struct attachments * a,
    const struct budget_walk * walk)
{
	budget_tell(walk, &a->cached);
}

/* --- pins ------------------------------------------------------------------- */

int
attachments_pin(struct attachments * a, const struct cid * cid)
{
	struct attachment_register r;
	int status;

	status = attachment_register_load(a->store, cid, &r);
	if (status == 0 && !r.pinned) {
		r.pinned = true;
		status = attachment_register_save(a->store, &r);
	}
	crypto_wipe(&r, sizeof(r));
	return (status);
}

int
attachments_unpin(struct attachments * a, const struct cid * cid,
    uint64_t * held)
{
	struct attachment_register r;
	int status;

	if ((status = attachment_register_load(a->store, cid, &r)) != 0)
		return (status);
	*held = r.held;
	if (r.id != 0)
		status = attachment_blocks_doom(a->store, r.id);
	r.id = r.held = 0;
	r.pinned = r.complete = false;
	if (status == 0)
		status = attachment_register_save(a->store, &r);
	crypto_wipe(&r, sizeof(r));
	return (status);
}

void
attachments_changed(struct attachments * a)
{
	a->counted = a->stuck = false;
	attachment_blocks_sweep(a);
}
