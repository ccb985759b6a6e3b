/*
 * auth_issue.h: the issuer's side of tokens (auth_token.h): codes for clients
 * that prove who they are by a secret of theirs (PKCE), and tokens.  Pure.
 * Source: services spec §3.4; times are ours, in fields that Go skips.
 */
#ifndef BERTY_SERVICES_AUTH_ISSUE_H
#define BERTY_SERVICES_AUTH_ISSUE_H

#include "crypto/crypto.h"
#include "services/auth_token.h"

/* Services that one token is for; and the longest name of one, bytes. */
#define AUTH_SERVICES_MAX 16
#define AUTH_SERVICE_MAX 64

/* What tokens are made with; wipe after use. */
struct auth_issuer {
	uint8_t secret[32];
	struct ed25519_key key;
};

/* What is in a code or a token; texts are NUL-terminated. */
struct auth_claims {
	size_t n;
	char services[AUTH_SERVICES_MAX][AUTH_SERVICE_MAX];
	char challenge[AUTH_TOKEN_ID_MAX];  /* of a code; else "" */
	char id[AUTH_TOKEN_ID_MAX];         /* of a token; else "" */
	int64_t expires;          /* unix s; 0: never */
	uint8_t nonce[24];        /* tells one from any other */
};

/*
 * Append a code or token for the claims, whose nonce is random and theirs.
 * -ERR_INVALID_INPUT: no services; neither or both of challenge and id.
 */
int auth_issue(struct buffer * out, const struct auth_issuer * issuer,
    const struct auth_claims * claims);

/*
 * Open a code or token, whatever its time.
 * -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN: it is none of this issuer's.
 */
int auth_open(const struct auth_verifier * verifier, struct slice token,
    struct auth_claims * claims);

/* The challenge for a verifier: base64url of its SHA-256, NUL-terminated. */
#define AUTH_CHALLENGE_SIZE 43
void auth_challenge(char challenge[AUTH_CHALLENGE_SIZE + 1],
    struct slice verifier);

/* A UUID version 4 from 16 random bytes, NUL-terminated. */
#define AUTH_UUID_SIZE 36
void auth_uuid(char id[AUTH_UUID_SIZE + 1], const uint8_t random[16]);

#endif /* !BERTY_SERVICES_AUTH_ISSUE_H */
