/* daemon.c: a node and its service, from start to stop. */
#include "berty/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/error_public.h"
#include "base/logger_public.h"
#include "base/reader.h"
#include "daemon/grpc_api.h"
#include "daemon/libraries.h"
#include "daemon/restore.h"
#include "node/node.h"
#include "p2p/security.h"
#include "public/world/public_config.h"
#include "server/access.h"
#include "version/version.h"
#include "world/os/world_os.h"
#include "world/web/web_curl.h"

/* How long calls may go on once the daemon was told to stop, ms. */
#define DRAIN_MS 500

struct daemon {
	struct logger log;
	struct world * world;
	struct web * web;
	struct node * node;
	struct access * access;
	struct grpc_server * server;
	struct grpc_api * apis[API_SERVICES_MAX];
	struct store_commit opened;
	struct node_budgets_of budgets;
	struct node_library libraries[DAEMON_LIBRARIES];
	void (*ready)(void * user, const struct berty_daemon_info * info);
	void * user;
	uv_signal_t signals[3];
	unsigned signals_open;
	bool stopping;
	int status;               /* what ended it, if not a signal */
};

/* --- paths ---------------------------------------------------------------- */

static void
join_path(struct buffer * out, const char * folder, const char * name)
{
	buffer_printf(out, "%s/%s", folder, name);
	buffer_byte(out, 0);
}

/* --- opening -------------------------------------------------------------- */

static int
load_key(const struct berty_daemon_options * o, uint8_t key[32],
    struct error * err)
{
	struct world_os_key from = {o->key_file, o->key_variable, o->key_fd};
	int rc;

	if (from.file == NULL && from.variable == NULL && from.fd < 0)
		rc = world_os_folder_key(o->store, key, err);
	else
		rc = world_os_store_key(&from, key, err);
	return (rc == 0 ? 0 : error_wrap(err, ERR_DB_OPEN));
}

static int
open_node(struct daemon * d, const struct berty_daemon_options * o,
    struct error * err)
{
	struct node_config config = {
		.listeners = o->swarm,
		.static_peers = o->static_peers,
		.mdns = o->mdns,
		.local_records = o->local_records,
		.auto_activate = o->auto_activate,
		.agent = version_agent(),
		.libraries = d->libraries,
		.web = d->web,
		.services_insecure = o->services_insecure,
	};
	const char * networks = o->networks == NULL ? "berty" : o->networks;
	struct buffer path = {0};
	uint8_t key[32];
	int rc = 0;

	if (!network_list_parse(&config.networks, slice_text(networks)))
		return (error_set(err, ERR_INVALID_INPUT, "'%.40s' names no "
		    "networks: take berty, berty-v1 or wesh, or several "
		    "with commas", networks));
	if (o->security != NULL && security_parse(slice_text(o->security),
	    &config.security) != 0)
		return (error_set(err, ERR_INVALID_INPUT, "connections are not "
		    "secured by '%s': take noise, tls or noise,tls",
		    o->security));
	if (o->store != NULL) {
		if ((rc = world_os_make_folder(o->store, err)) != 0 ||
		    (rc = load_key(o, key, err)) != 0)
			return (rc);
		join_path(&path, o->store, "berty.sqlite");
		config.store.path = (char *)path.p;
		config.store.key = key;
	}
	daemon_libraries(d->libraries);
	rc = restore_or_open(d->world, &d->log, o, &config, &d->node, err);
	crypto_wipe(key, sizeof(key));
	buffer_free(&path);
	return (rc);
}

/* Requests are enabled for a node that is meant to be found. */
static int
enable_requests(struct daemon * d, struct error * err)
{
	struct node_tx * tx;
	int rc;

	if (account_requests_enabled(node_account(d->node)))
		return (0);
	if ((rc = node_begin(d->node, &tx, err)) != 0)
		return (rc);
	node_touch(tx, node_account_group(d->node));
	rc = account_enable_requests(node_account(d->node), err);
	if (rc != 0) {
		node_abort(tx);
		return (rc);
	}
	return (node_commit(tx, NULL, NULL, err));
}

/* What clients use up is shown beside what peers do. */
static void
server_budgets(void * user, const struct budget_walk * walk)
{
	struct daemon * d = user;

	if (d->server != NULL)
		grpc_server_budgets(d->server, walk);
}

/* Who may call. */
static int
open_access(struct daemon * d, const struct berty_daemon_options * o,
    struct error * err)
{
	const struct access_options options = {
		.token_file = o->token_file,
		.certificate = o->tls_certificate,
		.key = o->tls_key,
		.folder = o->store,
		.origins = o->web_origins,
	};

