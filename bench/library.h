/* library.h: a node in this process, for the measurements. */
#ifndef BERTY_BENCH_LIBRARY_H
#define BERTY_BENCH_LIBRARY_H

#include "node/node.h"

struct library {
	struct world * world;
	struct node * node;
};

/* Open the store of a folder (made if missing), as the daemon does. */
int library_open(struct library * l, const char * folder);
void library_close(struct library * l);

/* The first multi-member group, made if there is none; NULL on failure. */
struct node_group * library_group(struct library * l);

/* Send n messages of 256 bytes, `flying` at a time, each reply awaited. */
int library_send(struct library * l, struct node_group * g, unsigned n,
    unsigned flying);

/* Write n messages to a group in few transactions; no peer hears of it. */
int library_write(struct library * l, struct node_group * g, unsigned n);

/* Let the loop turn for that long. */
void library_turn(struct library * l, unsigned ms);

#endif /* !BERTY_BENCH_LIBRARY_H */
