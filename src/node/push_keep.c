#include "node/push_keep.h"

#include <stdlib.h>

#include "account/account_push.h"
#include "base/map.h"
#include "node/node_impl.h"
#include "node/push_file.h"
#include "node/push_groups.h"

/* The file is small, and open for a moment. */
#define CACHE_KIB 128

/* Somebody reads it just now, ms. */
#define AGAIN_MS 1000

struct push_keep {
	struct node * node;
	struct world_timer timer;
	struct buffer path, vfs;  /* end with NUL; vfs may be empty */
	uint8_t * key;            /* in the arena */
	struct map changed;       /* public keys of groups; values are not used */
	bool all;                 /* or any group may have */
	bool written;             /* since it was opened */
	bool told;                /* that it cannot be */
	struct store * file;      /* while it is written */
	struct store_commit commit;
	bool durable;
};

/* --- what goes in --------------------------------------------------------- */

struct writing {
	struct push_keep * keep;
	struct store * file;
	struct map known;         /* public keys */
};

static int
put_group(void * user, const struct group_config * config)
{
	struct writing * w = user;
	struct slice pk = slice_of(config->info.pk, KEY_SIZE);

	if (map_set(&w->known, pk, w) != 0)
		return (-ERR_INTERNAL);
	if (!w->keep->all && map_get(&w->keep->changed, pk) == NULL)
		return (0);
	return (push_file_put_group(w->file, &w->keep->node->context, config));
}

static bool
is_known(void * user, const uint8_t group_pk[32])
{
	const struct writing * w = user;

	return (map_get(&w->known, slice_of(group_pk, KEY_SIZE)) != NULL);
}

static int
write_all(struct push_keep * k, struct store * file,
    uint8_t (* servers)[32], size_t n)
{
	struct node * node = k->node;
	struct writing w = {k, file, {0}};
	int status;

	w.known.seed = k->changed.seed;
	status = push_each_group(node, put_group, &w);
	if (status == 0 && k->all) {
		status = push_file_prune(file, is_known, &w);
		if (status == 0)
			status = push_file_put_self(file,
			    account_push_key(node->account)->private, servers,
			    n);
	}
	map_free(&w.known);
	return (status);
}

/* --- when ----------------------------------------------------------------- */

static void
later(struct push_keep * k, uint64_t ms)
{
	if (!k->timer.armed && k->file == NULL)
		(void)world_timer_start(k->node->world, &k->timer, ms);
}

static void
note_written(struct push_keep * k)
{
	uint64_t seed = k->changed.seed;

	map_free(&k->changed);
	k->changed = (struct map){.seed = seed};
	k->all = false;
	k->written = true;
	k->told = false;
}

static void
committed(struct store_commit * commit, int status)
{
	struct push_keep * k = list_entry(commit, struct push_keep, commit);

	k->durable = status == 0;
	/* It may not be closed from here. */
	(void)world_timer_start(k->node->world, &k->timer, 0);
}

/*
 * A transaction in the file; what must be known later is there when it is
 * committed.  0; or it is closed again.
 */
static int
write_file(struct push_keep * k, struct error * err)
{
	uint8_t servers[PUSH_SERVERS_MAX][32];
	size_t n = account_push_servers(k->node->account, servers);
	struct store_config config = {
		.path = (const char *)k->path.p,
		.vfs = k->vfs.n > 0 ? (const char *)k->vfs.p : NULL,
		.key = k->key,
		.cache_kib = CACHE_KIB,
	};
	struct store * file;
	int status;

	status = store_open(k->node->world, &config, &file, err);
	if (status != 0)
		return (status);
	if ((status = store_begin(file)) != 0)
		goto close;
	if ((status = write_all(k, file, servers, n)) != 0) {
		store_rollback(file);
		goto close;
	}
	k->commit.done = committed;
	if ((status = store_commit(file, &k->commit)) != 0)
		goto close;
	k->file = file;
	note_written(k);
	return (0);

close:
	(void)error_set(err, -status, "%s", store_failure(file));
	store_close(file);
	return (status);
}

static bool
is_wanted(struct push_keep * k)
{
	uint8_t servers[PUSH_SERVERS_MAX][32];

	return ((k->all || k->changed.n > 0) &&
	    account_push_servers(k->node->account, servers) > 0);
}

/* The end of one writing; what changed meanwhile is for the next. */
static void
close_file(struct push_keep * k)
{
	store_close(k->file);
	k->file = NULL;
	if (!k->durable)
		k->all = true;
	if (k->all || k->changed.n > 0)
		later(k, PUSH_KEEP_MS);
}

static void
fire(struct world_timer * timer)
{
	struct push_keep * k = list_entry(timer, struct push_keep, timer);
	struct error err = {0};

	if (k->file != NULL) {
		close_file(k);
		return;
	}
	if (!is_wanted(k) || write_file(k, &err) == 0)
		return;
	if (!k->told)
		log_warn(k->node->world->log, "push", "the file from which "
		    "pushes are opened could not be written: %s", err.text);
	k->told = true;
	later(k, AGAIN_MS);
}

void
push_keep_changed(struct push_keep * k, const uint8_t * group_pk)
{
	if (k == NULL)
		return;
	if (group_pk == NULL)
		k->all = true;
	else if (!k->all &&
	    map_set(&k->changed, slice_of(group_pk, KEY_SIZE), k) != 0)
		k->all = true;
	later(k, k->written ? PUSH_KEEP_MS : PUSH_KEEP_FIRST_MS);
}

/* --- open and close ------------------------------------------------------- */

static void
keep_free(struct push_keep * k)
{
	secret_free(k->node->secrets, k->key, KEY_SIZE);
	map_free(&k->changed);
	buffer_free(&k->path);
	buffer_free(&k->vfs);
	free(k);
}

int
push_keep_open(struct node * n, const struct store_config * config,
    struct push_keep ** keep)
{
	struct push_keep * k;

	*keep = NULL;
	if (config->path == NULL || config->key == NULL)
		return (0);
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return (-ERR_INTERNAL);
	k->node = n;
	k->timer.fire = fire;
	k->changed.seed = n->groups.seed;
	buffer_printf(&k->path, "%s%s", config->path, PUSH_FILE_SUFFIX);
	buffer_byte(&k->path, 0);
	if (config->vfs != NULL) {
		buffer_text(&k->vfs, config->vfs);
		buffer_byte(&k->vfs, 0);
	}
	k->key = secret_new(n->secrets, KEY_SIZE);
	if (k->key == NULL || k->path.failed || k->vfs.failed) {
		keep_free(k);
		return (-ERR_INTERNAL);
	}
	push_file_key(k->key, config->key);
	*keep = k;
	push_keep_changed(k, NULL);
	return (0);
}

/* Closing commits what is under way, and calls committed. */
static void
close_now(struct push_keep * k)
{
	if (k->file != NULL)
		store_close(k->file);
	k->file = NULL;
	world_timer_stop(k->node->world, &k->timer);
}

void
push_keep_close(struct push_keep * k)
{
	struct error err = {0};

	if (k == NULL)
		return;
	close_now(k);
	/* What the node was about to tell. */
	k->all |= !list_empty(&k->node->due) || k->node->known_changed;
	if (!store_read_only(k->node->store) && is_wanted(k) &&
	    write_file(k, &err) == 0)
		close_now(k);
	world_timer_stop(k->node->world, &k->timer);
	keep_free(k);
}
