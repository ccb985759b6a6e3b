#include "server/access.h"

#include <stdio.h>
#include <stdlib.h>

#include <gnutls/crypto.h>

#include "crypto/crypto.h"
#include "server/access_file.h"
#include "server/access_origin.h"
#include "server/access_token.h"

#define TOKEN_BYTES 32

struct access {
	const struct logger * log;
	char * token_file, * certificate, * key, * folder;
	struct buffer origins;
	struct access_tokens tokens;
	struct tls_credentials * credentials;  /* NULL: not asked for yet */
};

/* --- tokens --------------------------------------------------------------- */

/* A new token in base64url, a line of a file. */
static int
make_tokens(const char * path, struct error * err)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[TOKEN_BYTES];
	struct buffer line = {0};
	unsigned bits = 0, have = 0;
	size_t i;
	int status;

	if (gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof(bytes)) != 0)
		return (error_set(err, ERR_INTERNAL, "no randomness"));
	for (i = 0; i < sizeof(bytes); i++) {
		bits = (bits & 0xff) << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			buffer_byte(&line, (uint8_t)digits[bits >>
			    (have - 6) & 63]);
	}
	if (have > 0)
		buffer_byte(&line, (uint8_t)digits[bits << (6 - have) & 63]);
	buffer_byte(&line, '\n');
	status = line.failed ? error_set(err, ERR_INTERNAL, "out of memory") :
	    access_file_write(path, buffer_all(&line), err);
	crypto_wipe(bytes, sizeof(bytes));
	crypto_wipe(&bits, sizeof(bits));
	buffer_wipe(&line);
	return (status);
}

static int
read_tokens(struct access * access, struct error * err)
{
	struct buffer text = {0};
	int status;

	if (access->token_file == NULL)
		return (0);
	status = access_file_read(access->token_file, true, &text, NULL, err);
	if (status == 0)
		status = access_tokens_parse(&access->tokens,
		    buffer_all(&text), err);
	buffer_wipe(&text);
	return (status);
}

/* Make the file at the first start, then read it. */
static int
first_tokens(struct access * access, struct error * err)
{
	struct buffer text = {0};
	bool missing = false;
	int status;

	if (access->token_file == NULL)
		return (0);
	status = access_file_read(access->token_file, true, &text, &missing,
	    err);
	buffer_wipe(&text);
	if (status == 0 && missing) {
		status = make_tokens(access->token_file, err);
		if (status == 0)
			log_warn(access->log, "access", "a token was made: "
			    "callers find it in %.300s", access->token_file);
	}
	return (status != 0 ? status : read_tokens(access, err));
}

bool
access_wants_token(const struct access * access)
{
	return (access->tokens.n > 0);
}

static uint64_t
id_of(const struct access_token * token)
{
	uint64_t id = 0;
	size_t i;

	for (i = 0; i < sizeof(id); i++)
		id = id << 8 | token->digest[i];
	return (id == 0 ? 1 : id);
}

enum access_verdict
access_check(const struct access * access, struct slice authorization,
    uint64_t * id)
{
	const struct access_token * found;
	struct slice token;

	*id = 0;
	if (access->tokens.n == 0)
		return (ACCESS_GRANTED);
	if (authorization.n == 0)
		return (ACCESS_NO_TOKEN);
	if (!access_token_of(authorization, &token) ||
	    (found = access_tokens_find(&access->tokens, token)) == NULL)
		return (ACCESS_BAD_TOKEN);
	*id = id_of(found);
	return (ACCESS_GRANTED);
}

const char *
access_advice(enum access_verdict verdict)
{
	switch (verdict) {
	case ACCESS_NO_TOKEN:
		return ("a token is needed: send `authorization: bearer TOKEN` "
		    "(berty: -node.token-file FILE, or BERTY_NODE_TOKEN)");
	case ACCESS_BAD_TOKEN:
		return ("this token is not one of those in the node's "
		    "-node.token-file");
	default:
		return ("");
	}
}

bool
access_knows(const struct access * access, uint64_t id)
{
	size_t i;

	if (access->tokens.n == 0)
		return (true);
	for (i = 0; i < access->tokens.n; i++)
		if (id_of(&access->tokens.list[i]) == id)
			return (true);
	return (false);
}

/* --- origins -------------------------------------------------------------- */

static int
set_origins(struct access * access, const char * const * list,
    struct error * err)
{
	for (; list != NULL && *list != NULL; list++) {
		if (strcmp(*list, "*") == 0)
			buffer_text(&access->origins, "*");
		else if (!access_origin_write(&access->origins,
		    slice_text(*list)))
			return (error_set(err, ERR_INVALID_INPUT, "'%.80s' is "
			    "no origin of web pages: write "
			    "https://name[:port]", *list));
		buffer_byte(&access->origins, 0);
	}
	return (access->origins.failed ? error_set(err, ERR_INTERNAL,
	    "out of memory") : 0);
}

bool
access_allows_origin(const struct access * access, struct slice origin)
{
	return (access_origin_is_listed(buffer_all(&access->origins), origin));
}

