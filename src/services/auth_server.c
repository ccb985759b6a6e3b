#include "services/auth_server.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/auth_form.h"
#include "services/auth_page.h"

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_JSON "application/json"

/* The longest state and challenge that are given back, bytes. */
#define STATE_MAX 512

/* A code that was exchanged, until it would have ended anyhow. */
struct used {
	uint8_t nonce[24];
	int64_t expires;
};

struct auth_server {
	struct auth_issuer issuer;
	struct auth_verifier verifier;
	size_t n;
	char ids[AUTH_SERVICES_MAX][AUTH_SERVICE_MAX];
	char * endpoints[AUTH_SERVICES_MAX];
	bool no_click;
	char * privacy_url;
	int64_t token_s;
	int64_t began;
	struct used used[AUTH_USED_MAX]; /* a ring, oldest first */
	size_t first, n_used;
};

/* --- begin and end -------------------------------------------------------- */

static bool
is_id(const char * id)
{
	const char * p;

	for (p = id; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'))
			return (false);
	return (p != id && p - id < AUTH_SERVICE_MAX - 16);
}

static int
add_service(struct auth_server * s, const struct auth_service * from,
    struct error * err)
{
	size_t i;

	if (!is_id(from->id) || from->endpoint[0] == '\0')
		return (error_set(err, ERR_INVALID_INPUT, "'%.40s' is no "
		    "service: give ID@HOST:PORT", from->id));
	for (i = 0; i < s->n; i++)
		if (strcmp(s->ids[i], from->id) == 0)
			return (error_set(err, ERR_INVALID_INPUT,
			    "the service %.40s is there twice", from->id));
	(void)snprintf(s->ids[s->n], AUTH_SERVICE_MAX, "%s", from->id);
	if ((s->endpoints[s->n] = strdup(from->endpoint)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	s->n++;
	return (0);
}

int
auth_server_new(struct auth_server ** server,
    const struct auth_server_config * config, int64_t now, struct error * err)
{
	struct auth_server * s;
	size_t i;
	int rc = 0;

	if (config->n == 0 || config->n > AUTH_SERVICES_MAX)
		return (error_set(err, ERR_INVALID_INPUT, "tokens are for 1 "
		    "to %d services", AUTH_SERVICES_MAX));
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	s->issuer = config->issuer;
	memcpy(s->verifier.secret, s->issuer.secret, 32);
	memcpy(s->verifier.public_key, s->issuer.key.pub, 32);
	s->no_click = config->no_click;
	s->token_s = config->token_s;
	s->began = now;
	for (i = 0; i < config->n && rc == 0; i++)
		rc = add_service(s, &config->services[i], err);
	if (rc == 0 && config->privacy_url != NULL &&
	    (s->privacy_url = strdup(config->privacy_url)) == NULL)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	if (rc == 0)
		*server = s;
	else
		auth_server_free(s);
	return (rc);
}

void
auth_server_free(struct auth_server * s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		free(s->endpoints[i]);
	free(s->privacy_url);
	crypto_wipe(s, sizeof(*s));
	free(s);
}

/* --- used codes ----------------------------------------------------------- */

static void
forget_old(struct auth_server * s, int64_t now)
{
	while (s->n_used > 0 && s->used[s->first].expires <= now) {
		s->first = (s->first + 1) % AUTH_USED_MAX;
		s->n_used--;
	}
}

static bool
was_used(const struct auth_server * s, const uint8_t nonce[24])
{
	size_t i;

	for (i = 0; i < s->n_used; i++)
		if (memcmp(s->used[(s->first + i) % AUTH_USED_MAX].nonce,
		    nonce, 24) == 0)
			return (true);
	return (false);
}

/* They are kept by the time they were used, each as long as the longest. */
static void
use(struct auth_server * s, const struct auth_claims * code, int64_t now)
{
	struct used * u =
	    &s->used[(s->first + s->n_used) % AUTH_USED_MAX];

	memcpy(u->nonce, code->nonce, sizeof(u->nonce));
	u->expires = now + AUTH_CODE_S + 1;
	s->n_used++;
}

/* --- the page ------------------------------------------------------------- */

static bool
has(struct slice form, const char * name, const char * value)
{
	struct buffer got = {0};
	bool same;

	same = auth_form_get(&got, form, name) &&
	    slice_equal(buffer_all(&got), slice_text(value));
	buffer_free(&got);
	return (same);
}

static void
put_state(struct buffer * url, struct slice query)
{
	struct buffer state = {0};

	if (auth_form_get(&state, query, "state") && state.n <= STATE_MAX) {
		buffer_text(url, "&state=");
		auth_form_escape(url, buffer_all(&state));
	}
	buffer_free(&state);
}

static void
go_back(struct auth_reply * reply, const struct buffer * url)
{
	reply->status = 200;
	reply->type = TYPE_HTML;
	auth_page_back(&reply->body, buffer_all(url));
}

static void
refuse(struct auth_reply * reply, struct slice query, const char * why)
{
	struct buffer url = {0};

	buffer_text(&url, AUTH_REDIRECT "?error=invalid_request"
	    "&error_description=");
	auth_form_escape(&url, slice_text(why));
	put_state(&url, query);
	go_back(reply, &url);
	buffer_free(&url);
}

/* What is unexpected in a request, or NULL. */
static const char *
check(struct slice query, char challenge[AUTH_TOKEN_ID_MAX])
{
	struct buffer value = {0};
	const char * why = NULL;

	if (!has(query, "response_type", AUTH_RESPONSE_TYPE))
		return ("unexpected value for response_type");
	if (!has(query, "client_id", AUTH_CLIENT_ID))
		return ("unexpected value for client_id");
	if (!has(query, "code_challenge_method", AUTH_METHOD))
		return ("unexpected value for code_challenge_method");
	if (!auth_form_get(&value, query, "state") || value.n == 0 ||
	    value.n > STATE_MAX)
		why = "unexpected value for state";
	buffer_clear(&value);
	if (why == NULL && (!auth_form_get(&value, query, "code_challenge") ||
	    value.n == 0 || value.n >= AUTH_TOKEN_ID_MAX ||
	    memchr(value.p, 0, value.n) != NULL))
		why = "unexpected value for code_challenge";
	memset(challenge, 0, AUTH_TOKEN_ID_MAX);
	if (why == NULL)
		memcpy(challenge, value.p, value.n);
	buffer_free(&value);
	return (why);
}

/* Is the service in a list with commas? */
static bool
in_scope(const struct buffer * scope, const char * id)
{
	struct slice s = buffer_all(scope);
	size_t n = strlen(id), i, at = 0;

	for (i = 0; i <= s.n; i++)
		if (i == s.n || s.p[i] == ',') {
			if (i - at == n && memcmp(s.p + at, id, n) == 0)
				return (true);
			at = i + 1;
		}
	return (false);
}

/* The services that are asked for; all, without a scope. */
static size_t
wanted(const struct auth_server * s, struct slice query,
    const char * list[AUTH_SERVICES_MAX])
{
	struct buffer scope = {0};
	size_t i, n = 0;
	bool all;

	all = !auth_form_get(&scope, query, "scope") || scope.n == 0;
	for (i = 0; i < s->n; i++)
		if (all || in_scope(&scope, s->ids[i]))
			list[n++] = s->ids[i];
	buffer_free(&scope);
	return (n);
}

static void
select_services(struct auth_claims * claims, const char * const * list,
    size_t n, struct slice form, bool all)
{
	char name[AUTH_SERVICE_MAX + 16];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s_selected", list[i]);
		if (all || has(form, name, "1"))
			(void)snprintf(claims->services[claims->n++],
			    AUTH_SERVICE_MAX, "%s", list[i]);
	}
}

static void
give_code(struct auth_server * s, const struct auth_request * q,
    struct auth_claims * claims, struct auth_reply * reply)
{
	struct buffer url = {0};

	claims->expires = q->now + AUTH_CODE_S;
	memcpy(claims->nonce, q->random, sizeof(claims->nonce));
	buffer_text(&url, AUTH_REDIRECT "?code=");
	if (auth_issue(&url, &s->issuer, claims) != 0) {
		reply->status = 500;
		reply->type = TYPE_HTML;
		auth_page_wrong(&reply->body, "The server has no memory.");
	} else {
		put_state(&url, q->query);
		go_back(reply, &url);
	}
	buffer_wipe(&url);
}

/*
 * A request that would lead elsewhere is not answered by leading there: the
 * page would send people wherever a link says.
 */
static void
authorize(struct auth_server * s, const struct auth_request * q,
    struct auth_reply * reply)
{
	const char * list[AUTH_SERVICES_MAX];
	struct auth_claims claims = {0};
	const char * why;
	bool post = strcmp(q->method, "POST") == 0;
	size_t n;

	if (!has(q->query, "redirect_uri", AUTH_REDIRECT)) {
		reply->status = 400;
		reply->type = TYPE_HTML;
		auth_page_wrong(&reply->body,
		    "Open this page from Berty: the link is not one of its "
		    "own (redirect_uri).");
		return;
	}
	n = wanted(s, q->query, list);
	if ((why = check(q->query, claims.challenge)) == NULL && n == 0)
		why = "no services matching requested scope";
	if (why == NULL && (post || s->no_click)) {
		select_services(&claims, list, n, q->body, s->no_click);
		if (claims.n == 0)
			why = "no services matching selected scope";
	}
	if (why != NULL)
		refuse(reply, q->query, why);
	else if (claims.n > 0)
		give_code(s, q, &claims, reply);
	else {
		reply->status = 200;
		reply->type = TYPE_HTML;
		auth_page_ask(&reply->body, list, n, s->privacy_url);
	}
}

/* --- the exchange --------------------------------------------------------- */

static void
put_json(struct buffer * out, cJSON * json)
{
	char * text = json == NULL ? NULL : cJSON_PrintUnformatted(json);

	if (text == NULL)
		out->failed = true;
	else
		buffer_text(out, text);
	cJSON_free(text);
	cJSON_Delete(json);
}

static void
json_error(struct auth_reply * reply, int status, const char * error,
    const char * why)
{
	cJSON * json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "error", error);
	cJSON_AddStringToObject(json, "error_description", why);
	reply->status = status;
	reply->type = TYPE_JSON;
	put_json(&reply->body, json);
}

static void
put_scope(cJSON * json, const struct auth_claims * claims)
{
	struct buffer scope = {0};
	size_t i;

	for (i = 0; i < claims->n; i++)
		buffer_printf(&scope, "%s%s", i == 0 ? "" : ",",
		    claims->services[i]);
	buffer_byte(&scope, 0);
	if (!scope.failed)
		cJSON_AddStringToObject(json, "scope", (char *)scope.p);
	buffer_free(&scope);
}

/* A token for the services of the claims. */
static int
give_token(struct auth_server * s, const struct auth_claims * from,
    const uint8_t random[40], int64_t now, struct buffer * out)
{
	struct auth_claims claims = *from;
	struct buffer token = {0};
	cJSON * json, * services;
	size_t i, k;
	int rc;

	claims.challenge[0] = '\0';
	auth_uuid(claims.id, random + 24);
	memcpy(claims.nonce, random, sizeof(claims.nonce));
	claims.expires = s->token_s == 0 ? 0 : now + s->token_s;
	rc = auth_issue(&token, &s->issuer, &claims);
	buffer_byte(&token, 0);
	if (rc != 0 || token.failed) {
		buffer_wipe(&token);
		return (-ERR_INTERNAL);
	}
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "access_token", (char *)token.p);
	cJSON_AddStringToObject(json, "token_type", "bearer");
	if (s->token_s != 0)
		cJSON_AddNumberToObject(json, "expires_in",
		    (double)s->token_s);
	put_scope(json, &claims);
	services = cJSON_AddObjectToObject(json, "services");
	for (i = 0; i < claims.n; i++)
		for (k = 0; k < s->n; k++)
			if (strcmp(claims.services[i], s->ids[k]) == 0)
				cJSON_AddStringToObject(services, s->ids[k],
				    s->endpoints[k]);
	put_json(out, json);
	buffer_wipe(&token);
	return (out->failed ? -ERR_INTERNAL : 0);
}

