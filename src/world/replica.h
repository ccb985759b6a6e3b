/*
 * replica.h: what replication servers keep: groups, who asked for them, their
 * entries, and which server leads which group.  One database, any number of
 * servers; a sibling of store.h, but asynchronous, as the database may be far.
 *
 * A server says with every beat that it lives.  A group is led by one server at
 * a time, under a fence that grows with every change of leader: what a deposed
 * leader writes is refused, whatever it still believes.  Only the database's
 * clock decides when a server is dead.
 *
 * A request is the caller's from replica_submit until `done` was called, once,
 * from the loop and never from inside replica_submit; what it borrows stays as
 * it is until then.  Requests under way at a time may be done in any order; who
 * needs an order waits.  A change is answered when it is durable, and stands
 * whole or not at all.  What a crash or a lost connection leaves open may be
 * asked again: each change, done twice, is as if done once.
 */
#ifndef BERTY_WORLD_REPLICA_H
#define BERTY_WORLD_REPLICA_H

#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/list.h"

struct replica;

enum {
	REPLICA_LOGS = 2,         /* 0: metadata, 1: messages */
	REPLICA_SERVER = 16,      /* bytes of a server's id, random a life */
	REPLICA_ID = 32,          /* bytes of a group's id, the caller's making */
	REPLICA_CID_MAX = 64,     /* bytes of one */
	REPLICA_NAME_MAX = 32,    /* of a network, with its NUL */
	REPLICA_TEXT_MAX = 128,   /* of an issuer, a token id; with its NUL */
	REPLICA_ADDRESSES_MAX = 2048, /* bytes of what a server says of itself */
	REPLICA_GROUPS_MAX = 256, /* of an answer */
	REPLICA_ENTRIES_MAX = 256, /* of a request or an answer */
	REPLICA_BYTES_MAX = 4 << 20, /* blocks of one; the first may be longer */
};

/* A CID as its bytes; n = 0: none. */
struct replica_cid {
	uint8_t n;
	uint8_t bytes[REPLICA_CID_MAX];
};

/*
 * A group.  The same public key may be there several times: nothing proves a
 * sign_pub, so each one that was registered is a group of its own.
 */
struct replica_group {
	uint8_t id[REPLICA_ID];
	char network[REPLICA_NAME_MAX];
	uint8_t public_key[32], sign_pub[32], link_key[32];
	int64_t created_at;       /* unix ms, the database's clock */
	int64_t updated_at;
	uint64_t entries[REPLICA_LOGS];
	uint64_t bytes;           /* of the blocks of both */
	struct replica_cid head[REPLICA_LOGS]; /* the latest */
	uint64_t fence;           /* 0: nobody ever led it */
};

/* Who asked for a group. */
struct replica_token {
	char issuer[REPLICA_TEXT_MAX];
	char id[REPLICA_TEXT_MAX];
};

/* What a token may use up; 0: no limit. */
struct replica_quota {
	uint64_t groups;
	uint64_t bytes;           /* of all its groups; counted for each token */
};

/* An entry, verified by who writes it. */
struct replica_entry {
	uint64_t number;          /* grows in a log; from a read */
	struct replica_cid cid;
	struct slice block;
};

enum replica_call {
	/*
	 * Register `group` (id, network and keys) for `token`.
	 * -ERR_DB_ENTRY_ALREADY_EXISTS: it is, for this token.
	 * -ERR_INVALID_INPUT: it is there with another link key.
	 * -ERR_SERVICE_REPLICATION: the token's quota is used up: as many groups,
	 * or bytes no fewer.  Any of them: nothing changed.
	 */
	REPLICA_REGISTER,

	/*
	 * `server` lives for `lease_ms` more, by the database's clock;
	 * `addresses` are kept beside it.  `first`: it begins.  Otherwise
	 * -ERR_NOT_FOUND: its time ran out, so what it led may be others' now: it
	 * leads nothing, and begins anew under another id.  Out: servers,
	 * all_groups, unled, addresses_of.
	 */
	REPLICA_BEAT,

	/* `server` ends: what it leads is free at once. */
	REPLICA_LEAVE,

	/*
	 * Lead up to `max` (at most REPLICA_GROUPS_MAX) groups more that nobody
	 * leads who lives; each under a fence of its own, one more than before.
	 * -ERR_NOT_FOUND: `server` does not live.  Out: groups.
	 */
	REPLICA_CLAIM,

