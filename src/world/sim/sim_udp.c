/* sim_udp.c: datagrams between nodes: lost, late or twice, as the link says. */
#include <stdlib.h>

#include "world/sim/sim_impl.h"

/* A datagram that was overtaken comes this much later, microseconds. */
#define OVERTAKEN 50000

/* The one link that every node is on, and the bits that name it. */
enum { LINK = 1, PREFIX = 8 };

struct world_udp {
	struct node * node;
	struct world_address at;
	bool joined;              /* hears the group `at` */
	void (*received)(void * user, const struct world_address * from,
	    struct slice bytes);
	void * user;
	uint64_t heard;           /* number of the last packet it was given */
	struct list place;
};

/* A datagram on its way to a node, whatever is there when it arrives. */
struct packet {
	struct event event;
	struct node * source;
	struct node * target;
	struct world_address from, to;
	struct list place;
	size_t n;
	uint8_t bytes[];
};

static bool
is_group(const struct world_address * at)
{
	return (!at->v6 && at->ip[0] >> 4 == 14);
}

static bool
hears(const struct world_udp * udp, const struct packet * p)
{
	if (udp->at.port != p->to.port || udp->joined != is_group(&p->to))
		return (false);
	return (!udp->joined || memcmp(udp->at.ip, p->to.ip, 4) == 0);
}

/* A socket that has not heard the packet; callbacks may close any of them. */
static struct world_udp *
next_hearer(struct packet * p)
{
	struct world_udp * udp;
	struct list * at, * next;

	list_each(at, next, &p->target->udps) {
		udp = list_entry(at, struct world_udp, place);
		if (udp->heard != p->source->sim->packet && hears(udp, p))
			return (udp);
	}
	return (NULL);
}

static void
packet_free(struct packet * p)
{
	event_stop(p->source->sim, &p->event);
	list_remove(&p->place);
	free(p);
}

static void
arrived(struct event * event)
{
	struct packet * p = list_entry(event, struct packet, event);
	struct sim * sim = p->source->sim;
	struct slice bytes = slice_of(p->bytes, p->n);
	struct world_udp * udp;

	sim->packet++;
	while (p->target->alive && !link_cut(sim, p->source, p->target) &&
	    (udp = next_hearer(p)) != NULL) {
		udp->heard = sim->packet;
		fingerprint(sim, bytes);
		udp->received(udp->user, &p->from, bytes);
	}
	packet_free(p);
}

static uint64_t
travel(struct sim * sim, const struct sim_link * link, size_t n)
{
	uint64_t us = link->latency_ms * UINT64_C(1000) +
	    dice_below(&sim->dice, link->jitter_ms * UINT64_C(1000) + 1);

	if (link->bytes_per_ms > 0)
		us += n * 1000 / link->bytes_per_ms;
	if (dice_chance(&sim->dice, link->reorder))
		us += OVERTAKEN;
	return (us);
}

static void
put(struct world_udp * udp, struct node * target,
    const struct world_address * to, struct slice bytes, uint64_t us)
{
	struct sim * sim = udp->node->sim;
	struct packet * p;

	if ((p = calloc(1, sizeof(*p) + bytes.n)) == NULL)
		abort();
	p->event.fire = arrived;
	p->source = udp->node;
	p->target = target;
	p->from = sim_address(&udp->node->world);
	p->from.port = udp->at.port;
	p->to = *to;
	p->n = bytes.n;
	if (bytes.n > 0)
		memcpy(p->bytes, bytes.p, bytes.n);
	if (target != udp->node && bytes.n > 0 && dice_chance(&sim->dice,
	    link_between(sim, udp->node, target)->corrupt))
		p->bytes[dice_below(&sim->dice, bytes.n)] ^=
		    (uint8_t)(1 + dice_below(&sim->dice, 255));
	list_append(&sim->packets, &p->place);
	if (event_in(sim, &p->event, us) != 0)
		abort();
}

/* To oneself nothing is lost. */
static void
send_to(struct world_udp * udp, struct node * target,
    const struct world_address * to, struct slice bytes)
{
	struct sim * sim = udp->node->sim;
	const struct sim_link * link = link_between(sim, udp->node, target);

	if (target == udp->node) {
		put(udp, target, to, bytes, 0);
		return;
	}
	if (link_cut(sim, udp->node, target) ||
	    dice_chance(&sim->dice, link->loss))
		return;
	put(udp, target, to, bytes, travel(sim, link, bytes.n));
	if (dice_chance(&sim->dice, link->duplicate))
		put(udp, target, to, bytes, travel(sim, link, bytes.n));
}

int
sim_udp_send(struct world_udp * udp, const struct world_address * to,
    struct slice bytes)
{
	struct sim * sim = udp->node->sim;
	struct node * target;
	size_t i;

	if (!udp->node->alive || to->v6 || bytes.n > WORLD_UDP_MAX)
		return (-ERR_STREAM_WRITE);
	if (is_group(to)) {
		for (i = 0; i < sim->n; i++)
			send_to(udp, sim->nodes[i], to, bytes);
	} else if ((target = node_at(sim, to)) != NULL) {
		send_to(udp, target, to, bytes);
	}
	return (0);
}

static bool
is_taken(const struct node * node, uint16_t port)
{
	const struct world_udp * udp;
	const struct list * at;

	for (at = node->udps.next; at != &node->udps; at = at->next) {
		udp = list_entry(at, const struct world_udp, place);
		if (!udp->joined && udp->at.port == port)
			return (true);
	}
	return (false);
}

int
sim_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound)
{
	struct node * node = node_of(w);
	bool joined = config->link != 0;
	struct world_udp * u;

	if (!node->alive || config->at.v6 ||
	    (joined && (config->link != LINK || !is_group(&config->at))) ||
	    (!joined && config->at.port != 0 &&
	        is_taken(node, config->at.port)))
		return (-ERR_STREAM_READ);
	if ((u = calloc(1, sizeof(*u))) == NULL)
		return (-ERR_INTERNAL);
	u->node = node;
	u->at = config->at;
	if (u->at.port == 0)
		u->at.port = ++node->port;
	u->joined = joined;
	u->received = received;
	u->user = user;
	list_append(&node->udps, &u->place);
	if (bound != NULL)
		*bound = u->at;
	*udp = u;
	return (0);
}

void
sim_udp_close(struct world_udp * udp)
{
	list_remove(&udp->place);
	free(udp);
}

size_t
sim_udp_links(struct world * w, struct world_link * list, size_t max)
{
	if (max == 0)
		return (0);
	list[0] = (struct world_link){.index = LINK, .at = sim_address(w),
	    .prefix = PREFIX};
	return (1);
}

void
udp_die(struct node * node)
{
	while (!list_empty(&node->udps))
		sim_udp_close(list_entry(node->udps.next, struct world_udp,
		    place));
}

void
udp_free(struct sim * sim)
{
	while (!list_empty(&sim->packets))
		packet_free(list_entry(sim->packets.next, struct packet,
		    place));
}
