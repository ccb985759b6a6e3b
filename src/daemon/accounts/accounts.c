/* accounts.c: which accounts are open, and how they come and go. */
#include "daemon/accounts/account_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/protobuf.h"
#include "world/store.h"

/* How long calls of an account that closes may go on, ms. */
#define DRAIN_MS 500

struct account_node *
accounts_find(struct accounts * a, const char * id)
{
	struct list * place, * following;

	list_each(place, following, &a->nodes) {
		struct account_node * n =
		    list_entry(place, struct account_node, place);

		if (strcmp(n->id, id) == 0)
			return (n);
	}
	return (NULL);
}

struct account_node *
accounts_opened(struct accounts * a, const char * id)
{
	struct account_node * n, * last = NULL;
	struct list * place, * following;

	list_each(place, following, &a->nodes) {
		n = list_entry(place, struct account_node, place);
		if (n->stage == ACCOUNT_OPEN &&
		    (*id == '\0' || strcmp(n->id, id) == 0))
			last = n;
	}
	return (last);
}

void
accounts_leave(struct accounts * a, void * user)
{
	struct list * place, * following;

	list_each(place, following, &a->nodes) {
		struct account_node * n =
		    list_entry(place, struct account_node, place);

		if (n->user == user)
			n->done = NULL;
	}
}

/* --- closing --------------------------------------------------------------- */

static void
tell(struct account_node * n, const struct error * err)
{
	void (*done)(void * user, const struct error * err) = n->done;

	n->done = NULL;
	if (done != NULL)
		done(n->user, err);
}

/* Its node is gone. */
static void
stopped(void * user)
{
	struct account_node * n = user;
	struct accounts * a = n->accounts;
	bool failed = n->err.n > 0;

	list_remove(&n->place);
	a->n--;
	store_close(n->storage);
	if (failed && n->fresh)
		(void)account_folder_delete(a->root, n->id, NULL);
	tell(n, failed ? &n->err : NULL);
	free(n);
	if (a->stopped != NULL && list_empty(&a->nodes)) {
		store_close(a->storage);
		a->storage = NULL;
		a->stopped(a->user);
	}
}

static void
stop(struct account_node * n, uint64_t drain_ms)
{
	n->stage = ACCOUNT_CLOSING;
	served_stop(n->served, drain_ms, stopped, n);
}

int
accounts_close(struct accounts * a, const char * id,
    void (*done)(void * user, const struct error * err), void * user,
    struct error * err)
{
	struct account_node * n = accounts_find(a, id);

	if (n == NULL)
		return (error_set(err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "the account %.64s is not open", id));
	if (n->stage != ACCOUNT_OPEN)
		return (error_set(err, ERR_BERTY_ACCOUNT_MANAGER_CLOSE,
		    "the account %.64s is on its way already", id));
	n->done = done;
	n->user = user;
	stop(n, DRAIN_MS);
	return (0);
}

void
accounts_stop(struct accounts * a, void (*all_stopped)(void * user),
    void * user)
{
	struct list * place, * following;

	a->stopped = all_stopped;
	a->user = user;
	list_each(place, following, &a->nodes) {
		struct account_node * n =
		    list_entry(place, struct account_node, place);

		if (n->stage == ACCOUNT_OPENING)
			(void)error_set(&n->err, ERR_BRIDGE_INTERRUPTED,
			    "the service stops");
		if (n->stage != ACCOUNT_CLOSING)
			stop(n, DRAIN_MS);
	}
	if (list_empty(&a->nodes)) {
		store_close(a->storage);
		a->storage = NULL;
		all_stopped(user);
	}
}

/* --- opening --------------------------------------------------------------- */

/* Its name and its keys are on disk. */
static void
opened(void * user, int status)
{
	struct account_node * n = user;
	struct error err = {0};

	if (status != 0)
		(void)error_from(&n->err, ERR_BERTY_ACCOUNT_MANAGER_OPEN,
		    status, served_failure(n->served));
	else if (n->importing)
		(void)account_folder_whole(n->accounts->root, n->id, &n->err);
	if (n->err.n > 0) {
		stop(n, 0);
		return;
	}
	n->stage = ACCOUNT_OPEN;
	if (account_push_apply(n->accounts, n, &err) != 0)
		log_warn(n->accounts->log, "accounts",
		    "%s is not reached by push: %s", n->id, err.text);
	tell(n, NULL);
}

