/* proxy.h: a TCP relay on loopback that counts what passes. */
#ifndef BERTY_BENCH_PROXY_H
#define BERTY_BENCH_PROXY_H

#include <stdatomic.h>

struct proxy {
	int fd;
	unsigned port;            /* where to dial */
	unsigned to;              /* where it leads, on 127.0.0.1 */
	atomic_ullong there, back; /* bytes of dialers, and of the dialed */
};

/* Serve until the process ends. */
int proxy_start(struct proxy * p, unsigned to);

#endif /* !BERTY_BENCH_PROXY_H */
