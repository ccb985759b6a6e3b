/*
 * host.h: a libp2p host: connections to peers, and streams on them.
 *
 * A connection is TCP, upgraded by multistream-select, Noise XX or TLS 1.3
 * (with early muxer negotiation) and yamux.  A host identifies every peer it connects to
 * (identify, push), answers pings, and hands incoming streams to whoever
 * registered their protocol.  Source: network spec §1.2, §2.
 *
 * All callbacks come from the loop, never from inside a call into the host.
 */
#ifndef BERTY_P2P_HOST_H
#define BERTY_P2P_HOST_H

#include "base/budget.h"
#include "base/buffer.h"
#include "base/error.h"
#include "codec/multiaddr.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"
#include "world/world.h"

struct host;
struct stream;

/* What peers may use up (design §7); a zero takes the default. */
struct host_limits {
	unsigned connections;             /* 256 */
	unsigned connections_per_peer;    /* 4 */
	unsigned half_open;               /* 32 */
	unsigned upgrade_ms;              /* 10,000 */
	unsigned streams;                 /* 16,384 in all connections */
	unsigned streams_per_connection;  /* 256 */
	unsigned accept_backlog;          /* 64: streams still negotiating */
	size_t buffered_per_connection;   /* 1 MiB */
	size_t buffered;                  /* 64 MiB in all connections */
	size_t unfinished;                /* 32 MiB of messages not whole */
	size_t queued;                    /* 32 MiB to be sent, in all */
};

/* How connections are secured: sets of these. */
enum host_security { HOST_NOISE = 1, HOST_TLS = 2 };

struct host_config {
	struct ed25519_key key;           /* identity; copied */
	struct secret_arena * secrets;    /* where to; NULL: its own */
	const char * agent;               /* identify's agentVersion; copied */
	/* host_security bits that are spoken; 0: all.  Dials offer Noise first.
	 * TLS takes randomness that no seed determines. */
	unsigned security;
	const char * version;             /* and its protocolVersion, or NULL */
	bool identify_delta;              /* serve /p2p/id/delta/1.0.0 */
	struct host_limits limits;
};

/*
 * A host on a world; NULL without memory.  free closes all at once, without
 * callbacks; it must not be called from inside one.
 */
struct host * host_new(struct world * w, const struct host_config * config);
void host_free(struct host * h);

const struct peer_id * host_id(const struct host * h);
struct world * host_world(struct host * h);

/* Listen on /ip4|ip6/…/tcp/PORT (bytes).  0 or a code with a text. */
int host_listen(struct host * h, struct slice multiaddr, struct error * err);

/*
 * Append the multiaddrs listened on, interfaces spelled out for a wildcard,
 * each behind a uvarint length; with `/p2p/ID` when with_id.
 */
void host_addresses(struct host * h, struct buffer * out, bool with_id);

/* Own signed peer record (envelope bytes), renewed when addresses change. */
struct slice host_peer_record(struct host * h);

/* Walk over what peers use up of the host. */
void host_budgets(const struct host * h, const struct budget_walk * walk);

/*
 * The budget, bytes, that readers of messages share for what has come of a
 * message that is not whole yet.  Lives as long as the host.
 */
struct budget * host_unfinished(struct host * h);

/* The same for what waits to be sent. */
struct budget * host_queued(struct host * h);

/* --- peers ------------------------------------------------------------- */

/*
 * Learn addresses of a peer (multiaddr bytes; ones that cannot be dialled are
 * skipped), kept ttl_ms (UINT64_MAX: for good).  At most 32 a peer.
 */
void host_learn(struct host * h, const struct peer_id * peer,
    struct slice multiaddr, uint64_t ttl_ms);

/*
 * Learn from a signed peer record (envelope bytes) whose signer is the peer it
 * names.  0 and the peer in *peer, or -ERR_DESERIALIZATION,
 * -ERR_CRYPTO_SIGNATURE_VERIFICATION.
 */
int host_learn_record(struct host * h, struct slice envelope,
    struct peer_id * peer, uint64_t ttl_ms);

/*
 * The last valid record that was learnt of a peer (envelope bytes), as long as
 * it is good or the peer is connected; empty if there is none of at most 2 KiB.
 * Borrowed until the next turn of the loop.
 */
struct slice host_record_of(struct host * h, const struct peer_id * peer);

/*
 * See to it that a peer is connected: dials its known addresses in turn.  When
 * already connected, does nothing.  The outcome is seen by watchers.
 * -ERR_NOT_FOUND when no address is known.
 */
int host_connect(struct host * h, const struct peer_id * peer);

/* Dial an address whose peer is not known; watchers see who it is. */
int host_connect_address(struct host * h, struct slice multiaddr);

/*
 * Keep a peer connected: redial with back-off (1 s … 60 s, jittered) when the
 * connection is lost or fails.  Static peers.  An address without /p2p is kept
 * the same way.
 */
int host_keep(struct host * h, struct slice multiaddr);

void host_disconnect(struct host * h, const struct peer_id * peer);
bool host_connected(struct host * h, const struct peer_id * peer);

/* Does the peer's identify list this protocol?  False before identify. */
bool host_peer_speaks(struct host * h, const struct peer_id * peer,
    const char * protocol);

/* Walk the connected peers: *at = 0 first; false at the end. */
bool host_each_peer(struct host * h, size_t * at, struct peer_id * peer);

