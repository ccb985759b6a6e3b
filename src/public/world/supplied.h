/* supplied.h: the house's world over one that a host supplies. */
#ifndef BERTY_PUBLIC_WORLD_SUPPLIED_H
#define BERTY_PUBLIC_WORLD_SUPPLIED_H

#include "base/heap.h"
#include "berty/world.h"
#include "world/world.h"

struct supplied {
	struct world world;
	struct berty_world host;
	struct heap timers;
	struct list jobs;         /* that wait for a turn of the loop */
	bool ringing;             /* the alarm is set when that is over */
	bool gone;                /* freed, but for work under way */
	size_t working;
};

static inline struct supplied *
supplied_of(struct world * w)
{
	return (w->impl);
}

/*
 * A world over the host's table, which is copied; NULL: it lacks what every
 * world has, or no memory.  What is under way when it is freed is still done.
 */
struct world * supplied_new(const struct berty_world * host,
    const struct logger * log);
void supplied_free(struct world * w);

/* --- private to its files ------------------------------------------------- */

struct world_address supplied_from(const struct berty_address * a);
struct berty_address supplied_to(const struct world_address * a);

/* supplied_timer.c */
int supplied_timer_start(struct world * w, struct world_timer * t,
    uint64_t ms);
void supplied_timer_stop(struct world * w, struct world_timer * t);
void supplied_timers_free(struct supplied * s);

/* supplied_tcp.c */
int supplied_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp);
int supplied_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound);
void supplied_listener_close(struct world_listener * listener);
void supplied_tcp_handle(struct world_tcp * tcp,
    const struct world_tcp_handler * handler, void * user);
int supplied_tcp_write(struct world_tcp * tcp, struct slice bytes);
size_t supplied_tcp_queued(const struct world_tcp * tcp);
void supplied_tcp_pause(struct world_tcp * tcp, bool paused);
void supplied_tcp_close(struct world_tcp * tcp);

/* supplied_udp.c */
int supplied_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound);
int supplied_udp_send(struct world_udp * udp, const struct world_address * to,
    struct slice bytes);
void supplied_udp_close(struct world_udp * udp);

#endif /* !BERTY_PUBLIC_WORLD_SUPPLIED_H */