	/* Lead `group` (id, fence) no more; not an error when it does not. */
	REPLICA_RELEASE,

	/*
	 * `group` (id, fence) is led by `server`, and its log `log` has `entries`
	 * (may be none) more; an entry that is there already stays as it is.  The
	 * group's entries[log] and bytes are at least those in `group` from now
	 * on, and head[log] the latest when it has one.  What bytes grew is
	 * counted for each of its tokens.  -ERR_NOT_FOUND: it is led by another, or
	 * `server` is dead: nothing was written.  Out: room.
	 */
	REPLICA_APPEND,

	/*
	 * Entries of log `log` of `group` (id) after the number `after`, in their
	 * order, at most `max` (REPLICA_ENTRIES_MAX) and REPLICA_BYTES_MAX bytes.
	 * Out: entries; none: that was all.
	 */
	REPLICA_READ,

	/*
	 * The groups with `group`'s public_key that `token` registered, the one
	 * with most entries first.  -ERR_NOT_FOUND.  Out: groups.
	 */
	REPLICA_FIND,

	/* Out: all_groups, total. */
	REPLICA_TOTALS,
};

/* Zero bytes, then what the call takes.  Freed by replica_request_free. */
struct replica_request {
	enum replica_call call;
	void (*done)(struct replica_request * r, int status);
	void * user;

	/* In. */
	uint8_t server[REPLICA_SERVER];
	struct replica_group group;
	struct replica_token token;
	struct replica_quota quota; /* REGISTER; APPEND, for `room` */
	bool first;
	uint64_t lease_ms;
	struct slice addresses;   /* whatever the servers agree on */
	unsigned log;
	uint64_t after;
	size_t max;
	const struct replica_entry * append;
	size_t n_append;

	/*
	 * Out.  Besides the codes above, any call may fail with -ERR_DB_WRITE
	 * (not done, or not known whether) or -ERR_DB_READ; err says it for a
	 * person.
	 */
	struct error err;
	struct replica_group * groups;
	size_t n_groups;
	struct replica_entry * entries; /* blocks are in `held` */
	size_t n_entries;
	struct buffer held;
	struct buffer addresses_of; /* of live servers, this one's first: each a
	                               uvarint length and bytes, 16 at most */
	uint64_t room;            /* bytes until every token of the group is at
	                             its quota; UINT64_MAX: no limit */
	uint64_t servers;         /* that live, this one included */
	uint64_t all_groups, unled; /* unled: nobody leads who lives */
	uint64_t total[REPLICA_LOGS];

	struct list place;        /* private to the engine */
	void * impl;
};

/* What an engine fills. */
struct replica_ops {
	int (*submit)(struct replica * r, struct replica_request * request);
	void (*watch)(struct replica * r, void (*changed)(void * user),
	    void * user);
	void (*close)(struct replica * r);
};

struct replica {
	const struct replica_ops * ops;
	/*
	 * Are there other servers, who must find the entries?  When not, a
	 * server that keeps them in its own store need not append them.
	 */
	bool shared;
	/* Nothing more will ever be written, until it is opened again. */
	bool failed;
};

/* Begin.  0; -ERR_INTERNAL, -ERR_INVALID_INPUT: done is never called. */
static inline int
replica_submit(struct replica * r, struct replica_request * request)
{
	return (r->ops->submit(r, request));
}

/*
 * Be told, from the loop, that there may be groups to claim: one was
 * registered or freed.  A hint, which may be late or missing: who beats sees
 * `unled`.  One at a time; NULL: no more.
 */
static inline void
replica_watch(struct replica * r, void (*changed)(void * user), void * user)
{
	r->ops->watch(r, changed, user);
}

/*
 * Close: requests under way are done, from inside this call, with what came of
 * them or -ERR_DB_WRITE.
 */
static inline void
replica_close(struct replica * r)
{
	r->ops->close(r);
}

/* Free what a request was given; the request itself is the caller's. */
static inline void
replica_request_free(struct replica_request * r)
{
	free(r->groups);
	free(r->entries);
	buffer_free(&r->held);
	buffer_free(&r->addresses_of);
	r->groups = NULL;
	r->entries = NULL;
	r->n_groups = r->n_entries = 0;
}

#endif /* !BERTY_WORLD_REPLICA_H */
