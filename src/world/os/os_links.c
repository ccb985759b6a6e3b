/* os_links.c: the interfaces that carry multicast, and their addresses. */
#define _DEFAULT_SOURCE
#include <ifaddrs.h>
#include <net/if.h>

#include "world/os/os_impl.h"

/* Bits set at the front of a mask. */
static uint8_t
bits_of(const uint8_t * mask, size_t n)
{
	uint8_t bits = 0;

	while (bits < n * 8 && (mask[bits / 8] >> (7 - bits % 8) & 1) != 0)
		bits++;
	return (bits);
}

static uint8_t
prefix_of(const struct sockaddr * mask, bool v6)
{
	struct world_address a;

	/* Some systems leave the mask's family open. */
	if (mask == NULL || !os_address_from(mask, &a) || a.v6 != v6)
		return (v6 ? 128 : 32);
	return (bits_of(a.ip, v6 ? 16 : 4));
}

static bool
link_of(const struct ifaddrs * i, struct world_link * link)
{
	*link = (struct world_link){0};
	if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
	    (i->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) == 0 ||
	    !os_address_from(i->ifa_addr, &link->at))
		return (false);
	link->at.port = 0;
	link->index = if_nametoindex(i->ifa_name);
	link->prefix = prefix_of(i->ifa_netmask, link->at.v6);
	link->loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
	return (link->index != 0);
}

size_t
os_links(struct world * w, struct world_link * list, size_t max)
{
	struct ifaddrs * found, * i;
	size_t n = 0;

	(void)w;
	if (getifaddrs(&found) != 0)
		return (0);
	for (i = found; i != NULL && n < max; i = i->ifa_next)
		if (link_of(i, &list[n]))
			n++;
	freeifaddrs(found);
	return (n);
}
