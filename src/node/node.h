/*
 * node.h: a node: one account, its open groups, its host, and the way of a
 * change from a call to the disk, to subscribers and to peers.
 *
 * A change is a transaction (node_begin … node_commit).  When it is durable,
 * the node publishes it: subscribers see it, peers hear of it, and what it
 * calls for (a chain key for a new member, a group to activate) follows in
 * transactions of its own.
 */
#ifndef BERTY_NODE_NODE_H
#define BERTY_NODE_NODE_H

#include "account/account.h"
#include "attachment/attachments.h"
#include "contact/manager.h"
#include "p2p/host.h"
#include "sync/sync.h"
#include "world/store.h"
#include "world/web.h"

struct node;
struct node_group;
struct node_tx;

/* A library that the process uses, and its version. */
struct node_library {
	const char * name, * version;
};

/* An archive of an account (account/export.h) that a new node begins with. */
struct restore_progress;
struct node_restore {
	/* Up to n bytes of it: how many, 0 at its end, negative: it fails. */
	long (*read)(void * user, uint8_t * p, size_t n);
	/* Told now and then; may be NULL. */
	void (*progress)(void * user, const struct restore_progress * at);
	void * user;
	bool sealed;              /* it must be, under the passphrase */
	struct slice passphrase;
};

struct node_config {
	struct store_config store;
	/*
	 * What is spoken: `network` (may be NULL), then those of `networks`.
	 * The first is a new account's own; an account that is there keeps its
	 * own, which must be among them (-ERR_INVALID_INPUT).
	 */
	const struct network * network;
	struct network_list networks;
	const char * const * listeners;   /* swarm multiaddrs, text; NULL-ended */
	const char * const * static_peers; /* multiaddrs, text; NULL-ended */
	bool auto_activate;       /* known groups are activated by themselves */
	const char * agent;       /* identify's agentVersion */
	unsigned security;        /* host_security bits; 0: all */
	bool mdns;                /* find nodes in the local network */
	bool local_records;       /* tell those near by whom we look for */
	const struct node_library * libraries; /* others that run; NULL-ended,
	                                          lasts; or NULL */
	struct host_limits limits;
	struct web * web;         /* requests to servers; NULL: there are none */
	bool services_insecure;   /* servers are asked by gRPC without TLS */
	/* Borrowed during node_open; NULL: none.  Its account, with a new
	 * device, whole or not at all; -ERR_INVALID_INPUT when the store has
	 * one.  Blocks as long as that takes. */
	const struct node_restore * restore;
	struct attachments_config attachments;
};

/*
 * Open the store and the account (made at first start), listen, and activate
 * the account group.  The chain says what to do about a failure.
 */
int node_open(struct world * w, const struct node_config * config,
    struct node ** node, struct error * err);

/* Close: ends every subscription, commits what is open, frees all. */
void node_close(struct node * n);

struct account * node_account(struct node * n);
struct host * node_host(struct node * n);
struct sync * node_sync(struct node * n);
struct store * node_store(struct node * n);
struct world * node_world(struct node * n);
struct web * node_web(struct node * n);   /* NULL: none */
bool node_services_insecure(const struct node * n);
struct attachments * node_attachments(struct node * n);

/*
 * Walk over the budgets of the node: what peers and clients may use up, and
 * what came of it.  Rooms that the node does not own add a walk of theirs.
 */
void node_budgets(struct node * n, const struct budget_walk * walk);

struct node_budgets_of {
	void (*walk)(void * user, const struct budget_walk * walk);
	void * user;
	struct list place;        /* private */
};
void node_add_budgets(struct node * n, struct node_budgets_of * room);

/* --- how it is ------------------------------------------------------------ */

/* Without peers for so long, ms, a node says so. */
#define NODE_ALONE_MS 600000

struct node_status {
	int64_t started_at;       /* unix s */
	uint64_t uptime_ms;
	int64_t wall_ms;          /* unix ms now */
	int64_t clock_moved_ms;   /* of the wall clock, against uptime */
	unsigned connected;       /* peers */
	uint64_t alone_ms;        /* since there was one; 0: there is */
	bool listens;
};
void node_status(struct node * n, struct node_status * status);

/*
 * What somebody should do something about, a sentence each, borrowed during
 * the call: the store, the clock, the network, budgets.
 */
void node_warnings(struct node * n,
    void (*each)(void * user, const char * sentence), void * user);

/* Not before the source was written, and not decades after. */
bool node_clock_plausible(int64_t wall_ms);

/* How far one of a group's logs has come; false when it is not synced. */
enum feed_log { FEED_METADATA, FEED_MESSAGES };
bool node_group_progress(struct node_group * g, enum feed_log which,
    struct sync_progress * progress);

/* Walk the libraries that run, those of the config last: *at = 0 first. */
bool node_each_library(struct node * n, size_t * at,
    struct node_library * library);

/* --- networks ------------------------------------------------------------- */

/* What is spoken; the account's own first. */
const struct network_list * node_networks(const struct node * n);

/*
 * The network that a call or a link names: one name, or several with commas, of
 * which one must be spoken (-ERR_INVALID_INPUT).  NULL: not known, as none is
 * named or several are.
 */
int node_name_network(const struct node * n, const char * names,
    const struct network ** network, struct error * err);

