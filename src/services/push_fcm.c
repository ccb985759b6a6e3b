/* push_fcm.c: errands wait for a token of Google's, which lasts an hour and is
 * asked for with a statement that is signed with the account's key. */
#include "services/push_fcm.h"

#include <stdio.h>
#include <stdlib.h>
#include <cjson/cJSON.h>

#include "crypto/crypto.h"
#include "services/push_jwt.h"
#include "services/push_post.h"

#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define GRANT "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
/* A statement is good for so long, s; and a token that is older than what it
 * says less this is asked for anew, ms. */
#define STATEMENT_S 3600
#define MARGIN_MS 60000
#define TOKEN_LIFE_MAX_S 86400
#define ANSWER_MAX 16384

struct push_fcm {
	struct push_provider provider;
	struct world * world;
	struct web * web;
	char * endpoint;
	char * project, * email, * token_url; /* of the account */
	struct push_key * key;
	struct buffer token;      /* Google's, ends with NUL; or empty */
	uint64_t good_until;      /* ms */
	struct web_request ask;
	struct buffer form;
	bool asking;
	struct list waiting;      /* errands, for a token */
	struct list running;      /* posts */
};

static int send_message(struct push_fcm * f, struct push_errand * e);

/* --- a token -------------------------------------------------------------- */

static bool
take_token(struct push_fcm * f, struct slice answer)
{
	cJSON * json = cJSON_ParseWithLength((const char *)answer.p, answer.n);
	const cJSON * token = cJSON_GetObjectItemCaseSensitive(json,
	    "access_token");
	const cJSON * life = cJSON_GetObjectItemCaseSensitive(json,
	    "expires_in");
	double s = cJSON_IsNumber(life) ? life->valuedouble : 0;

	buffer_wipe(&f->token);
	if (cJSON_IsString(token) &&
	    push_post_is_plain(slice_text(token->valuestring)) &&
	    s >= 1 && s <= TOKEN_LIFE_MAX_S) {
		buffer_text(&f->token, token->valuestring);
		buffer_byte(&f->token, 0);
		if (f->token.failed)
			buffer_wipe(&f->token);
		f->good_until = world_now(f->world) + (uint64_t)(s * 1000);
	}
	if (cJSON_IsString(token))
		crypto_wipe(token->valuestring,
		    strlen(token->valuestring));
	cJSON_Delete(json);
	return (f->token.n > 0);
}

/* Those who waited go on, or fail for the same reason. */
static void
go_on(struct push_fcm * f, const struct error * why)
{
	struct list all, * place;

	list_init(&all);
	list_splice(&all, &f->waiting);
	list_init(&f->waiting);
	while (!list_empty(&all)) {
		struct push_errand * e;
		int rc;

		place = all.next;
		e = list_entry(place, struct push_errand, place);
		list_remove(place);
		if (why != NULL)
			e->err = *why;
		rc = why != NULL ? -why->code[0] : send_message(f, e);
		if (rc != 0)
			e->done(e, rc);
	}
}

static void
token_came(struct web_request * r, int rc)
{
	struct push_fcm * f = r->user;
	struct error err = {0};

	f->asking = false;
	buffer_wipe(&f->form);
	if (rc != 0)
		rc = error_set(&err, ERR_PUSH_PROVIDER,
		    "fcm: no access token: %.120s", r->err.text);
	else if (r->status != 200)
		rc = error_set(&err, ERR_PUSH_PROVIDER,
		    "fcm: no access token: status %d", r->status);
	else if (!take_token(f, buffer_all(&r->answer)))
		rc = error_set(&err, ERR_PUSH_PROVIDER,
		    "fcm: no access token in the answer");
	buffer_wipe(&r->answer);
	go_on(f, rc == 0 ? NULL : &err);
}

