/* account_storage.c: what applications keep beside an account, or beside all. */
#include <stdlib.h>

#include "codec/protobuf.h"
#include "crypto/crypto.h"
#include "daemon/accounts/account_service.h"
#include "world/os/world_os.h"
#include "world/store.h"

enum { KEY_MAX = 1024, VALUE_MAX = 1 << 20 };

/* A change, and the call that waits until it is durable. */
struct put {
	struct store_commit commit;
	struct store * store;
	struct api_call * call;   /* NULL: it was given up */
};

/* --- the file -------------------------------------------------------------- */

static int
load_key(const char * folder, uint8_t key[32], struct error * err)
{
	struct buffer path = {0};
	struct world_os_key from = {.fd = -1};
	int rc;

	buffer_printf(&path, "%s/app.key", folder);
	buffer_byte(&path, 0);
	from.file = (char *)path.p;
	rc = path.failed ? error_set(err, ERR_INTERNAL, "out of memory") :
	    world_os_store_key(&from, key, err);
	buffer_free(&path);
	return (rc);
}

static int
open_file(struct world * w, const char * folder, struct store ** store,
    struct error * err)
{
	struct store_config config = {.cache_kib = 64};
	struct buffer path = {0};
	uint8_t key[32];
	int rc;

	if ((rc = load_key(folder, key, err)) != 0)
		return (rc);
	buffer_printf(&path, "%s/app.sqlite", folder);
	buffer_byte(&path, 0);
	config.path = (char *)path.p;
	config.key = key;
	rc = path.failed ? error_set(err, ERR_INTERNAL, "out of memory") :
	    store_open(w, &config, store, err);
	crypto_wipe(key, sizeof(key));
	buffer_free(&path);
	return (rc);
}

/* The file of an open account, or the one of none. */
static int
open_storage(struct accounts * a, bool global, const char * id,
    struct store ** store, struct error * err)
{
	struct store ** place = &a->storage;
	struct account_node * n;
	struct buffer folder = {0};
	int rc = 0;

	if (global)
		buffer_printf(&folder, "%s%c", a->root, 0);
	else if ((n = accounts_opened(a, id)) != NULL) {
		account_folder_path(&folder, a->root, n->id, NULL);
		place = &n->storage;
	} else
		return (error_set(err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "%s%s is open", *id == '\0' ? "no account" :
		    "no such account: ", id));
	if (folder.failed)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	else if (*place == NULL)
		rc = open_file(a->world, (char *)folder.p, place, err);
	*store = *place;
	buffer_free(&folder);
	return (rc);
}

static int
check_key(const char * key, struct error * err)
{
	size_t n = strlen(key);

	return (n > 0 && n <= KEY_MAX ? 0 : error_set(err, ERR_INVALID_INPUT,
	    "a key has 1 to %d bytes", KEY_MAX));
}

/* --- changes --------------------------------------------------------------- */

static void
given_up(struct api_call * call)
{
	struct put * p = call->data;
	struct error err = {0};

	p->call = NULL;
	(void)error_set(&err, ERR_BRIDGE_INTERRUPTED, "cancelled");
	api_fail(call, &err);
}

static void
answer(struct put * p, int status)
{
	/* Both replies have no fields. */
	ACCOUNT(AppStoragePut__Reply) put =
	    ACCOUNT_INIT(APP_STORAGE_PUT__REPLY);
	ACCOUNT(AppStorageRemove__Reply) removed =
	    ACCOUNT_INIT(APP_STORAGE_REMOVE__REPLY);
	struct error err = {0};

	if (p->call == NULL)
		return;
	if (status != 0) {
		(void)error_set(&err, ERR_DB_WRITE, "%s",
		    store_failure(p->store));
		api_fail(p->call, &err);
	} else if (p->call->method->reply == put.base.descriptor)
		api_answer(p->call, &put);
	else
		api_answer(p->call, &removed);
}

static void
durable(struct store_commit * commit, int status)
{
	struct put * p = list_entry(commit, struct put, commit);

	answer(p, status);
	free(p);
}

/* Write a value, or (NULL) remove it. */
static int
write_value(struct store * s, const char * key, const struct slice * value,
    struct store_commit * commit)
{
	int rc;

	if ((rc = store_begin(s)) != 0)
		return (rc);
	rc = value != NULL ? store_put(s, STORE_APPLICATION, 0,
	    slice_text(key), *value) : store_delete(s, STORE_APPLICATION, 0,
	    slice_text(key));
	if (rc == 0 || rc == -ERR_NOT_FOUND)
		return (store_commit(s, commit));
	store_rollback(s);
	return (rc);
}

static void
change(struct api_call * call, bool global, const char * id,
    const char * key, const struct slice * value)
{
	struct accounts * a = call->user;
	struct error err = {0};
	struct store * store;
	struct put * p;
	int rc;

	if (check_key(key, &err) != 0 ||
	    open_storage(a, global, id, &store, &err) != 0)
		goto err0;
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	p->commit.done = durable;
	p->store = store;
	p->call = call;
	call->data = p;
	call->on_cancelled = given_up;
	if ((rc = write_value(store, key, value, &p->commit)) == 0)
		return;
	(void)error_set(&err, -rc, "%s", store_failure(store));
	free(p);
err0:
	api_fail(call, &err);
}

void
account_storage_put(struct api_call * call)
{
	const ACCOUNT(AppStoragePut__Request) * r = call->request;
	struct slice value = protobuf_slice(r->value);
	struct error err = {0};

	if (value.n > VALUE_MAX) {
		(void)error_set(&err, ERR_INVALID_INPUT,
		    "a value has at most %d bytes", VALUE_MAX);
		api_fail(call, &err);
		return;
	}
	change(call, r->global, r->account_id, r->key, &value);
}

void
account_storage_remove(struct api_call * call)
{
	const ACCOUNT(AppStorageRemove__Request) * r = call->request;

	change(call, r->global, r->account_id, r->key, NULL);
}

void
account_storage_get(struct api_call * call)
{
	const ACCOUNT(AppStorageGet__Request) * r = call->request;
	ACCOUNT(AppStorageGet__Reply) reply =
	    ACCOUNT_INIT(APP_STORAGE_GET__REPLY);
	struct accounts * a = call->user;
	struct error err = {0};
	struct buffer value = {0};
	struct store * store;
	int rc;

	if (check_key(r->key, &err) != 0 || open_storage(a, r->global,
	    r->account_id, &store, &err) != 0) {
		api_fail(call, &err);
		return;
	}
	rc = store_get(store, STORE_APPLICATION, 0, slice_text(r->key),
	    &value);
	if (rc == 0) {
		reply.value = protobuf_bytes(buffer_all(&value));
		api_answer(call, &reply);
	} else {
		(void)error_set(&err, -rc, rc == -ERR_NOT_FOUND ?
		    "nothing is kept under that key" : "it cannot be read");
		api_fail(call, &err);
	}
	buffer_wipe(&value);
}
