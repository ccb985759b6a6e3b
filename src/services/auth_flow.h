/*
 * auth_flow.h: how a client gets a token: OAuth 2's authorization code with
 * PKCE.  Pure.  Source: services spec §3, api-v1 spec §9, RFC 6749, RFC 7636.
 */
#ifndef BERTY_SERVICES_AUTH_FLOW_H
#define BERTY_SERVICES_AUTH_FLOW_H

#include "services/auth_issue.h"

#define AUTH_RESPONSE_TYPE "code"
#define AUTH_GRANT_TYPE "authorization_code"
#define AUTH_REDIRECT "berty://services-auth/"
#define AUTH_CLIENT_ID "berty"
#define AUTH_METHOD "S256"
#define AUTH_PATH_AUTHORIZE "/authorize"
#define AUTH_PATH_TOKEN "/oauth/token"

/* The longest URL, and the longest answer of an issuer, bytes. */
#define AUTH_URL_MAX 2048
#define AUTH_ANSWER_MAX 65536

/* A user who has not come back after so long begins again, s. */
#define AUTH_SESSION_S 3600

/* base64url of 24 random bytes. */
#define AUTH_SECRET_SIZE 32

/* A flow that waits for its user; wipe after use. */
struct auth_session {
	char base[AUTH_URL_MAX + 1];
	char state[AUTH_SECRET_SIZE + 1];
	char verifier[AUTH_SECRET_SIZE + 1];
	int64_t begun;            /* unix s */
};

/*
 * Begin a flow at an issuer, with 48 random bytes.  Errors:
 * -ERR_SERVICES_AUTH_INVALID_URL.
 */
int auth_session_begin(struct auth_session * s, const char * base,
    const uint8_t random[48], int64_t now, struct error * err);

/* Append the page that the user opens. */
void auth_session_url(struct buffer * out, const struct auth_session * s);

/* As it is kept; -ERR_DB_READ. */
void auth_session_encode(struct buffer * out, const struct auth_session * s);
int auth_session_decode(struct auth_session * s, struct slice bytes);

/* Is it too old, or from a time that has not come? */
bool auth_session_expired(const struct auth_session * s, int64_t now);

/*
 * What came back: append the code.  Errors: no codes and a text (no URL);
 * -ERR_SERVICES_AUTH_SERVER (the issuer's error, whatever the session), then
 * -ERR_SERVICES_AUTH_NOT_INITIALIZED (s is NULL),
 * -ERR_SERVICES_AUTH_WRONG_STATE.
 */
int auth_callback(struct buffer * code, const char * url,
    const struct auth_session * s, struct error * err);

/* Append the form that exchanges a code for a token. */
void auth_exchange_form(struct buffer * out, const struct auth_session * s,
    struct slice code);

/* What an issuer gives: a ServiceToken (protobuf_free). */
struct Berty__Protocol__V1__ServiceToken;

/*
 * Read its answer.  Errors: -ERR_SERVICES_AUTH_INVALID_RESPONSE: a status of
 * 300 and more, no token, no services; -ERR_DESERIALIZATION: no JSON;
 * -ERR_SERVICES_AUTH_SERVER: an error in the JSON.
 */
int auth_answer(struct slice json, int status, const char * base,
    int64_t now, struct Berty__Protocol__V1__ServiceToken ** token,
    struct error * err);

#endif /* !BERTY_SERVICES_AUTH_FLOW_H */
