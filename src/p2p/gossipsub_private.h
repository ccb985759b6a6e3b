/*
 * gossipsub_private.h: what the rooms of gossipsub share: the router, its
 * topics, its peers, and who is in which.  Functions are named after the file
 * they live in.
 */
#ifndef BERTY_P2P_GOSSIPSUB_PRIVATE_H
#define BERTY_P2P_GOSSIPSUB_PRIVATE_H

#include "base/bucket.h"
#include "base/list.h"
#include "base/map.h"
#include "p2p/frame.h"
#include "p2p/gossipsub.h"
#include "p2p/gossipsub_backoff.h"
#include "p2p/gossipsub_cache.h"
#include "p2p/gossipsub_message.h"
#include "p2p/outstream.h"

/* Source: network spec §3 (GossipSubParams of the reference). */
enum {
	MESH_D = 6, MESH_LOW = 5, MESH_HIGH = 12, MESH_SCORE = 4, MESH_OUT = 2,
	GOSSIP_D = 6,             /* peers told of messages, at least */
	GOSSIP_PART = 4,          /* or one in so many of the topic's peers */
	HEARTBEAT_MS = 1000, HEARTBEAT_FIRST_MS = 100,
	FANOUT_MS = 60000,
	IHAVE_IDS = 5000,         /* ids asked for, a heartbeat and peer */
	CATCH_UP_IDS = 64,        /* told to a peer that enters the mesh */
	IHAVE_MESSAGES = 10,      /* IHAVEs heard, a heartbeat and peer */
	OFFERS = 16,              /* peers in a PRUNE */
	OFFERS_DIALLED = 4,       /* of which we dial, a PRUNE */
	OFFERS_DIALLED_BEAT = 16, /* and a heartbeat */
	UNFINISHED_BEATS = 60,    /* heartbeats that an RPC may take to come */
	WASTED = 2048,            /* in vain looked at, a heartbeat, all peers */
};

/*
 * How many messages of a peer are looked at in vain.  Forged ones no honest
 * peer sends.  Ones that the handler refuses may come by honest peers too, who
 * cannot tell: these are heard again soon.
 */
static const struct bucket_size FORGED = {.burst = 64, .rate = 1};
static const struct bucket_size REFUSED = {.burst = 256, .rate = 64};

/* Budgets of all peers. */
enum {
	TOPICS = 32768,           /* that are not ours, of each peer */
	TOPIC_BYTES = 16 << 20,   /* of their names */
};

/* Budgets of a peer. */
enum {
	PEER_TOPICS = 1024,       /* that are not ours */
	PEER_TOPIC_BYTES = 256 << 10,
	TOPIC_MAX = 1024,         /* bytes of a topic's name */
	PEER_QUEUE = 4 << 20,     /* bytes to write; then its stream is reset */
	PEER_QUEUE_GOSSIP = 1 << 20, /* above this, no gossip is queued */
};

enum version { FLOODSUB, MESHSUB_10, MESHSUB_11 };

struct gossip_topic {
	struct list place;        /* in gossipsub.topics */
	struct buffer name;
	char * text;              /* the name with a NUL; set if subscribed */
	bool subscribed;
	uint64_t leave_ms;        /* back-off that we name when we leave */
	uint64_t fanout_until;    /* 0: no fanout */
	struct list members;
	size_t n_members;
	size_t n_mesh;
	struct gossipsub_backoff backoff;
};

/* A peer is subscribed to a topic. */
struct gossip_member {
	struct list in_topic;
	struct list in_peer;
	struct gossip_topic * topic;
	struct gossip_peer * peer;
	bool mesh;
	bool fanout;
	bool counted;             /* against the peer's budget of topics */
};

struct gossip_peer {
	struct list place;        /* in gossipsub.peers */
	struct gossipsub * g;
	struct peer_id id;
	bool outbound;            /* we dialled it */
	enum speaks speaks;
	enum version version;     /* of the stream out */
	struct outstream out;
	struct stream * in;       /* read only; NULL: none */
	struct frame_reader frames;
	struct list members;
	size_t n_counted;         /* topics that are not ours, */
	size_t counted_bytes;     /* and the bytes of their names */
	/* Since the last heartbeat: */
	unsigned ihaves;
	size_t asked;
	bool wasted;              /* something of it was looked at in vain */
	/* Of all time: */
	struct bucket forged, refused;
	unsigned unfinished;      /* heartbeats that an RPC has been coming */
};

/* A joined or left that the handler is yet to hear of. */
struct gossip_event {
	struct list place;
	bool joined;
	struct peer_id peer;
	char topic[];
};

struct gossipsub_budgets {
	struct budget topics, topic_bytes; /* that are not ours, in all, */
	struct budget peer_topics, peer_topic_bytes; /* of a peer */
	struct budget forged, refused, wasted; /* messages looked at in vain */
	struct budget queued;     /* bytes for a peer */
	struct budget asked;      /* ids of a peer, a heartbeat */
};

