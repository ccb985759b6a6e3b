#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int
open_at(struct client * c, const char * address)
{
	(void)snprintf(c->address, sizeof(c->address), "%s", address);
	return (grpc_client_open(&c->grpc, address, CONNECT_MS,
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

int
client_open(struct client * c, struct run * run)
{
	const char * at = flags_text(&run->flags, "node.remote-addr");
	int rc;

	c->run = run;
	c->grpc = NULL;
	if (at == NULL || *at == '\0')
		return (open_default(c, run));
	rc = open_at(c, at);
	if (rc == -ERR_STREAM_WRITE)
		(void)error_set(&run->err, ERR_STREAM_WRITE, "no node answers "
		    "at %.100s: start one with `berty daemon -node.listeners "
		    "…`, or leave -node.remote-addr out", at);
	return (rc);
}

void
client_close(struct client * c)
{
	if (c->grpc != NULL)
		grpc_client_close(c->grpc);
	c->grpc = NULL;
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
