/* swarm.h: hosts in the simulator, for tests of what stands on them. */
#ifndef BERTY_TEST_SWARM_H
#define BERTY_TEST_SWARM_H

#include "p2p/host.h"
#include "world/sim/sim.h"

#define SWARM_MAX 24

struct swarm_node {
	struct world * w;
	struct ed25519_key key;
	struct peer_id id;
	struct host * h;
};

struct swarm {
	struct sim * sim;
	size_t n;
	struct swarm_node nodes[SWARM_MAX];
};

/* n hosts, each listening on port 4001; nobody is connected. */
void swarm_start(struct swarm * s, uint64_t seed, size_t n);

/* Free all; what stands on the hosts must be gone. */
void swarm_stop(struct swarm * s);

/* Node a dials node b. */
void swarm_dial(struct swarm * s, size_t a, size_t b);

/* Dial, and wait until both are connected and identified (500 ms). */
void swarm_connect(struct swarm * s, size_t a, size_t b);

#endif /* !BERTY_TEST_SWARM_H */
