/*
 * replication_server.h: keeps the logs of groups for members who are away: joins
 * their topics, takes and verifies what members write, and gives it to whoever
 * asks.  It knows who signs for a group and what opens its heads, never what
 * opens a payload.  Source: services spec §2.
 *
 * What servers share is in a replica (world/replica.h): which groups there are,
 * and who leads which.  Logs are kept in a store of this server's own; when the
 * replica is shared, entries are in it too, and who begins to lead a group has
 * them from there.
 */
#ifndef BERTY_SERVICES_REPLICATION_SERVER_H
#define BERTY_SERVICES_REPLICATION_SERVER_H

#include "p2p/host.h"
#include "sync/sync.h"
#include "world/replica.h"
#include "world/store.h"

struct replication_server;
struct replication_wait;

struct replication_server_config {
	struct store_config store;
	struct replica * replica; /* outlives the server */
	const char * const * listeners; /* swarm multiaddrs, text; NULL-ended */
	const char * const * announce; /* what clients are told instead of what
	                                  is listened on; text; or NULL */
	const char * const * static_peers; /* multiaddrs, text; NULL-ended */
	const char * agent;       /* identify's agentVersion */
	unsigned security;        /* host_security bits; 0: all */
	bool mdns;                /* find nodes in the local network */
	struct host_limits limits;
	struct replica_quota quota; /* of a token */
	uint64_t lease_ms;        /* 0: REPLICATION_LEASE_MS */
	/* Told once, from the loop, when the store or the replica failed for
	 * good: nothing more is kept.  The server is to be opened again.  NULL:
	 * nobody. */
	void (*failed)(void * user);
	void * user;
};

/* How long a server that is not heard of still leads its groups. */
#define REPLICATION_LEASE_MS 10000

/* Addresses that a server tells of itself, and of all servers in an answer. */
#define REPLICATION_ADDRESSES_OWN 4
#define REPLICATION_ADDRESSES_MAX 8

/*
 * Open the store, listen, and begin to lead.  The host's identity is in the
 * store, made at the first start.  The chain says what to do about a failure.
 */
int replication_server_open(struct world * w,
    const struct replication_server_config * config,
    struct replication_server ** server, struct error * err);

/* Close; the groups stay led until the lease runs out, unless left before. */
void replication_server_close(struct replication_server * s);

/* Lead nothing any more, so that others do at once; done is called once. */
void replication_server_leave(struct replication_server * s,
    void (*done)(void * user), void * user);

struct host * replication_server_host(struct replication_server * s);
struct store * replication_server_store(struct replication_server * s);

/* Walk over what peers use up. */
void replication_server_budgets(struct replication_server * s,
    const struct budget_walk * walk);

/* --- requests ------------------------------------------------------------- */

/* A group as a registrant gives it: slices of whatever length it chose. */
struct replication_registration {
	const struct network * network; /* by which its logs are named */
	struct slice public_key, sign_pub, link_key, link_key_sig;
};

/*
 * Keep a group.  0: `done` is called once it is registered durably, with 0 or
 * -ERR_DB_ENTRY_ALREADY_EXISTS and the like (replica.h) and a chain.  At once:
 * -ERR_INVALID_INPUT: a key that is none; -ERR_CRYPTO_SIGNATURE_VERIFICATION.
 */
int replication_server_register(struct replication_server * s,
    const struct replication_registration * registration,
    const struct replica_token * token,
    void (*done)(void * user, int status, const struct error * err),
    void * user, struct replication_wait ** wait, struct error * err);

/*
 * One group of a token, or (public_key empty) the totals: done gets an answer
 * whose groups[0], or all_groups and total, are set when status is 0.
 */
int replication_server_stats(struct replication_server * s,
    struct slice public_key, const struct replica_token * token,
    void (*done)(void * user, int status, const struct replica_request * r),
    void * user, struct replication_wait ** wait, struct error * err);

/* Nobody waits any more: done is not called. */
void replication_server_forget(struct replication_wait * wait);

/*
 * Append multiaddrs (bytes, each behind a uvarint length) of servers that live,
 * this one's first; REPLICATION_ADDRESSES_MAX at most.
 */
void replication_server_addresses(struct replication_server * s,
    struct buffer * out);

/* --- how it is ------------------------------------------------------------ */

struct replication_status {
	int64_t started_at;       /* unix ns */
	uint64_t led, servers, groups;
	uint64_t entries[REPLICA_LOGS]; /* of groups that are led */
	bool beats;               /* the last beat was heard by the database */
};
void replication_server_status(struct replication_server * s,
    struct replication_status * status);

#endif /* !BERTY_SERVICES_REPLICATION_SERVER_H */
