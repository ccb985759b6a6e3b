/* restore.h: a node that begins with the archive of an account. */
#ifndef BERTY_DAEMON_RESTORE_H
#define BERTY_DAEMON_RESTORE_H

#include "berty/daemon.h"
#include "node/node.h"

/*
 * Open the node, with the archive that the options name, if they do.  Errors of
 * node_open; -ERR_STREAM_READ: there is no such file.
 */
int restore_or_open(struct world * w, const struct logger * log,
    const struct berty_daemon_options * o, struct node_config * config,
    struct node ** node, struct error * err);

#endif /* !BERTY_DAEMON_RESTORE_H */
