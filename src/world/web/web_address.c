/*
 * web_address.c: which addresses are anybody's to name.  What is on this
 * machine or in its own network is reached by who is there, and by nobody who
 * has us ask for him.  Source: IANA's registries of special-purpose addresses.
 */
#include <netinet/in.h>
#include <string.h>

#include "world/web/web_impl.h"

struct range {
	uint8_t at[4];
	unsigned bits;
};

static const struct range own_v4[] = {
	{{0, 0, 0, 0}, 8}, {{10, 0, 0, 0}, 8}, {{100, 64, 0, 0}, 10},
	{{127, 0, 0, 0}, 8}, {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},
	{{192, 0, 0, 0}, 24}, {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15},
	{{224, 0, 0, 0}, 3},
};

static bool
begins(const uint8_t * ip, const uint8_t * with, unsigned bits)
{
	unsigned rest = bits % 8;

	return (memcmp(ip, with, bits / 8) == 0 && (rest == 0 ||
	    (ip[bits / 8] ^ with[bits / 8]) >> (8 - rest) == 0));
}

static bool
is_public_v4(const uint8_t ip[4])
{
	size_t i;

	for (i = 0; i < sizeof(own_v4) / sizeof(own_v4[0]); i++)
		if (begins(ip, own_v4[i].at, own_v4[i].bits))
			return (false);
	return (true);
}

/* Global unicast is 2000::/3; some of it, and what translates, is IPv4. */
static bool
is_public_v6(const uint8_t ip[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t six_to_four[2] = {0x20, 0x02};
	static const uint8_t teredo[4] = {0x20, 0x01};

	if (begins(ip, mapped, 96) || begins(ip, nat64, 96))
		return (is_public_v4(ip + 12));
	if (begins(ip, six_to_four, 16))
		return (is_public_v4(ip + 2));
	return ((ip[0] & 0xe0) == 0x20 && !begins(ip, teredo, 32));
}

bool
web_address_is_public(const struct sockaddr * at)
{
	if (at->sa_family == AF_INET)
		return (is_public_v4((const uint8_t *)&((const struct
		    sockaddr_in *)(const void *)at)->sin_addr));
	if (at->sa_family == AF_INET6)
		return (is_public_v6(((const struct sockaddr_in6 *)(const
		    void *)at)->sin6_addr.s6_addr));
	return (false);
}
