/*
 * replication_api.h: the calls of berty.replication.v1.ReplicationService and
 * weshnet.replication.v1.ReplicationService, the same but for the network whose
 * groups they are for.  Source: services spec §2.
 */
#ifndef BERTY_DAEMON_REPLICATION_API_H
#define BERTY_DAEMON_REPLICATION_API_H

#include "api/call.h"
#include "services/auth_token.h"
#include "services/replication_server.h"

/* What the handlers find in a call as its user. */
struct replication_api {
	struct world * world;
	struct replication_server * server;
	struct auth_verifier verifier;
	char issuer[REPLICA_TEXT_MAX];
};

/* Set the issuer's name from the verifier. */
void replication_api_init(struct replication_api * api);

enum { REPLICATION_API_SERVICES = 2 };
extern const struct api_service
    replication_api_services[REPLICATION_API_SERVICES];

#endif /* !BERTY_DAEMON_REPLICATION_API_H */