/* Is this the code, and is it the one who asked for it? */
static bool
open_code(struct auth_server * s, const struct auth_request * q,
    struct auth_claims * code)
{
	char challenge[AUTH_CHALLENGE_SIZE + 1];
	struct buffer text = {0}, verifier = {0};
	bool good;

	good = auth_form_get(&text, q->body, "code") &&
	    auth_form_get(&verifier, q->body, "code_verifier") &&
	    auth_open(&s->verifier, buffer_all(&text), code) == 0 &&
	    code->challenge[0] != '\0';
	if (good) {
		auth_challenge(challenge, buffer_all(&verifier));
		good = strlen(code->challenge) == AUTH_CHALLENGE_SIZE &&
		    crypto_equal(challenge, code->challenge,
		        AUTH_CHALLENGE_SIZE);
	}
	buffer_wipe(&text);
	buffer_wipe(&verifier);
	return (good);
}

static void
exchange(struct auth_server * s, const struct auth_request * q,
    struct auth_reply * reply)
{
	struct auth_claims code;

	if (!has(q->body, "client_id", AUTH_CLIENT_ID)) {
		json_error(reply, 400, "invalid_client",
		    "unexpected value for client_id");
		return;
	}
	if (!has(q->body, "grant_type", AUTH_GRANT_TYPE)) {
		json_error(reply, 400, "unsupported_grant_type",
		    "expected " AUTH_GRANT_TYPE " for grant_type");
		return;
	}
	forget_old(s, q->now);
	if (!open_code(s, q, &code) || code.expires <= q->now ||
	    code.expires > q->now + AUTH_CODE_S ||
	    code.expires < s->began + AUTH_CODE_S ||
	    was_used(s, code.nonce)) {
		json_error(reply, 400, "invalid_grant",
		    "invalid value for code");
		return;
	}
	if (s->n_used == AUTH_USED_MAX) {
		json_error(reply, 503, "temporarily_unavailable",
		    "too many codes at once");
		return;
	}
	use(s, &code, q->now);
	reply->status = 200;
	reply->type = TYPE_JSON;
	if (give_token(s, &code, q->random, q->now, &reply->body) != 0)
		json_error(reply, 500, "server_error", "no memory");
}