static int
write_form(struct push_fcm * f)
{
	long long now = (long long)(world_wall(f->world) / 1000000000);
	cJSON * claims = cJSON_CreateObject();
	char * text;
	int rc = -ERR_INTERNAL;

	(void)cJSON_AddStringToObject(claims, "iss", f->email);
	(void)cJSON_AddStringToObject(claims, "scope", SCOPE);
	(void)cJSON_AddStringToObject(claims, "aud", f->token_url);
	(void)cJSON_AddNumberToObject(claims, "iat", (double)now);
	(void)cJSON_AddNumberToObject(claims, "exp",
	    (double)(now + STATEMENT_S));
	text = cJSON_PrintUnformatted(claims);
	buffer_text(&f->form, "grant_type=" GRANT "&assertion=");
	if (text != NULL)
		rc = push_jwt(&f->form, f->key,
		    "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", text);
	cJSON_free(text);
	cJSON_Delete(claims);
	return (f->form.failed ? -ERR_INTERNAL : rc);
}

static int
ask_token(struct push_fcm * f, struct error * err)
{
	static const char * const headers[] = {
	    "Content-Type: application/x-www-form-urlencoded", NULL};

	if (f->asking)
		return (0);
	buffer_wipe(&f->form);
	if (write_form(f) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	f->ask = (struct web_request){
		.url = f->token_url,
		.method = "POST",
		.headers = headers,
		.body = buffer_all(&f->form),
		.answer_max = ANSWER_MAX,
		.timeout_ms = PUSH_PROVIDER_MS,
		.done = token_came,
		.user = f,
	};
	if (web_send(f->web, &f->ask) != 0)
		return (error_set(err, ERR_PUSH_PROVIDER, "fcm: %.150s",
		    f->ask.err.text));
	f->asking = true;
	return (0);
}

/* --- an errand ------------------------------------------------------------ */

/* Source: "Error codes for the HTTP v1 API": UNREGISTERED. */
static bool
is_unknown(int status, struct slice answer)
{
	static const char malformed[] = "registration token is not a valid";
	cJSON * json;
	const cJSON * text;
	bool unknown;

	if (status != 400)
		return (status == 404);
	json = cJSON_ParseWithLength((const char *)answer.p, answer.n);
	text = cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(json, "error"), "message");
	unknown = cJSON_IsString(text) &&
	    strstr(text->valuestring, malformed) != NULL;
	cJSON_Delete(json);
	return (unknown);
}

static void
answered(struct web_request * r, int rc)
{
	struct push_post * p = r->user;
	struct push_fcm * f = p->provider;
	struct error * err = &p->errand->err;

	if (rc != 0)
		rc = error_set(err, ERR_PUSH_PROVIDER, "fcm: %.150s",
		    r->err.text);
	else if (is_unknown(r->status, buffer_all(&r->answer)))
		rc = error_set(err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "fcm: status %d", r->status);
	else if (r->status != 200) {
		/* The next asks for another token. */
		if (r->status == 401)
			buffer_wipe(&f->token);
		rc = error_set(err, ERR_PUSH_PROVIDER, "fcm: status %d",
		    r->status);
	}
	push_post_end(p, rc);
}

static bool
append_message(struct buffer * out, const struct push_errand * e)
{
	cJSON * json = cJSON_CreateObject();
	cJSON * message = cJSON_AddObjectToObject(json, "message");
	cJSON * data = cJSON_AddObjectToObject(message, "data");
	cJSON * android = cJSON_AddObjectToObject(message, "android");
	struct buffer token = {0}, payload = {0};
	char * text = NULL;

	buffer_slice(&token, e->token);
	buffer_byte(&token, 0);
	push_post_payload(&payload, e);
	buffer_byte(&payload, 0);
	if (!token.failed && !payload.failed &&
	    cJSON_AddStringToObject(message, "token",
	        (char *)token.p) != NULL &&
	    cJSON_AddStringToObject(data, PUSH_KEY,
	        (char *)payload.p) != NULL &&
	    cJSON_AddStringToObject(android, "priority",
	        e->low ? "NORMAL" : "HIGH") != NULL)
		text = cJSON_PrintUnformatted(json);
	if (text != NULL)
		buffer_text(out, text);
	cJSON_free(text);
	cJSON_Delete(json);
	buffer_free(&token);
	buffer_free(&payload);
	return (text != NULL);
}

static int
send_message(struct push_fcm * f, struct push_errand * e)
{
	struct push_post * p;

	if ((p = push_post_new(f, e)) == NULL)
		return (-ERR_INTERNAL);
	if (!append_message(&p->body, e))
		p->body.failed = true;
	buffer_printf(&p->url, "%s/v1/projects/%s/messages:send", f->endpoint,
	    f->project);
	push_post_header(p, "Content-Type: application/json");
	push_post_header(p, "Authorization: Bearer %s", (char *)f->token.p);
	return (push_post_send(p, f->web, &f->running, answered));
}

