/*
 * account_token.h: the tokens of services that the account has (events 401 and
 * 402 of its group): registers, as account.h has it, so that a token that was
 * removed can be added again.
 */
#ifndef BERTY_ACCOUNT_ACCOUNT_TOKEN_H
#define BERTY_ACCOUNT_ACCOUNT_TOKEN_H

#include "account/account.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "group/token_id.h"

/* The largest ServiceToken that is kept, bytes. */
#define ACCOUNT_TOKEN_MAX 32768

/*
 * Inside a transaction: write 401; id is the token's.  Errors: 100: it is there
 * already, or too large; 1002 over what is wrong.
 */
int account_token_add(struct account * a,
    const Berty__Protocol__V1__ServiceToken * token,
    char id[TOKEN_ID_SIZE + 1], struct error * err);

/* Inside a transaction: write 402.  4008: there is none. */
int account_token_remove(struct account * a, const char * id,
    struct error * err);

/* Walk over all, oldest first; a non-zero return ends it and is returned. */
int account_each_token(struct account * a,
    int (*each)(void * user, const char * id,
        const Berty__Protocol__V1__ServiceToken * token),
    void * user);

/* A token as services are called with it; texts, NUL-terminated. */
struct service_token {
	struct buffer token, url, endpoint;
	int64_t expiration;       /* unix s; -1: none */
};
void service_token_free(struct service_token * t);

/*
 * The token of that id; endpoint: where it is good for a service ("rpl",
 * "psh"), empty if it is for others.  -ERR_SERVICES_AUTH_UNKNOWN_TOKEN;
 * -ERR_INVALID_INPUT if it was removed.
 */
int account_service_token(struct account * a, const char * id,
    const char * service, struct service_token * t, struct error * err);

/* --- shared by the files of the account ----------------------------------- */

int account_token_fold(struct account * a, const struct metadata_event * e,
    const struct event_place * place);

#endif /* !BERTY_ACCOUNT_ACCOUNT_TOKEN_H */
