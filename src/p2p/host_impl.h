/*
 * host_impl.h: what the files of the host share: the host, its connections and
 * their streams.
 *
 * Nothing is freed, and no callback of a user is made, but from the top of a
 * callback of the world: host_turn.  A call into the host only notes what is to
 * be told, and starts the turn's timer.
 */
#ifndef BERTY_P2P_HOST_IMPL_H
#define BERTY_P2P_HOST_IMPL_H

#include "base/list.h"
#include "crypto/secret.h"
#include "p2p/host.h"
#include "p2p/multistream.h"
#include "p2p/peerstore.h"
#include "p2p/upgrade.h"
#include "p2p/yamux.h"

struct connection;
struct dial;
struct identify_service;

/* A protocol served. */
struct served {
	char * name;
	void (*accept)(void * user, struct stream * s, const char * protocol);
	void * user;
	struct list place;
};

struct host {
	struct world * w;
	struct secret_arena * secrets;
	bool own_secrets;
	struct ed25519_key * key;         /* in the arena */
	struct peer_id id;
	char * agent;
	char * version;
	unsigned securities;              /* SECURITY_BITs */
	struct tls_identity * tls;        /* NULL: not spoken */
	bool delta;                       /* identify's deltas are served */
	struct host_limits limits;
	struct list connections;
	/* What peers use up, of the host and each of them: */
	struct budget n_connections, n_in, half_open_in, half_open_out;
	struct budget n_streams;
	struct budget buffered;           /* bytes held in all connections */
	struct budget unfinished;         /* bytes of messages not whole */
	struct budget queued;             /* bytes to be sent */
	struct budget per_peer, streams, backlog, held;
	struct peerstore peers;
	struct list listeners;
	struct list served;
	struct list watchers;
	struct list * cursor;             /* the next watcher to be told */
	struct list events;               /* for watchers */
	struct list ready;                /* streams with something to tell */
	struct list dirty;                /* connections to look after */
	struct list dead_streams;
	struct list dead_connections;
	struct list dials;
	struct list keeps;
	bool dial_waiting;                /* a dial waits for a half-open slot */
	struct world_timer turn;
	struct buffer record;             /* own signed peer record */
	struct buffer record_addresses;   /* what it says */
	struct identify_service * identify;
};

struct connection {
	struct host * h;
	struct world_tcp * tcp;           /* NULL once it closed */
	bool outbound, up, dead;
	bool stalled;                     /* reading stopped: budget used up */
	struct multiaddr_tcp remote;      /* without a peer */
	struct peer_id expected;          /* n = 0: anybody */
	struct dial * dial;               /* who wants it; NULL: nobody, now */
	struct upgrade * upgrade;         /* NULL once up */
	unsigned securities;              /* that may be spoken on it */
	struct security * security;       /* once up */
	struct yamux * yamux;
	struct peer * peer;               /* once up */
	struct buffer raw;                /* bytes not opened, while stalled */
	struct buffer plain;              /* opened bytes not looked at yet */
	size_t held;                      /* bytes in its streams, untold */
	size_t queued;                    /* bytes to be sent, as counted */
	uint64_t since;                   /* when it began, then came up */
	struct list streams;
	struct list writing;              /* streams that wait for a flush */
	struct world_timer timer;         /* upgrade's end, then keep-alive */
	bool pinged;                      /* an answer is awaited */
	uint32_t ping;
	uint64_t ping_sent, last_read, last_progress, rtt;
	uint64_t stalled_at;
	struct list place;                /* host's connections, or the dead */
	struct list peer_place;           /* peer's connections */
	struct list dirty_place;
};

struct stream {
	struct connection * c;            /* NULL once it is gone */
	struct host * h;
	struct yamux_stream * y;          /* NULL once closed */
	struct peer_id peer;
	struct multistream * negotiation; /* NULL once agreed */
	char * protocol;
	struct stream_handler handler;
	void * user;
	bool outgoing;
	bool single;                      /* one protocol offered: may write */
	bool opened_due, drained_due, closed_due;
	bool wants_drained;
	bool refused;                     /* as the connection was full */
	bool paused, ended, end_told;
	bool abandoned;                   /* freed by its user, still sending */
	bool gone;                        /* to be freed at the turn's end */
	int status;                       /* for closed */
	struct buffer held;
	struct world_timer timer;         /* negotiation's end, then lingering */
	struct list place;                /* connection's streams, or the dead */
	struct list ready_place;
	struct list writing_place;
};

