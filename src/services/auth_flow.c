/* auth_flow.c: from the user's wish to the code that comes back. */
#include "services/auth_flow.h"

#include <stdio.h>
#include <strings.h>

#include "base/reader.h"
#include "codec/multibase.h"
#include "services/auth_form.h"

/* Form of a kept session, its first byte. */
#define FORM 1

/* --- sessions ------------------------------------------------------------- */

static bool
is_plain(const char * text)
{
	const unsigned char * p;

	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f)
			return (false);
	return (true);
}

/* http or https, and a host; what the paths are put behind. */
static bool
is_base(const char * url)
{
	size_t scheme;

	if (strncasecmp(url, "https://", 8) == 0)
		scheme = 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		scheme = 7;
	else
		return (false);
	return (strlen(url) <= AUTH_URL_MAX && is_plain(url) &&
	    strpbrk(url, "?#") == NULL &&
	    strchr("/:", url[scheme]) == NULL);
}

static void
put_secret(char to[AUTH_SECRET_SIZE + 1], const uint8_t random[24])
{
	struct buffer text = {0};

	memset(to, 0, AUTH_SECRET_SIZE + 1);
	base64url_encode(&text, slice_of(random, 24));
	if (text.n == AUTH_SECRET_SIZE)
		memcpy(to, text.p, AUTH_SECRET_SIZE);
	buffer_wipe(&text);
}

int
auth_session_begin(struct auth_session * s, const char * base,
    const uint8_t random[48], int64_t now, struct error * err)
{
	size_t n = strlen(base);

	if (!is_base(base))
		return (error_set(err, ERR_SERVICES_AUTH_INVALID_URL,
		    "this is no http or https address of a server"));
	memset(s, 0, sizeof(*s));
	memcpy(s->base, base, n);
	if (s->base[n - 1] == '/')
		s->base[n - 1] = '\0';
	put_secret(s->state, random);
	put_secret(s->verifier, random + 24);
	s->begun = now;
	return (0);
}

void
auth_session_url(struct buffer * out, const struct auth_session * s)
{
	char challenge[AUTH_CHALLENGE_SIZE + 1];

	auth_challenge(challenge, slice_text(s->verifier));
	buffer_printf(out, "%s" AUTH_PATH_AUTHORIZE "?response_type="
	    AUTH_RESPONSE_TYPE "&client_id=" AUTH_CLIENT_ID "&redirect_uri=",
	    s->base);
	auth_form_escape(out, slice_text(AUTH_REDIRECT));
	buffer_printf(out, "&state=%s&code_challenge=%s&code_challenge_method="
	    AUTH_METHOD, s->state, challenge);
}

static void
put_text(struct buffer * out, const char * text)
{
	buffer_uvarint(out, strlen(text));
	buffer_text(out, text);
}

static void
take_text(struct reader * r, char * to, size_t size)
{
	struct slice s = reader_prefixed(r, size - 1);

	memset(to, 0, size);
	if (s.n > 0)
		memcpy(to, s.p, s.n);
}

void
auth_session_encode(struct buffer * out, const struct auth_session * s)
{
	buffer_byte(out, FORM);
	buffer_be64(out, (uint64_t)s->begun);
	put_text(out, s->base);
	put_text(out, s->state);
	put_text(out, s->verifier);
}

int
auth_session_decode(struct auth_session * s, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	uint8_t form = reader_byte(&r);

	s->begun = (int64_t)reader_be64(&r);
	take_text(&r, s->base, sizeof(s->base));
	take_text(&r, s->state, sizeof(s->state));
	take_text(&r, s->verifier, sizeof(s->verifier));
	return (reader_done(&r) && form == FORM &&
	    strlen(s->state) == AUTH_SECRET_SIZE ? 0 : -ERR_DB_READ);
}

bool
auth_session_expired(const struct auth_session * s, int64_t now)
{
	return (now < s->begun - AUTH_SESSION_S ||
	    now > s->begun + AUTH_SESSION_S);
}

/* --- the way back --------------------------------------------------------- */

/* Text as an error has it: no control characters. */
static void
quote(char * to, size_t size, const struct buffer * from)
{
	size_t i;

	for (i = 0; i + 1 < size && i < from->n; i++)
		to[i] = from->p[i] < ' ' || from->p[i] == 0x7f ? '?'
		    : (char)from->p[i];
	to[i] = '\0';
}

static int
server_error(struct slice query, const struct buffer * name,
    struct error * err)
{
	struct buffer why = {0};
	char is[48], because[100];

	(void)auth_form_get(&why, query, "error_description");
	quote(is, sizeof(is), name);
	quote(because, sizeof(because), &why);
	buffer_free(&why);
	return (error_set(err, ERR_SERVICES_AUTH_SERVER,
	    "the server refuses: %s (%s)", is, because));
}

static int
check_state(struct slice query, const struct auth_session * s,
    struct error * err)
{
	struct buffer state = {0};
	bool same;

	if (s == NULL)
		return (error_set(err, ERR_SERVICES_AUTH_NOT_INITIALIZED,
		    "no authentication is under way"));
	(void)auth_form_get(&state, query, "state");
	same = state.n == AUTH_SECRET_SIZE &&
	    crypto_equal(state.p, s->state, AUTH_SECRET_SIZE);
	buffer_free(&state);
	if (!same)
		return (error_set(err, ERR_SERVICES_AUTH_WRONG_STATE,
		    "this answers another authentication than the last one"));
	return (0);
}

int
auth_callback(struct buffer * code, const char * url,
    const struct auth_session * s, struct error * err)
{
	struct slice query = auth_form_query(slice_text(url));
	struct buffer name = {0};
	int rc;

	if (strlen(url) > AUTH_URL_MAX + AUTH_TOKEN_MAX || !is_plain(url)) {
		error_clear(err);
		(void)snprintf(err->text, sizeof(err->text),
		    "this is no address to come back to");
		return (-ERR_INVALID_INPUT);
	}
	if (auth_form_get(&name, query, "error") && name.n > 0)
		rc = server_error(query, &name, err);
	else if ((rc = check_state(query, s, err)) == 0)
		(void)auth_form_get(code, query, "code");
	buffer_free(&name);
	return (rc);
}

void
auth_exchange_form(struct buffer * out, const struct auth_session * s,
    struct slice code)
{
	buffer_text(out, "client_id=" AUTH_CLIENT_ID "&code=");
	auth_form_escape(out, code);
	buffer_printf(out, "&code_verifier=%s&grant_type=" AUTH_GRANT_TYPE,
	    s->verifier);
}
