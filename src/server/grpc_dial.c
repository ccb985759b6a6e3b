#include "server/grpc_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server/grpc_address.h"

/* How long a signal that came just before a wait can go unnoticed. */
#define SLICE_MS 200

uint64_t
grpc_dial_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

static int
slice_ms(uint64_t until, const volatile sig_atomic_t * stop)
{
	uint64_t now = grpc_dial_now();
	uint64_t left = until > now ? until - now : 0;

	if (until == UINT64_MAX)
		return (stop == NULL ? -1 : SLICE_MS);
	if (stop != NULL && left > SLICE_MS)
		return (SLICE_MS);
	return (left > 3600000 ? 3600000 : (int)left);
}

enum grpc_dial_event
grpc_dial_wait(int fd, int also_write, uint64_t until,
    const volatile sig_atomic_t * stop)
{
	struct pollfd p = {.fd = fd,
	    .events = (short)(POLLIN | (also_write ? POLLOUT : 0))};
	int n;

	for (;;) {
		if (stop != NULL && *stop != 0)
			return (GRPC_DIAL_STOPPED);
		n = poll(&p, 1, slice_ms(until, stop));
		if (n > 0)
			return (GRPC_DIAL_READY);
		if (n < 0 && errno != EINTR)
			return (GRPC_DIAL_FAILED);
		if (until != UINT64_MAX && grpc_dial_now() >= until)
			return (GRPC_DIAL_TIMEOUT);
	}
}

/* A socket that does not block and is not inherited. */
static int
make_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd >= 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	}
	return (fd);
}

/* 0, or what errno would say. */
static int
finish_connect(int fd, uint64_t until)
{
	int error = 0;
	socklen_t n = sizeof(error);

	switch (grpc_dial_wait(fd, 1, until, NULL)) {
	case GRPC_DIAL_READY:
		break;
	case GRPC_DIAL_TIMEOUT:
		return (ETIMEDOUT);
	default:
		return (EIO);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		return (errno);
	return (error);
}

/* 0 with *result, or what errno would say. */
static int
connect_to(int family, const struct sockaddr * at, socklen_t n,
    uint64_t until, int * result)
{
	int fd = make_socket(family);
	int status = 0, one = 1;

	if (fd < 0)
		return (errno);
	if (connect(fd, at, n) != 0) {
		status = errno;
		if (status == EINPROGRESS || status == EINTR)
			status = finish_connect(fd, until);
	}
	if (status != 0) {
		(void)close(fd);
		return (status);
	}
	if (family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
	*result = fd;
	return (0);
}

static int
dial_unix(const struct grpc_address * to, uint64_t until, int * fd)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memcpy(at.sun_path, to->path, strlen(to->path) + 1);
	return (connect_to(AF_UNIX, (struct sockaddr *)&at, sizeof(at), until,
	    fd));
}

/* Try the addresses of a name one by one. */
static int
dial_tcp(const struct grpc_address * to, uint64_t until, int * fd)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo * list, * a;
	char port[8];
	int status = EHOSTUNREACH;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)to->port);
	if (getaddrinfo(to->host, port, &hints, &list) != 0)
		return (EHOSTUNREACH);
	for (a = list; a != NULL && status != 0; a = a->ai_next)
		status = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen,
		    until, fd);
	freeaddrinfo(list);
	return (status);
}

int
grpc_dial(const char * address, uint64_t until, int * fd, struct error * err)
{
	struct grpc_address to;
	int status;

	if ((status = grpc_address_parse(address, &to, err)) != 0)
		return (status);
	status = to.local ? dial_unix(&to, until, fd) :
	    dial_tcp(&to, until, fd);
	if (status != 0)
		return (error_set(err, ERR_STREAM_WRITE,
		    "cannot connect to %s: %s", address, strerror(status)));
	return (0);
}
