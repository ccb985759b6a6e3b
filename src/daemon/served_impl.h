/* served_impl.h: what the files of a served node share. */
#ifndef BERTY_DAEMON_SERVED_IMPL_H
#define BERTY_DAEMON_SERVED_IMPL_H

#include "daemon/front/front.h"
#include "daemon/grpc_api.h"
#include "daemon/libraries.h"
#include "daemon/served.h"
#include "node/node.h"
#include "server/access.h"

struct served {
	const struct logger * log;
	struct world * world;
	struct web * web;
	struct node * node;
	struct access * access;
	struct grpc_server * server;
	struct grpc_api * apis[API_SERVICES_MAX];
	struct front * front;     /* for web pages; NULL: nobody asked for it */
	struct store_commit durable;
	struct node_budgets_of budgets;
	struct node_library libraries[DAEMON_LIBRARIES];
	void (*opened)(void * user, int status);
	void * user;
	void (*stopped)(void * user);
	void * stopped_user;
	bool stopping;
	uint64_t drain_ms;
	struct world_timer end;   /* without a server */
};

#endif /* !BERTY_DAEMON_SERVED_IMPL_H */
