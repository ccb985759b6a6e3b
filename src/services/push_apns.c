#include "services/push_apns.h"

#include <stdio.h>
#include <stdlib.h>
#include <cjson/cJSON.h>

#include "codec/multibase.h"
#include "services/push_jwt.h"
#include "services/push_post.h"

/* Apple wants a new one within an hour, and none within 20 minutes; ms. */
#define TOKEN_MS (UINT64_C(40) * 60 * 1000)
/* Tokens are 32 bytes today, and may become 100. */
#define DEVICE_MAX 100

struct push_apns {
	struct push_provider provider;
	struct world * world;
	struct web * web;
	char * endpoint, * team, * key_id, * certificate, * certificate_key;
	struct push_key * key;
	struct buffer token;      /* of ours, ends with NUL; or empty */
	uint64_t made;            /* ms */
	struct list running;
};

/* --- who we are ----------------------------------------------------------- */

static int
make_token(struct push_apns * a, struct error * err)
{
	uint64_t now = world_now(a->world);
	char header[160], claims[160];

	if (a->token.n > 0 && now - a->made < TOKEN_MS)
		return (0);
	buffer_wipe(&a->token);
	(void)snprintf(header, sizeof(header),
	    "{\"alg\":\"ES256\",\"kid\":\"%s\"}", a->key_id);
	(void)snprintf(claims, sizeof(claims), "{\"iss\":\"%s\",\"iat\":%lld}",
	    a->team, (long long)(world_wall(a->world) / 1000000000));
	if (push_jwt(&a->token, a->key, header, claims) != 0)
		goto err0;
	buffer_byte(&a->token, 0);
	if (a->token.failed)
		goto err0;
	a->made = now;
	return (0);

err0:
	buffer_wipe(&a->token);
	return (error_set(err, ERR_INTERNAL, "apns: no token can be made"));
}

/* --- an errand ------------------------------------------------------------ */

static void
append_notification(struct buffer * out, const struct push_errand * e)
{
	buffer_text(out, "{\"aps\":{\"alert\":{\"loc-key\":"
	    "\"BertyPushMessage\"},\"mutable-content\":1},\"" PUSH_KEY
	    "\":\"");
	push_post_payload(out, e);
	buffer_text(out, "\"}");
}

/* {"reason":"BadDeviceToken"}; letters alone, for the log. */
static void
take_reason(char * to, size_t size, struct slice answer)
{
	cJSON * json = cJSON_ParseWithLength((const char *)answer.p, answer.n);
	const cJSON * reason = cJSON_GetObjectItemCaseSensitive(json,
	    "reason");
	size_t i;

	(void)snprintf(to, size, "%s", cJSON_IsString(reason) ?
	    reason->valuestring : "");
	for (i = 0; to[i] != '\0'; i++)
		if ((to[i] < 'A' || to[i] > 'Z') && (to[i] < 'a' ||
		    to[i] > 'z'))
			to[i] = '?';
	cJSON_Delete(json);
}

static bool
is_unknown(int status, const char * reason)
{
	return (status == 410 || strcmp(reason, "BadDeviceToken") == 0 ||
	    strcmp(reason, "DeviceTokenNotForTopic") == 0);
}

static void
answered(struct web_request * r, int rc)
{
	struct push_post * p = r->user;
	struct push_apns * a = p->provider;
	struct error * err = &p->errand->err;
	char reason[64] = "";

	if (rc != 0) {
		rc = error_set(err, ERR_PUSH_PROVIDER, "apns: %.150s",
		    r->err.text);
	} else if (r->status != 200) {
		take_reason(reason, sizeof(reason), buffer_all(&r->answer));
		/* It may be the clock that was wrong: the next is new. */
		if (strcmp(reason, "ExpiredProviderToken") == 0)
			buffer_wipe(&a->token);
		rc = error_set(err, is_unknown(r->status, reason) ?
		    ERR_PUSH_UNKNOWN_DESTINATION : ERR_PUSH_PROVIDER,
		    "apns: status %d, reason %s", r->status, reason);
	}
	push_post_end(p, rc);
}

