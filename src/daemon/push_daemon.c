/* push_daemon.c: a push relay, from start to stop. */
#include <stdlib.h>

#include "base/error_public.h"
#include "base/logger_public.h"
#include "crypto/crypto.h"
#include "daemon/grpc_api.h"
#include "daemon/push_api.h"
#include "daemon/push_providers.h"
#include "daemon/signals.h"
#include "public/world/public_config.h"
#include "server/access.h"
#include "world/os/world_os.h"
#include "world/web/web_curl.h"

/* How long calls may go on once the server was told to stop, ms. */
#define DRAIN_MS 2000

struct push_daemon {
	struct logger log;
	struct world * world;
	struct web * web;
	struct push_files * files;
	struct push_api api;
	struct access * access;
	struct grpc_server * server;
	struct grpc_api * calls;
	struct signals signals;
	bool stopping;
};

/* --- opening -------------------------------------------------------------- */

static int
open_relay(struct push_daemon * d, const struct berty_push_server_options * o,
    struct error * err)
{
	const struct web_curl_options web = {.ca_file = o->ca_file};
	static const uint8_t none[32];

	if (o->private_key == NULL || crypto_equal(o->private_key, none, 32))
		return (error_set(err, ERR_INVALID_PRIVATE_KEY, "a relay needs "
		    "a key: 32 random bytes that stay the same"));
	if ((o->auth_secret == NULL) != (o->auth_key == NULL))
		return (error_set(err, ERR_MISSING_INPUT, "the secret and the "
		    "public key of an issuer go together"));
	d->api.world = d->world;
	d->api.asks_token = o->auth_secret != NULL;
	if (d->api.asks_token) {
		memcpy(d->api.verifier.secret, o->auth_secret, 32);
		memcpy(d->api.verifier.public_key, o->auth_key, 32);
	}
	d->web = web_curl_new(d->world, &web);
	d->api.relay = push_relay_new(d->world, &d->log, o->private_key);
	if (d->web == NULL || d->api.relay == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	return (push_providers_add(d->api.relay, d->world, d->web, o,
	    &d->files, err));
}

static int
open_server(struct push_daemon * d, const struct berty_push_server_options * o,
    struct error * err)
{
	const struct access_options who = {.certificate = o->tls_certificate,
	    .key = o->tls_key};
	struct grpc_options options = {.legacy_status = o->legacy_status,
	    .own_access = true};
	size_t i;
	int rc;

	if ((rc = access_new(&d->access, &who, &d->log, err)) != 0)
		return (rc);
	options.access = d->access;
	rc = grpc_server_new(&d->server, world_os_loop(d->world), &options,
	    &d->log);
	if (rc != 0)
		return (error_set(err, -rc, "the server did not start"));
	d->calls = grpc_api_new(d->server, &push_api_service, NULL, &d->api);
	if (d->calls == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	for (i = 0; o->listeners != NULL && o->listeners[i] != NULL; i++)
		if ((rc = grpc_server_listen(d->server, o->listeners[i],
		    err)) != 0)
			return (rc);
	grpc_server_set_serving(d->server, true);
	return (0);
}

static void
tell(struct push_daemon * d,
    void (*ready)(void * user, const struct berty_push_server_info * info),
    void * user)
{
	struct berty_push_server_info info = {
		.public_key = push_relay_public_key(d->api.relay),
		.tls_fingerprint = access_fingerprint(d->access),
	};
	const char ** list;
	size_t n = 0, i;

	while (grpc_server_address(d->server, n) != NULL)
		n++;
	list = calloc(n + 1, sizeof(*list));
	for (i = 0; list != NULL && i < n; i++)
		list[i] = grpc_server_address(d->server, i);
	info.listeners = list;
	if (ready != NULL && list != NULL)
		ready(user, &info);
	free(list);
}

/* --- stopping ------------------------------------------------------------- */

static void
server_closed(void * user)
{
	struct push_daemon * d = user;

	d->server = NULL;
	world_os_stop(d->world);
}

static void
on_signal(void * user, int number)
{
	struct push_daemon * d = user;

	(void)number;
	if (d->stopping)
		return;
	d->stopping = true;
	log_info(&d->log, "push", "stopping");
	grpc_server_stop(d->server, DRAIN_MS, server_closed, d);
}

static void
close_daemon(struct push_daemon * d)
{
	if (d->server != NULL) {
		grpc_server_stop(d->server, 0, server_closed, d);
		world_os_run(d->world);
	}
	if (d->calls != NULL)
		grpc_api_free(d->calls);
	access_free(d->access);
	push_relay_free(d->api.relay);
	push_files_free(d->files);
	web_curl_free(d->web);
	signals_end(&d->signals);
	world_os_free(d->world);
	crypto_wipe(&d->api.verifier, sizeof(d->api.verifier));
}

static int
run(const struct berty_push_server_options * o,
    void (*ready)(void * user, const struct berty_push_server_info * info),
    void * user, struct error * err)
{
	struct push_daemon d = {.log = logger_import(&o->log)};
	int rc;

	if (crypto_setup() != 0 || (d.world = world_os_new(&d.log)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = open_relay(&d, o, err)) == 0 &&
	    (rc = open_server(&d, o, err)) == 0 &&
	    (rc = signals_watch(&d.signals, d.world, false, on_signal,
	        &d, err)) == 0) {
		tell(&d, ready, user);
		world_os_run(d.world);
	}
	close_daemon(&d);
	return (rc);
}

int
berty_push_server_run(const struct berty_push_server_options * options,
    void (*ready)(void * user, const struct berty_push_server_info * info),
    void * user, struct berty_error * err)
{
	struct berty_push_server_options o;
	struct error e = {0};
	int rc;

	if (public_config(&o, sizeof(o), options, sizeof(o.size)))
		rc = run(&o, ready, user, &e);
	else
		rc = error_set(&e, ERR_INVALID_INPUT,
		    "berty_push_server_options.size is of no version of the "
		    "library");
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}
