/*
 * access.h: who may call a server of this process: tokens, the certificate it
 * shows, the web pages that may ask.  One for all its servers, gRPC and web
 * alike.
 *
 * A socket file is its owner's, and needs none of this.  On TCP, a token is
 * asked for when there is a file of them; other machines are served over TLS
 * and with tokens only.
 */
#ifndef BERTY_SERVER_ACCESS_H
#define BERTY_SERVER_ACCESS_H

#include "base/error.h"
#include "base/logger.h"
#include "base/slice.h"
#include "server/tls_credentials.h"

struct access;

/* Strings and lists are copied. */
struct access_options {
	const char * token_file;  /* made, with one, if missing; NULL: none */
	const char * certificate; /* PEM files, both or none: then one that */
	const char * key;         /* signs itself is used, and kept in */
	const char * folder;      /* this one; NULL: in memory */
	const char * const * origins; /* NULL-ended, or NULL; "*": all pages */
};

/*
 * 0; -ERR_INVALID_INPUT with a sentence: a file that others may read, cannot be
 * read or understood, an origin that is none.  log may be NULL; it outlives
 * the result.
 */
int access_new(struct access ** access, const struct access_options * options,
    const struct logger * log, struct error * err);
void access_free(struct access * access);

/*
 * Read the files again.  What cannot be read stays as it was; then an error as
 * above.  Servers are told by grpc_server_recheck.
 */
int access_reload(struct access * access, struct error * err);

/* Are there tokens? */
bool access_wants_token(const struct access * access);

enum access_verdict { ACCESS_GRANTED, ACCESS_NO_TOKEN, ACCESS_BAD_TOKEN };

/*
 * Judge an `authorization` header (empty: there was none).  *id names the
 * token for access_knows and is no secret; 0: there are no tokens, and all are
 * let in.
 */
enum access_verdict access_check(const struct access * access,
    struct slice authorization, uint64_t * id);

/* What to tell who was not let in; a literal. */
const char * access_advice(enum access_verdict verdict);

/* Is that token still good? */
bool access_knows(const struct access * access, uint64_t id);

/* May pages of that origin call?  None may that is not on the list. */
bool access_allows_origin(const struct access * access, struct slice origin);

/*
 * The certificate to show, made or read when first asked for; borrowed until
 * the next reload, so hold it.  NULL with err.
 */
struct tls_credentials * access_credentials(struct access * access,
    struct error * err);

/* Its fingerprint, or NULL when none was needed so far. */
const char * access_fingerprint(const struct access * access);

#endif /* !BERTY_SERVER_ACCESS_H */
