/* proxy.c: two threads for each connection are enough here. */
#include "proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One way of a connection. */
struct way {
	int from, to;
	atomic_ullong * count;
};

static void *
carry(void * arg)
{
	struct way * way = arg;
	char bytes[65536];
	ssize_t n, done, m;

	while ((n = read(way->from, bytes, sizeof(bytes))) > 0) {
		atomic_fetch_add(way->count, (unsigned long long)n);
		for (done = 0; done < n; done += m)
			if ((m = write(way->to, bytes + done,
			    (size_t)(n - done))) <= 0)
				goto out;
	}
out:
	(void)shutdown(way->to, SHUT_WR);
	free(way);
	return (NULL);
}

static void
start_way(int from, int to, atomic_ullong * count)
{
	struct way * way = malloc(sizeof(*way));
	const int yes = 1;
	pthread_t thread;

	if (way == NULL)
		return;
	*way = (struct way){from, to, count};
	(void)setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (pthread_create(&thread, NULL, carry, way) == 0)
		(void)pthread_detach(thread);
	else
		free(way);
}

static struct sockaddr_in
loopback(unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port)};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (at);
}

static void *
serve(void * arg)
{
	struct proxy * p = arg;
	struct sockaddr_in at = loopback(p->to);
	int in, out;

	while ((in = accept(p->fd, NULL, NULL)) >= 0) {
		out = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(out, (struct sockaddr *)&at, sizeof(at)) != 0) {
			close(in);
			close(out);
			continue;
		}
		start_way(in, out, &p->there);
		start_way(out, in, &p->back);
	}
	return (NULL);
}

int
proxy_start(struct proxy * p, unsigned to)
{
	struct sockaddr_in at = loopback(0);
	socklen_t n = sizeof(at);
	pthread_t thread;

	p->to = to;
	atomic_store(&p->there, 0);
	atomic_store(&p->back, 0);
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&at, n) != 0 ||
	    listen(p->fd, 16) != 0 ||
	    getsockname(p->fd, (struct sockaddr *)&at, &n) != 0)
		return (-1);
	p->port = ntohs(at.sin_port);
	if (pthread_create(&thread, NULL, serve, p) != 0)
		return (-1);
	return (pthread_detach(thread) == 0 ? 0 : -1);
}
