/* tcp_impl.h: connections, shared by sim_tcp.c and sim_wire.c alone. */
#ifndef BERTY_WORLD_SIM_TCP_IMPL_H
#define BERTY_WORLD_SIM_TCP_IMPL_H

#include "world/sim/sim_impl.h"

enum state {
	ENDED,                    /* nobody holds this end */
	DIALING,
	OPEN,
	CLOSING,                  /* closed by its owner, still sending */
	DEAD,                     /* its node died; the owner still holds it */
};

enum kind { DATA, FIN, RESET };

struct wire;

/* One end of a connection. */
struct world_tcp {
	struct wire * wire;
	struct world_tcp * peer;
	struct node * node;
	const struct world_tcp_handler * handler;
	void * user;
	enum state state;
	bool paused;
	struct buffer out;        /* written, not under way */
	size_t under_way;         /* bytes sent, not taken by the peer */
	struct list pieces;       /* under way to this end, in order */
	uint64_t last;            /* when the last of them arrives */
	uint64_t line_free;       /* when the line takes the next one */
	struct event send;
	struct event wake;
	struct event linger;
	struct event fail;
	struct list place;        /* in node->ends */
};

/* Two ends, and what opens the connection between them. */
struct wire {
	struct sim * sim;
	size_t refs;              /* pieces under way, callbacks running */
	struct world_tcp end[2];
	struct event open;
	struct event patience;
	struct world_address to;
	struct world_address from;
};

struct world_listener {
	struct node * node;
	struct world_address at;
	void (*accepted)(void * user, struct world_tcp * tcp,
	    const struct world_address * from);
	void * user;
	struct list place;
};

/* sim_wire.c: pieces on their way. */
struct wire * wire_new(struct sim * sim);
void wire_hold(struct wire * wire);

/* Free the wire when nobody holds an end and nothing is under way. */
void wire_release(struct wire * wire);

/* Put a piece (of at most PIECE bytes) on its way to an end. */
void wire_send(struct world_tcp * to, enum kind kind, struct slice bytes);

/* Give an end what has arrived for it. */
void wire_deliver(struct world_tcp * to);

/* Let go of an end, without a callback; the peer is not told. */
void wire_end(struct world_tcp * end);

/* The connection is over: tell the end's owner. */
void wire_lose(struct world_tcp * end, int status);

#endif /* !BERTY_WORLD_SIM_TCP_IMPL_H */
