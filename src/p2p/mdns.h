/*
 * mdns.h: finds libp2p peers in the local network by multicast DNS, and is
 * found: asks for `_p2p._udp.local`, answers for this host, learns the
 * addresses of peers that answer, and connects to them.  Source: libp2p
 * discovery/mdns, RFC 6762; in what both leave open, libp2p/zeroconf.
 *
 * It speaks on every link that carries multicast, IPv4 and IPv6; a host that
 * listens on loopback alone speaks there alone.  What does not come from the
 * link is not heard.
 */
#ifndef BERTY_P2P_MDNS_H
#define BERTY_P2P_MDNS_H

#include "base/budget.h"
#include "p2p/host.h"

/* What peers may use up. */
enum {
	MDNS_FOUND_PER_MINUTE = 60,       /* new peers; others wait to be heard */
	MDNS_FOUND_MAX = 256,             /* peers remembered */
	MDNS_DIALS = 4,                   /* dials at once */
	MDNS_ANSWER_MS = 1000,            /* between two answers on a link */
	MDNS_ADDRESSES_MAX = 16,          /* learnt of a peer from one message */
};

struct mdns;

/*
 * Begin; the host must outlive it, and listens already.  NULL without memory.
 * Links that come and go, and changed addresses, are seen within 15 s.
 */
struct mdns * mdns_new(struct host * h);

/* Say goodbye on every link, and end. */
void mdns_free(struct mdns * m);

/* What peers use up of it. */
void mdns_budgets(const struct mdns * m, const struct budget_walk * walk);

/* Does it hear at least one link? */
bool mdns_active(const struct mdns * m);

#endif /* !BERTY_P2P_MDNS_H */
