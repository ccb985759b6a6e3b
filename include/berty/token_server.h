/*
 * token_server.h: a server that gives tokens to those who may use services: a
 * page for people, and OAuth 2's exchange of codes (with PKCE).
 */
#ifndef BERTY_TOKEN_SERVER_H
#define BERTY_TOKEN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"
#include "berty/log.h"

BERTY_BEGIN

struct berty_token_server_options {
	size_t size;                    /* of this struct */
	const uint8_t * secret;         /* 32 bytes, shared with the services */
	const uint8_t * seed;           /* 32 bytes of the issuer's key */
	const char * services;          /* "rpl@HOST:PORT,psh@HOST:PORT" */
	const char * listener;          /* HOST:PORT */
	const char * certificate;       /* PEM files, both: serve HTTPS */
	const char * key;
	const char * privacy_url;       /* linked from the page; or NULL */
	bool no_click;                  /* the page asks nothing */
	int64_t token_s;                /* what a token lasts; 0: for ever */
	struct berty_logger log;
};

/*
 * Serve, and call ready (may be NULL) with the address; return when SIGINT or
 * SIGTERM came.  0, or the code of what went wrong at the start.
 */
BERTY_API int berty_token_server_run(
    const struct berty_token_server_options * options,
    void (*ready)(void * user, const char * address), void * user,
    struct berty_error * err);

/*
 * Make one token for all services, without a server: the JSON that the exchange
 * answers with, given to `made`, borrowed.
 */
BERTY_API int berty_token_generate(
    const struct berty_token_server_options * options,
    void (*made)(void * user, const char * json), void * user,
    struct berty_error * err);

/* The public key of a seed: what services check tokens with. */
BERTY_API void berty_token_public_key(const uint8_t seed[32],
    uint8_t public_key[32]);

/* 32 random bytes: a secret, or a seed. */
BERTY_API void berty_token_random(uint8_t bytes[32]);

BERTY_END

#endif /* !BERTY_TOKEN_SERVER_H */
