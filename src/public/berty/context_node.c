/* context_node.c: nodes of a context. */
#include "public/berty/context.h"
#include "public/world/public_config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/network.h"
#include "berty/storage.h"
#include "p2p/security.h"
#include "version/version.h"
#include "world/os/world_os.h"

/* --- the store ------------------------------------------------------------ */

static int
load_key(const struct berty_node_config * c, uint8_t key[KEY_SIZE],
    struct error * err)
{
	int rc;

	if (c->key != NULL) {
		memcpy(key, c->key, KEY_SIZE);
		return (0);
	}
	if (c->get_key != NULL) {
		rc = c->get_key(c->key_user, key);
		return (rc == 0 ? 0 : error_set(err, ERR_KEYSTORE_GET,
		    "the host gave no store key"));
	}
	if (c->folder == NULL)
		return (error_set(err, ERR_KEYSTORE_GET, "a storage needs a "
		    "key: set key or get_key"));
	return (world_os_folder_key(c->folder, key, err));
}

/* Fill in the store's part; path holds what it points to. */
static int
store_setup(struct place * p, const struct berty_node_config * c,
    struct store_config * to, struct buffer * path, uint8_t key[KEY_SIZE],
    struct error * err)
{
	int rc;

	if (c->folder == NULL && c->storage == NULL)
		return (0);
	if (c->folder != NULL && c->storage != NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "a store is a folder or a storage, not both"));
	if (c->folder != NULL &&
	    (rc = world_os_make_folder(c->folder, err)) != 0)
		return (rc);
	if (load_key(c, key, err) != 0)
		return (error_wrap(err, ERR_DB_OPEN));
	if (c->folder != NULL)
		buffer_printf(path, "%s/", c->folder);
	buffer_text(path, "berty.sqlite");
	buffer_byte(path, 0);
	if (c->storage != NULL) {
		p->storage = storage_new(p->b->world, c->storage);
		if (p->storage == NULL)
			return (error_set(err, ERR_INVALID_INPUT,
			    "the storage lacks a function, or memory is short"));
		to->vfs = storage_name(p->storage);
	}
	to->path = (char *)path->p;
	to->key = key;
	return (path->failed ? error_set(err, ERR_INTERNAL, "out of memory") :
	    0);
}

/* --- an archive ----------------------------------------------------------- */

struct archive {
	const struct berty_node_config * config;
	FILE * file;              /* or NULL: the host reads */
};

static long
read_archive(void * user, uint8_t * bytes, size_t n)
{
	struct archive * a = user;
	size_t got;

	if (a->file == NULL)
		return (a->config->read_archive(a->config->restore_user, bytes,
		    n));
	got = fread(bytes, 1, n, a->file);
	return (got == 0 && ferror(a->file) ? -1 : (long)got);
}

/* Open the node, with the account of an archive if there is one. */
static int
open_restored(struct place * p, const struct berty_node_config * c,
    struct node_config * config, struct error * err)
{
	struct archive archive = {.config = c};
	struct node_restore restore = {.read = read_archive, .user = &archive,
	    .sealed = c->restore_passphrase != NULL,
	    .passphrase = slice_text(c->restore_passphrase)};
	int rc;

	if (c->restore != NULL && c->read_archive != NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "an archive is a file or a function, not both"));
	if (c->restore != NULL &&
	    (archive.file = fopen(c->restore, "rbe")) == NULL)
		return (error_set(err, ERR_STREAM_READ, "the archive %.120s "
		    "cannot be opened", c->restore));
	if (c->restore != NULL || c->read_archive != NULL)
		config->restore = &restore;
	rc = node_open(p->b->world, config, &p->node, err);
	if (archive.file != NULL)
		(void)fclose(archive.file);
	return (rc);
}

static int
open_node(struct place * p, const struct berty_node_config * c,
    struct error * err)
{
	const char * networks = c->networks == NULL ? "berty" : c->networks;
	struct node_config config = {
		.listeners = c->listeners,
		.static_peers = c->static_peers,
		.auto_activate = !c->by_hand,
		.mdns = c->local_network,
		.local_records = c->local_network,
		.attachments = {.size_max = c->attachment_max,
		    .cached_max = c->attachment_cache},
		.agent = version_agent(),
	};
	struct buffer path = {0};
	uint8_t key[KEY_SIZE];
	int rc;

	if (!network_list_parse(&config.networks, slice_text(networks)))
		return (error_set(err, ERR_INVALID_INPUT, "'%.40s' names no "
		    "networks: take berty, berty-v1 or wesh, or several with "
		    "commas", networks));
	if (c->security != NULL && security_parse(slice_text(c->security),
	    &config.security) != 0)
		return (error_set(err, ERR_INVALID_INPUT, "connections are not "
		    "secured by '%.40s': take noise, tls or noise,tls",
		    c->security));
	rc = store_setup(p, c, &config.store, &path, key, err);
	if (rc == 0)
		rc = open_restored(p, c, &config, err);
	crypto_wipe(key, sizeof(key));
	buffer_free(&path);
	return (rc);
}

/* --- open ----------------------------------------------------------------- */

