/* account_service.c: accounts as calls: made, opened, closed, told, deleted. */
#include "daemon/accounts/account_service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/v1/v1.h"
#include "world/process.h"

#define SERVICE "berty.account.v1.AccountService"

/* --- what waits for an account --------------------------------------------- */

/* A call that opens or closes an account. */
struct errand {
	struct accounts * accounts;
	struct api_call * call;
	int outer;                /* code of a failure; 0: none */
	char id[ACCOUNT_ID_MAX + 1];
	const char * doing;
	void (*answer)(struct errand * e);
};

static void
fail(struct api_call * call, const struct error * err, int outer)
{
	struct error whole = *err;

	if (outer != 0)
		(void)error_wrap(&whole, outer);
	api_fail(call, &whole);
}

static void
errand_done(void * user, const struct error * err)
{
	struct errand * e = user;

	if (err != NULL)
		fail(e->call, err, e->outer);
	else
		e->answer(e);
	free(e);
}

/* What was begun goes on without anybody who waits for it. */
static void
errand_cancelled(struct api_call * call)
{
	struct errand * e = call->data;
	struct error err = {0};

	accounts_leave(e->accounts, e);
	(void)error_set(&err, ERR_BRIDGE_INTERRUPTED, "cancelled");
	free(e);
	api_fail(call, &err);
}

static struct errand *
errand_new(struct api_call * call, const char * doing, int outer,
    void (*answer)(struct errand * e))
{
	struct errand * e = calloc(1, sizeof(*e));
	struct error err = {0};

	if (e == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
		return (NULL);
	}
	e->accounts = call->user;
	e->call = call;
	e->outer = outer;
	e->doing = doing;
	e->answer = answer;
	call->data = e;
	call->on_cancelled = errand_cancelled;
	return (e);
}

/* It did not begin. */
static void
errand_refused(struct errand * e, const struct error * err)
{
	struct api_call * call = e->call;
	int outer = e->outer;

	free(e);
	call->on_cancelled = NULL;
	fail(call, err, outer);
}

/* --- progress -------------------------------------------------------------- */

/* One step there is, begun and done. */
static Berty__Protocol__V1__Progress
progress(const struct errand * e, bool over)
{
	Berty__Protocol__V1__Progress p = V1_INIT(PROGRESS);
	static char states[2][12] = {"in progress", "done"};

	p.state = states[over];
	p.doing = (char *)(uintptr_t)(over ? "" : e->doing);
	p.progress = over ? 1 : 0;
	p.completed = over ? 1 : 0;
	p.total = 1;
	return (p);
}

#define TELL(kind, INIT, e, over) do { \
	ACCOUNT(kind) reply_ = ACCOUNT_INIT(INIT); \
	Berty__Protocol__V1__Progress p_ = progress((e), (over)); \
	reply_.progress = &p_; \
	(void)(e)->call->transport->reply((e)->call, &reply_); \
} while (0)

/* --- telling of accounts --------------------------------------------------- */

static void
answer_metadata(struct errand * e,
    void (*with)(struct errand * e, ACCOUNT(AccountMetadata) * m))
{
	ACCOUNT(AccountMetadata) * m;
	struct error err = {0};
	char * before;

	if (account_metadata_read(e->accounts->root, e->id, &m, &err) != 0) {
		fail(e->call, &err, e->outer);
		return;
	}
	before = m->account_id;
	m->account_id = e->id;
	with(e, m);
	m->account_id = before;
	protobuf_free(m);
}

struct listing {
	struct accounts * accounts;
	ACCOUNT(ListAccounts__Reply) * reply;
};

static int
list_one(void * user, const char * id)
{
	struct listing * l = user;
	ACCOUNT(AccountMetadata) * m;
	struct error err = {0};

	if ((m = v1_add(&l->reply->accounts, &l->reply->n_accounts,
	    &berty__account__v1__account_metadata__descriptor)) == NULL)
		return (-ERR_INTERNAL);
	if (account_metadata_read(l->accounts->root, id, &m, &err) != 0)
		v1_set_text(&l->reply->accounts[l->reply->n_accounts - 1]->
		    error, slice_text(err.text));
	else {
		protobuf_c_message_free_unpacked(&l->reply->accounts[
		    l->reply->n_accounts - 1]->base, NULL);
		l->reply->accounts[l->reply->n_accounts - 1] = m;
	}
	v1_set_text(&l->reply->accounts[l->reply->n_accounts - 1]->account_id,
	    slice_text(id));
	return (0);
}

