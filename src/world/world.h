/*
 * world.h: all that the core gets from outside: time, randomness, timers, TCP
 * connections, UDP datagrams and worker threads.  The store is its sibling
 * (world/store.h).
 *
 * One loop owns all state.  Every callback is called from that loop, and never
 * from inside a call into the world: what is ready at once is queued.  The two
 * worlds are world/os (libuv) and world/sim (a virtual clock and network).
 */
#ifndef BERTY_WORLD_WORLD_H
#define BERTY_WORLD_WORLD_H

#include "base/list.h"
#include "base/logger.h"
#include "base/slice.h"

struct world;
struct world_tcp;
struct world_listener;
struct world_udp;
struct world_process;

/* Where a socket is: IPv4 in the first 4 bytes of ip, or IPv6. */
struct world_address {
	bool v6;
	uint8_t ip[16];
	uint16_t port;
	uint32_t zone;            /* link of an IPv6 link-local address; or 0 */
};

/*
 * An address of this machine on a link that carries multicast; a link with
 * several addresses is there several times.
 */
struct world_link {
	uint32_t index;           /* names the link as long as it is there; > 0 */
	struct world_address at;  /* port 0 */
	uint8_t prefix;           /* how many bits of it name the network */
	bool loopback;
};

/*
 * How a UDP socket is opened.  Without a link, `at` is an address of ours
 * (IPv6: that family alone) and port 0 picks one; what is sent is not
 * fragmented on its way.  With a link (its index), `at` is a multicast group
 * and a port that others on this machine may hold too: the socket hears what
 * is sent to the group on that link, its own included, and what it sends to
 * the group goes out there with 255 hops.
 */
struct world_udp_config {
	struct world_address at;
	uint32_t link;
};

/* The longest datagram that is sent, bytes. */
#define WORLD_UDP_MAX 65507

/*
 * A timer, owned by the caller, who sets `fire` and leaves the rest alone;
 * zero bytes otherwise.  One shot: fire may start it again.
 */
struct world_timer {
	void (*fire)(struct world_timer * timer);
	bool armed;
	uint64_t at;              /* private to the world */
	struct list place;        /* private to the world */
	void * impl;              /* private to the world */
};

/*
 * Work for a thread, owned by the caller until `done` was called.  `run` may
 * touch nothing but what hangs off the struct; `done` is called on the loop.
 */
struct world_work {
	void (*run)(struct world_work * work);
	void (*done)(struct world_work * work);
	void * impl;              /* private to the world */
	struct list place;        /* private to the world */
};

/* What happens to a TCP connection; every member is set. */
struct world_tcp_handler {
	/* A dial succeeded.  Not called for accepted connections. */
	void (*connected)(void * user);
	/* Bytes came; they are gone after the call. */
	void (*data)(void * user, struct slice bytes);
	/* All that was written is handed over: more may be written. */
	void (*drained)(void * user);
	/*
	 * The last call: 0 when the peer closed, else a negative code (a dial
	 * that failed: -ERR_STREAM_WRITE).  Not called after world_tcp_close.
	 */
	void (*closed)(void * user, int status);
};

/* The table that a world fills. */
struct world_ops {
	uint64_t (*now)(struct world * w);
	int64_t (*wall)(struct world * w);
	void (*random)(struct world * w, uint8_t * p, size_t n);
	int (*timer_start)(struct world * w, struct world_timer * t,
	    uint64_t ms);
	void (*timer_stop)(struct world * w, struct world_timer * t);
	int (*work)(struct world * w, struct world_work * work);
	int (*dial)(struct world * w, const struct world_address * to,
	    const struct world_tcp_handler * handler, void * user,
	    struct world_tcp ** tcp);
	int (*listen)(struct world * w, const struct world_address * at,
	    void (*accepted)(void * user, struct world_tcp * tcp,
	        const struct world_address * from),
	    void * user, struct world_listener ** listener,
	    struct world_address * bound);
	void (*listener_close)(struct world_listener * listener);
	void (*tcp_handle)(struct world_tcp * tcp,
	    const struct world_tcp_handler * handler, void * user);
	int (*tcp_write)(struct world_tcp * tcp, struct slice bytes);
	size_t (*tcp_queued)(const struct world_tcp * tcp);
	void (*tcp_pause)(struct world_tcp * tcp, bool paused);
	void (*tcp_close)(struct world_tcp * tcp);
	size_t (*interfaces)(struct world * w, struct world_address * list,
	    size_t max);
	int (*udp_open)(struct world * w, const struct world_udp_config * config,
	    void (*received)(void * user, const struct world_address * from,
	        struct slice bytes),
	    void * user, struct world_udp ** udp,
	    struct world_address * bound);
	int (*udp_send)(struct world_udp * udp, const struct world_address * to,
	    struct slice bytes);
	void (*udp_close)(struct world_udp * udp);
	size_t (*links)(struct world * w, struct world_link * list, size_t max);
	bool (*process)(struct world * w, struct world_process * p); /* or NULL */
};

struct world {
	const struct world_ops * ops;
	const struct logger * log;
	void * impl;
};