/* --- requests ------------------------------------------------------------- */

void
auth_server_answer(struct auth_server * s, const struct auth_request * q,
    struct auth_reply * reply)
{
	bool get = strcmp(q->method, "GET") == 0;
	bool post = strcmp(q->method, "POST") == 0;
	bool page = strcmp(q->path, AUTH_PATH_AUTHORIZE) == 0;
	bool token = strcmp(q->path, AUTH_PATH_TOKEN) == 0;

	memset(reply, 0, sizeof(*reply));
	if (page && (get || post))
		authorize(s, q, reply);
	else if (token && post)
		exchange(s, q, reply);
	else {
		reply->status = page || token ? 405 : 404;
		reply->allow = page ? "GET, POST" : token ? "POST" : NULL;
		reply->type = TYPE_HTML;
		auth_page_wrong(&reply->body, page || token
		    ? "This address is not asked so."
		    : "There is nothing at this address.");
	}
}

int
auth_server_generate(struct auth_server * s, const uint8_t random[40],
    int64_t now, struct buffer * out)
{
	struct auth_claims claims = {0};

	for (; claims.n < s->n; claims.n++)
		memcpy(claims.services[claims.n], s->ids[claims.n],
		    AUTH_SERVICE_MAX);
	return (give_token(s, &claims, random, now, out));
}
