/*
 * replication.h: a replication server in this process: keeps the logs of groups
 * for members who are away, and opens nothing of them.
 */
#ifndef BERTY_REPLICATION_H
#define BERTY_REPLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"
#include "berty/log.h"

BERTY_BEGIN

/* Lists end with NULL; a NULL list is empty. */
struct berty_replication_options {
	size_t size;                    /* sizeof(struct berty_replication_options) */
	const char * store;             /* folder, made if missing; NULL: in memory */
	const char * key_file;          /* store key: NULL: <store>/store.key */
	const char * key_variable;      /* or the name of a variable */
	int key_fd;                     /* or a descriptor; -1: none */
	const char * replica;           /* what servers share: a PostgreSQL
	                                 * database, "postgresql://…"; or a
	                                 * SQLite file, of one server; NULL:
	                                 * replication.sqlite in the folder */
	const char * const * listeners; /* of gRPC */
	const char * const * swarm;     /* of libp2p */
	const char * const * announce;  /* libp2p addresses that clients are
	                                 * told instead; NULL: those listened on */
	const char * const * static_peers;
	const char * security;          /* of libp2p, as in berty_daemon_options */
	bool mdns;                      /* find nodes in the local network */
	const uint8_t * auth_secret;    /* 32 bytes: what tokens are opened with, */
	const uint8_t * auth_key;       /* and the issuer's Ed25519 public key */
	uint64_t quota_groups;          /* of a token; 0: no limit */
	uint64_t quota_bytes;
	uint64_t lease_ms;              /* 0: the default */
	const char * tls_certificate;   /* PEM files for listeners with /tls; */
	const char * tls_key;           /* NULL: one that signs itself */
	bool legacy_status;             /* gRPC status 14 for every error */
	struct berty_logger log;
};

/* What there is to say once all is up; valid during the call. */
struct berty_replication_info {
	const char * peer_id;
	const char * const * listeners; /* NULL-terminated */
	const char * const * swarm;     /* texts, with /p2p/ID */
	const char * tls_fingerprint;   /* SHA-256 of the certificate; or NULL */
};

/*
 * Serve, call ready (may be NULL) once all is up, and return when SIGINT or
 * SIGTERM came and all is closed.  0, or the code of what went wrong.
 */
BERTY_API int berty_replication_run(
    const struct berty_replication_options * options,
    void (*ready)(void * user, const struct berty_replication_info * info),
    void * user, struct berty_error * err);

BERTY_END

#endif /* !BERTY_REPLICATION_H */
