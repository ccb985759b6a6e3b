/* push.c: pushes opened beside a node. */
#include "berty/push.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/error_public.h"
#include "codec/multibase.h"
#include "group/wire.h"
#include "node/push_file.h"
#include "world/os/world_os.h"

/* Wait so long, ms, before looking again whether the file is free. */
#define AGAIN_MS 20
#define WAIT_MS 2000

/* The file's pages that are kept: a group has one or two. */
#define CACHE_KIB 256

/* What a message that was given away borrows from. */
struct held {
	struct berty_push_message public;
	struct push_message opened;
};

/* --- the file ------------------------------------------------------------- */

static int
load_key(const struct berty_push_config * c, uint8_t key[KEY_SIZE],
    struct error * err)
{
	if (c->key != NULL) {
		memcpy(key, c->key, KEY_SIZE);
		return (0);
	}
	if (c->get_key == NULL)
		return (world_os_folder_key(c->folder, key, err));
	return (c->get_key(c->key_user, key) == 0 ? 0 : error_set(err,
	    ERR_KEYSTORE_GET, "the host gave no store key"));
}

/* Another process may have the file for a moment. */
static int
open_patiently(struct world * w, const struct store_config * config,
    unsigned wait_ms, struct store ** file, struct error * err)
{
	unsigned waited = 0;
	int rc;

	while ((rc = store_open(w, config, file, err)) == -ERR_DB_OPEN &&
	    waited < wait_ms) {
		uv_sleep(AGAIN_MS);
		waited += AGAIN_MS;
	}
	return (rc);
}

static int
open_file(const struct berty_push_config * c, struct world * w,
    const char * path, struct store ** file, struct error * err)
{
	uint8_t store_key[KEY_SIZE], key[KEY_SIZE];
	struct store_config config = {.path = path, .key = key,
	    .cache_kib = CACHE_KIB};
	int rc;

	/* Opening would make an empty one. */
	if (access(path, F_OK) != 0)
		return (error_set(err, ERR_NOT_FOUND, "there is no %.120s: the "
		    "node writes it after PushSetServer or PushShareToken",
		    path));
	if ((rc = load_key(c, store_key, err)) != 0)
		return (error_wrap(err, ERR_DB_OPEN));
	push_file_key(key, store_key);
	rc = open_patiently(w, &config, c->wait_ms == 0 ? WAIT_MS :
	    c->wait_ms, file, err);
	crypto_wipe(store_key, sizeof(store_key));
	crypto_wipe(key, sizeof(key));
	return (rc);
}

/* --- the message ---------------------------------------------------------- */

static void
show(struct held * h)
{
	const struct message_headers * headers = &h->opened.message.headers;
	struct berty_push_message * m = &h->public;
	struct slice payload = {NULL, 0};

	(void)wire_find(buffer_all(&h->opened.clear), 1, &payload);
	memcpy(m->device_pk, headers->device_pk, KEY_SIZE);
	m->counter = headers->counter;
	m->cid = h->opened.message.cid.p;
	m->cid_size = h->opened.message.cid.n;
	m->payload = payload.p;
	m->payload_size = payload.n;
	m->cleartext = h->opened.clear.p;
	m->cleartext_size = h->opened.clear.n;
	m->already_received = h->opened.already_received;
}

static int
open_in(const struct berty_push_config * c, struct world * w,
    struct slice push, struct held * h, struct error * err)
{
	struct buffer path = {0};
	struct store * file = NULL;
	int rc;

	buffer_printf(&path, "%s/berty.sqlite%s", c->folder,
	    PUSH_FILE_SUFFIX);
	buffer_byte(&path, 0);
	if (path.failed)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	else
		rc = open_file(c, w, (const char *)path.p, &file, err);
	if (rc == 0)
		rc = push_file_open(file, push, &h->opened,
		    h->public.group_pk, err);
	store_close(file);
	buffer_free(&path);
	return (rc);
}

static int
open_push(const struct berty_push_config * c, struct slice push,
    struct berty_push_message ** message, struct error * err)
{
	struct world * w;
	struct held * h;
	int rc;

	if (c == NULL || c->size != sizeof(*c) || c->folder == NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "no folder, or a configuration of another version"));
	if (crypto_setup() != 0 || (h = calloc(1, sizeof(*h))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((w = world_os_new(NULL)) == NULL) {
		free(h);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	rc = open_in(c, w, push, h, err);
	world_os_free(w);
	if (rc != 0) {
		free(h);
		return (rc);
	}
	show(h);
	*message = &h->public;
	return (0);
}

int
berty_push_open(const struct berty_push_config * config, const void * push,
    size_t size, struct berty_push_message ** message,
    struct berty_error * err)
{
	struct error e = {0};
	int rc = open_push(config, slice_of(push, size), message, &e);

	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

int
berty_push_open_text(const struct berty_push_config * config,
    const char * text, struct berty_push_message ** message,
    struct berty_error * err)
{
	struct error e = {0};
	struct buffer push = {0};
	int rc;

	if (base64url_decode(&push, slice_text(text)) != 0)
		rc = error_set(&e, ERR_INVALID_INPUT,
		    "the text is no base64url");
	else
		rc = open_push(config, buffer_all(&push), message, &e);
	buffer_free(&push);
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

void
berty_push_free(struct berty_push_message * message)
{
	struct held * h;

	if (message == NULL)
		return;
	h = list_entry(message, struct held, public);
	push_message_free(&h->opened);
	crypto_wipe(h, sizeof(*h));
	free(h);
}
