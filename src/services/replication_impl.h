/* replication_impl.h: what the files of the replication server share. */
#ifndef BERTY_SERVICES_REPLICATION_IMPL_H
#define BERTY_SERVICES_REPLICATION_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "base/reader.h"
#include "crypto/secret.h"
#include "log/log.h"
#include "p2p/mdns.h"
#include "services/replication_server.h"

enum {
	/* Entries counted, or sent to a shared replica, in a request. */
	REPLICATION_COUNT_MAX = 4096,

	/* Of a log that is not joined yet: nobody's quota pays for it. */
	REPLICATION_WAITING = 4096,
	REPLICATION_WAITING_BYTES = 16 << 20,

	/* After a failure, ms. */
	REPLICATION_RETRY_MS = 5000,
};

struct replicated;

/* A request to the replica; freed when it is done. */
struct replication_wait {
	struct replica_request r;
	struct replication_server * s; /* NULL: closed */
	struct replicated * g;    /* or NULL: of no group, or it is gone */
	struct list place;        /* in server.waits */
	/* Called when the server is there, and the group if there was one. */
	void (*then)(struct replication_wait * wait, int status);
	bool of_group;
	/* READ: what follows. */
	void (*loaded)(struct replicated * g, int status);
	uint64_t upto;            /* APPEND: the last arrival counted */
	struct replica_entry * append; /* freed with it, with its blocks */
	struct buffer blocks;
	void (*registered)(void * user, int status, const struct error * err);
	void (*found)(void * user, int status,
	    const struct replica_request * r);
	void * user;
};

/* A group that we lead. */
struct replicated {
	struct replication_server * s;
	struct replica_group row;
	struct log * logs[REPLICA_LOGS];
	struct sync_log * synced[REPLICA_LOGS];
	uint64_t visible[REPLICA_LOGS]; /* arrivals that are durable */
	uint64_t told[REPLICA_LOGS]; /* arrivals that the replica knows of */
	uint64_t after[REPLICA_LOGS]; /* numbers read of a shared replica */
	uint64_t bytes;           /* of the entries told */
	bool busy[REPLICA_LOGS];  /* an append is under way */
	bool due[REPLICA_LOGS];
	bool full;                /* of no token's quota anything is left */
	bool broken;              /* could not be opened: tried again */
};

struct replication_server {
	struct world * w;
	struct store * store;
	struct replica * replica;
	struct secret_arena * secrets;
	struct ed25519_key * key; /* the host's, in the arena */
	struct host * host;
	struct sync * sync;
	struct mdns * mdns;       /* or NULL */
	struct replica_quota quota;
	uint64_t lease_ms;
	uint8_t id[REPLICA_SERVER];
	bool begun;               /* the replica knows the id */
	bool beating, claiming;   /* under way */
	bool beats;               /* the last beat was heard */
	bool leaving;
	struct buffer addresses;  /* own, as told in a beat */
	struct buffer announce;   /* fixed ones; or empty */
	struct buffer others;     /* of the last beat's answer */
	uint64_t servers, groups;
	int64_t started_at;
	struct map led;           /* group id -> replicated */
	struct map logs;          /* pointer of a log -> replicated */
	struct list waits;
	struct world_timer beat;
	struct world_timer soon;  /* appends, and what is to be tried again */
	void (*failed)(void * user); /* NULL: nobody, or told */
	void * failed_user;
	void (*left)(void * user);
	void * left_user;
};

/* replication_server.c: ask the replica. */
struct replication_wait * replication_wait_new(struct replication_server * s,
    enum replica_call call,
    void (*then)(struct replication_wait * wait, int status));
int replication_wait_send(struct replication_wait * wait);

/* Tell the owner that nothing more can be kept. */
void replication_failed(struct replication_server * s);
void replication_wait_free(struct replication_wait * wait);

/* replication_group.c */
void replication_group_lead(struct replication_server * s,
    const struct replica_group * row);
void replication_group_free(struct replicated * g);
void replication_group_look(struct replicated * g);
extern const struct sync_handler replication_sync_handler;

/* replication_append.c */
void replication_append(struct replicated * g, unsigned log);
void replication_load(struct replicated * g,
    void (*loaded)(struct replicated * g, int status));

/* replication_host.c */
int replication_host_open(struct replication_server * s,
    const struct replication_server_config * config, struct error * err);
void replication_host_tell(struct replication_server * s);

/* replication_lead.c */
void replication_begin(struct replication_server * s);
void replication_beat_fire(struct world_timer * timer);
void replication_beat_soon(struct replication_server * s);
void replication_drop_all(struct replication_server * s);

#endif /* !BERTY_SERVICES_REPLICATION_IMPL_H */