	return (access_new(&d->access, &options, &d->log, err));
}

static int
open_server(struct daemon * d, const struct berty_daemon_options * o,
    struct error * err)
{
	struct grpc_options options = {.legacy_status = o->legacy_status,
	    .access = d->access};
	struct api_service services[API_SERVICES_MAX] = {0};
	size_t i, n;
	int rc;

	rc = grpc_server_new(&d->server, world_os_loop(d->world), &options,
	    &d->log);
	if (rc != 0)
		return (error_set(err, -rc, "the API server did not start"));
	d->budgets = (struct node_budgets_of){.walk = server_budgets,
	    .user = d};
	node_add_budgets(d->node, &d->budgets);
	n = api_services(services);
	for (i = 0; i < n; i++)
		if ((d->apis[i] = grpc_api_new(d->server, &services[i],
		    d->node, NULL)) == NULL)
			return (error_set(err, ERR_INTERNAL, "out of memory"));
	for (i = 0; o->listeners != NULL && o->listeners[i] != NULL; i++)
		if ((rc = grpc_server_listen(d->server, o->listeners[i],
		    err)) != 0)
			return (rc);
	grpc_server_set_serving(d->server, true);
	return (0);
}

/* --- telling -------------------------------------------------------------- */

/* Lists that berty_daemon_info borrows. */
struct lists {
	struct buffer bytes, texts;
	const char ** listeners;
	const char ** swarm;
	const uint8_t ** addresses;
	size_t * sizes;
	size_t n;
};

static bool
list_addresses(struct lists * l, struct daemon * d)
{
	struct reader r;
	size_t i, at = 0, n = 0;

	host_addresses(node_host(d->node), &l->bytes, true);
	r = reader_of(buffer_all(&l->bytes));
	while (r.n > 0 && !r.failed) {
		(void)reader_prefixed(&r, MULTIADDR_MAX);
		n++;
	}
	l->swarm = calloc(n + 1, sizeof(*l->swarm));
	l->addresses = calloc(n + 1, sizeof(*l->addresses));
	l->sizes = calloc(n + 1, sizeof(*l->sizes));
	if (l->swarm == NULL || l->addresses == NULL || l->sizes == NULL)
		return (false);
	r = reader_of(buffer_all(&l->bytes));
	for (i = 0; i < n; i++) {
		struct slice s = reader_prefixed(&r, MULTIADDR_MAX);

		l->addresses[i] = s.p;
		l->sizes[i] = s.n;
		(void)multiaddr_encode(&l->texts, s);
		buffer_byte(&l->texts, 0);
	}
	l->n = n;
	for (i = 0; i < n && !l->texts.failed; i++) {
		l->swarm[i] = (char *)l->texts.p + at;
		at += strlen(l->swarm[i]) + 1;
	}
	return (!l->texts.failed);
}

static bool
list_listeners(struct lists * l, struct daemon * d)
{
	size_t n = 0, i;

	while (grpc_server_address(d->server, n) != NULL)
		n++;
	if ((l->listeners = calloc(n + 1, sizeof(*l->listeners))) == NULL)
		return (false);
	for (i = 0; i < n; i++)
		l->listeners[i] = grpc_server_address(d->server, i);
	return (true);
}

static void
tell(struct daemon * d)
{
	const struct account_keys * keys = account_keys(node_account(d->node));
	struct berty_daemon_info info = {0};
	struct buffer peer = {0};
	struct lists l = {0};

	peer_id_encode(&peer, host_id(node_host(d->node)));
	buffer_byte(&peer, 0);
	if (list_addresses(&l, d) && list_listeners(&l, d) && !peer.failed) {
		memcpy(info.account_pk, keys->account.pub, KEY_SIZE);
		memcpy(info.device_pk, keys->device.pub, KEY_SIZE);
		info.has_seed =
		    account_requests_enabled(node_account(d->node)) &&
		    account_seed(node_account(d->node), info.seed);
		info.peer_id = (char *)peer.p;
		info.listeners = l.listeners;
		info.swarm = l.swarm;
		info.addresses = l.addresses;
		info.address_sizes = l.sizes;
		info.n_addresses = l.n;
		info.tls_fingerprint = access_fingerprint(d->access);
		if (d->ready != NULL)
			d->ready(d->user, &info);
	}
	free(l.listeners);
	free(l.swarm);
	free(l.addresses);
	free(l.sizes);
	buffer_free(&l.bytes);
	buffer_free(&l.texts);
	buffer_free(&peer);
}

/* --- stopping ------------------------------------------------------------- */