static int
send_errand(struct push_provider * provider, struct push_errand * e)
{
	struct push_apns * a = list_entry(provider, struct push_apns,
	    provider);
	struct push_post * p;
	int rc;

	if (e->token.n == 0 || e->token.n > DEVICE_MAX)
		return (error_set(&e->err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "apns: this is no token of a device"));
	if (a->key != NULL && (rc = make_token(a, &e->err)) != 0)
		return (rc);
	if ((p = push_post_new(a, e)) == NULL)
		return (-ERR_INTERNAL);
	append_notification(&p->body, e);
	if (p->body.n > PUSH_APNS_MAX) {
		push_post_free(p);
		return (error_set(&e->err, ERR_PUSH_INVALID_PAYLOAD, "apns: "
		    "the message is too large for a notification"));
	}
	buffer_printf(&p->url, "%s/3/device/", a->endpoint);
	hex_encode(&p->url, e->token);
	push_post_header(p, "Content-Type: application/json");
	push_post_header(p, "apns-topic: %s", provider->bundle);
	push_post_header(p, "apns-push-type: alert");
	push_post_header(p, "apns-priority: %d", e->low ? 5 : 10);
	if (a->key != NULL)
		push_post_header(p, "authorization: bearer %s",
		    (char *)a->token.p);
	p->request.certificate = a->certificate;
	p->request.key = a->certificate_key;
	return (push_post_send(p, a->web, &a->running, answered));
}

/* --- from start to end ---------------------------------------------------- */

static void
free_provider(struct push_provider * provider)
{
	struct push_apns * a = list_entry(provider, struct push_apns,
	    provider);

	push_post_cancel_all(a->web, &a->running);
	push_key_free(a->key);
	buffer_wipe(&a->token);
	free(a->endpoint);
	free(a->team);
	free(a->key_id);
	free(a->certificate);
	free(a->certificate_key);
	free(provider->bundle);
	free(a);
}

static const struct push_provider_ops ops = {
	.send = send_errand,
	.free = free_provider,
};

/* What stands in a header and in JSON. */
static bool
is_name(const char * text)
{
	const char * p;

	for (p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p == '"' || *p == '\\' || *p >= 0x7f)
			return (false);
	return (p != text && p - text <= 64);
}

static bool
copy(char ** to, const char * from)
{
	if (from != NULL)
		*to = strdup(from);
	return (from == NULL || *to != NULL);
}

int
push_apns_new(struct push_provider ** provider,
    const struct push_apns_config * config, struct error * err)
{
	struct push_apns * a;
	int rc;

	if (config->bundle == NULL || !is_name(config->bundle))
		return (error_set(err, ERR_PUSH_MISSING_BUNDLE_ID,
		    "apns: this is no id of an app"));
	if (config->certificate == NULL && (!is_name(config->team) ||
	    !is_name(config->key_id)))
		return (error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG,
		    "apns: the ids of a team and of its key are missing"));
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	a->provider.ops = &ops;
	a->provider.type = PUSH_APNS;
	a->world = config->world;
	a->web = config->web;
	list_init(&a->running);
	rc = copy(&a->provider.bundle, config->bundle) &&
	    copy(&a->endpoint, config->endpoint) &&
	    copy(&a->team, config->team) && copy(&a->key_id, config->key_id) &&
	    copy(&a->certificate, config->certificate) &&
	    copy(&a->certificate_key, config->certificate_key) ? 0 :
	    error_set(err, ERR_INTERNAL, "out of memory");
	if (rc == 0 && config->certificate == NULL)
		rc = push_key_new(&a->key, PUSH_KEY_ES256, config->key, err);
	if (rc != 0)
		free_provider(&a->provider);
	else
		*provider = &a->provider;
	return (rc);
}
