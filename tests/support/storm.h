/*
 * storm.h: random users on random nodes, disks and wires, and what must hold
 * when the weather is good again.
 *
 * A storm is a fleet whose users write, make, join and leave groups, let them
 * rest and wake them, and become contacts, while nodes are closed, killed and
 * crash, disks fail and fill, the network falls apart and clocks jump.  What
 * was acknowledged is remembered.  In the end all is mended, everybody comes
 * back, and it must all be there, on all nodes, and no key used twice.
 *
 * Everything is drawn from the seed: the same seed is the same storm.
 */
#ifndef BERTY_TEST_STORM_H
#define BERTY_TEST_STORM_H

#include "support/fleet.h"

#define STORM_NODES 16
#define STORM_GROUPS 48

struct storm_config {
	uint64_t seed;            /* unless the environment has BERTY_SEED */
	size_t nodes;             /* 0: 2 to 6, as the seed has it */
	uint64_t ms;              /* how long it lasts, virtual time */
};

/* What came of it. */
struct storm_report {
	uint64_t seed;
	size_t nodes, groups;
	unsigned calls, acknowledged, lives, faults;
	uint64_t ms;              /* virtual time, with the mending */
};

/* A storm and the check after it: a failed check ends the cmocka test. */
void storm(const struct storm_config * config, struct storm_report * report);

#endif /* !BERTY_TEST_STORM_H */