static void
list_accounts(struct api_call * call)
{
	struct listing l = {.accounts = call->user};
	struct error err = {0};

	l.reply = v1_new(
	    &berty__account__v1__list_accounts__reply__descriptor);
	if (l.reply == NULL)
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
	else if (account_folder_each(l.accounts->root, list_one, &l,
	    &err) == 0) {
		v1_answer_built(call, l.reply);
		return;
	}
	if (l.reply != NULL)
		protobuf_c_message_free_unpacked(&l.reply->base, NULL);
	api_fail(call, &err);
}

static void
get_opened_account(struct api_call * call)
{
	struct accounts * a = call->user;
	const struct account_node * last = accounts_opened(a, "");
	ACCOUNT(GetOpenedAccount__Reply) * reply = v1_new(
	    &berty__account__v1__get_opened_account__reply__descriptor);
	struct list * place, * following;
	const char * address;
	size_t i;

	if (reply != NULL && last != NULL) {
		v1_set_text(&reply->account_id, slice_text(last->id));
		for (i = 0; (address = served_address(last->served, i)) !=
		    NULL; i++)
			v1_add_text(&reply->listeners, &reply->n_listeners,
			    slice_text(address));
		list_each(place, following, &a->nodes) {
			const struct account_node * n =
			    list_entry(place, struct account_node, place);

			if (n->stage == ACCOUNT_OPEN)
				v1_add_text(&reply->account_ids,
				    &reply->n_account_ids, slice_text(n->id));
		}
	}
	v1_answer_built(call, reply);
}

/* What is served at an address, by its last part. */
static struct slice
served_by(const char * address)
{
	static const char * const names[] = {"grpcweb", "grpcws", "grpcgw"};
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char * at = strstr(address, names[i]);

		n = strlen(names[i]);
		if (at != NULL && at > address && at[-1] == '/' &&
		    (at[n] == '\0' || at[n] == '/'))
			return (slice_text(names[i]));
	}
	return (slice_text("grpc"));
}

static void
get_grpc_listener_addrs(struct api_call * call)
{
	const ACCOUNT(GetGRPCListenerAddrs__Request) * r = call->request;
	struct accounts * a = call->user;
	const struct account_node * n = accounts_opened(a, r->account_id);
	ACCOUNT(GetGRPCListenerAddrs__Reply) * reply;
	struct error err = {0};
	const char * address;
	size_t i;

	if (n == NULL) {
		(void)error_set(&err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "no such account is open");
		fail(call, &err, ERR_BERTY_ACCOUNT_GRPC_CLIENT);
		return;
	}
	reply = v1_new(
	    &berty__account__v1__get_grpclistener_addrs__reply__descriptor);
	for (i = 0; reply != NULL &&
	    (address = served_address(n->served, i)) != NULL; i++) {
		ACCOUNT(GetGRPCListenerAddrs__Reply__Entry) * e = v1_add(
		    &reply->entries, &reply->n_entries,
		    &berty__account__v1__get_grpclistener_addrs__reply__entry__descriptor);

		if (e == NULL)
			break;
		v1_set_text(&e->proto, served_by(address));
		v1_set_text(&e->maddr, slice_text(address));
	}
	v1_answer_built(call, reply);
}

static void
get_username(struct api_call * call)
{
	struct accounts * a = call->user;
	ACCOUNT(GetUsername__Reply) reply =
	    ACCOUNT_INIT(GET_USERNAME__REPLY);
	struct world_process p = {0};

	if (world_process(a->world, &p))
		reply.username = p.user;
	api_answer(call, &reply);
}

/* Logs go to the standard error, not to files of ours. */
static void
logfile_list(struct api_call * call)
{
	ACCOUNT(LogfileList__Reply) reply =
	    ACCOUNT_INIT(LOGFILE_LIST__REPLY);

	api_answer(call, &reply);
}

/* --- opening and closing ---------------------------------------------------- */

static void
answer_opened(struct errand * e)
{
	ACCOUNT(OpenAccount__Reply) reply =
	    ACCOUNT_INIT(OPEN_ACCOUNT__REPLY);

	api_answer(e->call, &reply);
}

static void
answer_opened_stream(struct errand * e)
{
	TELL(OpenAccountWithProgress__Reply,
	    OPEN_ACCOUNT_WITH_PROGRESS__REPLY, e, true);
	e->call->transport->finish(e->call, NULL);
}

