/*
 * push_jwt.h: statements (JWT) that providers know a relay by.  Pure.  Source:
 * RFC 7515, RFC 7518 §3.3 (RS256), §3.4 (ES256).
 */
#ifndef BERTY_SERVICES_PUSH_JWT_H
#define BERTY_SERVICES_PUSH_JWT_H

#include "base/buffer.h"
#include "base/error.h"

struct push_key;

enum push_key_kind {
	PUSH_KEY_ES256,           /* ECDSA on P-256: Apple's .p8 */
	PUSH_KEY_RS256,           /* RSA, 2048 bits or more: Google's */
};

/* From PEM.  -ERR_PUSH_INVALID_SERVER_CONFIG with a sentence. */
int push_key_new(struct push_key ** key, enum push_key_kind kind,
    struct slice pem, struct error * err);
void push_key_free(struct push_key * key);

/*
 * Append a signed statement; header and claims are JSON objects.  The same for
 * the same input.  0 or -ERR_INTERNAL.
 */
int push_jwt(struct buffer * out, const struct push_key * key,
    const char * header, const char * claims);

#endif /* !BERTY_SERVICES_PUSH_JWT_H */
