/*
 * many.h: many calls at a time on one connection, as gRPC's own clients make
 * them.  It blocks in many_run only.
 */
#ifndef BERTY_BENCH_MANY_H
#define BERTY_BENCH_MANY_H

#include <stdint.h>

#include "base/slice.h"

struct many;

/* What has happened since many_open. */
struct many_counts {
	unsigned long begun;
	unsigned long replies;    /* messages that came */
	unsigned long ended;      /* calls */
	unsigned long failed;     /* of those */
};

/* Connect to an address as grpc_client_open does.  0 or -1. */
int many_open(struct many ** m, const char * address);
void many_close(struct many * m);

/* Show this token (borrowed) with the calls that are begun from now on. */
void many_show(struct many * m, const char * token);

/* Begin a call with one message; 0 or -1. */
int many_begin(struct many * m, const char * service, const char * method,
    struct slice message);

/*
 * Send and receive until so many replies came and so many calls ended, in all;
 * 0, or -1 after `limit` seconds or when the connection is lost.
 */
int many_run(struct many * m, unsigned long replies, unsigned long ended,
    double limit);

const struct many_counts * many_counts(const struct many * m);

#endif /* !BERTY_BENCH_MANY_H */
