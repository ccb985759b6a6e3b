/* client.h: calls to the node that runs. */
#ifndef BERTY_CMD_CLIENT_H
#define BERTY_CMD_CLIENT_H

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "command.h"
#include "codec/protobuf.h"

struct grpc_client;

/* Names that protobuf-c gives: PB(Group), PB_INIT(GROUP). */
#define PB(name) Berty__Protocol__V1__##name
#define PB_INIT(name) BERTY__PROTOCOL__V1__##name##__INIT
#define PB_TYPE(name) (&berty__protocol__v1__##name##__descriptor)

struct client {
	struct run * run;       /* errors go to its err */
	struct grpc_client * grpc;
	char address[300];      /* where the node was found */
	char * token;           /* for nodes reached over TCP; or NULL */
};

/*
 * Where the store is, and where the socket of a node with no store: both are
 * made absolute, in out, with a NUL.  INTERNAL when neither HOME nor
 * XDG_CONFIG_HOME is set.
 */
int store_path(const struct run * run, struct buffer * out,
    struct error * err);
void volatile_socket(struct buffer * out);

/* Find the node and connect; STREAM_WRITE with advice when there is none. */
int client_open(struct client * c, struct run * run);

/* The same for the service of accounts: its socket is accounts.sock. */
int client_open_accounts(struct client * c, struct run * run);
void client_close(struct client * c);

/* A unary call; *reply is the caller's (protobuf_free). */
int client_call(struct client * c, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply);

/* A unary call whose answer says nothing. */
int client_do(struct client * c, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type);

/* A unary call about a group: one that is closed is activated first. */
int client_call_group(struct client * c, struct slice group_pk,
    const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply);

int client_activate(struct client * c, struct slice group_pk);

/*
 * A call with a stream of replies; each may end it by a value other than 0,
 * which is returned.  For a closed group (group_pk, or empty: none) as above.
 */
int client_stream(struct client * c, struct slice group_pk,
    const char * method, const void * request,
    const ProtobufCMessageDescriptor * type,
    int (*each)(void * user, const void * reply), void * user);

#endif /* !BERTY_CMD_CLIENT_H */