/* Facts about a connected peer, for views. */
struct host_peer_info {
	struct buffer address;            /* multiaddr in use; caller frees */
	bool outbound;
	uint64_t latency_ms;              /* of the last ping; 0: unknown */
	unsigned streams;
	struct buffer agent;              /* agentVersion; caller frees */
};
int host_peer_info(struct host * h, const struct peer_id * peer,
    struct host_peer_info * info);

/* All that is known of peers, connected or not; borrowed during the call. */
struct host_view {
	const struct peer_id * peer;
	struct slice agent;               /* agentVersion, or empty */
	bool connected;
	int dial_status;                  /* how the last dial failed, or 0 */
};

/* A connection, or an address that is known and not in use. */
struct host_route {
	struct slice address;             /* multiaddr bytes, without the peer */
	bool active;
	bool outbound;                    /* of active ones */
	uint64_t latency_ms;              /* of the last ping; 0: unknown */
};

/* Told a peer, then its routes, each active one followed by its streams. */
struct host_viewer {
	void (*peer)(void * user, const struct host_view * view);
	void (*route)(void * user, const struct host_route * route);
	void (*stream)(void * user, const char * protocol);
	void * user;
};

/*
 * View one peer (nothing if unknown), or all that are connected and, of others
 * with an address, those `most` that were used last.  No call into the host from
 * inside.
 */
void host_view_peer(struct host * h, const struct peer_id * peer,
    const struct host_viewer * viewer);
void host_view_peers(struct host * h, size_t most,
    const struct host_viewer * viewer);

/*
 * Who wants to know of peers.  Members may be NULL.  `up` comes when the first
 * connection to a peer is usable, `identified` when its protocols are known
 * (again after each push), `down` after its last connection closed, `failed`
 * when host_connect or host_connect_address gave up (peer n = 0 if unknown).
 */
struct host_watcher {
	void (*up)(void * user, const struct peer_id * peer);
	void (*identified)(void * user, const struct peer_id * peer);
	void (*down)(void * user, const struct peer_id * peer);
	void (*failed)(void * user, const struct peer_id * peer, int status);
	void * user;
	struct list place;                /* private to the host */
};
void host_watch(struct host * h, struct host_watcher * watcher);
void host_unwatch(struct host * h, struct host_watcher * watcher);

/* --- streams ----------------------------------------------------------- */

/* What happens on a stream; members may be NULL. */
struct stream_handler {
	/* Outgoing: the protocol was agreed; bytes may be written before. */
	void (*opened)(void * user, struct stream * s, const char * protocol);
	/* Bytes came; they are gone after the call. */
	void (*data)(void * user, struct stream * s, struct slice bytes);
	/* The peer will write no more. */
	void (*end)(void * user, struct stream * s);
	/* What was queued is below the low mark: write more. */
	void (*drained)(void * user, struct stream * s);
	/*
	 * The last call, in every case but after stream_reset and stream_free:
	 * 0 when both sides had ended, else a code (reset, connection lost,
	 * no common protocol: -ERR_NOT_FOUND).  The stream is gone after it.
	 */
	void (*closed)(void * user, struct stream * s, int status);
};

/*
 * Serve a protocol (exact name).  accept is called for each incoming stream
 * once its protocol is agreed; it calls stream_handle, or resets the stream.
 * Adding a protocol while peers are connected pushes identify to them.
 */
int host_serve(struct host * h, const char * protocol,
    void (*accept)(void * user, struct stream * s, const char * protocol),
    void * user);
void host_unserve(struct host * h, const char * protocol);

/*
 * Open a stream to a connected peer, offering protocols (NULL-terminated, the
 * preferred first; copied).  0 and *s, on which bytes may be written at once
 * when there is one protocol only; -ERR_NOT_FOUND when not connected, -ERR_STREAM_WRITE when
 * the budget of streams is used up.
 */
int stream_open(struct host * h, const struct peer_id * peer,
    const char * const * protocols, const struct stream_handler * handler,
    void * user, struct stream ** s);

void stream_handle(struct stream * s, const struct stream_handler * handler,
    void * user);
const struct peer_id * stream_peer(const struct stream * s);

/* Does its connection stand?  In `closed`, it tells a reset from a loss. */
bool stream_connected(const struct stream * s);

/*
 * Copy and queue bytes.  -ERR_STREAM_WRITE when it is closing, when 1 MiB is
 * queued already (a write below that is taken whole, however long), when all
 * streams of the connection hold four times its budget, or before `opened` if
 * several protocols were offered.  After a refusal for want of room, as after a
 * write, `drained` comes when there is room.
 */
int stream_write(struct stream * s, struct slice bytes);
size_t stream_queued(const struct stream * s);

/*
 * Stop or resume reading: the window is not opened further meanwhile.  What
 * comes is held; when a connection holds its budget it is not read at all, and
 * closed when that lasts 20 s.
 */
void stream_pause(struct stream * s, bool paused);

/* Say that we write no more; reading goes on. */
void stream_end(struct stream * s);

/* Abort both ways.  No more callbacks; the stream is gone. */
void stream_reset(struct stream * s);

/* End politely and forget: what is queued is sent; no more callbacks. */
void stream_free(struct stream * s);

#endif /* !BERTY_P2P_HOST_H */
