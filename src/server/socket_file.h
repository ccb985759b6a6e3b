/* socket_file.h: sockets that are files, for a server to listen on. */
#ifndef BERTY_SERVER_SOCKET_FILE_H
#define BERTY_SERVER_SOCKET_FILE_H

#include "base/error.h"

/*
 * Bind a socket to a path, mode 0600, its folder made with 0700 if missing.  A
 * file left behind by a server that is gone is replaced; one that answers is
 * not (-ERR_INVALID_INPUT).  What the system refuses is -ERR_INTERNAL.
 */
int socket_file_bind(const char * path, int * fd, struct error * err);

#endif /* !BERTY_SERVER_SOCKET_FILE_H */
