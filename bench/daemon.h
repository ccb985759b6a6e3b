/* daemon.h: a daemon in a process of its own, and calls to it. */
#ifndef BERTY_BENCH_DAEMON_H
#define BERTY_BENCH_DAEMON_H

#include "bench.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "server/grpc_client.h"

#define SERVICE "berty.protocol.v1.ProtocolService"
#define V1(name) Berty__Protocol__V1__##name
#define V1_INIT(name) BERTY__PROTOCOL__V1__##name##__INIT
#define V1_TYPE(name) berty__protocol__v1__##name##__descriptor

struct daemon {
	int pid;
	char address[440];        /* of its API */
	struct grpc_client * client;
	char peer_id[80];
	unsigned port;            /* of libp2p, on 127.0.0.1 */
};

/* Start one on a folder, and return when it has answered a call. */
int daemon_start(struct daemon * d, const struct bench * b,
    const char * folder);
void daemon_stop(struct daemon * d);

/* A call; 0 and *reply (protobuf_free), or a code that was printed. */
int daemon_call(struct daemon * d, const char * method, const void * request,
    const ProtobufCMessageDescriptor * type, void ** reply);

/* The first multi-member group of a daemon, made if there is none. */
int daemon_create_group(struct daemon * d, uint8_t pk[32]);

/* Let `to` join that group of `from`, reached at this port of 127.0.0.1. */
int daemon_join(struct daemon * to, struct daemon * from, const uint8_t pk[32],
    unsigned port);

/* Send n messages of 256 bytes over `flying` connections; 0 or -1. */
int daemon_send(struct daemon * d, const uint8_t pk[32], unsigned n,
    unsigned flying);

/* Read the newest n messages of the first group that has any. */
int daemon_list_last(struct daemon * d, unsigned n);

/*
 * A thread that reads the messages of a group, from an id on (empty: from the
 * first on), until n came or 60 s passed.
 */
struct tail {
	struct daemon * daemon;
	uint8_t pk[32];
	uint8_t since[64];
	size_t since_n;
	unsigned n, got;
	bool failed;
	double first, last;       /* seconds() when they came */
	uint8_t id[64];           /* of the last one */
	size_t id_n;
	unsigned long thread;
};
int tail_start(struct tail * t);
int tail_wait(struct tail * t);  /* 0 when n came */

#endif /* !BERTY_BENCH_DAEMON_H */
