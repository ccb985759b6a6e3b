/*
 * context.h: what the files of the C API share; nobody else includes it.
 *
 * What a host asks for is a command in a queue, run by the loop at its next
 * turn: so no callback comes from inside the host's own call, and any thread
 * may ask.  The lock guards the queue, the tables of ids and what says so
 * below; it is never held while anything is called.
 */
#ifndef BERTY_PUBLIC_BERTY_CONTEXT_H
#define BERTY_PUBLIC_BERTY_CONTEXT_H

#include <pthread.h>
#include <uv.h>

#include "api/call.h"
#include "base/buffer.h"
#include "base/error_public.h"
#include "base/list.h"
#include "base/map.h"
#include "berty/berty.h"
#include "node/node.h"
#include "world/world.h"

struct storage;

/* The loop's own handles, of a context that has a loop. */
struct loop {
	uv_async_t wake;
	uv_timer_t deadline;
	unsigned closed;          /* of the two, at the end */
};

/* Something the loop shall do; `run` may free it. */
struct command {
	struct list place;
	void (*run)(struct berty * b, struct command * command);
};

struct berty {
	struct berty_logger host_log;
	struct logger log;
	struct world * world;
	struct loop * loop;       /* NULL: the host's world has its own */
	struct world_timer turn;  /* runs commands there */
	struct list zombies;      /* carried calls nobody waits for */

	pthread_mutex_t lock;
	pthread_cond_t changed;   /* something that is waited for happened */
	struct list commands;     /* under the lock, as all below */
	struct map nodes;
	struct map calls;
	berty_id last_id;
	bool started;             /* `thread` runs, or is to be joined */
	bool running;             /* some thread runs the loop */
	bool stop;
	unsigned depth;           /* of the loop's thread in callbacks */
	pthread_t thread;
	pthread_t runner;         /* who runs it, when running or depth > 0 */
};

/* A node of the context. */
struct place {
	struct berty * b;
	berty_id id;
	struct node * node;
	struct storage * storage; /* of the host, or NULL */
	struct store_commit opened;
	bool ready;               /* what opening wrote is on disk */
	bool closing;
	struct list calls;        /* under the lock */
};

/* A call and what carries it. */
enum carried_state {
	CARRIED_QUEUED,           /* its start is a command */
	CARRIED_HELD,             /* waits for its node to be ready */
	CARRIED_RUNNING,          /* the handler has it */
};

struct carried {
	struct api_call api;
	struct berty * b;
	struct place * at;
	berty_id id;
	struct berty_handler handler;
	void * user;
	struct command start;
	enum carried_state state;
	bool ended;               /* the host was told */
	bool full_reply;          /* the host has enough for now */
	struct list held;         /* wishes until the handler has it */
	struct list place;        /* in at->calls or b->zombies; under the lock */
	size_t queued;            /* bytes sent, not handled; under the lock */
	bool full;                /* a send was refused; under the lock */
	bool closed_send;         /* under the lock */
};

/* context.c */

/* A new id for something, under the lock; 0 without memory. */
berty_id context_name(struct berty * b, struct map * map, void * value);
void * context_find(const struct map * map, berty_id id);
void context_forget(struct map * map, berty_id id);

/* context_loop.c */
int loop_open(struct berty * b);
void loop_close(struct berty * b);

/* The turn of a context in a world of the host. */
void loop_turn(struct world_timer * timer);

/* Make the loop turn soon; any thread. */
void loop_wake(struct berty * b);

/* Queue a command, under the lock; the caller wakes the loop. */
void loop_post(struct berty * b, struct command * command);

/* Run what is queued now; is there more since? */
bool loop_commands(struct berty * b);

/* Is this thread the one that runs the loop, in a callback? */
bool loop_inside(struct berty * b);

/*
 * Run a function where it belongs: here and now, or on the thread that runs
 * the loop while this one waits.
 */
void loop_do(struct berty * b, void (*run)(void * user), void * user);

/*
 * Between these, callbacks may be called and the loop is this thread's.  In a
 * world of the host's each callback stands between them, as there is no run.
 */
void loop_enter(struct berty * b);
void loop_leave(struct berty * b);

/* Let happen what happens next, within ms; nothing if it runs. */
void loop_once(struct berty * b, uint64_t ms);

/* End the thread or the run and wait for it, unless inside. */
void loop_halt(struct berty * b);

/* context_node.c */
void place_close(struct place * p);
void place_close_all(struct berty * b);

/* context_call.c */
void wish_drop(struct command * command);

/* One request, one reply (or no such method: berty_call says so). */
bool call_is_unary(const char * method);

/* context_carry.c */
extern const struct api_transport carried_transport;
void carried_start(struct carried * c);
void carried_cancel(struct carried * c, int code, const char * text);

/* Tell the host that it is over, once. */
void carried_end(struct carried * c, const struct error * err);

/* The node is gone: whatever is left ends, and is a zombie if need be. */
void carried_orphan(struct carried * c);
void carried_free(struct carried * c);

/* storage_vfs.c: an SQLite file system over the host's functions. */
struct storage * storage_new(struct world * w,
    const struct berty_storage * host);
void storage_free(struct storage * s);
const char * storage_name(const struct storage * s);


#endif /* !BERTY_PUBLIC_BERTY_CONTEXT_H */
