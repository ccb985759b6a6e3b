/* grpc_api.h: carries the calls of the API over gRPC. */
#ifndef BERTY_DAEMON_GRPC_API_H
#define BERTY_DAEMON_GRPC_API_H

#include "api/call.h"
#include "server/grpc.h"

struct grpc_api;

/*
 * Serve a service: a node's (user NULL), or another's (node NULL, user is what
 * its handlers find in the call).  The result is freed after the server is
 * gone; NULL without memory or when a method is served already.
 */
struct grpc_api * grpc_api_new(struct grpc_server * server,
    const struct api_service * service, struct node * node, void * user);
void grpc_api_free(struct grpc_api * api);

#endif /* !BERTY_DAEMON_GRPC_API_H */