/* Milliseconds since some moment; never goes back. */
static inline uint64_t
world_now(struct world * w)
{
	return (w->ops->now(w));
}

/* Unix time in nanoseconds; may jump either way. */
static inline int64_t
world_wall(struct world * w)
{
	return (w->ops->wall(w));
}

/* Fill n bytes from the CSPRNG.  Cannot fail. */
static inline void
world_random(struct world * w, uint8_t * p, size_t n)
{
	w->ops->random(w, p, n);
}

/* (Re)start a timer to fire once, ms from now (0: as soon as the loop turns). */
static inline int
world_timer_start(struct world * w, struct world_timer * t, uint64_t ms)
{
	return (w->ops->timer_start(w, t, ms));
}

/* Stop a timer; stopping one that is not armed does nothing. */
static inline void
world_timer_stop(struct world * w, struct world_timer * t)
{
	w->ops->timer_stop(w, t);
}

/* Run work on a thread.  0, or a code and done is never called. */
static inline int
world_work(struct world * w, struct world_work * work)
{
	return (w->ops->work(w, work));
}

/*
 * Begin to connect.  On 0, *tcp is the world's until `closed` was called or
 * the caller closes it; on failure nothing is called.
 */
static inline int
world_dial(struct world * w, const struct world_address * to,
    const struct world_tcp_handler * handler, void * user,
    struct world_tcp ** tcp)
{
	return (w->ops->dial(w, to, handler, user, tcp));
}

/*
 * Listen; port 0 picks one, *bound says which.  `accepted` must call
 * world_tcp_handle, or world_tcp_close, before it returns.
 */
static inline int
world_listen(struct world * w, const struct world_address * at,
    void (*accepted)(void * user, struct world_tcp * tcp,
        const struct world_address * from),
    void * user, struct world_listener ** listener,
    struct world_address * bound)
{
	return (w->ops->listen(w, at, accepted, user, listener, bound));
}

/*
 * The functions on a connection take the world too, so that no object of the
 * world needs to point back at its table.
 */
static inline void
world_listener_close(struct world * w, struct world_listener * listener)
{
	w->ops->listener_close(listener);
}

/* Say who handles the connection from now on. */
static inline void
world_tcp_handle(struct world * w, struct world_tcp * tcp,
    const struct world_tcp_handler * handler, void * user)
{
	w->ops->tcp_handle(tcp, handler, user);
}

/* Copy and queue bytes.  0, or a code when the connection is closing. */
static inline int
world_tcp_write(struct world * w, struct world_tcp * tcp, struct slice bytes)
{
	return (w->ops->tcp_write(tcp, bytes));
}

/* Bytes written but not handed over to the network yet. */
static inline size_t
world_tcp_queued(struct world * w, const struct world_tcp * tcp)
{
	return (w->ops->tcp_queued(tcp));
}

/* Stop or resume reading: back-pressure towards the peer. */
static inline void
world_tcp_pause(struct world * w, struct world_tcp * tcp, bool paused)
{
	w->ops->tcp_pause(tcp, paused);
}

/* Close after what is queued was sent (5 s at most); no more callbacks. */
static inline void
world_tcp_close(struct world * w, struct world_tcp * tcp)
{
	w->ops->tcp_close(tcp);
}

/* Addresses of this machine's interfaces (port 0), at most max; how many. */
static inline size_t
world_interfaces(struct world * w, struct world_address * list, size_t max)
{
	return (w->ops->interfaces(w, list, max));
}

/* The same for links that carry multicast, loopback among them. */
static inline size_t
world_links(struct world * w, struct world_link * list, size_t max)
{
	return (w->ops->links(w, list, max));
}

/*
 * Open a UDP socket; *bound (may be NULL) says where it is.  `received` is
 * called for each datagram that came whole, an empty one too; its bytes are
 * gone after the call.  -ERR_STREAM_READ when the address cannot be had.
 */
static inline int
world_udp_open(struct world * w, const struct world_udp_config * config,
    void (*received)(void * user, const struct world_address * from,
        struct slice bytes),
    void * user, struct world_udp ** udp, struct world_address * bound)
{
	return (w->ops->udp_open(w, config, received, user, udp, bound));
}

/*
 * Send a datagram at once.  0: it is on its way, and may be lost there;
 * -ERR_STREAM_WRITE: it is not (too long, no way there, no room now).
 */
static inline int
world_udp_send(struct world * w, struct world_udp * udp,
    const struct world_address * to, struct slice bytes)
{
	return (w->ops->udp_send(udp, to, bytes));
}

/* Close; nothing is called any more. */
static inline void
world_udp_close(struct world * w, struct world_udp * udp)
{
	w->ops->udp_close(udp);
}

/*
 * What the system says of this process (world/process.h), all of it written;
 * false, and nothing, in a world that has none.
 */
static inline bool
world_process(struct world * w, struct world_process * p)
{
	return (w->ops->process != NULL && w->ops->process(w, p));
}

#endif /* !BERTY_WORLD_WORLD_H */
