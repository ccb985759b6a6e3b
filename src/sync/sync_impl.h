/* sync_impl.h: what the files of sync share. */
#ifndef BERTY_SYNC_SYNC_IMPL_H
#define BERTY_SYNC_SYNC_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "p2p/bitswap.h"
#include "p2p/direct_channel.h"
#include "p2p/gossipsub.h"
#include "sync/sync.h"

enum {
	/* Fetching. */
	SYNC_IN_FLIGHT = 512,         /* blocks asked for at a time */
	SYNC_IN_FLIGHT_BYTES = 4 << 20,
	SYNC_UNVERIFIED = 8 << 20,    /* bytes held that are not checked */
	SYNC_QUEUE = 65536,           /* CIDs known to lack, a log */
	SYNC_QUEUE_ALL = 131072,      /* and in all logs */
	SYNC_STALLED = 4096,          /* that nobody had, a log */
	SYNC_REFUSED = 1024,          /* CIDs remembered as bad, a log */
	SYNC_BATCH = 64,              /* entries a worker checks at once */
	SYNC_JOIN = 256,              /* entries joined in a transaction */
	SYNC_HINTS = 4,

	/* Announcing, ms. */
	SYNC_EXCHANGE_MS = 30000,     /* the slow schedule */
	SYNC_EXCHANGE_LONGEST_MS = 600000,
	SYNC_REPLY_MS = 10000,        /* between equal replies to a peer */
	SYNC_REPLY_OTHER_MS = 1000,   /* the same, to one that got on */
	SYNC_RETRY_MS = 30000,        /* after a transaction that failed */

	/* Bytes of a message. */
	SYNC_PUBLISH_MAX = (1 << 20) - 4096,
	SYNC_OVERHEAD = 512,          /* of sealing, and of the box's fields */

	/* Direct messages of unknown senders: bytes of one, of all; ms. */
	SYNC_EARLY_PEER = 256 << 10,
	SYNC_EARLY = 2 << 20,
	SYNC_EARLY_MS = 30000,

	/* Rotation periods accepted before the present one. */
	SYNC_PERIODS_BACK = 30,
};

enum sync_state {
	SYNC_QUEUED,                  /* to be asked for */
	SYNC_ASKED,
	SYNC_NOBODY,                  /* asked; nobody has it, bitswap goes on */
	SYNC_CAME,                    /* here, not checked */
	SYNC_CHECKING,                /* with a worker */
	SYNC_BAD,                     /* checked: no entry of this log */
};

/* An entry on its way into a log. */
struct sync_item {
	struct list place;            /* in one of the log's lists */
	struct sync_log * l;
	struct cid cid;
	enum sync_state state;
	struct buffer block;          /* CAME, CHECKING */
	int status;                   /* of the check */
};

/* A peer of a log's topic. */
struct sync_peer {
	struct list place;
	struct peer_id id;
	bool due;                     /* gets our heads when they may leave */
	bool telling;                 /* at the end of the barrier under way */
	bool reply;                   /* look at it when all is fetched */
	bool heard;
	uint8_t theirs[32];           /* hash of the heads it sent last */
	bool told;
	uint8_t ours[32];             /* hash of the heads it was sent last */
	uint64_t told_at;
	bool answered;
	uint8_t answer_to[32];        /* hash of its heads when it was told */
	bool later;                   /* look again when it may be told */
	bool has_period;
	uint64_t period;              /* of the rotation it used last */
};

/* Entries with a worker. */
struct sync_batch {
	struct world_work work;
	struct sync_log * l;          /* NULL: removed meanwhile */
	struct list place;
	struct log_identity identity;
	struct buffer address;
	struct list items;
};

/* A transaction that is not durable yet. */
struct sync_commit {
	struct store_commit commit;
	struct sync_log * l;          /* NULL: removed meanwhile */
	struct list place;
	unsigned joined;
	uint64_t arrivals;
};

/* Heads at a moment, until all that was written before is durable. */
struct sync_barrier {
	struct store_commit commit;
	struct sync_log * l;          /* NULL: removed meanwhile */
	struct cid * heads;
	size_t n;
};

struct sync_log {
	struct list place;            /* in sync.logs */
	struct sync * s;
	struct log * log;
	struct sync_config config;
	struct buffer topic;          /* the address, with a NUL */

	/* Rotation values in the map: the present period's and its neighbours'. */
	bool has_points;
	uint64_t point_period;
	bool has_period;
	uint64_t period;              /* of the value last received here */

	struct list peers;
	bool announce;                /* heads to be published */
	bool announcing;              /* at the end of the barrier under way */
	struct sync_barrier * barrier; /* under way, or NULL */
	struct cid * durable;         /* the heads that may leave, by CID */
	size_t n_durable;
	uint64_t exchange_at;
	unsigned quiet;               /* exchanges since something changed */

	struct list queued, asked, nobody, came, bad;
	size_t n_queued, n_asked, n_nobody, n_bad;
	bool overflow;                /* more is missing than is queued */
	bool later;                   /* the same, at the next exchange */
	bool held;                    /* nothing more is taken */
	struct peer_id hints[SYNC_HINTS];
	struct sync_batch * batch;
	struct list commits;
	uint64_t paused_until;
};

