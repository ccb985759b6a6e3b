/* grpc_api.h: carries the calls of the API over gRPC. */
#ifndef BERTY_DAEMON_GRPC_API_H
#define BERTY_DAEMON_GRPC_API_H

#include "api/call.h"
#include "server/grpc.h"

struct grpc_api;

/*
 * Serve n methods of the API on a node.  The result is freed after the server
 * is gone; NULL without memory or when a method is served already.
 */
struct grpc_api * grpc_api_new(struct grpc_server * server,
    struct node * node, const struct api_method * methods, size_t n);
void grpc_api_free(struct grpc_api * api);

#endif /* !BERTY_DAEMON_GRPC_API_H */