static void
begin_opening(struct errand * e, const struct account_opening * o)
{
	struct error err = {0};

	if (accounts_open(e->accounts, o, errand_done, e, &err) != 0)
		errand_refused(e, &err);
}

static void
open_account(struct api_call * call)
{
	const ACCOUNT(OpenAccount__Request) * r = call->request;
	struct account_opening o = {.id = r->account_id, .args = r->args,
	    .n_args = r->n_args, .network = r->network_config};
	struct errand * e = errand_new(call, "opening the account",
	    ERR_BERTY_ACCOUNT_OPEN_ACCOUNT, answer_opened);

	if (e != NULL)
		begin_opening(e, &o);
}

static void
open_account_with_progress(struct api_call * call)
{
	const ACCOUNT(OpenAccountWithProgress__Request) * r = call->request;
	struct account_opening o = {.id = r->account_id, .args = r->args,
	    .n_args = r->n_args};
	struct errand * e = errand_new(call, "opening the account",
	    ERR_BERTY_ACCOUNT_OPEN_ACCOUNT, answer_opened_stream);

	if (e == NULL)
		return;
	TELL(OpenAccountWithProgress__Reply,
	    OPEN_ACCOUNT_WITH_PROGRESS__REPLY, e, false);
	begin_opening(e, &o);
}

static void
answer_closed(struct errand * e)
{
	ACCOUNT(CloseAccount__Reply) reply =
	    ACCOUNT_INIT(CLOSE_ACCOUNT__REPLY);

	api_answer(e->call, &reply);
}

static void
answer_closed_stream(struct errand * e)
{
	TELL(CloseAccountWithProgress__Reply,
	    CLOSE_ACCOUNT_WITH_PROGRESS__REPLY, e, true);
	e->call->transport->finish(e->call, NULL);
}

/* Closing what is closed is no error. */
static void
begin_closing(struct errand * e, const char * id)
{
	const struct account_node * n = *id == '\0' ?
	    accounts_opened(e->accounts, id) : accounts_find(e->accounts, id);
	struct error err = {0};

	if (n == NULL)
		errand_done(e, NULL);
	else if (accounts_close(e->accounts, n->id, errand_done, e,
	    &err) != 0)
		errand_refused(e, &err);
}

static void
close_account(struct api_call * call)
{
	const ACCOUNT(CloseAccount__Request) * r = call->request;
	struct errand * e = errand_new(call, "closing the account", 0,
	    answer_closed);

	if (e != NULL)
		begin_closing(e, r->account_id);
}

static void
close_account_with_progress(struct api_call * call)
{
	const ACCOUNT(CloseAccountWithProgress__Request) * r = call->request;
	struct errand * e = errand_new(call, "closing the account", 0,
	    answer_closed_stream);

	if (e == NULL)
		return;
	TELL(CloseAccountWithProgress__Reply,
	    CLOSE_ACCOUNT_WITH_PROGRESS__REPLY, e, false);
	begin_closing(e, r->account_id);
}

/* --- making ----------------------------------------------------------------- */

/* What a new account is made of. */
struct making {
	const char * id, * name;
	const ACCOUNT(NetworkConfig) * network;
	struct account_opening opening;
};

static int
make_folder(struct errand * e, const struct making * m, struct error * err)
{
	ACCOUNT(AccountMetadata) metadata = ACCOUNT_INIT(ACCOUNT_METADATA);
	struct accounts * a = e->accounts;
	int rc;

	rc = *m->id == '\0' ? account_id_free(a->root, e->id, err) :
	    account_id_check(m->id, err);
	if (rc != 0)
		return (rc);
	if (*m->id != '\0')
		(void)memcpy(e->id, m->id, strlen(m->id) + 1);
	metadata.name = *m->name == '\0' ? e->id :
	    (char *)(uintptr_t)m->name;
	metadata.creation_date = world_wall(a->world) / 1000;
	metadata.last_opened = metadata.creation_date;
	return (account_folder_create(a->root, e->id, &metadata, m->network,
	    m->opening.archive != NULL, err));
}

static void
begin_making(struct errand * e, struct making * m)
{
	struct error err = {0};
	int rc;

	if ((rc = make_folder(e, m, &err)) != 0) {
		errand_refused(e, &err);
		return;
	}
	m->opening.id = e->id;
	m->opening.network = m->network;
	m->opening.fresh = true;
	if (accounts_open(e->accounts, &m->opening, errand_done, e,
	    &err) == 0)
		return;
	(void)account_folder_delete(e->accounts->root, e->id, NULL);
	errand_refused(e, &err);
}

