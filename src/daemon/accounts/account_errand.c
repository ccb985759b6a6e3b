/* account_errand.c: calls that take their time: accounts opened, closed, made. */
#include "daemon/accounts/account_service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/v1/v1.h"

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
errand_done(void * user, const struct error * err)
{
	struct errand * e = user;

	if (err != NULL)
		account_fail(e->call, err, e->outer);
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
	account_fail(call, err, outer);
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

/* --- what it is called ------------------------------------------------------ */

static void
answer_metadata(struct errand * e,
    void (*with)(struct errand * e, ACCOUNT(AccountMetadata) * m))
{
	ACCOUNT(AccountMetadata) * m;
	struct error err = {0};
	char * before;

	if (account_metadata_read(e->accounts->root, e->id, &m, &err) != 0) {
		account_fail(e->call, &err, e->outer);
		return;
	}
	before = m->account_id;
	m->account_id = e->id;
	with(e, m);
	m->account_id = before;
	protobuf_free(m);
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

void
account_errand_open(struct api_call * call)
{
	const ACCOUNT(OpenAccount__Request) * r = call->request;
	struct account_opening o = {.id = r->account_id, .args = r->args,
	    .n_args = r->n_args, .network = r->network_config};
	struct errand * e = errand_new(call, "opening the account",
	    ERR_BERTY_ACCOUNT_OPEN_ACCOUNT, answer_opened);

	if (e != NULL)
		begin_opening(e, &o);
}

void
account_errand_open_with_progress(struct api_call * call)
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

void
account_errand_close(struct api_call * call)
{
	const ACCOUNT(CloseAccount__Request) * r = call->request;
	struct errand * e = errand_new(call, "closing the account", 0,
	    answer_closed);

	if (e != NULL)
		begin_closing(e, r->account_id);
}

void
account_errand_close_with_progress(struct api_call * call)
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

void
account_errand_create(struct api_call * call)
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

void
account_errand_import(struct api_call * call)
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

void
account_errand_import_with_progress(struct api_call * call)
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
