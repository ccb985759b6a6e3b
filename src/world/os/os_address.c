#include "world/os/os_impl.h"

void
os_address_to(const struct world_address * from, struct sockaddr_storage * to)
{
	struct sockaddr_in6 * v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in * v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (from->v6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(from->port);
		memcpy(&v6->sin6_addr, from->ip, 16);
		v6->sin6_scope_id = from->zone;
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(from->port);
		memcpy(&v4->sin_addr, from->ip, 4);
	}
}

bool
os_address_from(const struct sockaddr * from, struct world_address * to)
{
	const struct sockaddr_in6 * v6 = (const void *)from;
	const struct sockaddr_in * v4 = (const void *)from;

	memset(to, 0, sizeof(*to));
	switch (from->sa_family) {
	case AF_INET:
		to->port = ntohs(v4->sin_port);
		memcpy(to->ip, &v4->sin_addr, 4);
		return (true);
	case AF_INET6:
		to->v6 = true;
		to->port = ntohs(v6->sin6_port);
		memcpy(to->ip, &v6->sin6_addr, 16);
		to->zone = v6->sin6_scope_id;
		return (true);
	default:
		return (false);
	}
}