static int
fill_options(struct accounts * a, const struct account_opening * o,
    struct account_args * args, struct error * err)
{
	ACCOUNT(NetworkConfig) * own = o->network != NULL ? NULL :
	    account_network_read(a->root, o->id);
	struct buffer folder = {0}, socket = {0};
	int rc = account_args_begin(args, &a->options);

	account_folder_path(&folder, a->root, o->id, NULL);
	buffer_printf(&socket, "/unix");
	account_folder_path(&socket, a->root, o->id, "berty.sock");
	if (rc == 0 && (folder.failed || socket.failed))
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	if (rc == 0) {
		args->options.store = account_args_hold(args,
		    (char *)folder.p);
		if (args->options.listeners == NULL)
			args->options.listeners = account_args_list(args,
			    (char *)socket.p);
		if (o->network != NULL || own != NULL)
			account_args_network(args, o->network != NULL ?
			    o->network : own);
		rc = account_args_take(args, o->args, o->n_args, a->log, err);
	}
	if (o->archive != NULL)
		args->options.restore = o->archive;
	args->options.restore_passphrase = o->passphrase;
	buffer_free(&folder);
	buffer_free(&socket);
	if (own != NULL)
		protobuf_free(own);
	return (rc);
}

static int
check(struct accounts * a, const char * id, struct error * err)
{
	int rc;

	if ((rc = account_id_check(id, err)) != 0)
		return (rc);
	if (accounts_find(a, id) != NULL)
		return (error_set(err, ERR_BERTY_ACCOUNT_ALREADY_OPENED,
		    "the account %s is open already", id));
	if (a->n >= ACCOUNTS_OPEN_MAX || a->stopped != NULL)
		return (error_set(err, ERR_BERTY_ACCOUNT_MANAGER_OPEN,
		    "no more accounts can be open"));
	return (account_folder_exists(a->root, id) ? 0 : error_set(err,
	    ERR_BERTY_ACCOUNT_DATA_NOT_FOUND, "there is no account %s", id));
}

/* The same again, a moment younger. */
static int
touch(struct accounts * a, const char * id, struct error * err)
{
	ACCOUNT(AccountMetadata) * m;
	int rc;

	if ((rc = account_metadata_read(a->root, id, &m, err)) != 0)
		return (rc);
	m->last_opened = world_wall(a->world) / 1000;
	if ((rc = account_metadata_write(a->root, id, m, err)) != 0)
		rc = error_wrap(err, ERR_BERTY_ACCOUNT_METADATA_UPDATE);
	protobuf_free(m);
	return (rc);
}

int
accounts_open(struct accounts * a, const struct account_opening * o,
    void (*done)(void * user, const struct error * err), void * user,
    struct error * err)
{
	struct account_args args = {0};
	struct account_node * n;
	int rc;

	if ((rc = check(a, o->id, err)) != 0 ||
	    (!o->fresh && (rc = touch(a, o->id, err)) != 0))
		return (rc);
	if ((rc = fill_options(a, o, &args, err)) != 0)
		goto out;
	if ((n = calloc(1, sizeof(*n))) == NULL) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto out;
	}
	n->accounts = a;
	(void)snprintf(n->id, sizeof(n->id), "%s", o->id);
	n->importing = o->archive != NULL;
	n->fresh = o->fresh;
	n->stage = ACCOUNT_OPENING;
	n->done = done;
	n->user = user;
	list_append(&a->nodes, &n->place);
	a->n++;
	if (served_open(a->world, a->web, a->log, &args.options, opened, n,
	    &n->served, &n->err) == 0)
		goto out;
	(void)error_wrap(&n->err, ERR_BERTY_ACCOUNT_MANAGER_OPEN);
	if (n->served != NULL)
		stop(n, 0);
	else {
		/* It came to nothing at once; nobody was told. */
		*err = n->err;
		rc = -ERR_BERTY_ACCOUNT_MANAGER_OPEN;
		list_remove(&n->place);
		a->n--;
		free(n);
	}
out:
	account_args_free(&args);
	return (rc);
}
