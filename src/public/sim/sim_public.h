/* sim_public.h: what the files of the public simulator share. */
#ifndef BERTY_PUBLIC_SIM_SIM_PUBLIC_H
#define BERTY_PUBLIC_SIM_SIM_PUBLIC_H

#include <sqlite3.h>

#include "base/error.h"
#include "berty/sim.h"
#include "world/sim/sim.h"

struct berty_sim_node {
	struct world * w;
	struct berty_world world;
	struct berty_storage storage;
	sqlite3_vfs * disk;
	struct world_timer alarm;
	void (*ring)(void * arg);
	void * ring_arg;
	struct list place;        /* in the simulation */
};

static inline struct berty_address
public_address(const struct world_address * a)
{
	struct berty_address to = {.v6 = a->v6, .port = a->port,
	    .zone = a->zone};

	memcpy(to.ip, a->ip, sizeof(to.ip));
	return (to);
}

static inline struct world_address
house_address(const struct berty_address * a)
{
	struct world_address to = {.v6 = a->v6, .port = a->port,
	    .zone = a->zone};

	memcpy(to.ip, a->ip, sizeof(to.ip));
	return (to);
}

/* Fill their part of the node's tables. */
void sim_public_sockets(struct berty_sim_node * node);
void sim_public_storage(struct berty_sim_node * node);

#endif /* !BERTY_PUBLIC_SIM_SIM_PUBLIC_H */
