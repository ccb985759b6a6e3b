/*
 * flood.h: a hostile peer, or many of them: honest connections on the library's
 * own libp2p, which then do what no honest peer does.
 */
#ifndef BERTY_TEST_FLOOD_H
#define BERTY_TEST_FLOOD_H

#include "p2p/frame.h"
#include "p2p/host_impl.h"

struct flood;
struct bot;

struct attack {
	const char * name;
	size_t bots;              /* hosts, each with an identity */
	unsigned connections;     /* of each; 0: the attack sees to it */
	const char * serves;      /* the victim opens this, and is not read */
	void (*begin)(struct flood * f);  /* once; may be NULL */
	void (*up)(struct bot * b);       /* at each connection; may be NULL */
	void (*tick)(struct bot * b);     /* every 10 ms, once connected */
};

struct bot {
	struct flood * f;
	size_t number;
	struct host * h;
	struct host_watcher watcher;
	bool up;
	struct stream * out;      /* of whatever the attack speaks */
	struct frame_reader frames; /* of gossipsub, to us */
	uint64_t count;           /* what the attack counts up by */
};

enum { FLOOD_TOPICS = 16 };

struct flood {
	struct world * w;
	const struct attack * attack;
	struct multiaddr_tcp address;
	struct buffer multiaddr;
	struct bot * bots;
	struct world_timer tick;
	uint64_t until;
	uint64_t done;            /* hostile things done */
	/* What the victim told anybody: */
	char * topics[FLOOD_TOPICS];
	size_t n_topics;
	struct buffer heads;      /* a message that it sent us directly */
};

/* Attacks, up to one without a name. */
extern const struct attack flood_wire[];
extern const struct attack flood_streams[];
extern const struct attack flood_messages[];

/* Another connection of the bot to the victim. */
void flood_connect(struct bot * b);

/* The bot's stream for the protocol, opened if there is none; or NULL. */
struct stream * flood_stream(struct bot * b, const char * protocol);

/* Write a message behind its length on the bot's stream, if it takes it. */
void flood_say(struct bot * b, const char * protocol, struct buffer * message);

/* A topic of the victim, or NULL while none is known. */
const char * flood_topic(const struct bot * b);

#endif /* !BERTY_TEST_FLOOD_H */