static void
server_stopped(void * user)
{
	struct daemon * d = user;

	d->server = NULL;
	world_os_stop(d->world);
}

/* Tokens and certificates may have changed. */
static void
reload(struct daemon * d)
{
	struct error err = {0};

	if (access_reload(d->access, &err) != 0)
		log_error(&d->log, "daemon", "what was good stays so: %s",
		    err.text);
	else
		log_info(&d->log, "daemon", "tokens and certificate were "
		    "read again");
	grpc_server_recheck(d->server);
}

static void
on_signal(uv_signal_t * handle, int number)
{
	struct daemon * d = handle->data;

	if (d->stopping)
		return;
	if (number == SIGHUP) {
		reload(d);
		return;
	}
	d->stopping = true;
	log_info(&d->log, "daemon", "stopping");
	grpc_server_stop(d->server, DRAIN_MS, server_stopped, d);
}

/* All that opening wrote is on disk. */
static void
opened(struct store_commit * commit, int status)
{
	struct daemon * d = list_entry(commit, struct daemon, opened);

	d->status = status;
	if (status == 0)
		tell(d);
	else
		world_os_stop(d->world);
}

/* A terminal that is closed ends the daemon, unless it has files to read. */
static int
watch_signals(struct daemon * d, const struct berty_daemon_options * o)
{
	static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};
	unsigned i, n;

	n = o->token_file != NULL || o->tls_certificate != NULL ? 3 : 2;
	for (i = 0; i < n; i++) {
		if (uv_signal_init(world_os_loop(d->world),
		    &d->signals[i]) != 0)
			return (-ERR_INTERNAL);
		d->signals[i].data = d;
		d->signals_open++;
		if (uv_signal_start(&d->signals[i], on_signal,
		    numbers[i]) != 0)
			return (-ERR_INTERNAL);
	}
	return (0);
}

/* Run the loop until the server is gone. */
static void
close_server(struct daemon * d)
{
	size_t i;

	if (d->server != NULL) {
		grpc_server_stop(d->server, 0, server_stopped, d);
		world_os_run(d->world);
	}
	for (i = 0; i < API_SERVICES_MAX && d->apis[i] != NULL; i++)
		grpc_api_free(d->apis[i]);
}

static void
close_daemon(struct daemon * d)
{
	unsigned i;

	close_server(d);
	access_free(d->access);
	if (d->node != NULL)
		node_close(d->node);
	web_curl_free(d->web);
	for (i = 0; i < d->signals_open; i++)
		uv_close((uv_handle_t *)&d->signals[i], NULL);
	if (d->world != NULL)
		world_os_free(d->world);
}

static int
run(const struct berty_daemon_options * options,
    void (*ready)(void * user, const struct berty_daemon_info * info),
    void * user, struct error * err)
{
	struct daemon d = {.log = logger_import(&options->log), .ready = ready,
	    .user = user};
	struct web_curl_options web;
	int rc;

	if ((d.world = world_os_new(&d.log)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	web = (struct web_curl_options){.ca_file = options->web_ca_file};
	if ((d.web = web_curl_new(d.world, &web)) == NULL) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto out;
	}
	if ((rc = open_node(&d, options, err)) != 0)
		goto out;
	if (options->enable_requests && (rc = enable_requests(&d, err)) != 0)
		goto out;
	if ((rc = open_access(&d, options, err)) != 0 ||
	    (rc = open_server(&d, options, err)) != 0)
		goto out;
	if (watch_signals(&d, options) != 0) {
		rc = error_set(err, ERR_INTERNAL,
		    "signals cannot be watched");
		goto out;
	}
	/* A link that is shown must not name an account that a power cut takes. */
	d.opened.done = opened;
	if ((rc = store_barrier(node_store(d.node), &d.opened)) != 0) {
		(void)error_set(err, -rc, "%s",
		    store_failure(node_store(d.node)));
		goto out;
	}
	world_os_run(d.world);
	if ((rc = d.status) != 0)
		(void)error_set(err, -rc, "%s",
		    store_failure(node_store(d.node)));

out:
	close_daemon(&d);
	return (rc);
}

int
berty_daemon_run(const struct berty_daemon_options * options,
    void (*ready)(void * user, const struct berty_daemon_info * info),
    void * user, struct berty_error * err)
{
	struct berty_daemon_options o;
	struct error e = {0};
	int rc;

	if (public_config(&o, sizeof(o), options, sizeof(o.size)))
		rc = run(&o, ready, user, &e);
	else
		rc = error_set(&e, ERR_INVALID_INPUT, "berty_daemon_options."
		    "size is of no version of the library");
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}
