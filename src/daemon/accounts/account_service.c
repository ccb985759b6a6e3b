/* account_service.c: accounts as calls: told, changed, deleted; and the table. */
#include "daemon/accounts/account_service.h"

#include <string.h>

#include "api/v1/v1.h"
#include "world/process.h"

#define SERVICE "berty.account.v1.AccountService"

void
account_fail(struct api_call * call, const struct error * err, int outer)
{
	struct error whole = *err;

	if (outer != 0)
		(void)error_wrap(&whole, outer);
	api_fail(call, &whole);
}

/* --- telling of accounts --------------------------------------------------- */

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
		account_fail(call, &err, ERR_BERTY_ACCOUNT_GRPC_CLIENT);
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
		account_fail(call, &err, ERR_BERTY_ACCOUNT_UPDATE_FAILED);
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
		account_fail(call, &err, ERR_BERTY_ACCOUNT_UPDATE_FAILED);
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
	METHOD("OpenAccount", open_account, false, account_errand_open),
	METHOD("OpenAccountWithProgress", open_account_with_progress, true,
	    account_errand_open_with_progress),
	METHOD("CloseAccount", close_account, false, account_errand_close),
	METHOD("CloseAccountWithProgress", close_account_with_progress, true,
	    account_errand_close_with_progress),
	METHOD("ListAccounts", list_accounts, false, list_accounts),
	METHOD("DeleteAccount", delete_account, false, delete_account),
	METHOD("ImportAccount", import_account, false, account_errand_import),
	METHOD("ImportAccountWithProgress", import_account_with_progress,
	    true, account_errand_import_with_progress),
	METHOD("CreateAccount", create_account, false, account_errand_create),
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
