/* grpc_address.h: the addresses that a gRPC server and its clients name. */
#ifndef BERTY_SERVER_GRPC_ADDRESS_H
#define BERTY_SERVER_GRPC_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Longest path of a socket file, with its NUL (struct sockaddr_un on Linux). */
#define GRPC_ADDRESS_PATH 108

struct grpc_address {
	bool local;                    /* a socket file, not TCP */
	char path[GRPC_ADDRESS_PATH];  /* of the socket file */
	char host[256];                /* name or IP text, without brackets */
	uint16_t port;
	bool tls;                      /* TCP with TLS */
};

/*
 * Read `/unix/<path>` (the path begins with that second slash),
 * `/ip4|ip6|dns/<host>/tcp/<port>`, each with or without `/grpc`, or
 * `<host>:<port>`; no host means 127.0.0.1.  Behind a port may stand `/tls`,
 * before or after `/grpc`.  0, or -ERR_INVALID_INPUT with a sentence.
 * Source: berty go/internal/grpcutil/server.go.
 */
int grpc_address_parse(const char * text, struct grpc_address * address,
    struct error * err);

/* True for 127.0.0.0/8, ::1 and `localhost`. */
bool grpc_address_is_loopback(const struct grpc_address * address);

#endif /* !BERTY_SERVER_GRPC_ADDRESS_H */