/* --- changes ------------------------------------------------------------ */

/*
 * Begin a change; one at a time, ended before the callback returns.
 * -ERR_DB_WRITE with the reason when the store is read-only.
 */
int node_begin(struct node * n, struct node_tx ** tx, struct error * err);

/* The change concerns this group: what it wrote there will be published. */
void node_touch(struct node_tx * tx, struct node_group * g);

/* Undo it. */
void node_abort(struct node_tx * tx);

/*
 * End it.  done (may be NULL) is called from the loop: 0 when it is durable and
 * published, else -ERR_DB_WRITE.  On failure the change was undone and done is
 * not called.
 */
int node_commit(struct node_tx * tx, void (*done)(void * user, int status),
    void * user, struct error * err);

/* --- groups ------------------------------------------------------------- */

/* The open group of that key, or NULL. */
struct node_group * node_find(struct node * n, struct slice group_pk);
struct node_group * node_account_group(struct node * n);
struct group * node_group_of(struct node_group * g);

/*
 * Inside a change: open a known group if it is not open, and activate it.  With
 * local_only no peer hears of it; activating again without lifts that.  Errors:
 * 888 over 100 for an unknown group, else 1307 over what is wrong.
 */
int node_activate(struct node_tx * tx, struct slice group_pk, bool local_only,
    struct node_group ** g, struct error * err);

/*
 * Close a group: subscriptions end, topics are left.  Unknown or closed: 0.
 * The account group: 1308 over 100.  Inside a change, which remembers it.
 */
int node_deactivate(struct node_tx * tx, struct slice group_pk,
    struct error * err);

/* The same without remembering it, nor an earlier time: the group may be
 * activated by itself again when it becomes known again (left and joined,
 * blocked and unblocked). */
int node_shut(struct node_tx * tx, struct slice group_pk, struct error * err);

/*
 * Make a multi-member group: keys, 101, open, 1, 2, 302; all in this change.
 * network: one that is spoken; NULL: the account's own.
 */
int node_create_group(struct node_tx * tx, const struct network * network,
    struct node_group ** g, struct error * err);

/* Walk open groups: *at = 0 first. */
struct node_group * node_each_group(struct node * n, size_t * at);

/* Peers on the topic of a group's log; *at = 0 first; false at the end. */
bool node_group_peer(struct node_group * g, enum feed_log which, size_t * at,
    struct peer_id * peer);

/* The topic: the log's address.  Is the node itself on it? */
struct slice node_group_topic(struct node_group * g, enum feed_log which);
bool node_group_on_topic(struct node_group * g, enum feed_log which);

/* --- peers -------------------------------------------------------------- */

/* Learn addresses that came with a link, keep them, and try them (inside a
 * change). */
int node_learn_address(struct node_tx * tx, struct slice multiaddr);

/* Is multicast DNS on, and is there a link that carries it? */
enum node_switch { NODE_OFF, NODE_ON, NODE_UNAVAILABLE };
enum node_switch node_mdns(const struct node * n);

/* The contact requests' switch, seed or wanted list changed. */
void node_contacts_changed(struct node * n);

/* --- lists -------------------------------------------------------------- */

/*
 * A subscription to one of a group's logs: history, then what comes, in order
 * of arrival, with no gap and no repeat; or a range that ends.  It holds a
 * cursor, not entries: a slow reader costs nothing.
 */
struct feed;

struct feed_range {
	struct slice since_id, until_id;  /* empty: not given */
	bool since_now, until_now, reverse;
};

/*
 * Open one.  wake is called from the loop when more may be there or the feed
 * ended, after feed_next had nothing to give.  Errors: 100, 101 as api-v1 spec
 * §6.  Close it before the node is closed (wake tells: the feed ended).
 */
int feed_open(struct node_group * g, enum feed_log which,
    const struct feed_range * range, void (*wake)(void * user), void * user,
    struct feed ** feed, struct error * err);
void feed_close(struct feed * f);

/*
 * The next event or message: 1 and *e or *m filled (the caller frees it; the
 * one that is not of the feed's log may be NULL), 0: nothing now, 2: the end.
 */
int feed_next(struct feed * f, struct group_event * e,
    struct group_message * m);

/* --- watching ------------------------------------------------------------ */

/*
 * Who wants to know of the peers of groups; members may be NULL.  None may close
 * a group or the node from inside; closed may answer calls.
 */
struct node_watcher {
	/* A peer came to the topic of a log, or went. */
	void (*peer)(void * user, struct node_group * g, enum feed_log which,
	    const struct peer_id * peer, bool here);
	/* The node itself did. */
	void (*self)(void * user, struct node_group * g, enum feed_log which,
	    bool here);
	/* A group is closed; it has left its topics. */
	void (*shut)(void * user, struct node_group * g);
	/* A means of discovery announced the topic (peer NULL), or found one
	 * for it.  driver may be "". */
	void (*discovered)(void * user, struct node_group * g,
	    enum feed_log which, const char * driver,
	    const struct peer_id * peer);
	/* The node closes: the last call; it is unwatched already. */
	void (*closed)(void * user);
	void * user;
	struct list place;        /* private */
};
void node_watch(struct node * n, struct node_watcher * watcher);
void node_unwatch(struct node * n, struct node_watcher * watcher);

#endif /* !BERTY_NODE_NODE_H */
