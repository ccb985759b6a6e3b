/* account_daemon.c: a process that serves accounts until it is told to stop. */

#include "base/error_public.h"
#include "base/logger_public.h"
#include "berty/accounts.h"
#include "daemon/accounts/account_service.h"
#include "daemon/front/front.h"
#include "daemon/grpc_api.h"
#include "daemon/signals.h"
#include "public/world/public_config.h"
#include "server/access.h"
#include "world/os/world_os.h"
#include "world/web/web_curl.h"

/* How long calls may go on once it was told to stop, ms. */
#define DRAIN_MS 500

struct account_daemon {
	struct logger log;
	struct accounts accounts;
	struct api_service service;
	struct access * access;
	struct grpc_server * server;
	struct grpc_api * api;
	struct front * front;     /* for web pages; NULL: nobody asked for it */
	struct signals signals;
	bool stopping, stopped;
};

static void
all_closed(void * user)
{
	struct account_daemon * d = user;

	d->stopped = true;
	world_os_stop(d->accounts.world);
}

static void
server_stopped(void * user)
{
	struct account_daemon * d = user;

	d->server = NULL;
	accounts_stop(&d->accounts, all_closed, d);
}

static void
front_stopped(void * user)
{
	struct account_daemon * d = user;

	d->front = NULL;
	grpc_server_stop(d->server, DRAIN_MS, server_stopped, d);
}

static void
stop(struct account_daemon * d, uint64_t drain_ms)
{
	if (d->stopping)
		return;
	d->stopping = true;
	if (d->front != NULL)
		front_stop(d->front, drain_ms, front_stopped, d);
	else if (d->server != NULL)
		grpc_server_stop(d->server, drain_ms, server_stopped, d);
	else
		accounts_stop(&d->accounts, all_closed, d);
}

static void
on_signal(void * user, int number)
{
	(void)number;
	stop(user, DRAIN_MS);
}

static int
listen_at(struct account_daemon * d, const char * address,
    const struct front_options * options, struct error * err)
{
	if (!front_serves(address))
		return (grpc_server_listen(d->server, address, err));
	if (d->front == NULL && ((d->front = front_new(d->accounts.world,
	    options, &d->log)) == NULL ||
	    front_add(d->front, &d->service, NULL, &d->accounts) != 0))
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	return (front_listen(d->front, address, err));
}

/* The i-th address, those of gRPC first; or NULL. */
static const char *
address_of(const struct account_daemon * d, size_t i)
{
	size_t n = 0;

	while (n <= i && grpc_server_address(d->server, n) != NULL)
		n++;
	if (n > i)
		return (grpc_server_address(d->server, i));
	return (d->front == NULL ? NULL : front_address(d->front, i - n));
}

static int
open_server(struct account_daemon * d, const char * const * listeners,
    const struct berty_daemon_options * o, struct error * err)
{
	const struct access_options access = {.token_file = o->token_file,
	    .certificate = o->tls_certificate, .key = o->tls_key,
	    .folder = d->accounts.root, .origins = o->web_origins};
	struct grpc_options options = {.legacy_status = o->legacy_status};
	struct front_options front = {.legacy_status = o->legacy_status};
	size_t i;
	int rc;

	if ((rc = access_new(&d->access, &access, &d->log, err)) != 0)
		return (rc);
	options.access = front.access = d->access;
	if (grpc_server_new(&d->server, world_os_loop(d->accounts.world),
	    &options, &d->log) != 0)
		return (error_set(err, ERR_INTERNAL,
		    "the API server did not start"));
	d->service = account_service();
	if ((d->api = grpc_api_new(d->server, &d->service, NULL,
	    &d->accounts)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	for (i = 0; listeners != NULL && listeners[i] != NULL; i++)
		if ((rc = listen_at(d, listeners[i], &front, err)) != 0)
			return (rc);
	grpc_server_set_serving(d->server, true);
	return (0);
}

static void
close_daemon(struct account_daemon * d)
{
	if (d->api != NULL)
		grpc_api_free(d->api);
	access_free(d->access);
	signals_end(&d->signals);
	web_curl_free(d->accounts.web);
	buffer_free(&d->accounts.push.bundle_id);
	buffer_free(&d->accounts.push.token);
	if (d->accounts.world != NULL)
		world_os_free(d->accounts.world);
}

static int
run(const struct berty_accounts_options * o,
    void (*ready)(void * user, const char * const * listeners), void * user,
    struct error * err)
{
	struct account_daemon d = {.log = logger_import(&o->node->log)};
	struct web_curl_options web = {.ca_file = o->node->web_ca_file};
	const char * addresses[64] = {NULL};
	size_t i;
	int rc;

	list_init(&d.accounts.nodes);
	d.accounts.root = o->root;
	d.accounts.log = &d.log;
	d.accounts.options = *o->node;
	/* Each node would listen there. */
	d.accounts.options.metrics_listeners = NULL;
	if ((d.accounts.world = world_os_new(&d.log)) == NULL ||
	    (d.accounts.web = web_curl_new(d.accounts.world, &web)) == NULL) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto out;
	}
	if ((rc = account_folder_start(o->root, err)) == 0 &&
	    (rc = open_server(&d, o->listeners, o->node, err)) == 0)
		rc = signals_watch(&d.signals, d.accounts.world, false,
		    on_signal, &d, err);
	if (rc != 0)
		stop(&d, 0);
	else if (ready != NULL) {
		for (i = 0; i < 63; i++)
			addresses[i] = address_of(&d, i);
		ready(user, addresses);
	}
	while (!d.stopped)
		world_os_run(d.accounts.world);
out:
	close_daemon(&d);
	return (rc);
}

int
berty_accounts_run(const struct berty_accounts_options * options,
    void (*ready)(void * user, const char * const * listeners), void * user,
    struct berty_error * err)
{
	struct berty_accounts_options o;
	struct berty_daemon_options node;
	struct error e = {0};
	int rc;

	if (public_config(&o, sizeof(o), options, sizeof(o.size)) &&
	    public_config(&node, sizeof(node), o.node, sizeof(node.size)) &&
	    o.root != NULL) {
		o.node = &node;
		rc = run(&o, ready, user, &e);
	} else
		rc = error_set(&e, ERR_INVALID_INPUT, "berty_accounts_options "
		    "has no root, or a size of no version of the library");
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}
