/*
 * daemon.h: a whole node in this process: the store, the network, and the
 * gRPC service, until it is told to stop.
 */
#ifndef BERTY_DAEMON_H
#define BERTY_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"
#include "berty/log.h"

BERTY_BEGIN

/* Lists end with NULL; a NULL list is empty. */
struct berty_daemon_options {
	size_t size;                    /* sizeof(struct berty_daemon_options) */
	const char * store;             /* folder, made if missing; NULL: in memory */
	const char * key_file;          /* store key: NULL: <store>/store.key */
	const char * key_variable;      /* or the name of a variable */
	int key_fd;                     /* or a descriptor; -1: none */
	const char * networks;          /* "berty", "berty-v1", "wesh", or
	                                 * several, as "berty,berty-v1": the
	                                 * first is a new account's own; NULL:
	                                 * "berty" */
	const char * const * listeners; /* of the API */
	const char * const * swarm;     /* of libp2p */
	const char * const * static_peers;
	const char * security;          /* of libp2p: "noise", "tls" or both,
	                                 * as "noise,tls"; NULL: both */
	bool mdns;                      /* find nodes in the local network */
	bool local_records;             /* tell them by what we are found */
	bool auto_activate;             /* open known groups by itself */
	bool enable_requests;           /* be found by contact requests */
	bool legacy_status;             /* gRPC status 14 for every error */
	struct berty_logger log;
	const char * web_ca_file;       /* PEM file of the authorities that
	                                 * prove servers which this node asks;
	                                 * NULL: the system's */
	bool services_insecure;         /* ask servers by gRPC without TLS */

	/*
	 * An archive (InstanceExportData, or Berty's) to begin with: a file,
	 * and its passphrase if it is sealed.  INVALID_INPUT when the store
	 * has an account; what is wrong with an archive leaves none.
	 */
	const char * restore;
	const char * restore_passphrase;
	const char * token_file;        /* callers over TCP show a token of it;
	                                 * made with one if missing, read again
	                                 * on SIGHUP; NULL: none */
	const char * tls_certificate;   /* PEM files for listeners with /tls, */
	const char * tls_key;           /* read again on SIGHUP; NULL: one that
	                                 * signs itself, kept in the store */
	const char * const * web_origins; /* pages that may call:
	                                 * "https://app.example", "*" */
	const char * const * metrics_listeners; /* of /metrics and /healthz */
	uint64_t attachment_max;        /* bytes of an attachment; 0: 4 GiB */
	uint64_t attachment_cache;      /* bytes of all that are fetched, not
	                                 * pinned; 0: 1 GiB */
};

/* What there is to say once all is up; valid during the call. */
struct berty_daemon_info {
	uint8_t account_pk[32];
	uint8_t device_pk[32];
	uint8_t seed[32];
	bool has_seed;                  /* contact requests are enabled */
	const char * peer_id;
	const char * const * listeners; /* NULL-terminated */
	const char * const * swarm;     /* texts, with /p2p/ID */
	const uint8_t * const * addresses; /* the same in binary */
	const size_t * address_sizes;
	size_t n_addresses;
	const char * tls_fingerprint;   /* SHA-256 of the certificate; or NULL */
};

/*
 * Open the node, serve, and call ready (may be NULL); return when SIGINT or SIGTERM came and
 * all is closed.  0, or the code of what went wrong at the start.
 */
BERTY_API int berty_daemon_run(const struct berty_daemon_options * options,
    void (*ready)(void * user, const struct berty_daemon_info * info),
    void * user, struct berty_error * err);

BERTY_END

#endif /* !BERTY_DAEMON_H */