static int
send_errand(struct push_provider * provider, struct push_errand * e)
{
	struct push_fcm * f = list_entry(provider, struct push_fcm, provider);
	int rc;

	if (e->token.n > PUSH_FCM_TOKEN_MAX || !push_post_is_plain(e->token))
		return (error_set(&e->err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "fcm: this is no token of a device"));
	if ((e->payload.n + 2) / 3 * 4 > PUSH_FCM_MAX)
		return (error_set(&e->err, ERR_PUSH_INVALID_PAYLOAD,
		    "fcm: the message is too large"));
	if (f->token.n > 0 &&
	    world_now(f->world) + MARGIN_MS < f->good_until)
		return (send_message(f, e));
	if ((rc = ask_token(f, &e->err)) == 0)
		list_append(&f->waiting, &e->place);
	return (rc);
}

/* --- from start to end ---------------------------------------------------- */

static void
free_provider(struct push_provider * provider)
{
	struct push_fcm * f = list_entry(provider, struct push_fcm, provider);

	if (f->asking) {
		web_cancel(f->web, &f->ask);
		buffer_wipe(&f->ask.answer);
	}
	push_post_cancel_all(f->web, &f->running);
	push_key_free(f->key);
	buffer_wipe(&f->token);
	buffer_wipe(&f->form);
	free(f->endpoint);
	free(f->project);
	free(f->email);
	free(f->token_url);
	free(provider->bundle);
	free(f);
}

static const struct push_provider_ops ops = {
	.send = send_errand,
	.free = free_provider,
};

static char *
take_text(const cJSON * json, const char * name)
{
	const cJSON * item = cJSON_GetObjectItemCaseSensitive(json, name);

	return (cJSON_IsString(item) &&
	    push_post_is_plain(slice_text(item->valuestring)) ?
	    strdup(item->valuestring) : NULL);
}

/* A project is part of an address. */
static bool
is_project(const char * text)
{
	return (text != NULL && strpbrk(text, "/?#%\\") == NULL);
}

static int
take_account(struct push_fcm * f, struct slice account, struct error * err)
{
	cJSON * json = cJSON_ParseWithLength((const char *)account.p,
	    account.n);
	const cJSON * key = cJSON_GetObjectItemCaseSensitive(json,
	    "private_key");
	int rc;

	f->project = take_text(json, "project_id");
	f->email = take_text(json, "client_email");
	f->token_url = take_text(json, "token_uri");
	if (!is_project(f->project) || f->email == NULL ||
	    f->token_url == NULL || !cJSON_IsString(key))
		rc = error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG,
		    "fcm: this is no key of a service account of Google's: a "
		    "JSON file with project_id, client_email, token_uri and "
		    "private_key");
	else
		rc = push_key_new(&f->key, PUSH_KEY_RS256,
		    slice_text(key->valuestring), err);
	if (cJSON_IsString(key))
		crypto_wipe(key->valuestring, strlen(key->valuestring));
	cJSON_Delete(json);
	return (rc);
}

int
push_fcm_new(struct push_provider ** provider,
    const struct push_fcm_config * config, struct error * err)
{
	struct push_fcm * f;
	int rc;

	if (config->bundle == NULL || *config->bundle == '\0')
		return (error_set(err, ERR_PUSH_MISSING_BUNDLE_ID,
		    "fcm: the id of an app is missing"));
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	f->provider.ops = &ops;
	f->provider.type = PUSH_FCM;
	f->world = config->world;
	f->web = config->web;
	list_init(&f->waiting);
	list_init(&f->running);
	f->provider.bundle = strdup(config->bundle);
	f->endpoint = strdup(config->endpoint);
	rc = f->provider.bundle == NULL || f->endpoint == NULL ?
	    error_set(err, ERR_INTERNAL, "out of memory") :
	    take_account(f, config->account, err);
	if (rc != 0)
		free_provider(&f->provider);
	else
		*provider = &f->provider;
	return (rc);
}