/* --- host.c ------------------------------------------------------------- */

enum host_event_kind { EVENT_UP, EVENT_IDENTIFIED, EVENT_DOWN, EVENT_FAILED };

/* Note something for watchers. */
void host_tell(struct host * h, enum host_event_kind kind,
    const struct peer_id * peer, int status);

/* Have the turn run soon. */
void host_schedule(struct host * h);

/* Tell streams and watchers what was noted.  From the top only. */
void host_deliver(struct host * h);

/* Deliver, flush, dial, and free what is dead.  From the top only. */
void host_turn(struct host * h);

struct served * host_served(const struct host * h, const char * protocol);

/* --- host_budgets.c ----------------------------------------------------- */

/* All budgets empty, with the limits that are set. */
void host_budgets_init(struct host * h);

/* --- connection.c ------------------------------------------------------- */

/*
 * Begin to dial, offering the first of the securities (SECURITY_BITs); 0 or a
 * code.  The dial hears of the outcome.
 */
int connection_dial(struct host * h, const struct multiaddr_tcp * to,
    const struct peer_id * expected, unsigned securities,
    struct dial * dial);

/* Take an accepted TCP connection, or close it when there are too many. */
void connection_accept(struct host * h, struct world_tcp * tcp,
    const struct world_address * from);

/* Over: tell the streams, the dial and the watchers.  Freed at the turn. */
void connection_fail(struct connection * c, int status);

/* Say good-bye, then the same. */
void connection_close(struct connection * c, int status);
void connection_free(struct connection * c);

/* Have the turn flush it, and go on reading if it may. */
void connection_mark(struct connection * c);
void connection_settle(struct connection * c);

/* Hand bytes to the network: 0 or a code. */
int connection_write(struct connection * c, const struct buffer * wire);

/* It is no longer one of those that are still to come up. */
void connection_leave_half_open(struct connection * c);

/* The oldest usable connection to a peer, or NULL. */
struct connection * connection_of(const struct host * h,
    const struct peer_id * peer);

/* --- connection_read.c -------------------------------------------------- */

/* Deal with bytes from the network: 0, or a code that ends it. */
int connection_receive(struct connection * c, struct slice * in);

/* Go on with what was kept while reading stood still. */
void connection_resume(struct connection * c);

/* --- keepalive.c -------------------------------------------------------- */

void keepalive_start(struct connection * c);
void keepalive_fire(struct connection * c);
void keepalive_answer(struct connection * c, uint32_t value);

/* Reading stopped: not for ever, or what the users wait for may never come. */
void keepalive_stalled(struct connection * c);

/* --- stream.c ----------------------------------------------------------- */

void stream_data(struct stream * s, struct slice bytes);
void stream_ended(struct stream * s);

/* Over with a code, which its user is told. */
void stream_abort(struct stream * s, int status);

/* What a flush changed: drained, finished. */
void stream_flushed(struct stream * s);

/* Tell the user what is due. */
void stream_deliver(struct stream * s);
void stream_destroy(struct stream * s);

/* Bytes are dealt with: the peer may send as many again. */
void stream_consumed(struct stream * s, size_t n);

/* Queue bytes of ours and see to it that they are flushed. */
int stream_queue(struct stream * s, struct slice bytes);

/* --- stream_open.c ------------------------------------------------------ */

int stream_open_on(struct connection * c, const char * const * protocols,
    const struct stream_handler * handler, void * user, struct stream ** s);
void stream_incoming(struct connection * c, struct yamux_stream * y);

/* Take bytes of the negotiation; once it agrees, the rest is the user's. */
void stream_negotiate(struct stream * s, struct slice * bytes);

/* --- dialer.c ----------------------------------------------------------- */

/* An attempt came to an end: 0 and the peer, or a code. */
void dialer_result(struct dial * d, struct connection * c, int status);

/* Start what waited for a slot. */
void dialer_continue(struct host * h);

/* A peer's last connection is gone. */
void dialer_lost(struct host * h, const struct peer_id * peer);
void dialer_free(struct host * h);

/* --- identify_service.c ------------------------------------------------- */

struct identify_service * identify_service_new(struct host * h);
void identify_service_free(struct identify_service * s);
void identify_service_ask(struct connection * c);

/* Own protocols or addresses changed: push soon. */
void identify_service_changed(struct host * h);

/* --- ping.c ------------------------------------------------------------- */

int ping_serve(struct host * h);

#endif /* !BERTY_P2P_HOST_IMPL_H */
