#include "services/push_unified.h"

#include <stdlib.h>

#include "services/push_post.h"

/* How long a server keeps what cannot be delivered yet, s. */
#define KEPT_S 86400

struct push_unified {
	struct push_provider provider;
	struct web * web;
	bool anywhere;
	struct list running;
};

static void
answered(struct web_request * r, int rc)
{
	struct push_post * p = r->user;
	struct error * err = &p->errand->err;

	if (rc != 0)
		rc = error_set(err, ERR_PUSH_PROVIDER, "unifiedpush: %.150s",
		    r->err.text);
	else if (r->status == 404 || r->status == 410)
		rc = error_set(err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "unifiedpush: status %d", r->status);
	else if (r->status < 200 || r->status > 299)
		rc = error_set(err, ERR_PUSH_PROVIDER,
		    "unifiedpush: status %d", r->status);
	push_post_end(p, rc);
}

static bool
begins(struct slice s, const char * with)
{
	size_t n = strlen(with);

	return (s.n > n && memcmp(s.p, with, n) == 0);
}

static bool
is_address(const struct push_unified * u, struct slice token)
{
	return (token.n <= PUSH_UNIFIED_URL_MAX && push_post_is_plain(token) &&
	    (begins(token, "https://") ||
	    (u->anywhere && begins(token, "http://"))));
}

static int
send_errand(struct push_provider * provider, struct push_errand * e)
{
	struct push_unified * u = list_entry(provider, struct push_unified,
	    provider);
	struct push_post * p;

	if (!is_address(u, e->token))
		return (error_set(&e->err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "unifiedpush: the token is no https:// address"));
	if (e->payload.n > PUSH_UNIFIED_MAX)
		return (error_set(&e->err, ERR_PUSH_INVALID_PAYLOAD,
		    "unifiedpush: the message is too large"));
	if ((p = push_post_new(u, e)) == NULL)
		return (-ERR_INTERNAL);
	buffer_slice(&p->url, e->token);
	buffer_slice(&p->body, e->payload);
	push_post_header(p, "Content-Type: application/octet-stream");
	push_post_header(p, "TTL: %d", KEPT_S);
	push_post_header(p, "Urgency: %s", e->low ? "low" : "high");
	p->request.stranger = !u->anywhere;
	return (push_post_send(p, u->web, &u->running, answered));
}

static void
free_provider(struct push_provider * provider)
{
	struct push_unified * u = list_entry(provider, struct push_unified,
	    provider);

	push_post_cancel_all(u->web, &u->running);
	free(provider->bundle);
	free(u);
}

static const struct push_provider_ops ops = {
	.send = send_errand,
	.free = free_provider,
};

int
push_unified_new(struct push_provider ** provider,
    const struct push_unified_config * config, struct error * err)
{
	struct push_unified * u;

	if (config->bundle == NULL || *config->bundle == '\0')
		return (error_set(err, ERR_PUSH_MISSING_BUNDLE_ID,
		    "unifiedpush: the id of an app is missing"));
	if ((u = calloc(1, sizeof(*u))) == NULL ||
	    (u->provider.bundle = strdup(config->bundle)) == NULL) {
		free(u);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	u->provider.ops = &ops;
	u->provider.type = PUSH_UNIFIED;
	u->web = config->web;
	u->anywhere = config->anywhere;
	list_init(&u->running);
	*provider = &u->provider;
	return (0);
}
