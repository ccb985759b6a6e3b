/*
 * os_udp.c: UDP sockets.  A socket for multicast is bound to the group itself
 * and hears one link alone, so that it takes nothing from other programs that
 * hold the same port, and its owner knows by which link a datagram came.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "world/os/os_impl.h"

/* How far multicast may go: a receiver can tell that it came from no router. */
#define HOPS 255

struct world_udp {
	struct os * os;
	uv_udp_t handle;
	void (*received)(void * user, const struct world_address * from,
	    struct slice bytes);
	void * user;
	bool closed;
	struct list place;
};

static void
freed(uv_handle_t * handle)
{
	struct world_udp * udp = handle->data;

	list_remove(&udp->place);
	free(udp);
}

static void
allocate(uv_handle_t * handle, size_t suggested, uv_buf_t * buf)
{
	struct world_udp * udp = handle->data;

	(void)suggested;
	*buf = uv_buf_init(udp->os->read, READ_SIZE);
}

static void
arrived(uv_udp_t * handle, ssize_t n, const uv_buf_t * buf,
    const struct sockaddr * source, unsigned flags)
{
	struct world_udp * udp = handle->data;
	struct world_address from;

	if (n < 0 || source == NULL || (flags & UV_UDP_PARTIAL) != 0 ||
	    udp->closed || !os_address_from(source, &from))
		return;
	udp->received(udp->user, &from, slice_of(buf->base, (size_t)n));
}

static int
set(int fd, int level, int name, int value)
{
	return (setsockopt(fd, level, name, &value, sizeof(value)));
}

/* The link's IPv4 address: where there is no other, none would be sent from. */
static struct in_addr
source_on(struct os * os, uint32_t index)
{
	struct world_link links[64];
	struct in_addr source = {0};
	size_t i, n = os_links(&os->world, links, 64);

	for (i = 0; i < n; i++)
		if (links[i].index == index && !links[i].at.v6) {
			memcpy(&source, links[i].at.ip, 4);
			break;
		}
	return (source);
}

static int
join4(struct os * os, int fd, const struct world_udp_config * config)
{
	struct ip_mreqn group = {0};

	memcpy(&group.imr_multiaddr, config->at.ip, 4);
	group.imr_ifindex = (int)config->link;
	group.imr_address = source_on(os, config->link);
#ifdef IP_MULTICAST_ALL
	(void)set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
#endif
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
	    sizeof(group)) != 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group,
	    sizeof(group)) != 0 ||
	    set(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOPS) != 0 ||
	    set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1) != 0)
		return (-ERR_STREAM_READ);
	/* Answers to a single peer must not seem to come from afar either. */
	(void)set(fd, IPPROTO_IP, IP_TTL, HOPS);
	return (0);
}

static int
join6(int fd, const struct world_udp_config * config)
{
	struct ipv6_mreq group = {.ipv6mr_interface = config->link};

	memcpy(&group.ipv6mr_multiaddr, config->at.ip, 16);
#ifdef IPV6_MULTICAST_ALL
	(void)set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
#endif
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group,
	    sizeof(group)) != 0 ||
	    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)config->link) != 0 ||
	    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS) != 0 ||
	    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1) != 0)
		return (-ERR_STREAM_READ);
	(void)set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS);
	return (0);
}

/* What is too long for the way is lost rather than cut up.  RFC 9000 §14. */
static void
forbid_fragments(int fd, bool v6)
{
#ifdef IP_PMTUDISC_PROBE
	if (v6)
		(void)set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
		    IPV6_PMTUDISC_PROBE);
	else
		(void)set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
#else
	(void)fd;
	(void)v6;
#endif
}

static int
bind_to(struct world_udp * udp, const struct world_udp_config * config)
{
	struct world_address at = config->at;
	struct sockaddr_storage address;
	unsigned flags = at.v6 ? UV_UDP_IPV6ONLY : 0;
	uv_os_fd_t fd;

	if (config->link != 0) {
		flags |= UV_UDP_REUSEADDR;
		at.zone = at.v6 ? config->link : 0;
	}
	os_address_to(&at, &address);
	if (uv_udp_bind(&udp->handle, (const struct sockaddr *)&address,
	    flags) != 0 || uv_fileno((uv_handle_t *)&udp->handle, &fd) != 0)
		return (-ERR_STREAM_READ);
	if (config->link == 0) {
		forbid_fragments(fd, at.v6);
		return (0);
	}
	return (at.v6 ? join6(fd, config) : join4(udp->os, fd, config));
}

static int
name_of(struct world_udp * udp, struct world_address * bound)
{
	struct sockaddr_storage address = {0};
	int size = sizeof(address);

	if (bound == NULL)
		return (0);
	if (uv_udp_getsockname(&udp->handle, (struct sockaddr *)&address,
	    &size) != 0 ||
	    !os_address_from((const struct sockaddr *)&address, bound))
		return (-ERR_STREAM_READ);
	return (0);
}

int
os_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound)
{
	struct world_udp * u;
	int status;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		return (-ERR_INTERNAL);
	if (uv_udp_init_ex(&os_of(w)->loop, &u->handle,
	    config->at.v6 ? AF_INET6 : AF_INET) != 0) {
		free(u);
		return (-ERR_STREAM_READ);
	}
	u->os = os_of(w);
	u->handle.data = u;
	u->received = received;
	u->user = user;
	list_append(&u->os->udps, &u->place);
	if ((status = bind_to(u, config)) != 0 ||
	    (status = name_of(u, bound)) != 0)
		goto err0;
	if (uv_udp_recv_start(&u->handle, allocate, arrived) != 0) {
		status = -ERR_STREAM_READ;
		goto err0;
	}
	*udp = u;
	return (0);

err0:
	os_udp_close(u);
	return (status);
}

int
os_udp_send(struct world_udp * udp, const struct world_address * to,
    struct slice bytes)
{
	struct sockaddr_storage address;
	uv_buf_t buf;

	if (udp->closed || bytes.n > WORLD_UDP_MAX)
		return (-ERR_STREAM_WRITE);
	os_address_to(to, &address);
	buf = uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned)bytes.n);
	if (uv_udp_try_send(&udp->handle, &buf, 1,
	    (const struct sockaddr *)&address) < 0)
		return (-ERR_STREAM_WRITE);
	return (0);
}

void
os_udp_close(struct world_udp * udp)
{
	if (udp->closed)
		return;
	udp->closed = true;
	uv_close((uv_handle_t *)&udp->handle, freed);
}

void
os_udp_close_all(struct os * os)
{
	struct list * at, * next;

	list_each(at, next, &os->udps)
		os_udp_close(list_entry(at, struct world_udp, place));
}
