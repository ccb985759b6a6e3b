/*
 * front.h: the API for web pages and scripts, over HTTP/1.1: gRPC-Web, the same
 * over websockets, JSON; and what monitors ask for.  One more carrier of the
 * calls of api/call.h.
 */
#ifndef BERTY_DAEMON_FRONT_FRONT_H
#define BERTY_DAEMON_FRONT_FRONT_H

#include "api/call.h"
#include "base/budget.h"
#include "base/logger.h"
#include "server/access.h"
#include "world/world.h"

struct front;

/* Zero members mean the default. */
struct front_options {
	struct access * access;   /* who may call; NULL: there are no tokens */
	bool legacy_status;       /* as of gRPC */
	unsigned calls_max;       /* 1,024, websockets without one among them */
	unsigned connections_max; /* of a listener: 256 */
	uint64_t unfinished_max;  /* bytes of requests (64 MiB) */
	uint64_t queued_max;      /* bytes of answers that wait (64 MiB) */
	uint64_t headers_ms;      /* until a websocket has sent its headers
	                           * (20,000) */
};

/*
 * A front on the loop of that world (of world_os), which listens nowhere yet;
 * log may be NULL, and outlives it.  NULL without memory.
 */
struct front * front_new(struct world * w, const struct front_options * options,
    const struct logger * log);

/*
 * Serve the methods of a service: a node's (user NULL), or another's.  The
 * table outlives the front.  -ERR_INTERNAL: no memory, or one is served
 * already.
 */
int front_add(struct front * f, const struct api_service * service,
    struct node * node, void * user);

/* Is that an address for front_listen, not of gRPC itself? */
bool front_serves(const char * address);

/*
 * Listen at an address with /grpcweb, /grpcws or /grpcgw behind it
 * (server/grpc_address.h).  -ERR_INVALID_INPUT with a sentence; -ERR_INTERNAL.
 */
int front_listen(struct front * f, const char * address, struct error * err);

/* The same for /metrics and /healthz alone; the address names no carrier. */
int front_listen_metrics(struct front * f, const char * address,
    struct error * err);

/* The i-th address as it is in truth, or NULL. */
const char * front_address(const struct front * f, size_t i);

/* Tokens or certificate have changed: as grpc_server_recheck. */
void front_recheck(struct front * f);

/* Walk over what clients use up. */
void front_budgets(const struct front * f, const struct budget_walk * walk);

/*
 * Take no more calls, let those that run end for at most drain_ms, cancel the
 * rest, close, free, then call done (may be NULL) from the loop.
 */
void front_stop(struct front * f, uint64_t drain_ms,
    void (*done)(void * user), void * user);

#endif /* !BERTY_DAEMON_FRONT_FRONT_H */
