/* mdns_impl.h: what the files of multicast DNS share. */
#ifndef BERTY_P2P_MDNS_IMPL_H
#define BERTY_P2P_MDNS_IMPL_H

#include "p2p/mdns_found.h"
#include "p2p/mdns_service.h"

enum {
	MDNS_PORT = 5353,
	MDNS_LINKS_MAX = 64,      /* addresses of links looked at */
};

/* A link of one family: a socket that is in its group. */
struct mdns_link {
	struct mdns * m;
	uint32_t index;
	bool v6, there;
	struct world_udp * udp;
	unsigned due;             /* what to answer: a set of enum mdns_what */
	uint64_t quiet_until;     /* no answer before */
	uint64_t reply_after;     /* none to a single asker before */
	struct world_timer timer; /* answers what is due */
	struct list place;
};

struct mdns {
	struct host * host;
	struct world * w;
	struct mdns_service service;
	struct mdns_found found;
	struct buffer addresses;  /* as they were last told */
	struct world_link list[MDNS_LINKS_MAX];
	size_t n_list;
	struct list links;
	size_t n_links;
	uint64_t query_ms;        /* the pause after the next query */
	uint64_t look_ms;         /* the one before the next look */
	unsigned announcements;   /* still to be made */
	struct world_timer query, announce, look;
};

/* A number below that one. */
uint32_t mdns_dice(struct mdns * m, uint32_t below);

/* Send to all on the link. */
void mdns_send(struct mdns_link * l, const struct buffer * message);

/* mdns_hear.c: a datagram came (the user is the link); an answer is due. */
void mdns_hear(void * user, const struct world_address * from,
    struct slice message);
void mdns_answer(struct world_timer * timer);

#endif /* !BERTY_P2P_MDNS_IMPL_H */
