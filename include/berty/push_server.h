/*
 * push_server.h: a push relay in this process: wakes devices by Apple, Google
 * and others when there is a message for them, which it cannot read.
 */
#ifndef BERTY_PUSH_SERVER_H
#define BERTY_PUSH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"
#include "berty/log.h"

BERTY_BEGIN

/* Lists end with NULL; a NULL list is empty. */
struct berty_push_server_options {
	size_t size;                    /* of this struct */
	const uint8_t * private_key;    /* 32 bytes, X25519 */

	/*
	 * Apple: "FILE.p12", a certificate with its key and without a password;
	 * or "BUNDLE:TEAM:KEY:FILE.p8", a key of a team.
	 */
	const char * const * apns;
	const char * apns_endpoint;     /* URL; NULL: Apple's own */
	bool apns_sandbox;              /* for keys: Apple's other one */

	/* Google: "BUNDLE:FILE.json", the key of a service account. */
	const char * const * fcm;
	const char * fcm_endpoint;      /* URL; NULL: Google's own */

	/* UnifiedPush: the app's id. */
	const char * const * unified;
	bool unified_anywhere;          /* also without TLS, and to addresses of
	                                 * private networks */
	/* MQTT: "BUNDLE=mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX]". */
	const char * const * mqtt;

	const char * const * listeners; /* of gRPC */
	const char * tls_certificate;   /* PEM files for listeners with /tls; */
	const char * tls_key;           /* NULL: one that signs itself */
	const uint8_t * auth_secret;    /* both or none, 32 bytes: who asks for */
	const uint8_t * auth_key;       /* the relay's key shows a token */
	const char * ca_file;           /* PEM: who proves providers; or NULL */
	bool legacy_status;             /* gRPC status 14 for every error */
	struct berty_logger log;
};

/* What there is to say once all is up; valid during the call. */
struct berty_push_server_info {
	const uint8_t * public_key;     /* 32 bytes, X25519 */
	const char * const * listeners; /* NULL-terminated */
	const char * tls_fingerprint;   /* SHA-256 of the certificate; or NULL */
};

/*
 * Serve, call ready (may be NULL) once all is up, and return when SIGINT or
 * SIGTERM came and all is closed.  0, or the code of what went wrong.
 */
BERTY_API int berty_push_server_run(
    const struct berty_push_server_options * options,
    void (*ready)(void * user, const struct berty_push_server_info * info),
    void * user, struct berty_error * err);

BERTY_END

#endif /* !BERTY_PUSH_SERVER_H */