/* Calls waited for this: what they see must outlast a power cut. */
static void
opened(struct store_commit * commit, int status)
{
	struct place * p = list_entry(commit, struct place, opened);
	struct list now, * at, * next;
	struct carried * c;

	if (p->closing)
		return;
	if (status != 0)
		log_error(&p->b->log, "node", "%s",
		    store_failure(node_store(p->node)));
	p->ready = true;
	list_init(&now);
	(void)pthread_mutex_lock(&p->b->lock);
	list_each(at, next, &p->calls) {
		c = list_entry(at, struct carried, place);
		if (c->state == CARRIED_HELD)
			loop_post(p->b, &c->start);
	}
	(void)pthread_mutex_unlock(&p->b->lock);
	loop_wake(p->b);
}

static void
place_free(struct place * p)
{
	storage_free(p->storage);
	free(p);
}

struct opening {
	struct berty * b;
	struct berty_node_config config;
	struct place * made;
	struct error err;
	int rc;
};

static void
open_here(void * user)
{
	struct opening * o = user;
	struct place * p;

	if ((p = calloc(1, sizeof(*p))) == NULL) {
		o->rc = error_set(&o->err, ERR_INTERNAL, "out of memory");
		return;
	}
	p->b = o->b;
	list_init(&p->calls);
	if ((o->rc = open_node(p, &o->config, &o->err)) != 0)
		goto err0;
	p->opened.done = opened;
	o->rc = store_barrier(node_store(p->node), &p->opened);
	if (o->rc != 0) {
		(void)error_set(&o->err, -o->rc, "%s",
		    store_failure(node_store(p->node)));
		goto err1;
	}
	(void)pthread_mutex_lock(&o->b->lock);
	p->id = context_name(o->b, &o->b->nodes, p);
	(void)pthread_mutex_unlock(&o->b->lock);
	if (p->id == 0) {
		o->rc = error_set(&o->err, ERR_INTERNAL, "out of memory");
		p->closing = true;
		goto err1;
	}
	o->made = p;
	return;

err1:
	node_close(p->node);
err0:
	place_free(p);
}

int
berty_open(struct berty * b, const struct berty_node_config * config,
    berty_id * node, struct berty_error * err)
{
	struct opening o = {.b = b};

	if (!public_config(&o.config, sizeof(o.config), config,
	    sizeof(o.config.size))) {
		(void)error_set(&o.err, ERR_INVALID_INPUT, "berty_node_config."
		    "size is of no version of the library");
		return (error_export(err, &o.err, -ERR_INVALID_INPUT));
	}
	loop_do(b, open_here, &o);
	if (o.rc != 0)
		return (error_export(err, &o.err, o.rc));
	*node = o.made->id;
	return (0);
}

/* --- close ---------------------------------------------------------------- */

static struct carried *
first_call(struct place * p, bool cancellable)
{
	struct list * at, * next;
	struct carried * c, * found = NULL;

	(void)pthread_mutex_lock(&p->b->lock);
	list_each(at, next, &p->calls) {
		c = list_entry(at, struct carried, place);
		if (found == NULL && (!cancellable ||
		    (!c->api.cancelled && c->api.on_cancelled != NULL)))
			found = c;
	}
	(void)pthread_mutex_unlock(&p->b->lock);
	return (found);
}

/*
 * Subscriptions go first, because they stand on the node.  Changes are brought
 * to their end by closing the store.  What is left has nobody to answer it.
 */
void
place_close(struct place * p)
{
	struct carried * c;

	p->closing = true;
	while ((c = first_call(p, true)) != NULL)
		carried_cancel(c, ERR_BRIDGE_NOT_RUNNING,
		    "the node was closed");
	node_close(p->node);
	while ((c = first_call(p, false)) != NULL)
		carried_orphan(c);
	place_free(p);
}

/* Take a node's id away; the node, or NULL. */
static struct place *
take(struct berty * b, berty_id id)
{
	struct place * p;

	(void)pthread_mutex_lock(&b->lock);
	if ((p = context_find(&b->nodes, id)) != NULL)
		context_forget(&b->nodes, id);
	(void)pthread_mutex_unlock(&b->lock);
	return (p);
}

void
place_close_all(struct berty * b)
{
	struct slice key;
	struct place * p;
	void * value;
	size_t at;

	do {
		at = 0;
		(void)pthread_mutex_lock(&b->lock);
		p = map_next(&b->nodes, &at, &key, &value) ? value : NULL;
		if (p != NULL)
			context_forget(&b->nodes, p->id);
		(void)pthread_mutex_unlock(&b->lock);
		if (p != NULL)
			place_close(p);
	} while (p != NULL);
}

struct closing {
	struct command command;
	struct place * p;
};

static void
close_later(struct berty * b, struct command * command)
{
	struct closing * c = list_entry(command, struct closing, command);

	(void)b;
	place_close(c->p);
	free(c);
}

static void
close_here(void * user)
{
	place_close(user);
}

int
berty_close(struct berty * b, berty_id node)
{
	struct closing * c;
	struct place * p;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (-ERR_INTERNAL);
	if ((p = take(b, node)) == NULL) {
		free(c);
		return (-ERR_NOT_FOUND);
	}
	if (!loop_inside(b)) {
		free(c);
		loop_do(b, close_here, p);
		return (0);
	}
	/* The callback may stand on what would be closed. */
	c->p = p;
	c->command.run = close_later;
	(void)pthread_mutex_lock(&b->lock);
	loop_post(b, &c->command);
	(void)pthread_mutex_unlock(&b->lock);
	loop_wake(b);
	return (0);
}
