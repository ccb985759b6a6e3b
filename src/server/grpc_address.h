/* grpc_address.h: the addresses that a gRPC server and its clients name. */
#ifndef BERTY_SERVER_GRPC_ADDRESS_H
#define BERTY_SERVER_GRPC_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/logger.h"

/* Longest path of a socket file, with its NUL (struct sockaddr_un on Linux). */
#define GRPC_ADDRESS_PATH 108

/* What is spoken at an address: the word behind it. */
enum grpc_carrier {
	GRPC_CARRIER_GRPC,             /* /grpc, or none */
	GRPC_CARRIER_WEB,              /* /grpcweb */
	GRPC_CARRIER_WEBSOCKET,        /* /grpcws: the former, too */
	GRPC_CARRIER_GATEWAY           /* /grpcgw */
};

struct grpc_address {
	enum grpc_carrier carrier;
	bool local;                    /* a socket file, not TCP */
	char path[GRPC_ADDRESS_PATH];  /* of the socket file */
	char host[256];                /* name or IP text, without brackets */
	uint16_t port;
	bool tls;                      /* TCP with TLS */
};

/*
 * Read `/unix/<path>` (the path begins with that second slash),
 * `/ip4|ip6|dns/<host>/tcp/<port>`, or `<host>:<port>` (no host means
 * 127.0.0.1), each with or without the word of a carrier.  Behind a port may
 * stand `/tls`, before or after that word.  0, or -ERR_INVALID_INPUT with a sentence.
 * Source: berty go/internal/grpcutil/server.go.
 */
int grpc_address_parse(const char * text, struct grpc_address * address,
    struct error * err);

/* True for 127.0.0.0/8, ::1 and `localhost`. */
bool grpc_address_is_loopback(const struct grpc_address * address);

/* "grpc", "grpcweb" …: a literal. */
const char * grpc_carrier_name(enum grpc_carrier carrier);

struct access;

/*
 * May a server listen there, as far as it is known who may call?  Beyond
 * loopback TCP is served over TLS and with tokens only; own_access: those who
 * are called check by themselves.  0, or -ERR_INVALID_INPUT with a sentence;
 * access NULL: there are no tokens and no certificate.
 */
int grpc_access_address(struct access * access, bool own_access,
    const struct logger * log, const char * text,
    const struct grpc_address * to, struct error * err);

#endif /* !BERTY_SERVER_GRPC_ADDRESS_H */