static void
with_created(struct errand * e, ACCOUNT(AccountMetadata) * m)
{
	ACCOUNT(CreateAccount__Reply) reply =
	    ACCOUNT_INIT(CREATE_ACCOUNT__REPLY);

	reply.account_metadata = m;
	api_answer(e->call, &reply);
}

static void
answer_created(struct errand * e)
{
	answer_metadata(e, with_created);
}

static void
create_account(struct api_call * call)
{
	const ACCOUNT(CreateAccount__Request) * r = call->request;
	struct making m = {.id = r->account_id, .name = r->account_name,
	    .network = r->network_config, .opening.args = r->args,
	    .opening.n_args = r->n_args};
	struct errand * e = errand_new(call, "creating the account",
	    ERR_BERTY_ACCOUNT_CREATION_FAILED, answer_created);

	if (e != NULL)
		begin_making(e, &m);
}

static void
with_imported(struct errand * e, ACCOUNT(AccountMetadata) * m)
{
	ACCOUNT(ImportAccount__Reply) reply =
	    ACCOUNT_INIT(IMPORT_ACCOUNT__REPLY);

	reply.account_metadata = m;
	api_answer(e->call, &reply);
}

static void
answer_imported(struct errand * e)
{
	answer_metadata(e, with_imported);
}

static void
with_imported_stream(struct errand * e, ACCOUNT(AccountMetadata) * m)
{
	ACCOUNT(ImportAccountWithProgress__Reply) reply =
	    ACCOUNT_INIT(IMPORT_ACCOUNT_WITH_PROGRESS__REPLY);

	TELL(ImportAccountWithProgress__Reply,
	    IMPORT_ACCOUNT_WITH_PROGRESS__REPLY, e, true);
	reply.account_metadata = m;
	api_answer(e->call, &reply);
}

static void
answer_imported_stream(struct errand * e)
{
	answer_metadata(e, with_imported_stream);
}

static void
begin_import(struct errand * e, struct making * m, const char * archive,
    const char * passphrase)
{
	struct error err = {0};

	if (*archive == '\0')
		(void)error_set(&err, ERR_BERTY_ACCOUNT_NO_BACKUP_SPECIFIED,
		    "which archive? backup_path is empty");
	else if (access(archive, R_OK) != 0)
		(void)error_set(&err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "the archive %.120s cannot be read", archive);
	if (err.n > 0) {
		errand_refused(e, &err);
		return;
	}
	m->opening.archive = archive;
	m->opening.passphrase = *passphrase == '\0' ? NULL : passphrase;
	begin_making(e, m);
}

static void
import_account(struct api_call * call)
{
	const ACCOUNT(ImportAccount__Request) * r = call->request;
	struct making m = {.id = r->account_id, .name = r->account_name,
	    .network = r->network_config, .opening.args = r->args,
	    .opening.n_args = r->n_args};
	struct errand * e = errand_new(call, "importing the account",
	    ERR_INTERNAL, answer_imported);

	if (e != NULL)
		begin_import(e, &m, r->backup_path, r->passphrase);
}

static void
import_account_with_progress(struct api_call * call)
{
	const ACCOUNT(ImportAccountWithProgress__Request) * r = call->request;
	struct making m = {.id = r->account_id, .name = r->account_name,
	    .network = r->network_config, .opening.args = r->args,
	    .opening.n_args = r->n_args};
	struct errand * e = errand_new(call, "importing the account",
	    ERR_INTERNAL, answer_imported_stream);

	if (e == NULL)
		return;
	TELL(ImportAccountWithProgress__Reply,
	    IMPORT_ACCOUNT_WITH_PROGRESS__REPLY, e, false);
	begin_import(e, &m, r->backup_path, r->passphrase);
}

/* --- changing and deleting --------------------------------------------------- */

static void
take_text(char ** member, char * text, char ** before)
{
	*before = *member;
	if (*text != '\0')
		*member = text;
}

