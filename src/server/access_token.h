/*
 * access_token.h: bearer tokens: the file they stand in, the header they come
 * in.  Bytes in, no files.  Source of the header: RFC 6750 §2.1.
 */
#ifndef BERTY_SERVER_ACCESS_TOKEN_H
#define BERTY_SERVER_ACCESS_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

#define ACCESS_TOKENS_MAX 64       /* in a file */
#define ACCESS_TOKEN_LEAST 22      /* characters: 128 bits in base64 */
#define ACCESS_TOKEN_MOST 512
#define ACCESS_TOKEN_NAME 40       /* bytes of a name that are kept, with NUL */

/* What is kept of a token: it cannot be made from that. */
struct access_token {
	uint8_t digest[32];        /* SHA-256 */
	char name[ACCESS_TOKEN_NAME];
};

struct access_tokens {
	struct access_token list[ACCESS_TOKENS_MAX];
	size_t n;
};

/*
 * Read a file of tokens: one a line, then its name if it has one; empty lines
 * and those that begin with `#` do not count.  *tokens is set on success alone.
 * -ERR_INVALID_INPUT with the line's number and never its text: no token at
 * all, too many, one that is too short, or has other characters than a token.
 */
int access_tokens_parse(struct access_tokens * tokens, struct slice text,
    struct error * err);

/* The first token of such a file, borrowed: what a client sends. */
int access_tokens_first(struct slice text, struct slice * token,
    struct error * err);

/* The token's place, or NULL; takes the same time for each wrong one. */
const struct access_token * access_tokens_find(
    const struct access_tokens * tokens, struct slice token);

/* Letters, digits and `-._~+/`, then `=`; of a length that is allowed. */
bool access_token_is_one(struct slice token);

/*
 * The token in the value of an `authorization` header: `bearer`, in any case,
 * spaces, and it.  False for anything else.
 */
bool access_token_of(struct slice header, struct slice * token);

#endif /* !BERTY_SERVER_ACCESS_TOKEN_H */
