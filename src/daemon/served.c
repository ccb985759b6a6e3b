/* served.c: a node and its service, from opening to the end. */
#include "daemon/served_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/restore.h"
#include "p2p/security.h"
#include "version/version.h"
#include "world/os/world_os.h"

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
open_node(struct served * s, const struct berty_daemon_options * o,
    struct error * err)
{
	struct node_config config = {
		.listeners = o->swarm,
		.static_peers = o->static_peers,
		.mdns = o->mdns,
		.local_records = o->local_records,
		.auto_activate = o->auto_activate,
		.agent = version_agent(),
		.libraries = s->libraries,
		.web = s->web,
		.services_insecure = o->services_insecure,
		.attachments = {.size_max = o->attachment_max,
		    .cached_max = o->attachment_cache},
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
	daemon_libraries(s->libraries);
	rc = restore_or_open(s->world, s->log, o, &config, &s->node, err);
	crypto_wipe(key, sizeof(key));
	buffer_free(&path);
	return (rc);
}

/* Requests are enabled for a node that is meant to be found. */
static int
enable_requests(struct served * s, struct error * err)
{
	struct node_tx * tx;
	int rc;

	if (account_requests_enabled(node_account(s->node)))
		return (0);
	if ((rc = node_begin(s->node, &tx, err)) != 0)
		return (rc);
	node_touch(tx, node_account_group(s->node));
	rc = account_enable_requests(node_account(s->node), err);
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
	struct served * s = user;

	if (s->server != NULL)
		grpc_server_budgets(s->server, walk);
	if (s->front != NULL)
		front_budgets(s->front, walk);
}

/* Who may call. */
static int
open_access(struct served * s, const struct berty_daemon_options * o,
    struct error * err)
{
	const struct access_options options = {
		.token_file = o->token_file,
		.certificate = o->tls_certificate,
		.key = o->tls_key,
		.folder = o->store,
		.origins = o->web_origins,
	};

	return (access_new(&s->access, &options, s->log, err));
}

/* Is anything asked for that the gRPC server does not do? */
static bool
wants_front(const struct berty_daemon_options * o)
{
	size_t i;

	if (o->metrics_listeners != NULL && o->metrics_listeners[0] != NULL)
		return (true);
	for (i = 0; o->listeners != NULL && o->listeners[i] != NULL; i++)
		if (front_serves(o->listeners[i]))
			return (true);
	return (false);
}

static int
open_front(struct served * s, const struct api_service * services, size_t n,
    const struct berty_daemon_options * o, struct error * err)
{
	const struct front_options options = {.access = s->access,
	    .legacy_status = o->legacy_status};
	size_t i;

	if (!wants_front(o))
		return (0);
	if ((s->front = front_new(s->world, &options, s->log)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	for (i = 0; i < n; i++)
		if (front_add(s->front, &services[i], s->node, NULL) != 0)
			return (error_set(err, ERR_INTERNAL, "out of memory"));
	return (0);
}

static int
listen_all(struct served * s, const struct berty_daemon_options * o,
    struct error * err)
{
	const char * const * at;
	int rc = 0;

	for (at = o->listeners; at != NULL && *at != NULL && rc == 0; at++)
		rc = front_serves(*at) ? front_listen(s->front, *at, err) :
		    grpc_server_listen(s->server, *at, err);
	for (at = o->metrics_listeners; at != NULL && *at != NULL && rc == 0;
	     at++)
		rc = front_listen_metrics(s->front, *at, err);
	return (rc);
}

static int
open_server(struct served * s, const struct berty_daemon_options * o,
    struct error * err)
{
	struct grpc_options options = {.legacy_status = o->legacy_status,
	    .access = s->access};
	struct api_service services[API_SERVICES_MAX] = {0};
	size_t i, n;
	int rc;

	rc = grpc_server_new(&s->server, world_os_loop(s->world), &options,
	    s->log);
	if (rc != 0)
		return (error_set(err, -rc, "the API server did not start"));
	s->budgets = (struct node_budgets_of){.walk = server_budgets,
	    .user = s};
	node_add_budgets(s->node, &s->budgets);
	n = api_services(services);
	for (i = 0; i < n; i++)
		if ((s->apis[i] = grpc_api_new(s->server, &services[i],
		    s->node, NULL)) == NULL)
			return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = open_front(s, services, n, o, err)) != 0 ||
	    (rc = listen_all(s, o, err)) != 0)
		return (rc);
	grpc_server_set_serving(s->server, true);
	return (0);
}

/* --- from opening to the end ---------------------------------------------- */

static void
server_stopped(void * user)
{
	struct served * s = user;
	void (*stopped)(void * user) = s->stopped;
	void * stopped_user = s->stopped_user;
	size_t i;

	for (i = 0; i < API_SERVICES_MAX && s->apis[i] != NULL; i++)
		grpc_api_free(s->apis[i]);
	access_free(s->access);
	s->server = NULL;
	if (s->node != NULL)
		node_close(s->node);
	free(s);
	if (stopped != NULL)
		stopped(stopped_user);
}

/* There was no server to stop yet. */
static void
nothing_served(struct world_timer * timer)
{
	server_stopped(list_entry(timer, struct served, end));
}

static void
durable(struct store_commit * commit, int status)
{
	struct served * s = list_entry(commit, struct served, durable);

	if (s->opened != NULL && !s->stopping)
		s->opened(s->user, status);
}

int
served_open(struct world * w, struct web * web, const struct logger * log,
    const struct berty_daemon_options * options,
    void (*opened)(void * user, int status), void * user,
    struct served ** served, struct error * err)
{
	struct served * s;
	int rc;

