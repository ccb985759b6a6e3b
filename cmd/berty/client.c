#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "server/access_file.h"
#include "server/access_token.h"
#include "server/grpc_client.h"

#define SERVICE "berty.protocol.v1.ProtocolService"

enum { CONNECT_MS = 5000, CALL_MS = 60000 };

int
store_path(const struct run * run, struct buffer * out, struct error * err)
{
	const char * given = flags_text(&run->flags, "store.dir");
	const char * config = getenv("XDG_CONFIG_HOME");
	const char * home = getenv("HOME");
	char here[4096];

	if (given != NULL && *given != '\0') {
		if (*given != '/') {
			if (getcwd(here, sizeof(here)) == NULL)
				return (error_set(err, ERR_INTERNAL,
				    "this folder has no path"));
			buffer_printf(out, "%s/", here);
		}
		buffer_text(out, given);
		while (out->n > 1 && out->p[out->n - 1] == '/')
			out->n--;
	} else if (config != NULL && *config == '/')
		buffer_printf(out, "%s/berty-tech/berty", config);
	else if (home != NULL && *home == '/')
		buffer_printf(out, "%s/.config/berty-tech/berty", home);
	else
		return (error_set(err, ERR_INTERNAL, "HOME is not set: say "
		    "where the account is with -store.dir"));
	buffer_byte(out, 0);
	return (out->failed ? error_set(err, ERR_INTERNAL, "out of memory")
	    : 0);
}

void
volatile_socket(struct buffer * out)
{
	const char * runtime = getenv("XDG_RUNTIME_DIR");

	if (runtime != NULL && *runtime == '/')
		buffer_printf(out, "%s/berty.sock", runtime);
	else
		buffer_printf(out, "/tmp/berty-%u/berty.sock",
		    (unsigned)getuid());
	buffer_byte(out, 0);
}

/* The first token of the file that is named, else that of the environment. */
static int
read_token(struct client * c)
{
	const char * file = flags_text(&c->run->flags, "node.token-file");
	const char * set = getenv("BERTY_NODE_TOKEN");
	struct buffer text = {0};
	struct slice token;
	int rc = 0;

	if (file != NULL)
		rc = access_file_read(file, true, &text, NULL, &c->run->err);
	else if (set != NULL && *set != '\0')
		buffer_text(&text, set);
	if (rc == 0 && (file != NULL || text.n > 0))
		rc = access_tokens_first(buffer_all(&text), &token,
		    &c->run->err);
	if (rc == 0 && text.n > 0 &&
	    (c->token = strndup((const char *)token.p, token.n)) == NULL)
		rc = error_set(&c->run->err, ERR_INTERNAL, "out of memory");
	buffer_wipe(&text);
	return (rc);
}

static int
open_at(struct client * c, const char * address)
{
	const struct flags * f = &c->run->flags;
	const struct grpc_client_options options = {
		.token = c->token,
		.tls_pin = flags_text(f, "node.tls-pin"),
		.tls_ca = flags_text(f, "node.tls-ca"),
	};

	(void)snprintf(c->address, sizeof(c->address), "%s", address);
	return (grpc_client_open_with(&c->grpc, address, &options, CONNECT_MS,
	    &c->run->err));
}

