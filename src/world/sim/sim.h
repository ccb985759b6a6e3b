/* sim.h: the simulator as the house sees it: include/berty/sim.h, and ... */
#ifndef BERTY_WORLD_SIM_SIM_H
#define BERTY_WORLD_SIM_SIM_H

#include <stdio.h>

#include "berty/sim.h"
#include "world/world.h"

/* ... where a node is, port 0. */
struct world_address sim_address(struct world * w);

#endif /* !BERTY_WORLD_SIM_SIM_H */
