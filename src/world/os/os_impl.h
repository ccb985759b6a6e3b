/* os_impl.h: what the files of world/os share; nobody else includes it. */
#ifndef BERTY_WORLD_OS_OS_IMPL_H
#define BERTY_WORLD_OS_OS_IMPL_H

#include <uv.h>

#include "base/buffer.h"
#include "base/heap.h"
#include "world/os/world_os.h"

enum {
	READ_SIZE = 65536,        /* bytes of the one buffer that is read into */
	LINGER_MS = 5000,         /* for what is queued when a side closes */
	BACKLOG = 128,
};

struct os {
	struct world world;
	uv_loop_t loop;
	uv_async_t stop;
	uv_timer_t timer;         /* the earliest of `timers` */
	uv_prepare_t prepare;     /* sends what callbacks queued */
	struct heap timers;
	struct list spare;        /* timers' places, for reuse */
	struct list dirty;        /* connections with bytes to hand over */
	struct list tcps;
	struct list listeners;
	struct list udps;
	char read[READ_SIZE];
};

static inline struct os *
os_of(struct world * w)
{
	return (w->impl);
}

/* os_timer.c */
uint64_t os_timer_now(struct world * w);
int os_timer_start(struct world * w, struct world_timer * t, uint64_t ms);
void os_timer_stop(struct world * w, struct world_timer * t);
void os_timer_expired(uv_timer_t * timer);
void os_timer_free(struct os * os);

/* os_tcp.c */
int os_tcp_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp);
void os_tcp_handle(struct world_tcp * tcp,
    const struct world_tcp_handler * handler, void * user);
int os_tcp_write(struct world_tcp * tcp, struct slice bytes);
size_t os_tcp_queued(const struct world_tcp * tcp);
void os_tcp_pause(struct world_tcp * tcp, bool paused);
void os_tcp_close(struct world_tcp * tcp);
void os_tcp_flush(struct os * os);
void os_tcp_end_all(struct os * os);

/* The connection that waits on a listening handle, or NULL. */
struct world_tcp * os_tcp_accept(struct os * os, uv_stream_t * listener,
    struct world_address * from);

/* Start to read, or end a connection that nobody handles. */
void os_tcp_accepted(struct world_tcp * tcp);

/* os_listen.c */
int os_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound);
void os_listener_close(struct world_listener * listener);
void os_listener_close_all(struct os * os);
size_t os_interfaces(struct world * w, struct world_address * list,
    size_t max);

/* os_process.c */
bool os_process(struct world * w, struct world_process * p);

/* os_udp.c */
int os_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound);
int os_udp_send(struct world_udp * udp, const struct world_address * to,
    struct slice bytes);
void os_udp_close(struct world_udp * udp);
void os_udp_close_all(struct os * os);

/* os_links.c */
size_t os_links(struct world * w, struct world_link * list, size_t max);

/* os_address.c; from: false for what is neither IPv4 nor IPv6. */
void os_address_to(const struct world_address * from,
    struct sockaddr_storage * to);
bool os_address_from(const struct sockaddr * from, struct world_address * to);

#endif /* !BERTY_WORLD_OS_OS_IMPL_H */
