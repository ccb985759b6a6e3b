/* Who is at the other end of a socket file. */
#define _GNU_SOURCE  /* struct ucred */

#include <sys/socket.h>
#include <unistd.h>

#include "server/grpc_internal.h"

bool
grpc_peer_may(int fd)
{
#ifdef SO_PEERCRED
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
		return (false);
	return (who.uid == geteuid() || who.uid == 0);
#else
	(void)fd;
	return (true);
#endif
}
