/* libraries.h: the libraries that a daemon runs with beside those of a node. */
#ifndef BERTY_DAEMON_LIBRARIES_H
#define BERTY_DAEMON_LIBRARIES_H

#include "node/node.h"

enum { DAEMON_LIBRARIES = 3 };

/* Fill the list; the last has no name. */
void daemon_libraries(struct node_library list[DAEMON_LIBRARIES]);

#endif /* !BERTY_DAEMON_LIBRARIES_H */