struct sync {
	struct world * world;
	struct store * store;
	struct host * host;
	struct gossipsub * gossipsub;
	struct bitswap * bitswap;
	struct direct_channel * direct;
	struct sync_handler handler;
	void * user;
	struct sync_blocks blocks;    /* kept by others; zero: none are */
	void * blocks_user;
	struct peer_id blocks_from;   /* who gave the last; n = 0: nobody yet */
	struct list logs;
	struct map topics;            /* address -> sync_log */
	struct map points;            /* rotation value -> sync_log */
	struct map items;             /* CID -> sync_item */
	struct list early;            /* messages of unknown senders */
	struct budget early_bytes;    /* of them */
	bool early_due;               /* peers came since they were looked at */
	struct budget unverified;     /* bytes of items that came */
	struct budget lacking;        /* CIDs queued, in all logs */
	/* Of the log that has most: */
	struct budget log_lacking, log_asked, log_nobody, log_bad;
	size_t block_size;            /* of blocks lately, on average */
	struct world_timer turn;      /* what was queued */
	struct world_timer tick;      /* the slow schedule */
	struct sync_stats stats;
};

/* See to what is queued, at the loop's next turn. */
void sync_soon(struct sync * s);

/* The schedule changed: when is it due? */
void sync_arm_tick(struct sync * s);

/* sync_rotation.c */
void sync_rotation_refresh(struct sync_log * l);
void sync_rotation_forget(struct sync_log * l);
struct sync_log * sync_rotation_find(struct sync * s,
    const struct peer_id * from, const uint8_t rotation[32]);
/* Remember which period a value is of; false when it is of none we accept. */
bool sync_rotation_learn(struct sync_log * l, struct sync_peer * p,
    const uint8_t rotation[32]);
void sync_rotation_value(struct sync_log * l, const struct sync_peer * p,
    uint8_t rotation[32]);
/* What was published now says nothing to peers of other periods. */
void sync_rotation_tell_others(struct sync_log * l);

/* sync_peer.c */
struct sync_peer * sync_peer_find(struct sync_log * l,
    const struct peer_id * id);
void sync_peer_joined(struct sync_log * l, const struct peer_id * id);
void sync_peer_left(struct sync_log * l, const struct peer_id * id);
void sync_peer_free_all(struct sync_log * l);
void sync_hint(struct sync_log * l, const struct peer_id * id);

/* sync_send.c */
/* Sorted by CID, so that a set of heads has one hash. */
void sync_sort_heads(struct cid * heads, size_t n);
void sync_hash_heads(const struct cid * heads, size_t n, uint8_t hash[32]);
/* A peer's heads are all here: does it lack some of ours? */
void sync_consider_reply(struct sync_log * l, struct sync_peer * p);
/* The time to look at a reply that was put off; UINT64_MAX: none. */
uint64_t sync_reply_at(const struct sync_log * l);
void sync_reply_later(struct sync_log * l);
/* Heads that passed a barrier: to all, to a peer. */
void sync_publish(struct sync_log * l, const struct cid * heads, size_t n);
void sync_tell(struct sync_log * l, struct sync_peer * p,
    const struct cid * heads, size_t n);
/* Our heads by CID, freed by the caller; NULL without memory. */
struct cid * sync_own_heads(struct sync_log * l, size_t * n);
void sync_exchange(struct sync_log * l);

/* sync_durable.c: send what is due, when it may leave. */
void sync_durable_send(struct sync_log * l);
void sync_durable_free(struct sync_log * l);

/* sync_early.c: false when there is no room; received again when peers came. */
bool sync_early_hold(struct sync * s, const struct peer_id * from,
    struct slice message);
void sync_early_take(struct sync * s);
void sync_early_expire(struct sync * s);
void sync_early_free(struct sync * s);

/* sync_receive.c */
bool sync_receive(struct sync * s, struct sync_log * l,
    const struct peer_id * from, const struct peer_id * via, bool direct,
    struct slice message);

/* sync_budgets.c */
void sync_budgets_init(struct sync * s);

/* sync_fetch.c */
void sync_fetch_want(struct sync_log * l, const struct cid * cid);
void sync_fetch_missing(struct sync_log * l);
void sync_fetch_ask(struct sync_log * l);
void sync_fetch_came(struct sync * s, const struct cid * cid,
    struct slice block, const struct peer_id * from);
void sync_fetch_nobody(struct sync * s, const struct cid * cid);
/* An entry that came in a heads message; 0, or it is held already. */
void sync_fetch_given(struct sync_log * l, const struct cid * cid,
    struct slice block);
void sync_fetch_free(struct sync_log * l);
/* Forget what is wanted, and what came and is with no worker. */
void sync_fetch_drop(struct sync_log * l);
bool sync_fetch_idle(const struct sync_log * l);
void sync_item_free(struct sync_item * item);
void sync_item_bad(struct sync_item * item);
/* It came, and could not be taken: to be asked for again. */
void sync_item_again(struct sync_item * item);

/* sync_blocks.c */
void sync_blocks_came(struct sync * s, const struct cid * cid,
    struct slice block, const struct peer_id * from);

/* sync_join.c */
void sync_join_turn(struct sync_log * l);
void sync_join_free(struct sync_log * l);

#endif /* !BERTY_SYNC_SYNC_IMPL_H */
