/*
 * served.h: a node and its service: one account that is open, on the loop of a
 * world that several may share.
 */
#ifndef BERTY_DAEMON_SERVED_H
#define BERTY_DAEMON_SERVED_H

#include "base/error.h"
#include "base/logger.h"
#include "berty/daemon.h"
#include "world/web.h"
#include "world/world.h"

struct node;
struct served;

/*
 * Open the node and serve it; w is of world_os; web and log outlive it, options
 * only this call.  opened (may be NULL) is called from the loop when all that
 * opening wrote is on disk (0), or will never be; not after served_stop.
 *
 * Fails with what is wrong in err; then too, *served (unless NULL) is to be
 * stopped.
 */
int served_open(struct world * w, struct web * web, const struct logger * log,
    const struct berty_daemon_options * options,
    void (*opened)(void * user, int status), void * user,
    struct served ** served, struct error * err);

/*
 * Listen no more, let calls end for at most drain_ms, close the node, free, and
 * call done (may be NULL) from the loop.
 */
void served_stop(struct served * s, uint64_t drain_ms,
    void (*done)(void * user), void * user);

/* Read tokens and certificates again. */
void served_reload(struct served * s);

/* The node, for who shares the process. */
struct node * served_node(struct served * s);

/* Why it takes no changes; "" when it does. */
const char * served_failure(const struct served * s);

/* What there is to say; borrowed during the call of `tell`. */
void served_tell(struct served * s,
    void (*tell)(void * user, const struct berty_daemon_info * info),
    void * user);

/* Where it listens: the i-th address, or NULL. */
const char * served_address(const struct served * s, size_t i);

#endif /* !BERTY_DAEMON_SERVED_H */
