/*
 * auth_token.h: the tokens that an issuer gives and services check: opaque to
 * who holds one, and checked without asking the issuer.  Pure.  Source: services
 * spec §3.4 (berty go/pkg/bertyauth).
 */
#ifndef BERTY_SERVICES_AUTH_TOKEN_H
#define BERTY_SERVICES_AUTH_TOKEN_H

#include "base/buffer.h"
#include "base/error.h"

/* Services that tokens are for. */
#define AUTH_REPLICATION "rpl"
#define AUTH_PUSH "psh"

/* The longest token read, bytes; and of the id in one, with its NUL. */
#define AUTH_TOKEN_MAX 4096
#define AUTH_TOKEN_ID_MAX 64

/* What a service needs to check the tokens of an issuer; wipe after use. */
struct auth_verifier {
	uint8_t secret[32];
	uint8_t public_key[32];
};

/*
 * Check a token for a service, at a time (unix s): its id, NUL-terminated, in
 * *id.  -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN: it is none of this issuer's,
 * is a code, or has expired.  -ERR_SERVICES_AUTH_SERVICE_NOT_SUPPORTED: it is
 * for other services.
 */
int auth_token_verify(const struct auth_verifier * verifier,
    struct slice token, const char * service, int64_t now,
    char id[AUTH_TOKEN_ID_MAX], struct error * err);

#endif /* !BERTY_SERVICES_AUTH_TOKEN_H */
