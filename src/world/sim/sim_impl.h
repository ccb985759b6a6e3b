/* sim_impl.h: what the files of world/sim share; nobody else includes it. */
#ifndef BERTY_WORLD_SIM_SIM_IMPL_H
#define BERTY_WORLD_SIM_SIM_IMPL_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/map.h"
#include "world/sim/sim.h"

enum {
	MILLION = 1000000,
	PIECE = 16384,            /* bytes of a stream that travel together */
	WINDOW = 262144,          /* bytes under way on a stream at most */
	DIAL_MS = 10000,
	LINGER_MS = 5000,
	LOST_MS = 200,
	LOST_TIMES = 6,
};

/* Something that will happen, at a time in microseconds. */
struct event {
	struct heap_item item;
	void (*fire)(struct event * event);
	bool queued;
};

/* A deterministic source of randomness. */
struct dice {
	uint8_t key[32];
	uint64_t at;
};

struct disk;

struct node {
	struct world world;
	struct sim * sim;
	struct logger log;
	size_t index;
	uint32_t island;
	bool alive;
	struct dice dice;
	int64_t wall_offset;      /* nanoseconds */
	uint64_t work_ms;
	uint16_t port;            /* the last one given away */
	struct list timers;
	struct list works;
	struct list listeners;
	struct list ends;         /* of connections */
	struct list udps;
	struct disk * disk;
};

struct sim {
	uint64_t seed;
	uint64_t now;             /* microseconds */
	uint64_t events;
	uint64_t fingerprint;
	uint64_t patience;        /* microseconds */
	struct heap heap;
	struct dice dice;
	struct node ** nodes;
	size_t n;
	struct sim_link all;
	struct map links;         /* pair of indexes -> struct sim_link */
	uint32_t islands;
	struct list packets;      /* datagrams under way */
	uint64_t packet;          /* number of the one that arrives */
	enum log_level least;
};

static inline struct node *
node_of(struct world * w)
{
	return (w->impl);
}

/* sim_dice.c; below: evenly from 0 to n - 1; chance: in parts per million. */
void dice_init(struct dice * dice, uint64_t seed, uint64_t stream);
void dice_bytes(struct dice * dice, uint8_t * p, size_t n);
uint64_t dice_below(struct dice * dice, uint64_t n);
bool dice_chance(struct dice * dice, uint32_t ppm);

/* sim.c: let an event happen in us microseconds (at once: the next one). */
int event_in(struct sim * sim, struct event * event, uint64_t us);
void event_stop(struct sim * sim, struct event * event);
void fingerprint(struct sim * sim, struct slice bytes);

/* sim_node.c: end of a life. */
void node_die(struct node * node);
void node_free(struct node * node);
extern const struct world_ops sim_ops;

/* sim_time.c: timers and work. */
int sim_timer_start(struct world * w, struct world_timer * t, uint64_t ms);
void sim_timer_stop(struct world * w, struct world_timer * t);
int sim_work(struct world * w, struct world_work * work);
void time_die(struct node * node);
void time_settle(struct node * node);

/* sim_tcp.c */
int sim_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp);
int sim_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound);
void sim_listener_close(struct world_listener * listener);
void sim_tcp_handle(struct world_tcp * tcp,
    const struct world_tcp_handler * handler, void * user);
int sim_tcp_write(struct world_tcp * tcp, struct slice bytes);
size_t sim_tcp_queued(const struct world_tcp * tcp);
void sim_tcp_pause(struct world_tcp * tcp, bool paused);
void sim_tcp_close(struct world_tcp * tcp);

/* The node of that address, or NULL. */
struct node * node_at(struct sim * sim, const struct world_address * at);

/* sim_udp.c */
int sim_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound);
int sim_udp_send(struct world_udp * udp, const struct world_address * to,
    struct slice bytes);
void sim_udp_close(struct world_udp * udp);
size_t sim_udp_links(struct world * w, struct world_link * list, size_t max);
void udp_die(struct node * node);
void udp_free(struct sim * sim);

/* Every connection of a node breaks; tell: its own side hears of it too. */
void tcp_break(struct node * node, bool tell);
void tcp_die(struct node * node);
void tcp_resume(struct sim * sim);

/* sim_link.c */
const struct sim_link * link_between(struct sim * sim, const struct node * a,
    const struct node * b);
bool link_cut(struct sim * sim, const struct node * a, const struct node * b);

/*
 * sim_disk.c.  left: what a life's end leaves of unsynced writes, -1: all.
 * owed: virtual time that syncs since the last call took, ms.
 */
struct disk * disk_new(struct node * node);
void disk_free(struct disk * disk);
void disk_die(struct disk * disk, int left);
void disk_start(struct disk * disk);
uint64_t disk_owed(struct disk * disk);

#endif /* !BERTY_WORLD_SIM_SIM_IMPL_H */
