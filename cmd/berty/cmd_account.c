/* cmd_account.c: `berty account-daemon`, and `berty account …` to command it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error_public.h"
#include "berty/account/v1/bertyaccount.pb-c.h"
#include "berty/accounts.h"
#include "client.h"
#include "node_options.h"
#include "output.h"
#include "passphrase.h"
#include "server/grpc_client.h"

#define SERVICE "berty.account.v1.AccountService"

#define ACCOUNT(name) Berty__Account__V1__##name
#define ACCOUNT_INIT(name) BERTY__ACCOUNT__V1__##name##__INIT
#define ACCOUNT_TYPE(name) (&berty__account__v1__##name##__descriptor)

/* An import is as long as its archive; ms. */
enum { CALL_MS = 60000, IMPORT_MS = 3600000 };

/* --- the service ----------------------------------------------------------- */

static const struct flag daemon_flags[] = {
	{"node.account.listeners", "LIST", NULL, "where accounts are served: "
	    "as -node.listeners (default: /unix/<store.dir>/accounts.sock)"},
	{"node.listeners", "LIST", NULL, "where each opened account's API is "
	    "served; ports 0, as they are several (default: berty.sock in "
	    "the account's folder)"},
	NODE_FLAGS,
	{0},
};

static const char daemon_help[] =
"Keeps any number of accounts under <store.dir>/accounts and runs the nodes of\n"
"those that are open.  It opens none by itself:\n"
"\n"
"  berty account-daemon\n"
"  berty account create -name Alice alice\n"
"  berty contact link -store.dir ~/.config/berty-tech/berty/accounts/alice\n"
"\n"
"Each account has a folder, a key, a node and listeners of its own.\n";

static void
ready(void * user, const char * const * listeners)
{
	struct run * run = user;

	if (run->json) {
		cJSON * object = cJSON_CreateObject();
		cJSON * list;

		cJSON_AddBoolToObject(object, "ready", true);
		list = cJSON_AddArrayToObject(object, "listeners");
		for (; *listeners != NULL; listeners++)
			cJSON_AddItemToArray(list,
			    cJSON_CreateString(*listeners));
		output_json(object);
	} else
		printf("ready: %s\n", *listeners != NULL ? *listeners :
		    "no API listener");
	(void)fflush(stdout);
}

static int
run_service(struct run * run)
{
	struct berty_daemon_options node = {.size = sizeof(node),
	    .key_fd = -1};
	struct berty_accounts_options options = {.size = sizeof(options),
	    .node = &node};
	const char * at = flags_text(&run->flags, "node.account.listeners");
	struct buffer store = {0}, socket = {0};
	struct node_options borrowed = {0};
	const char ** listeners = NULL;
	struct berty_error err = {0};
	int rc;

	if ((rc = store_path(run, &store, &run->err)) != 0 ||
	    (rc = node_options_fill(run, flags_text(&run->flags,
	    "node.listeners"), &node, &borrowed)) != 0)
		goto out;
	buffer_printf(&socket, "/unix%s/accounts.sock", (char *)store.p);
	buffer_byte(&socket, 0);
	listeners = socket.failed ? NULL :
	    flags_list(at != NULL ? at : (char *)socket.p);
	if (listeners == NULL) {
		rc = error_set(&run->err, ERR_INTERNAL, "out of memory");
		goto out;
	}
	options.root = (char *)store.p;
	options.listeners = listeners;
	node_options_long_run();
	rc = berty_accounts_run(&options, ready, run, &err);
	if (rc != 0)
		(void)error_import(&run->err, &err, rc);
out:
	free(listeners);
	node_options_free(&borrowed);
	buffer_free(&store);
	buffer_free(&socket);
	return (rc);
}

const struct command command_account_daemon = {
	.name = "account-daemon", .arguments = "",
	.summary = "Serve several accounts in one process",
	.help = daemon_help, .flags = daemon_flags, .run = run_service,
};

/* --- calls to it ------------------------------------------------------------ */

