/*
 * fleet.h: whole nodes in the simulator, each on a disk of its own, driven
 * through the calls of the API as a user's program would.
 *
 * Node i listens on port 4001 of the address 10.0.0.(i + 1) and keeps the peers
 * it is wired to connected.  A failed check prints the seed that replays it.
 */
#ifndef BERTY_TEST_FLEET_H
#define BERTY_TEST_FLEET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/call.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "node/node.h"
#include "support/fake_web.h"
#include "world/sim/sim.h"

#define FLEET_MAX 128

/* The generated names, without their prefix. */
#define API(name) Berty__Protocol__V1__##name
#define API_INIT(name) BERTY__PROTOCOL__V1__##name##__INIT

struct fleet_config {
	size_t n;
	/* Does node `from` keep node `to` connected?  NULL: the later one
	 * keeps the earlier one. */
	bool (*wired)(size_t from, size_t to);
	bool by_hand;             /* groups are activated by calls only */
	bool web;                 /* servers can be asked: nodes[i].web */
	bool near;                /* mDNS and local records; nobody is wired */
	const struct network * network; /* NULL: berty-v1 */
	/* Of a node, as `-network` takes them; NULL: the one above. */
	const char * networks[FLEET_MAX];
	struct attachments_config attachments[FLEET_MAX]; /* of a node */
	/* Of a node: the name of its store (NULL: "store"), and the archive
	 * that a store without an account begins with; or NULL. */
	const char * stores[FLEET_MAX];
	const struct node_restore * restores[FLEET_MAX];
};

struct fleet_node {
	struct world * w;
	struct node * node;       /* NULL: down */
	struct fake_web * web;    /* of all lives; NULL: without */
	uint8_t account[32];      /* its public key */
	unsigned deaths;          /* that fleet_bury saw */
	struct list calls;
};

struct fleet {
	struct sim * sim;
	struct fleet_config config;
	size_t n;
	struct fleet_node nodes[FLEET_MAX];
};

/* --- lives ---------------------------------------------------------------- */

/* All nodes are open; seed: BERTY_SEED or the one given. */
void fleet_start(struct fleet * f, uint64_t seed,
    const struct fleet_config * config);
void fleet_stop(struct fleet * f);

/* Open a node that is down (a dead one begins a new life); its code.  open also
 * lets the node activate the groups that it knows. */
int fleet_try_open(struct fleet * f, size_t i, struct error * err);
void fleet_open(struct fleet * f, size_t i);

/* Close as a program that ends does; or die, as sim_kill and sim_crash do. */
void fleet_close(struct fleet * f, size_t i);
void fleet_kill(struct fleet * f, size_t i);
void fleet_crash(struct fleet * f, size_t i, enum sim_crash left);

/* A node that died by itself (a crash planned on its disk) is cleared away;
 * true if there was one. */
bool fleet_bury(struct fleet * f, size_t i);

/* --- calls ---------------------------------------------------------------- */

struct fleet_call {
	struct api_call call;
	struct list place;
	struct error err;
	bool finished;
	bool failed;
	bool slow;                /* the client takes one reply at a time */
	bool paused;              /* a client stream shall wait */
	size_t n;
	void ** replies;          /* messages of call.method->reply */
};

/* Start a call; the request is copied.  NULL for a client stream. */
struct fleet_call * fleet_begin(struct fleet * f, size_t i, const char * method,
    const void * request);

/* A message of a client stream, and its end; nothing once the call is over. */
void fleet_push(struct fleet_call * call, const void * request);
void fleet_push_end(struct fleet_call * call);

/* Wait for its end: true when it succeeded; false also when the node died. */
bool fleet_wait(struct fleet * f, size_t i, struct fleet_call * call);

/* Wait for its success; the test fails with the call's error otherwise. */
void fleet_must(struct fleet * f, size_t i, struct fleet_call * call);

/* Forget a call; one that runs is cancelled first. */
void fleet_end(struct fleet_call * call);

/* A call that must succeed; its first reply is call->replies[0]. */
struct fleet_call * fleet_ask(struct fleet * f, size_t i, const char * method,
    const void * request);
