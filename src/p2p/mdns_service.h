/*
 * mdns_service.h: what this host says of itself by multicast DNS: which
 * questions are for it, and the answers.  For mdns.c only.
 */
#ifndef BERTY_P2P_MDNS_SERVICE_H
#define BERTY_P2P_MDNS_SERVICE_H

#include "codec/multiaddr.h"
#include "p2p/mdns_message.h"
#include "world/world.h"

/* What there is to answer. */
enum mdns_what {
	MDNS_BROWSE = 1,          /* who offers the service? */
	MDNS_LOOKUP = 2,          /* what is there to know of this host? */
	MDNS_META = 4,            /* which services are there? */
};

/* Seconds that records are good for; those of IP addresses. */
enum { MDNS_TTL = 3200, MDNS_TTL_IP = 120 };

struct mdns_service {
	struct mdns_name service, meta, instance, host;
	struct buffer text;       /* data of the TXT record */
	struct buffer ip4, ip6;   /* of the A and AAAA record; or empty */
};

/* With a random name, and no address. */
void mdns_service_init(struct mdns_service * s, struct world * w);
void mdns_service_free(struct mdns_service * s);

/*
 * Take the addresses (as host_addresses gives them, with the peer): those of
 * IP, as many as go into one packet, the ones of loopback last.
 */
void mdns_service_set(struct mdns_service * s, struct slice addresses);

/* Is it an IP address of the machine itself? */
bool mdns_is_loopback(const struct multiaddr_part * ip);

/* Is there anything to say? */
bool mdns_service_ready(const struct mdns_service * s);

/* A set of enum mdns_what; 0: the question is for others. */
unsigned mdns_service_asked(const struct mdns_service * s,
    const struct mdns_question * q);

/*
 * The part of `what` that an answer record of the asker's says it knows.
 * Source: RFC 6762 §7.1.
 */
unsigned mdns_service_known(const struct mdns_service * s,
    const struct mdns_record * r);

/* Append the question that finds peers. */
void mdns_service_query(const struct mdns_service * s, struct buffer * out);

/* Append an answer to all; flush: we tell it unasked; ttl 0: a goodbye. */
void mdns_service_answer(const struct mdns_service * s, struct buffer * out,
    unsigned what, uint32_t ttl, bool flush);

/* Append the answer to one that does not speak multicast.  RFC 6762 §6.7. */
void mdns_service_reply(const struct mdns_service * s, struct buffer * out,
    unsigned what, uint16_t id, const struct mdns_question * q);

#endif /* !BERTY_P2P_MDNS_SERVICE_H */