static void
update_account(struct api_call * call)
{
	const ACCOUNT(UpdateAccount__Request) * r = call->request;
	ACCOUNT(UpdateAccount__Reply) reply =
	    ACCOUNT_INIT(UPDATE_ACCOUNT__REPLY);
	struct accounts * a = call->user;
	ACCOUNT(AccountMetadata) * m;
	struct error err = {0};
	char * before[4];
	int rc;

	if (account_id_check(r->account_id, &err) != 0 ||
	    account_metadata_read(a->root, r->account_id, &m, &err) != 0) {
		fail(call, &err, ERR_BERTY_ACCOUNT_UPDATE_FAILED);
		return;
	}
	take_text(&m->name, r->account_name, &before[0]);
	take_text(&m->avatar_cid, r->avatar_cid, &before[1]);
	take_text(&m->public_key, r->public_key, &before[2]);
	rc = account_metadata_write(a->root, r->account_id, m, &err);
	take_text(&m->account_id, r->account_id, &before[3]);
	reply.account_metadata = m;
	if (rc == 0)
		api_answer(call, &reply);
	else
		fail(call, &err, ERR_BERTY_ACCOUNT_UPDATE_FAILED);
	m->name = before[0];
	m->avatar_cid = before[1];
	m->public_key = before[2];
	m->account_id = before[3];
	protobuf_free(m);
}

static void
delete_account(struct api_call * call)
{
	const ACCOUNT(DeleteAccount__Request) * r = call->request;
	ACCOUNT(DeleteAccount__Reply) reply =
	    ACCOUNT_INIT(DELETE_ACCOUNT__REPLY);
	struct accounts * a = call->user;
	struct error err = {0};

	if (account_id_check(r->account_id, &err) != 0)
		;
	else if (accounts_find(a, r->account_id) != NULL)
		(void)error_set(&err, ERR_BERTY_ACCOUNT_ALREADY_OPENED,
		    "the account %s is open: close it first", r->account_id);
	else if (!account_folder_exists(a->root, r->account_id)) {
		(void)error_set(&err, ERR_BERTY_ACCOUNT_DATA_NOT_FOUND,
		    "there is no account %s", r->account_id);
		(void)error_wrap(&err, ERR_DB_READ);
	} else
		(void)account_folder_delete(a->root, r->account_id, &err);
	if (err.n > 0)
		api_fail(call, &err);
	else
		api_answer(call, &reply);
}

/* --- the table --------------------------------------------------------------- */

#define METHOD(name, type, stream, handler) \
	{SERVICE, name, \
	 &berty__account__v1__##type##__request__descriptor, \
	 &berty__account__v1__##type##__reply__descriptor, false, stream, \
	 handler}

static const struct api_method methods[] = {
	METHOD("OpenAccount", open_account, false, open_account),
	METHOD("OpenAccountWithProgress", open_account_with_progress, true,
	    open_account_with_progress),
	METHOD("CloseAccount", close_account, false, close_account),
	METHOD("CloseAccountWithProgress", close_account_with_progress, true,
	    close_account_with_progress),
	METHOD("ListAccounts", list_accounts, false, list_accounts),
	METHOD("DeleteAccount", delete_account, false, delete_account),
	METHOD("ImportAccount", import_account, false, import_account),
	METHOD("ImportAccountWithProgress", import_account_with_progress,
	    true, import_account_with_progress),
	METHOD("CreateAccount", create_account, false, create_account),
	METHOD("UpdateAccount", update_account, false, update_account),
	METHOD("GetGRPCListenerAddrs", get_grpclistener_addrs, false,
	    get_grpc_listener_addrs),
	METHOD("LogfileList", logfile_list, false, logfile_list),
	METHOD("GetUsername", get_username, false, get_username),
	METHOD("NetworkConfigSet", network_config_set, false,
	    account_network_set),
	METHOD("NetworkConfigGet", network_config_get, false,
	    account_network_get),
	METHOD("NetworkConfigGetPreset", network_config_get_preset, false,
	    account_network_preset),
	METHOD("PushReceive", push_receive, false, account_push_receive),
	METHOD("PushPlatformTokenRegister", push_platform_token_register,
	    false, account_push_register),
	METHOD("AppStoragePut", app_storage_put, false, account_storage_put),
	METHOD("AppStorageGet", app_storage_get, false, account_storage_get),
	METHOD("AppStorageRemove", app_storage_remove, false,
	    account_storage_remove),
	METHOD("GetOpenedAccount", get_opened_account, false,
	    get_opened_account),
};

struct api_service
account_service(void)
{
	return ((struct api_service){.methods = methods,
	    .n = sizeof(methods) / sizeof(methods[0])});
}
