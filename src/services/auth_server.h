/*
 * auth_server.h: an issuer of tokens as a web server: the page where a user
 * says for what, and the exchange of codes for tokens.  Pure: requests in,
 * answers out.  Source: services spec §3, RFC 6749, RFC 7636.
 *
 * A code lasts five minutes and is good for one token.  Which ones were used is
 * remembered for as long; codes from before the server began are refused, as it
 * does not know of them.
 */
#ifndef BERTY_SERVICES_AUTH_SERVER_H
#define BERTY_SERVICES_AUTH_SERVER_H

#include "services/auth_flow.h"

/* A code is good for so long, s. */
#define AUTH_CODE_S 300
/* Codes used within that time that are remembered: more are not exchanged. */
#define AUTH_USED_MAX 8192

struct auth_server;

/* Services and texts are copied, the issuer too. */
struct auth_server_config {
	struct auth_issuer issuer;
	size_t n;
	struct auth_service {
		const char * id;          /* "rpl" */
		const char * endpoint;    /* host:port */
	} services[AUTH_SERVICES_MAX];
	bool no_click;            /* the page answers without a question */
	const char * privacy_url; /* or NULL */
	int64_t token_s;          /* what a token lasts; 0: for ever */
};

/* 0; -ERR_INVALID_INPUT with a sentence; -ERR_INTERNAL. */
int auth_server_new(struct auth_server ** s,
    const struct auth_server_config * config, int64_t now,
    struct error * err);
void auth_server_free(struct auth_server * s);

/* What comes in, and 40 random bytes with it. */
struct auth_request {
	const char * method, * path;
	struct slice query, body;
	int64_t now;              /* unix s */
	uint8_t random[40];
};

/* What goes out; the caller frees the body. */
struct auth_reply {
	int status;
	const char * type;        /* of the content */
	const char * allow;       /* methods, with status 405; or NULL */
	struct buffer body;
};
void auth_server_answer(struct auth_server * s, const struct auth_request * q,
    struct auth_reply * reply);

/* Append the JSON of a token for all services, as the exchange gives it. */
int auth_server_generate(struct auth_server * s, const uint8_t random[40],
    int64_t now, struct buffer * out);

#endif /* !BERTY_SERVICES_AUTH_SERVER_H */