struct gossipsub {
	struct host * host;
	struct world * world;
	const struct ed25519_key * key;   /* borrowed */
	struct peer_id self;
	struct gossipsub_handler handler;
	void * user;
	struct host_watcher watcher;
	struct map topic_map;     /* name: struct gossip_topic */
	struct list topics;
	struct map peer_map;      /* id: struct gossip_peer */
	struct list peers;
	struct gossipsub_cache * cache;
	uint64_t seqno;
	struct list events;
	struct world_timer event_timer;
	struct world_timer beat_timer;
	unsigned dialled;         /* offers, since the last heartbeat */
	unsigned wasted;          /* messages, since the last heartbeat */
	struct gossipsub_budgets budgets;
	struct gossipsub_stats stats;
};

static inline struct slice
topic_name(const struct gossip_topic * t)
{
	return (buffer_all(&t->name));
}

/* --- gossipsub.c --- */

/* A random number below n (n > 0). */
size_t gossipsub_random(struct gossipsub * g, size_t n);

/* Tell the handler, from the loop. */
void gossipsub_tell(struct gossipsub * g, bool joined,
    const struct gossip_topic * t, const struct peer_id * peer);

/* --- gossipsub_budgets.c --- */

void gossipsub_budgets_init(struct gossipsub * g);

/* --- gossipsub_topic.c --- */

struct gossip_topic * gossipsub_topic_find(struct gossipsub * g,
    struct slice name);

/* The topic, made if need be; NULL without memory. */
struct gossip_topic * gossipsub_topic_get(struct gossipsub * g,
    struct slice name);

/* Free the topic if nothing is left to remember of it. */
void gossipsub_topic_release(struct gossipsub * g, struct gossip_topic * t);
void gossipsub_topic_free(struct gossipsub * g, struct gossip_topic * t);

struct gossip_member * gossipsub_topic_member(struct gossip_topic * t,
    const struct gossip_peer * p);

/*
 * The peer subscribes or leaves; doing it twice does nothing.  add: NULL when
 * the peer's budget is used up or memory is short.
 */
struct gossip_member * gossipsub_topic_add(struct gossipsub * g,
    struct gossip_peer * p, struct slice name);
void gossipsub_topic_remove(struct gossipsub * g, struct gossip_member * m);

/* Members in random order for which `fits`; free the array.  How many. */
size_t gossipsub_topic_pick(struct gossipsub * g, struct gossip_topic * t,
    bool (*fits)(struct gossipsub * g, const struct gossip_member * m),
    struct gossip_member *** list);

/* --- gossipsub_peer.c --- */

int gossipsub_peer_start(struct gossipsub * g);
void gossipsub_peer_stop(struct gossipsub * g);

/* Queue an RPC; false when there is no stream to write it on. */
bool gossipsub_peer_send(struct gossip_peer * p, struct slice rpc,
    bool droppable);

/* Can it be in a mesh?  Not a floodsub peer, nor one without a stream. */
bool gossipsub_peer_meshes(const struct gossip_peer * p);

/* Open streams that are due. */
void gossipsub_peer_beat(struct gossipsub * g);

/* --- gossipsub_mesh.c --- */

/* We subscribed, or are about to unsubscribe. */
void gossipsub_mesh_join(struct gossipsub * g, struct gossip_topic * t);
void gossipsub_mesh_leave(struct gossipsub * g, struct gossip_topic * t);

/*
 * A peer subscribed, or can be written to now: into a thin mesh it goes at
 * once.  Other routers publish to their mesh alone, so what they say between
 * meeting us and the next heartbeat would reach us only with their next word.
 */
void gossipsub_mesh_met(struct gossip_member * m);

/* A peer's GRAFT or PRUNE. */
void gossipsub_mesh_grafted(struct gossip_peer * p, struct slice topic);
void gossipsub_mesh_pruned(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlPrune * prune);

/* Take a member out of the mesh without telling it. */
void gossipsub_mesh_drop(struct gossip_member * m);

/*
 * Send an RPC to the topic's mesh, or fanout when we are not subscribed, and
 * its floodsub peers; not to the two named (may be NULL).  `own` messages go
 * to further peers when the mesh is thin.  To how many.
 */
size_t gossipsub_mesh_send(struct gossipsub * g, struct gossip_topic * t,
    struct slice rpc, bool own, const struct peer_id * via,
    const struct peer_id * from);

void gossipsub_mesh_beat(struct gossipsub * g);

/* --- gossipsub_gossip.c --- */

/*
 * Tell a peer that enters the mesh what passed before: it subscribed after
 * those were forwarded, and in the mesh it hears no gossip.  Ours.
 */
void gossipsub_gossip_catch_up(struct gossip_member * m);

void gossipsub_gossip_ihave(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlMessage * control);
void gossipsub_gossip_iwant(struct gossip_peer * p,
    const Libp2p__Pubsub__ControlMessage * control);

/* Tell peers outside the mesh which messages there are. */
void gossipsub_gossip_beat(struct gossipsub * g, struct gossip_topic * t);

/* --- gossipsub_receive.c --- */

/* A peer's RPC: 0, or a code when its stream is to be reset. */
int gossipsub_receive(struct gossip_peer * p, struct slice rpc);

#endif /* !BERTY_P2P_GOSSIPSUB_PRIVATE_H */
