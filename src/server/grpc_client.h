/*
 * grpc_client.h: a small blocking gRPC client for the command line, over a
 * unix socket or TCP, with TLS or without.  One call at a time; no event loop.
 */
#ifndef BERTY_SERVER_GRPC_CLIENT_H
#define BERTY_SERVER_GRPC_CLIENT_H

#include <signal.h>

#include "base/error.h"
#include "codec/protobuf.h"
#include "server/grpc.h"

struct grpc_client;

/*
 * Connect to `/unix/<path>`, `/ip4/<address>/tcp/<port>[/grpc]` or
 * `<host>:<port>` within timeout_ms (0: as the system does).  0,
 * -ERR_INVALID_INPUT (the address), or -ERR_STREAM_WRITE (nobody there).
 */
int grpc_client_open(struct grpc_client ** client, const char * address,
    uint64_t timeout_ms, struct error * err);
void grpc_client_close(struct grpc_client * client);

/* How to get in; borrowed while it is opened. */
struct grpc_client_options {
	const char * token;    /* shown over TCP; NULL: none */
	const char * tls_pin;  /* the fingerprint of the one certificate that
	                        * is trusted; or NULL, and then by those in */
	const char * tls_ca;   /* this PEM file; NULL: those of the system */
};

/*
 * The same, options NULL meaning none of them.  With `/tls` behind the port,
 * over TLS.  Also -ERR_INVALID_INPUT: a server that is not trusted, a token
 * that would be sent in clear to another machine; and -ERR_STREAM_READ: no TLS
 * is spoken there.
 */
int grpc_client_open_with(struct grpc_client ** client, const char * address,
    const struct grpc_client_options * options, uint64_t timeout_ms,
    struct error * err);

/* One call; members not needed are zero. */
struct grpc_client_request {
	const char * service;  /* "berty.protocol.v1.ProtocolService" */
	const char * method;   /* "GroupInfo" */
	const ProtobufCMessageDescriptor * reply;
	/* The one message to send; or, for a client stream, NULL and */
	const void * message;
	/* this, which gives the next one (kept until called again), or NULL. */
	const void * (*next)(void * user);
	/*
	 * Each reply as it comes; freed afterwards.  Non-zero ends the call,
	 * which then returns that value.
	 */
	int (*each)(void * user, const void * reply);
	void * user;
	uint64_t timeout_ms;   /* for the whole call; 0: none */
	/* Set by a signal handler to end the call; looked at all the time. */
	const volatile sig_atomic_t * stop;
};

/*
 * Run a call to its end.  0 when its status is OK.  Otherwise err is the chain
 * that the server sent, or one code near the status, and the negative of its
 * first code is returned.  A lost connection, a passed timeout and `stop` are
 * -ERR_STREAM_READ (see grpc_client_status).
 */
int grpc_client_run(struct grpc_client * client,
    const struct grpc_client_request * request, struct error * err);

/*
 * A unary call: *reply is the caller's (protobuf_free).  Also
 * -ERR_DESERIALIZATION when there was not exactly one.
 */
int grpc_client_call(struct grpc_client * client, const char * service,
    const char * method, const void * message,
    const ProtobufCMessageDescriptor * reply_type, void ** reply,
    uint64_t timeout_ms, struct error * err);

/* The status that the last call ended with. */
enum grpc_status grpc_client_status(const struct grpc_client * client);

#endif /* !BERTY_SERVER_GRPC_CLIENT_H */