/* --- the certificate ------------------------------------------------------ */

static int
load_pair(struct tls_credentials ** credentials, const char * certificate,
    const char * key, bool * missing, struct error * err)
{
	struct buffer a = {0}, b = {0};
	int status;

	status = access_file_read(certificate, false, &a, missing, err);
	if (status == 0 && (missing == NULL || !*missing))
		status = access_file_read(key, true, &b, missing, err);
	if (status == 0 && (missing == NULL || !*missing))
		status = tls_credentials_new(credentials, buffer_all(&a),
		    buffer_all(&b), err);
	buffer_free(&a);
	buffer_wipe(&b);
	return (status);
}

/* The key goes first: a certificate without its key would be of no use. */
static int
make_pair(struct access * access, const char * certificate, const char * key,
    struct tls_credentials ** credentials, struct error * err)
{
	struct buffer a = {0}, b = {0};
	int status;

	if (tls_credentials_make(&a, &b) != 0)
		status = error_set(err, ERR_INTERNAL,
		    "no certificate could be made");
	else
		status = tls_credentials_new(credentials, buffer_all(&a),
		    buffer_all(&b), err);
	if (status == 0 && access->folder != NULL) {
		status = access_file_write(key, buffer_all(&b), err);
		if (status == 0)
			status = access_file_write(certificate, buffer_all(&a),
			    err);
		if (status != 0) {
			tls_credentials_drop(*credentials);
			*credentials = NULL;
		}
	}
	buffer_free(&a);
	buffer_wipe(&b);
	return (status);
}

/* Our own, made once and kept. */
static int
own_pair(struct access * access, struct tls_credentials ** credentials,
    struct error * err)
{
	struct buffer certificate = {0}, key = {0};
	bool missing = true;
	int status = 0;

	if (access->folder != NULL) {
		buffer_printf(&certificate, "%s/api-certificate.pem",
		    access->folder);
		buffer_printf(&key, "%s/api-key.pem", access->folder);
	}
	buffer_byte(&certificate, 0);
	buffer_byte(&key, 0);
	if (certificate.failed || key.failed)
		status = error_set(err, ERR_INTERNAL, "out of memory");
	if (status == 0 && access->folder != NULL)
		status = load_pair(credentials, (char *)certificate.p,
		    (char *)key.p, &missing, err);
	if (status == 0 && missing)
		status = make_pair(access, (char *)certificate.p,
		    (char *)key.p, credentials, err);
	buffer_free(&certificate);
	buffer_free(&key);
	return (status);
}

struct tls_credentials *
access_credentials(struct access * access, struct error * err)
{
	if (access->credentials != NULL)
		return (access->credentials);
	if (access->certificate != NULL)
		(void)load_pair(&access->credentials, access->certificate,
		    access->key, NULL, err);
	else
		(void)own_pair(access, &access->credentials, err);
	return (access->credentials);
}

const char *
access_fingerprint(const struct access * access)
{
	return (access->credentials == NULL ? NULL :
	    tls_credentials_fingerprint(access->credentials));
}

static int
reload_pair(struct access * access, struct error * err)
{
	struct tls_credentials * fresh = NULL;
	int status;

	if (access->certificate == NULL || access->credentials == NULL)
		return (0);
	if ((status = load_pair(&fresh, access->certificate, access->key, NULL,
	    err)) != 0)
		return (status);
	tls_credentials_drop(access->credentials);
	access->credentials = fresh;
	return (0);
}

/* --- the whole ------------------------------------------------------------ */

static bool
copy(char ** to, const char * from)
{
	if (from == NULL)
		return (true);
	return ((*to = strdup(from)) != NULL);
}

int
access_new(struct access ** result, const struct access_options * o,
    const struct logger * log, struct error * err)
{
	struct access * access = calloc(1, sizeof(*access));
	int status;

	if (access == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	access->log = log;
	if ((o->certificate == NULL) != (o->key == NULL))
		status = error_set(err, ERR_INVALID_INPUT, "a certificate "
		    "needs its key and a key its certificate: give "
		    "-node.tls-certificate and -node.tls-key");
	else if (!copy(&access->token_file, o->token_file) ||
	    !copy(&access->certificate, o->certificate) ||
	    !copy(&access->key, o->key) || !copy(&access->folder, o->folder))
		status = error_set(err, ERR_INTERNAL, "out of memory");
	else if ((status = set_origins(access, o->origins, err)) == 0)
		status = first_tokens(access, err);
	if (status != 0)
		access_free(access);
	else
		*result = access;
	return (status);
}

void
access_free(struct access * access)
{
	if (access == NULL)
		return;
	tls_credentials_drop(access->credentials);
	buffer_free(&access->origins);
	free(access->token_file);
	free(access->certificate);
	free(access->key);
	free(access->folder);
	free(access);
}

int
access_reload(struct access * access, struct error * err)
{
	struct error other = {0};
	int status = read_tokens(access, err);
	int then = reload_pair(access, status == 0 ? err : &other);

	return (status != 0 ? status : then);
}
