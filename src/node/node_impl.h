/* node_impl.h: what the files of the node share. */
#ifndef BERTY_NODE_NODE_IMPL_H
#define BERTY_NODE_NODE_IMPL_H

#include "base/map.h"
#include "base/reader.h"
#include "contact/local_record.h"
#include "node/node.h"
#include "p2p/mdns.h"

#define FEED_LOGS 2

/* An open group. */
struct node_group {
	struct node * node;
	struct group * group;
	bool is_account;          /* its struct group is the account's */
	bool closing;             /* a deactivation is on its way to disk */
	bool local_only;
	bool proven;              /* its network is not a guess any more */
	uint64_t looked;          /* events looked at for that */
	uint64_t replicating;     /* events 403 looked at, as there were */
	struct sync_log * synced[FEED_LOGS];
	struct node_topic * topics[FEED_LOGS]; /* looked for; NULL: not */
	uint64_t visible[FEED_LOGS]; /* last arrival that is durable */
	struct list feeds;
	struct list due;          /* in node.due: look for a reaction */
};

struct node {
	struct world * world;
	struct web * web;         /* or NULL */
	bool services_insecure;
	struct push_keep * push;  /* the file beside the store, or NULL */
	struct secret_arena * secrets;
	struct store * store;
	struct group_context context;
	struct account * account;
	struct host * host;
	struct sync * sync;
	struct attachments * attachments;
	struct discovery * discovery;
	struct discovery_static * statics;
	struct contact_manager * contacts;
	struct budget unanswered; /* requests that wait for the user */
	bool counted;             /* so many are used of it */
	struct local_record * local;    /* NULL: off */
	struct mdns * mdns;             /* NULL: off */
	const struct network * network; /* the account's own */
	struct network_list networks; /* spoken; the own one first */
	struct world_timer guesses; /* networks of groups to be looked at */
	struct buffer to_open;    /* public keys of groups that moved */
	bool moved;               /* some of them are closed now */
	bool auto_activate;
	bool closed;              /* node_close has begun */
	struct map groups;        /* public key -> struct node_group */
	struct map logs;          /* pointer of a log -> struct node_group */
	struct map replicas;      /* addresses of replication servers kept */
	struct list watchers;
	struct list budgets;      /* of rooms that are not ours */
	struct list due;          /* groups that changed */
	struct node_tx * open_tx; /* between begin and commit */
	struct list changes;      /* begun, and not durable yet */
	struct world_timer follow_up; /* reactions and activations */
	struct world_timer wake;  /* feeds that have something to give */
	bool known_changed;       /* contacts or joined groups may be new */
	const struct node_library * libraries;
	struct host_watcher presence;
	struct discovery_watcher sightings;
	unsigned connected;       /* peers */
	uint64_t alone_since, started_now; /* ms of the world's clock */
	int64_t started_wall;     /* unix ms */
};

/*
 * A change opened a group (closed again if it is undone), or closes one (once
 * it is durable).  -ERR_INTERNAL without memory.
 */
int node_tx_opened(struct node_tx * tx, struct node_group * g);
int node_tx_closed(struct node_tx * tx, struct node_group * g);
struct node * node_tx_node(struct node_tx * tx);

/* A group is freed: no change that is under way looks at it again. */
void node_tx_forget(struct node_group * g);

/* The log of a group that a feed names. */
struct log * node_log(const struct node_group * g, enum feed_log which);

/* Make and forget the node's part of a group; the group is taken over. */
struct node_group * node_group_new(struct node * n, struct group * group,
    bool is_account);
void node_group_free(struct node_group * g);

/* Put a durable group on the network, or take it off. */
void node_group_connect(struct node_group * g);
void node_group_disconnect(struct node_group * g);

/* Entries of a log up to `arrivals` are durable: subscribers may see them. */
void node_show(struct node_group * g, enum feed_log which, uint64_t arrivals);

/* The account group changed durably. */
void node_account_changed(struct node * n);

/* node_replication.c: keep the servers connected that a group tells of. */
void node_replication_meet(struct node_group * g);

/* Look for reactions and activations when the loop turns; in this group too. */
void node_follow_up(struct node * n);
void node_follow_up_in(struct node_group * g);

/* The timers of the node (set up by node_open). */
void node_follow_up_fire(struct world_timer * timer);
void feed_wake_fire(struct world_timer * timer);

/* End all feeds of a group that closes. */
void feeds_end(struct node_group * g);

/* Forget what open groups and the account have cached. */
void node_forget(struct node * n);

/* node_watch.c */
void node_tell_peer(struct node_group * g, enum feed_log which,
    const struct peer_id * peer, bool here);
void node_tell_self(struct node_group * g, enum feed_log which, bool here);
void node_tell_shut(struct node_group * g);
void node_tell_closed(struct node * n);
void node_watch_discovery(struct node * n);

/* node_status.c: begin to look, once the host is there. */
void node_status_open(struct node * n);

/* Networks: those of the config and the store, before the account is opened;
 * its own one kept, once it is. */
int node_networks_open(struct node * n, const struct node_config * config,
    struct error * err);
int node_networks_keep(struct node * n, struct error * err);

/*
 * node_restore.c: put an archive into the store; join its entries once the
 * account is open, in the same turn of the loop.
 */
struct node_restoring;
int node_restore_open(struct node * n, const struct node_restore * from,
    struct node_restoring ** restoring, struct error * err);
int node_restore_join(struct node_restoring * r, struct error * err);
void node_restore_free(struct node_restoring * r);

/* Look at guesses from time to time; open what moved again. */
void node_networks_watch(struct node * n);
void node_networks_fire(struct world_timer * timer);
void node_networks_reopen(struct node * n);

/* Is the group's network only a guess? */
bool node_group_guessed(struct node_group * g);

/* Activate a group in a change of its own. */
void node_follow_activate(struct node * n, struct slice pk);

/* Contact requests: manager and discovery, set up and torn down. */
int node_contacts_open(struct node * n);
void node_contacts_close(struct node * n);

/*
 * node_unanswered.c: is there room for a request of this contact?  Whatever may
 * change how many wait calls node_unanswered_changed.
 */
void node_unanswered_open(struct node * n);
bool node_unanswered_room(struct node * n, const uint8_t pk[32]);
void node_unanswered_changed(struct node * n);
void node_unanswered_budget(struct node * n, const struct budget_walk * walk);

/* node_local.c: those near by are looked for, as the config says; no more. */
int node_local_open(struct node * n, const struct node_config * config);
void node_local_close(struct node * n);

/* Be found, and look for others, by the topic of a log; or no more. */
void node_topic_start(struct node_group * g, enum feed_log which);
void node_topic_stop(struct node_group * g, enum feed_log which);

/* Addresses: listeners, static and learned peers. */
int node_addresses_open(struct node * n, const struct node_config * config,
    struct error * err);

#endif /* !BERTY_NODE_NODE_IMPL_H */