	if ((*served = s = calloc(1, sizeof(*s))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	s->world = w;
	s->web = web;
	s->log = log;
	s->opened = opened;
	s->user = user;
	s->durable.done = durable;
	s->end.fire = nothing_served;
	if ((rc = open_node(s, options, err)) != 0)
		return (rc);
	if (options->enable_requests && (rc = enable_requests(s, err)) != 0)
		return (rc);
	if ((rc = open_access(s, options, err)) != 0 ||
	    (rc = open_server(s, options, err)) != 0)
		return (rc);
	/* A link that is shown must not name an account that a power cut takes. */
	if ((rc = store_barrier(node_store(s->node), &s->durable)) != 0)
		return (error_set(err, -rc, "%s",
		    store_failure(node_store(s->node))));
	return (0);
}

static void
front_stopped(void * user)
{
	struct served * s = user;

	s->front = NULL;
	grpc_server_stop(s->server, s->drain_ms, server_stopped, s);
}

void
served_stop(struct served * s, uint64_t drain_ms, void (*done)(void * user),
    void * user)
{
	s->stopping = true;
	s->stopped = done;
	s->stopped_user = user;
	s->drain_ms = drain_ms;
	if (s->front != NULL)
		front_stop(s->front, drain_ms, front_stopped, s);
	else if (s->server != NULL)
		grpc_server_stop(s->server, drain_ms, server_stopped, s);
	else
		(void)world_timer_start(s->world, &s->end, 0);
}

void
served_reload(struct served * s)
{
	struct error err = {0};

	if (access_reload(s->access, &err) != 0)
		log_error(s->log, "daemon", "what was good stays so: %s",
		    err.text);
	else
		log_info(s->log, "daemon", "tokens and certificate were "
		    "read again");
	grpc_server_recheck(s->server);
	if (s->front != NULL)
		front_recheck(s->front);
}

const char *
served_failure(const struct served * s)
{
	return (store_failure(node_store(s->node)));
}

const char *
served_address(const struct served * s, size_t i)
{
	size_t n = 0;

	while (n <= i && grpc_server_address(s->server, n) != NULL)
		n++;
	if (n > i)
		return (grpc_server_address(s->server, i));
	return (s->front == NULL ? NULL : front_address(s->front, i - n));
}

struct node *
served_node(struct served * s)
{
	return (s->node);
}
