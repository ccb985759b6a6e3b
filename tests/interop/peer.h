/*
 * peer.h: the C side of the interop runs: a host, gossipsub and bitswap behind
 * lines of text.  A line in is `ID VERB WORDS…`; the answer is `ID ok WORDS…`
 * or `ID err TEXT`, at once or when what was asked for has happened.  The verbs
 * are in README.md; every peer speaks the same ones.
 */
#ifndef BERTY_TESTS_INTEROP_PEER_H
#define BERTY_TESTS_INTEROP_PEER_H

#include "base/list.h"
#include "p2p/bitswap.h"
#include "p2p/gossipsub.h"
#include "p2p/host.h"

#define ECHO_PROTOCOL "/interop/echo/1.0.0"
#define PING_PROTOCOL "/ipfs/ping/1.0.0"

enum { WORDS = 8 };

struct messages;
struct blocks;

struct peer {
	struct world * world;
	struct host * host;
	struct gossipsub * gossip;
	struct bitswap * swap;
	struct host_watcher watcher;
	struct list dials;        /* struct dialling */
	struct list echoes;       /* streams served, struct echo */
	struct list trips;        /* streams opened, struct trip */
	bool held;                /* those are not read */
	struct messages * messages;
	struct blocks * blocks;
};

/* A line: word[0] is its id, word[1] the verb. */
struct line {
	char * word[WORDS + 1];
	unsigned n;
};

/* Answer a line; `ok` with words, or `err` with a text. */
void peer_ok(const char * id, const char * format, ...)
    __attribute__((format(printf, 2, 3)));
void peer_err(const char * id, const char * format, ...)
    __attribute__((format(printf, 2, 3)));

/* A word as a number, or as a peer id: false (and `err` is sent) if it is not. */
bool peer_number(const struct line * l, unsigned at, uint64_t * n);
bool peer_id_word(const struct line * l, unsigned at, struct peer_id * id);

/* The bytes that all peers make of a seed. */
void peer_pattern(uint8_t * p, size_t n, uint32_t seed);

/* The first 8 bytes of SHA-256, as 16 digits. */
struct digest {
	char text[17];
};
struct digest peer_digest(struct slice data);

/* --- peer_echo.c: echo and ping --- */

int peer_echo_start(struct peer * p);
void peer_echo_stop(struct peer * p);
void peer_echo(struct peer * p, const struct line * l);
void peer_sent(struct peer * p, const struct line * l);
void peer_ping(struct peer * p, const struct line * l);
void peer_hold(struct peer * p, const struct line * l);

/* --- peer_gossip.c --- */

int peer_gossip_start(struct peer * p, const struct ed25519_key * key);
void peer_gossip_stop(struct peer * p);
void peer_subscribe(struct peer * p, const struct line * l);
void peer_unsubscribe(struct peer * p, const struct line * l);
void peer_publish(struct peer * p, const struct line * l);
void peer_messages(struct peer * p, const struct line * l);
void peer_members(struct peer * p, const struct line * l);
void peer_mesh(struct peer * p, const struct line * l);

/* --- peer_swap.c --- */

int peer_swap_start(struct peer * p);
void peer_swap_stop(struct peer * p);
void peer_put(struct peer * p, const struct line * l);
void peer_want(struct peer * p, const struct line * l);
void peer_lacks(struct peer * p, const struct line * l);

#endif /* !BERTY_TESTS_INTEROP_PEER_H */