void fleet_tell(struct fleet * f, size_t i, const char * method,
    const void * request);

/* --- a user's story ------------------------------------------------------- */

/* State of contact `of` at node i. */
enum contact_state fleet_contact(struct fleet * f, size_t i, size_t of);
bool fleet_wait_contact(struct fleet * f, size_t i, size_t of,
    enum contact_state state, uint64_t max_ms);

/* Node b may be found, a asks, b accepts: both Added, the group is open. */
void fleet_befriend(struct fleet * f, size_t a, size_t b);
void fleet_enable(struct fleet * f, size_t i, uint8_t seed[32]);

/* The request of node a to node b, with the seed b gave away. */
struct fleet_call * fleet_begin_request(struct fleet * f, size_t a, size_t b,
    const uint8_t seed[32]);
struct fleet_call * fleet_begin_accept(struct fleet * f, size_t i, size_t of);

/* The group of two contacts, as node i knows it; false: not a contact. */
bool fleet_contact_group(struct fleet * f, size_t i, size_t of,
    uint8_t group_pk[32]);

void fleet_create_group(struct fleet * f, size_t i, uint8_t group_pk[32]);
/* Node `who` joins by an invitation from node `host`, and activates. */
void fleet_join(struct fleet * f, size_t who, size_t host,
    const uint8_t group_pk[32]);
/* Node 0 creates a group, all others join, and everybody knows everybody. */
void fleet_gather(struct fleet * f, uint8_t group_pk[32]);
/* Keep a node from exchanging the group's metadata with anybody, or no more. */
void fleet_mute_metadata(struct fleet * f, size_t i,
    const uint8_t group_pk[32], bool mute);
/* How many devices of the group a node knows. */
size_t fleet_devices(struct fleet * f, size_t i, const uint8_t group_pk[32]);
bool fleet_wait_devices(struct fleet * f, size_t i, const uint8_t group_pk[32],
    size_t n, uint64_t max_ms);
bool fleet_is_open(struct fleet * f, size_t i, const uint8_t group_pk[32]);

/* Write; returns when it is durable. */
void fleet_send(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text);
void fleet_send_metadata(struct fleet * f, size_t i,
    const uint8_t group_pk[32], const char * text);
struct fleet_call * fleet_begin_send(struct fleet * f, size_t i,
    const uint8_t group_pk[32], const char * text);

/* n messages named "<who> <number>" from the number on, 16 at a time. */
void fleet_send_many(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * who, unsigned from, unsigned n);

/* How many messages a user sees, and wait until there are at least n. */
uint64_t fleet_count(struct fleet * f, size_t i, const uint8_t group_pk[32]);
bool fleet_wait_count(struct fleet * f, size_t i, const uint8_t group_pk[32],
    uint64_t n, uint64_t max_ms);

/* Is a message of that text in the list? */
bool fleet_has(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text);

/* --- checks --------------------------------------------------------------- */

/*
 * Do all open nodes that have the group open hold the same: heads and entries
 * of both logs, members and devices?  why (may be NULL) gets a word.
 */
bool fleet_equal(struct fleet * f, const uint8_t group_pk[32],
    const char ** why);
bool fleet_wait_equal(struct fleet * f, const uint8_t group_pk[32],
    uint64_t max_ms);

/*
 * Read a node's two lists through the API: no entry twice, parents that are in
 * the list before their children (late keys put a message at the end: strict
 * says that there was none).
 */
void fleet_check_lists(struct fleet * f, size_t i, const uint8_t group_pk[32],
    bool strict);

/* All nodes list the same messages. */
void fleet_check_same_messages(struct fleet * f, const uint8_t group_pk[32]);

/*
 * How many messages of a node's log carry a (device, counter) that another of
 * them carries too: two messages under one key.
 */
size_t fleet_reused_keys(struct fleet * f, size_t i,
    const uint8_t group_pk[32]);

/* How many events of a type a node lists. */
size_t fleet_events(struct fleet * f, size_t i, const uint8_t group_pk[32],
    unsigned type);

#endif /* !BERTY_TEST_FLEET_H */