/* The sockets where a node may be: in the store, else that of none. */
static int
open_default(struct client * c, struct run * run)
{
	struct buffer store = {0}, address = {0}, other = {0};
	int rc;

	if ((rc = store_path(run, &store, &run->err)) != 0)
		goto err0;
	buffer_printf(&address, "/unix%s/berty.sock", (char *)store.p);
	buffer_byte(&address, 0);
	buffer_text(&other, "/unix");
	volatile_socket(&other);
	if (address.failed || other.failed) {
		rc = error_set(&run->err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	rc = open_at(c, (char *)address.p);
	if (rc == -ERR_STREAM_WRITE && !flags_given(&run->flags, "store.dir"))
		rc = open_at(c, (char *)other.p);
	if (rc == -ERR_STREAM_WRITE)
		(void)error_set(&run->err, ERR_STREAM_WRITE, "no node answers "
		    "at %.100s: start one with `berty daemon`",
		    (char *)address.p);

err0:
	buffer_free(&other);
	buffer_free(&address);
	buffer_free(&store);
	return (rc);
}

static void
forget_token(struct client * c)
{
	if (c->token != NULL)
		crypto_wipe(c->token, strlen(c->token));
	free(c->token);
	c->token = NULL;
}

static int
open_accounts(struct client * c, struct run * run)
{
	struct buffer store = {0}, address = {0};
	int rc;

	if ((rc = store_path(run, &store, &run->err)) != 0)
		goto err0;
	buffer_printf(&address, "/unix%s/accounts.sock", (char *)store.p);
	buffer_byte(&address, 0);
	rc = address.failed ? error_set(&run->err, ERR_INTERNAL,
	    "out of memory") : open_at(c, (char *)address.p);
	if (rc == -ERR_STREAM_WRITE)
		(void)error_set(&run->err, ERR_STREAM_WRITE, "nobody serves "
		    "accounts at %.100s: start `berty account-daemon`",
		    (char *)address.p);

err0:
	buffer_free(&address);
	buffer_free(&store);
	return (rc);
}

static int
open_client(struct client * c, struct run * run,
    int (*open_near)(struct client * c, struct run * run))
{
	const char * at = flags_text(&run->flags, "node.remote-addr");
	int rc;

	c->run = run;
	c->grpc = NULL;
	c->token = NULL;
	/* A socket file asks for no token. */
	if (at == NULL || *at == '\0')
		return (open_near(c, run));
	rc = read_token(c);
	if (rc == 0)
		rc = open_at(c, at);
	if (rc == -ERR_STREAM_WRITE)
		(void)error_set(&run->err, ERR_STREAM_WRITE, "no node answers "
		    "at %.100s: start one with `berty daemon -node.listeners "
		    "…`, or leave -node.remote-addr out", at);
	if (rc != 0)
		forget_token(c);
	return (rc);
}

int
client_open(struct client * c, struct run * run)
{
	return (open_client(c, run, open_default));
}

int
client_open_accounts(struct client * c, struct run * run)
{
	return (open_client(c, run, open_accounts));
}

void
client_close(struct client * c)
{
	if (c->grpc != NULL)
		grpc_client_close(c->grpc);
	c->grpc = NULL;
	forget_token(c);
}

int
client_call(struct client * c, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply)
{
	error_clear(&c->run->err);
	return (grpc_client_call(c->grpc, SERVICE, method, request, type,
	    reply, CALL_MS, &c->run->err));
}

int
client_do(struct client * c, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type)
{
	void * reply;
	int rc;

	if ((rc = client_call(c, method, request, type, &reply)) == 0)
		protobuf_free(reply);
	return (rc);
}

int
client_activate(struct client * c, struct slice group_pk)
{
	PB(ActivateGroup__Request) request =
	    PB_INIT(ACTIVATE_GROUP__REQUEST);

	request.group_pk = protobuf_bytes(group_pk);
	return (client_do(c, "ActivateGroup", &request,
	    PB_TYPE(activate_group__reply)));
}

/* Does the chain say that the group is closed? */
static bool
group_closed(const struct error * err)
{
	return (err->n > 0 && (err->code[0] == ERR_GROUP_MISSING ||
	    err->code[0] == ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID));
}

int
client_call_group(struct client * c, struct slice group_pk,
    const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply)
{
	int rc = client_call(c, method, request, type, reply);

	if (rc != 0 && group_closed(&c->run->err) &&
	    (rc = client_activate(c, group_pk)) == 0)
		rc = client_call(c, method, request, type, reply);
	return (rc);
}

int
client_stream(struct client * c, struct slice group_pk, const char * method,
    const void * message, const ProtobufCMessageDescriptor * type,
    int (*each)(void * user, const void * reply), void * user)
{
	struct grpc_client_request request = {
		.service = SERVICE, .method = method, .reply = type,
		.message = message, .each = each, .user = user,
	};
	int rc;

	error_clear(&c->run->err);
	rc = grpc_client_run(c->grpc, &request, &c->run->err);
	if (rc != 0 && group_pk.n > 0 && group_closed(&c->run->err) &&
	    (rc = client_activate(c, group_pk)) == 0) {
		error_clear(&c->run->err);
		rc = grpc_client_run(c->grpc, &request, &c->run->err);
	}
	return (rc);
}