static int
call(struct run * run, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, uint64_t ms, void ** reply)
{
	struct client c;
	int rc;

	if ((rc = client_open_accounts(&c, run)) != 0)
		return (rc);
	error_clear(&run->err);
	rc = grpc_client_call(c.grpc, SERVICE, method, request, type, reply,
	    ms, &run->err);
	client_close(&c);
	return (rc);
}

static int
tell(struct run * run, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type)
{
	void * reply;
	int rc;

	if ((rc = call(run, method, request, type, CALL_MS, &reply)) == 0)
		protobuf_free(reply);
	return (rc);
}

static void
print_account(struct run * run, const ACCOUNT(AccountMetadata) * m,
    bool open)
{
	char when[32] = "never";
	time_t opened = (time_t)(m->last_opened / 1000000);
	struct tm tm;

	if (run->json) {
		cJSON * object = cJSON_CreateObject();

		output_add_text(object, "account_id",
		    slice_text(m->account_id));
		output_add_text(object, "name", slice_text(m->name));
		cJSON_AddNumberToObject(object, "last_opened",
		    (double)m->last_opened);
		cJSON_AddBoolToObject(object, "open", open);
		if (*m->error != '\0')
			output_add_text(object, "error",
			    slice_text(m->error));
		output_json(object);
		return;
	}
	if (opened > 0 && localtime_r(&opened, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	output_safe(slice_text(m->account_id));
	printf("\t%s\t%s\t", open ? "open" : "closed", when);
	output_safe(slice_text(*m->error != '\0' ? m->error : m->name));
	putchar('\n');
}

static const char network_help[] =
"The service of accounts is `berty account-daemon`.\n";

static const struct flag create_flags[] = {
	{"name", "NAME", NULL, "what the account is called (default: its id)"},
	{0},
};

static int
run_create(struct run * run)
{
	ACCOUNT(CreateAccount__Request) request =
	    ACCOUNT_INIT(CREATE_ACCOUNT__REQUEST);
	const char * name = flags_text(&run->flags, "name");
	void * reply;
	int rc;

	if (run->argc > 0)
		request.account_id = run->argv[0];
	if (name != NULL)
		request.account_name = (char *)(uintptr_t)name;
	if ((rc = call(run, "CreateAccount", &request,
	    ACCOUNT_TYPE(create_account__reply), CALL_MS, &reply)) != 0)
		return (rc);
	print_account(run, ((ACCOUNT(CreateAccount__Reply) *)reply)->
	    account_metadata, true);
	protobuf_free(reply);
	return (0);
}

const struct command command_account_create = {
	.name = "account create", .arguments = "[ID]",
	.summary = "Make an account, and open it", .help = network_help,
	.flags = create_flags, .least = 0, .most = 1, .run = run_create,
};

static const struct flag import_flags[] = {
	{"name", "NAME", NULL, "what the account is called (default: its id)"},
	{"passphrase-file", "FILE", NULL, "the archive is sealed with the "
	    "passphrase in this file (its first line)"},
	{"passphrase-env", "NAME", NULL, "or in this environment variable"},
	{0},
};

/* The service reads the file, and may stand elsewhere. */
static int
absolute(struct run * run, const char * path, struct buffer * out)
{
	char here[4096];

	if (*path != '/') {
		if (getcwd(here, sizeof(here)) == NULL)
			return (error_set(&run->err, ERR_INTERNAL,
			    "this folder has no path"));
		buffer_printf(out, "%s/", here);
	}
	buffer_text(out, path);
	buffer_byte(out, 0);
	return (out->failed ? error_set(&run->err, ERR_INTERNAL,
	    "out of memory") : 0);
}

static int
run_import(struct run * run)
{
	ACCOUNT(ImportAccount__Request) request =
	    ACCOUNT_INIT(IMPORT_ACCOUNT__REQUEST);
	const char * name = flags_text(&run->flags, "name");
	struct buffer passphrase = {0}, path = {0};
	void * reply;
	int rc;

	if ((rc = absolute(run, run->argv[0], &path)) != 0 ||
	    (rc = passphrase_read(run, "passphrase-file", "passphrase-env",
	    &passphrase)) != 0)
		goto out;
	request.backup_path = (char *)path.p;
	if (passphrase.p != NULL)
		request.passphrase = (char *)passphrase.p;
	if (run->argc > 1)
		request.account_id = run->argv[1];
	if (name != NULL)
		request.account_name = (char *)(uintptr_t)name;
	if ((rc = call(run, "ImportAccount", &request,
	    ACCOUNT_TYPE(import_account__reply), IMPORT_MS, &reply)) != 0)
		goto out;
	print_account(run, ((ACCOUNT(ImportAccount__Reply) *)reply)->
	    account_metadata, true);
	protobuf_free(reply);
out:
	buffer_wipe(&passphrase);
	buffer_free(&path);
	return (rc);
}

const struct command command_account_import = {
	.name = "account import", .arguments = "FILE [ID]",
	.summary = "Make an account of an archive (berty export), and open it",
	.help = network_help, .flags = import_flags, .least = 1, .most = 2,
	.run = run_import,
};

/* --- listing ---------------------------------------------------------------- */

static bool
is_open(const ACCOUNT(GetOpenedAccount__Reply) * opened, const char * id)
{
	size_t i;

	for (i = 0; i < opened->n_account_ids; i++)
		if (strcmp(opened->account_ids[i], id) == 0)
			return (true);
	return (false);
}

static int
run_list(struct run * run)
{
	ACCOUNT(ListAccounts__Request) request =
	    ACCOUNT_INIT(LIST_ACCOUNTS__REQUEST);
	ACCOUNT(GetOpenedAccount__Request) which =
	    ACCOUNT_INIT(GET_OPENED_ACCOUNT__REQUEST);
	const ACCOUNT(ListAccounts__Reply) * list;
	void * reply, * opened;
	size_t i;
	int rc;

	if ((rc = call(run, "GetOpenedAccount", &which,
	    ACCOUNT_TYPE(get_opened_account__reply), CALL_MS, &opened)) != 0)
		return (rc);
	if ((rc = call(run, "ListAccounts", &request,
	    ACCOUNT_TYPE(list_accounts__reply), CALL_MS, &reply)) == 0) {
		list = reply;
		for (i = 0; i < list->n_accounts; i++)
			print_account(run, list->accounts[i], is_open(opened,
			    list->accounts[i]->account_id));
		protobuf_free(reply);
	}
	protobuf_free(opened);
	return (rc);
}

const struct command command_account_list = {
	.name = "account list", .arguments = "",
	.summary = "List the accounts, and which are open",
	.help = network_help, .run = run_list,
};

/* --- opening, closing, deleting ---------------------------------------------- */

static int
run_open(struct run * run)
{
	ACCOUNT(OpenAccount__Request) request =
	    ACCOUNT_INIT(OPEN_ACCOUNT__REQUEST);

	request.account_id = run->argv[0];
	return (tell(run, "OpenAccount", &request,
	    ACCOUNT_TYPE(open_account__reply)));
}

const struct command command_account_open = {
	.name = "account open", .arguments = "ID",
	.summary = "Run an account's node", .help = network_help,
	.least = 1, .most = 1, .run = run_open,
};

static int
run_close(struct run * run)
{
	ACCOUNT(CloseAccount__Request) request =
	    ACCOUNT_INIT(CLOSE_ACCOUNT__REQUEST);

	request.account_id = run->argv[0];
	return (tell(run, "CloseAccount", &request,
	    ACCOUNT_TYPE(close_account__reply)));
}

const struct command command_account_close = {
	.name = "account close", .arguments = "ID",
	.summary = "Stop an account's node", .help = network_help,
	.least = 1, .most = 1, .run = run_close,
};

static int
run_delete(struct run * run)
{
	ACCOUNT(DeleteAccount__Request) request =
	    ACCOUNT_INIT(DELETE_ACCOUNT__REQUEST);

	request.account_id = run->argv[0];
	return (tell(run, "DeleteAccount", &request,
	    ACCOUNT_TYPE(delete_account__reply)));
}

const struct command command_account_delete = {
	.name = "account delete", .arguments = "ID",
	.summary = "Remove an account that is closed, and all it has",
	.help = network_help, .least = 1, .most = 1, .run = run_delete,
};
