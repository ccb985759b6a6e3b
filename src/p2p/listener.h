/* listener.h: where a host listens. */
#ifndef BERTY_P2P_LISTENER_H
#define BERTY_P2P_LISTENER_H

#include "p2p/host.h"

/* host_listen and host_addresses of host.h live here too. */

void listener_close_all(struct host * h);

#endif /* !BERTY_P2P_LISTENER_H */
