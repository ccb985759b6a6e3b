/*
 * p2p.h: libp2p: a host that connects to peers, and streams on the
 * connections.  TCP; TLS 1.3 and Noise; yamux; identify and ping are served by
 * the host itself.
 *
 * Installed alone as libberty-p2p.  A host belongs to one thread, which runs
 * it: berty_p2p_run, or berty_p2p_fd, _timeout_ms and _turn inside another
 * loop.  Callbacks come from there, never from inside a function here; they
 * may call every function but those that run and berty_p2p_free.
 *
 * Peers are named by their texts ("12D3KooW…"), addresses are multiaddrs as
 * texts ("/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…"), streams by numbers that are
 * never used twice: one that is gone gives -BERTY_ERR_NOT_FOUND.  What a
 * callback is given is gone when it returns.
 */
#ifndef BERTY_P2P_H
#define BERTY_P2P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"
#include "berty/log.h"

BERTY_BEGIN

struct berty_p2p;
struct berty_world;       /* berty/world.h */

/* A stream of one host; 0 is none. */
typedef uint64_t berty_stream;

/* Room for the text of a peer, and of an address, with its NUL. */
#define BERTY_P2P_PEER_SIZE 80
#define BERTY_P2P_ADDRESS_SIZE 640

/* Ways to secure a connection, for berty_p2p_config. */
enum berty_p2p_security {
	BERTY_P2P_NOISE = 1,
	BERTY_P2P_TLS = 2
};

/* How a host is made.  Zeros take the defaults, but for `size`. */
struct berty_p2p_config {
	size_t size;              /* sizeof(struct berty_p2p_config) */
	struct berty_logger log;  /* none */
	const struct berty_world * world; /* the system's; then the host of the
	                           * world runs the loop */
	const uint8_t * key;      /* Ed25519 seed, 32 bytes; NULL: a new one */
	const char * agent;       /* what peers read; "libberty/…" */
	unsigned security;        /* berty_p2p_security bits; all */

	/* What becomes of peers; each may be NULL. */
	void * user;
	/* The first connection to a peer is usable. */
	void (*up)(void * user, const char * peer);
	/* The last one closed. */
	void (*down)(void * user, const char * peer);
	/* A dial gave up; peer is "" when it was not named. */
	void (*failed)(void * user, const char * peer, int status);
};

/* A host.  INVALID_INPUT (100: the config), INTERNAL (888). */
BERTY_API int berty_p2p_new(const struct berty_p2p_config * config,
    struct berty_p2p ** host, struct berty_error * err);

/* Close all at once, without callbacks.  NULL is fine. */
BERTY_API void berty_p2p_free(struct berty_p2p * host);

/* --- running -------------------------------------------------------------- */

/* As in berty/berty.h; INVALID_INPUT with a world of its own. */
BERTY_API int berty_p2p_run(struct berty_p2p * host, int ms);
BERTY_API void berty_p2p_stop(struct berty_p2p * host); /* any thread */
BERTY_API int berty_p2p_fd(struct berty_p2p * host);
BERTY_API int berty_p2p_timeout_ms(struct berty_p2p * host);
BERTY_API int berty_p2p_turn(struct berty_p2p * host);

/* --- addresses and peers -------------------------------------------------- */

/* The host's own peer id; lives as long as the host. */
BERTY_API const char * berty_p2p_id(const struct berty_p2p * host);

/* Listen on "/ip4|ip6/…/tcp/PORT"; port 0 picks one. */
BERTY_API int berty_p2p_listen(struct berty_p2p * host, const char * address,
    struct berty_error * err);

/* The i-th address listened on, with /p2p/ID, at most size bytes with the NUL:
 * its length, or NOT_FOUND behind the last. */
BERTY_API int berty_p2p_address(struct berty_p2p * host, size_t i,
    char * text, size_t size);

/*
 * Begin to connect: `up` or `failed` follows; neither if it is connected.
 * INVALID_INPUT: an address that cannot be dialled.
 */
BERTY_API int berty_p2p_dial(struct berty_p2p * host, const char * address);

/* Close all connections to a peer.  INVALID_INPUT: no peer id. */
BERTY_API int berty_p2p_disconnect(struct berty_p2p * host,
    const char * peer);

/* --- streams -------------------------------------------------------------- */

/* What happens on a stream; members may be NULL.  Copied. */
struct berty_p2p_handler {
	size_t size;              /* sizeof(struct berty_p2p_handler) */
	/* The protocol was agreed. */
	void (*opened)(void * user, berty_stream stream,
	    const char * protocol);
	/* Bytes came. */
	void (*data)(void * user, berty_stream stream, const void * bytes,
	    size_t n);
	/* The peer will write no more. */
	void (*end)(void * user, berty_stream stream);
	/* There is room to write again. */
	void (*drained)(void * user, berty_stream stream);
	/* The last call: 0 when both sides had ended, NOT_FOUND: no common
	 * protocol, else another code.  Not after berty_p2p_reset. */
	void (*closed)(void * user, berty_stream stream, int status);
};

/*
 * Serve a protocol.  Each incoming stream is first told to `incoming`, which
 * says what `user` its handler gets, or returns non-zero to refuse it.
 */
BERTY_API int berty_p2p_serve(struct berty_p2p * host, const char * protocol,
    const struct berty_p2p_handler * handler,
    int (*incoming)(void * user, berty_stream stream, const char * peer,
        const char * protocol, void ** stream_user),
    void * user);

/*
 * Open a stream to a connected peer for the first protocol that it speaks of a
 * list that ends with NULL.  NOT_FOUND: not connected; INVALID_INPUT; INTERNAL;
 * STREAM_WRITE: too many streams.
 */
BERTY_API int berty_p2p_open(struct berty_p2p * host, const char * peer,
    const char * const * protocols, const struct berty_p2p_handler * handler,
    void * user, berty_stream * stream);

/* Copy and queue bytes.  STREAM_WRITE (106): it is closing, or 1 MiB is queued
 * (`drained` follows); NOT_FOUND. */
BERTY_API int berty_p2p_write(struct berty_p2p * host, berty_stream stream,
    const void * bytes, size_t n);

/* Stop or resume reading: the peer is held back.  NOT_FOUND. */
BERTY_API int berty_p2p_pause(struct berty_p2p * host, berty_stream stream,
    bool paused);

/* Write no more; reading goes on.  NOT_FOUND. */
BERTY_API int berty_p2p_end(struct berty_p2p * host, berty_stream stream);

/* Abort both ways; no more callbacks.  NOT_FOUND. */
BERTY_API int berty_p2p_reset(struct berty_p2p * host, berty_stream stream);

BERTY_END

#endif /* !BERTY_P2P_H */
