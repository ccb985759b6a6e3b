/* signals.h: a process is told to stop, or to read its files again. */
#ifndef BERTY_DAEMON_SIGNALS_H
#define BERTY_DAEMON_SIGNALS_H

#include <uv.h>

#include "base/error.h"
#include "world/world.h"

/* Zero bytes are none.  The handles stay until the world is freed. */
struct signals {
	uv_signal_t handles[3];
	unsigned open;
	void (*caught)(void * user, int number);
	void * user;
};

/*
 * Call caught from the loop for each SIGINT and SIGTERM; for SIGHUP too when
 * hangup says so.  w is of world_os.  0 or -ERR_INTERNAL; signals_end either
 * way, before world_os_free.
 */
int signals_watch(struct signals * s, struct world * w, bool hangup,
    void (*caught)(void * user, int number), void * user, struct error * err);
void signals_end(struct signals * s);

#endif /* !BERTY_DAEMON_SIGNALS_H */
