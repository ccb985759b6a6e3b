/*
 * bitswap_private.h: what the rooms of bitswap share.  Functions are named
 * after the file they live in.
 */
#ifndef BERTY_P2P_BITSWAP_PRIVATE_H
#define BERTY_P2P_BITSWAP_PRIVATE_H

#include "base/list.h"
#include "base/map.h"
#include "p2p/bitswap.h"
#include "p2p/bitswap_message.h"
#include "p2p/frame.h"
#include "p2p/outstream.h"

enum {
	ANSWER_MS = 5000,         /* then another peer is asked */
	RETRY_MS = 1000, RETRY_LONGEST_MS = 60000,
	WIDEN_MS = 1000,          /* a hint's start before all are asked */
	TICK_MS = 1000,
	IDLE_MS = 60000,          /* a stream not used is closed */
	SMALL_BLOCK = 1024,       /* sent in answer to a want-have */
	LOADED = 1 << 20,         /* no more is loaded while so much waits */
	QUEUED = 8 << 20,         /* for a peer that does not read; then reset */
	HELD = 8 << 20,           /* of a peer's messages that are not whole */
	HELD_MS = 60000,          /* that a message may take to come */
	LEDGER = 65536,           /* wants of all peers */
	ANSWERS = 32,             /* of a peer, before others have their turn */
	ANSWERS_TURN = 256,       /* of all, before the loop has its turn */
	INCOMING = 256,           /* streams of a peer that we read: Go opens
	                           * one for each message */
};

/* A peer that is connected. */
struct swap_peer {
	struct list place;        /* in bitswap.peers */
	struct bitswap * b;
	struct peer_id id;
	enum speaks speaks;
	struct outstream out;
	enum bitswap_version version; /* of the stream out */
	uint64_t used_at;
	struct list incoming;
	unsigned n_incoming;
	/* Ours, wanted of it: */
	struct list asks;
	size_t n_listed;          /* that are on its want-list of us */
	struct list waiting;      /* asks that wait for a place on it */
	struct buffer entries;    /* struct bitswap_entry, to be sent */
	uint64_t block_at;        /* when it last sent a block that we wanted */
	/* Its, wanted of us: */
	struct map ledger;        /* CID: struct swap_entry */
	struct list todo;         /* entries to be answered */
	struct bitswap_writer writer;
};

/* What a peer wants of us. */
struct swap_entry {
	struct list place;        /* in todo, or nowhere */
	struct cid cid;
	bool have;
	bool dont_have;
};

/* A block that we want. */
struct swap_want {
	struct list place;        /* in bitswap.wants */
	struct list changed;      /* in bitswap.changed, or nowhere */
	struct cid cid;
	struct list asks;
	struct peer_id hint;      /* n = 0: none; gets want-block */
	uint64_t widen_at;        /* all are asked from now on */
	bool due;                 /* peers are yet to be asked */
	bool idle;                /* missing: asked again at retry_at */
	uint64_t retry_at;
	unsigned attempts;
};

/* Where a want stands with a peer. */
enum ask_state {
	ASK_WAITS,                /* its want-list is full */
	ASK_HAVE, ASK_BLOCK,      /* asked, no answer yet */
	ASK_HAS,                  /* it said HAVE */
	ASK_NO,                   /* DONT_HAVE, or no answer in time */
};

struct swap_ask {
	struct list in_want;
	struct list in_peer;
	struct swap_want * want;
	struct swap_peer * peer;
	enum ask_state state;
	enum ask_state next;      /* when it waits: what it is asked then */
	struct list waiting;      /* in swap_peer.waiting, or nowhere */
	bool listed;              /* on its want-list of us */
	uint64_t until;
};

struct bitswap {
	struct host * host;
	struct world * world;
	struct bitswap_handler handler;
	void * user;
	struct host_watcher watcher;
	struct map peer_map;      /* peer id: struct swap_peer */
	struct list peers;
	struct map want_map;      /* CID: struct swap_want */
	struct list wants;        /* oldest first */
	struct list changed;      /* wants that may take a step */
	int32_t priority;
	size_t turn;              /* which hint is next */
	struct budget ledger;     /* wants of all peers, */
	struct budget peer_wants, peer_held, peer_streams; /* of a peer */
	struct world_timer answer_timer;
	struct world_timer flush_timer;
	struct world_timer tick_timer;
};

/* --- bitswap.c --- */

struct swap_peer * bitswap_find_peer(struct bitswap * b,
    const struct peer_id * id);

/* The same, made if need be; NULL without memory. */
struct swap_peer * bitswap_get_peer(struct bitswap * b,
    const struct peer_id * id);

/* The peer is found to speak it. */
void bitswap_speaks(struct swap_peer * p);

/* May it be asked?  Not if it refused the protocol, nor before we know. */
bool bitswap_can_ask(const struct swap_peer * p);

/* See to what is to be sent, at the loop's next turn. */
void bitswap_flush_soon(struct bitswap * b);

/* Queue the message in a writer and write what goes. */
void bitswap_send(struct swap_peer * p, struct bitswap_writer * w);

/* Open the stream out; true when it can be written now. */
bool bitswap_ready(struct swap_peer * p);

/* --- bitswap_incoming.c --- */

void bitswap_incoming_accept(void * user, struct stream * s,
    const char * protocol);

/* Reset and forget all streams of a peer. */
void bitswap_incoming_free(struct swap_peer * p);

/* Bytes held of a peer's messages that are not whole. */
size_t bitswap_incoming_held(const struct swap_peer * p);

/* --- bitswap_ask.c --- */

struct swap_ask * bitswap_ask_find(const struct swap_want * w,
    const struct swap_peer * p);

/* Ask a peer in the given way (ASK_HAVE or ASK_BLOCK), or ask it again; when
 * its list is full, once there is room.  False without memory. */
bool bitswap_ask(struct swap_want * w, struct swap_peer * p,
    enum ask_state state);
void bitswap_ask_free(struct swap_ask * a);

/* It is on the peer's list no more. */
void bitswap_ask_unlist(struct swap_ask * a);

/* Queue its entry, to be sent by bitswap_ask_send. */
void bitswap_ask_entry(struct swap_ask * a, bool cancel);

/* Asks that waited take the places that became free. */
void bitswap_ask_fill(struct swap_peer * p);

/* Send the entries queued, as far as the stream is there. */
void bitswap_ask_send(struct swap_peer * p);

/* --- bitswap_client.c --- */

void bitswap_client_block(struct swap_peer * p, const struct cid * cid,
    struct slice data);
void bitswap_client_presence(struct swap_peer * p, const struct cid * cid,
    bool have);

/* A peer can be asked now, or what it was asked is lost. */
void bitswap_client_up(struct swap_peer * p);
void bitswap_client_lost(struct swap_peer * p);

/* Ask peers, find out what is missing, send. */
void bitswap_client_flush(struct bitswap * b);
void bitswap_client_tick(struct bitswap * b, uint64_t now);
void bitswap_client_free(struct bitswap * b);

/* --- bitswap_server.c --- */

void bitswap_server_wants(struct swap_peer * p,
    const Ipfs__Bitswap__Message__Wantlist * list);
/* Answer what is to be answered, when the loop turns. */
void bitswap_server_pump(struct swap_peer * p);
void bitswap_server_fire(struct world_timer * timer);
void bitswap_server_free(struct swap_peer * p);

#endif /* !BERTY_P2P_BITSWAP_PRIVATE_H */
