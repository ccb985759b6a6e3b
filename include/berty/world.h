/*
 * world.h: the world that a host supplies to a context: clock, randomness, an
 * alarm, TCP, UDP and worker threads, as a table of functions.
 *
 * Everything happens on one thread, the host's loop.  The library calls the
 * table from inside berty functions and from inside the callbacks that the
 * table was given; the host calls those from its loop, never from inside a
 * function of the table: what is ready at once waits for the loop's next turn.
 *
 * Functions that return int return 0 or a negative code of berty/error.h.
 */
#ifndef BERTY_WORLD_H
#define BERTY_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/api.h"

BERTY_BEGIN

/* Where a socket is: IPv4 in the first 4 bytes of ip, or IPv6. */
struct berty_address {
	bool v6;
	uint8_t ip[16];
	uint16_t port;
	uint32_t zone;            /* link of an IPv6 link-local address; or 0 */
};

/* An address of this machine on a link that carries multicast. */
struct berty_link_address {
	uint32_t index;           /* names the link; > 0 */
	struct berty_address at;  /* port 0 */
	uint8_t prefix;           /* how many bits of it name the network */
	bool loopback;
};

/* What the host tells of a TCP connection. */
struct berty_tcp_events {
	/* A dial succeeded; not for accepted connections. */
	void (*connected)(void * arg);
	/* Bytes came. */
	void (*data)(void * arg, const void * bytes, size_t n);
	/* All that was written is handed over: more may be written. */
	void (*drained)(void * arg);
	/* The last call: 0 when the peer closed, else a negative code.  Not
	 * after tcp_close. */
	void (*closed)(void * arg, int status);
};

/* A zero-initialised member that may be NULL says what is missing then. */
struct berty_world {
	size_t size;              /* sizeof(struct berty_world) */
	void * user;              /* given to every function */

	/* Milliseconds since some moment; never goes back. */
	uint64_t (*now)(void * user);
	/* Unix time in nanoseconds; may jump. */
	int64_t (*wall)(void * user);
	/* Fill n bytes from a CSPRNG; cannot fail. */
	void (*random)(void * user, void * p, size_t n);

	/*
	 * The one alarm: call ring(arg) once, ms from now, in place of what
	 * was set before; UINT64_MAX: not at all.  0 ms: at the next turn.
	 */
	void (*alarm)(void * user, uint64_t ms, void (*ring)(void * arg),
	    void * arg);

	/*
	 * Call run(arg) on another thread, and done(arg) on the loop after it
	 * returned: also when the context was freed meanwhile.  NULL: work is
	 * done on the loop.
	 */
	int (*work)(void * user, void (*run)(void * arg),
	    void (*done)(void * arg), void * arg);

	/*
	 * Begin to connect; *tcp is the host's, and is not used any more after
	 * `closed` or tcp_close.  A dial that fails is `closed` with a code.
	 * events is valid for the connection's life.  NULL: no dialling.
	 */
	int (*dial)(void * user, const struct berty_address * to,
	    const struct berty_tcp_events * events, void * arg, void ** tcp);

	/*
	 * Listen; port 0 picks one, *bound says which.  `accepted` is called
	 * with each connection and calls tcp_handle or tcp_close.  NULL: none.
	 */
	int (*listen)(void * user, const struct berty_address * at,
	    void (*accepted)(void * arg, void * tcp,
	        const struct berty_address * from),
	    void * arg, void ** listener, struct berty_address * bound);
	void (*listener_close)(void * user, void * listener);

	/* Who is told of an accepted connection. */
	void (*tcp_handle)(void * user, void * tcp,
	    const struct berty_tcp_events * events, void * arg);
	/* Copy and queue; -BERTY_ERR_STREAM_WRITE when it is closing. */
	int (*tcp_write)(void * user, void * tcp, const void * bytes,
	    size_t n);
	/* Bytes written, not handed to the network yet. */
	size_t (*tcp_queued)(void * user, void * tcp);
	/* Stop or resume reading. */
	void (*tcp_pause)(void * user, void * tcp, bool paused);
	/* Close after what is queued was sent; no more callbacks. */
	void (*tcp_close)(void * user, void * tcp);

	/* Addresses of this machine's interfaces (port 0), at most max; how
	 * many.  NULL: none. */
	size_t (*interfaces)(void * user, struct berty_address * list,
	    size_t max);

	/*
	 * A UDP socket at an address of ours; or, with a link (its index), on
	 * a multicast group there, at a port that others may hold too.  NULL:
	 * no UDP, and so no search in the local network.
	 */
	int (*udp_open)(void * user, const struct berty_address * at,
	    uint32_t link, void (*received)(void * arg,
	        const struct berty_address * from, const void * bytes,
	        size_t n),
	    void * arg, void ** udp, struct berty_address * bound);
	int (*udp_send)(void * user, void * udp,
	    const struct berty_address * to, const void * bytes, size_t n);
	void (*udp_close)(void * user, void * udp);

	/* The links that carry multicast, at most max; how many. */
	size_t (*links)(void * user, struct berty_link_address * list,
	    size_t max);
};

BERTY_END

#endif /* !BERTY_WORLD_H */
