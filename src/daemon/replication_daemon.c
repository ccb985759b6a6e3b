/* replication_daemon.c: a replication server, from start to stop. */
#include <stdlib.h>
#include <string.h>

#include "base/error_public.h"
#include "base/logger_public.h"
#include "base/reader.h"
#include "berty/replication.h"
#include "daemon/grpc_api.h"
#include "daemon/replication_api.h"
#include "daemon/signals.h"
#include "p2p/security.h"
#include "public/world/public_config.h"
#include "server/access.h"
#include "version/version.h"
#include "world/os/world_os.h"
#include "world/replica/replica_postgres.h"
#include "world/replica/replica_sqlite.h"

/* How long calls may go on once the server was told to stop, ms. */
#define DRAIN_MS 500

struct replication_daemon {
	struct logger log;
	struct world * world;
	struct replica * replica;
	struct replication_api api;
	struct access * access;
	struct grpc_server * server;
	struct grpc_api * apis[REPLICATION_API_SERVICES];
	struct signals signals;
	bool stopping;
	bool failed;              /* the disk did, which ends it */
};

/* --- opening -------------------------------------------------------------- */

/* Whoever watches over the process begins it again. */
static void
failed(void * user)
{
	struct replication_daemon * d = user;

	d->failed = true;
	world_os_stop(d->world);
}

static int
join_path(struct buffer * out, const char * folder, const char * name,
    struct error * err)
{
	buffer_printf(out, "%s/%s", folder, name);
	buffer_byte(out, 0);
	return (out->failed ? error_set(err, ERR_INTERNAL, "out of memory")
	    : 0);
}

static int
load_key(const struct berty_replication_options * o, uint8_t key[32],
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

/* What all servers share. */
static int
open_replica(struct replication_daemon * d,
    const struct berty_replication_options * o, struct error * err)
{
	const struct replica_postgres_config fleet = {.url = o->replica};
	struct replica_sqlite_config config = {.path = o->replica};
	struct buffer path = {0};
	int rc = 0;

	if (o->replica != NULL && strstr(o->replica, "://") != NULL)
		return (replica_postgres_open(d->world, &fleet, &d->replica,
		    err));
	if (o->replica == NULL && o->store != NULL) {
		rc = join_path(&path, o->store, "replication.sqlite", err);
		config.path = (char *)path.p;
	}
	if (rc == 0)
		rc = replica_sqlite_open(d->world, &config, &d->replica, err);
	buffer_free(&path);
	return (rc);
}

static int
open_peer(struct replication_daemon * d,
    const struct berty_replication_options * o,
    struct replication_server_config * config, struct error * err)
{
	struct buffer path = {0};
	uint8_t key[32] = {0};
	int rc = 0;

	if (o->store != NULL) {
		if ((rc = load_key(o, key, err)) != 0 ||
		    (rc = join_path(&path, o->store, "replication-logs.sqlite",
		    err)) != 0)
			goto out;
		config->store.path = (char *)path.p;
		config->store.key = key;
	}
	rc = replication_server_open(d->world, config, &d->api.server, err);
out:
	crypto_wipe(key, sizeof(key));
	buffer_free(&path);
	return (rc);
}

static int
open_store(struct replication_daemon * d,
    const struct berty_replication_options * o, struct error * err)
{
	struct replication_server_config config = {
		.listeners = o->swarm,
		.announce = o->announce,
		.static_peers = o->static_peers,
		.agent = version_agent(),
		.mdns = o->mdns,
		.quota = {o->quota_groups, o->quota_bytes},
		.lease_ms = o->lease_ms,
		.failed = failed,
		.user = d,
	};
	int rc;

	if (o->auth_secret == NULL || o->auth_key == NULL)
		return (error_set(err, ERR_MISSING_INPUT, "a replication "
		    "server needs the secret and the public key of who issues "
		    "tokens: -node.auth-secret, -node.auth-pk"));
	if (o->security != NULL && security_parse(slice_text(o->security),
	    &config.security) != 0)
		return (error_set(err, ERR_INVALID_INPUT, "connections are not "
		    "secured by '%s': take noise, tls or noise,tls",
		    o->security));
	memcpy(d->api.verifier.secret, o->auth_secret, 32);
	memcpy(d->api.verifier.public_key, o->auth_key, 32);
	d->api.world = d->world;
	replication_api_init(&d->api);
	if (o->store != NULL &&
	    (rc = world_os_make_folder(o->store, err)) != 0)
		return (rc);
	if ((rc = open_replica(d, o, err)) != 0)
		return (rc);
	config.replica = d->replica;
	return (open_peer(d, o, &config, err));
}

static int
open_server(struct replication_daemon * d,
    const struct berty_replication_options * o, struct error * err)
{
	const struct access_options who = {.certificate = o->tls_certificate,
	    .key = o->tls_key, .folder = o->store};
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
	for (i = 0; i < REPLICATION_API_SERVICES; i++)
		if ((d->apis[i] = grpc_api_new(d->server,
		    &replication_api_services[i], NULL, &d->api)) == NULL)
			return (error_set(err, ERR_INTERNAL, "out of memory"));
	for (i = 0; o->listeners != NULL && o->listeners[i] != NULL; i++)
		if ((rc = grpc_server_listen(d->server, o->listeners[i],
		    err)) != 0)
			return (rc);
	grpc_server_set_serving(d->server, true);
	return (0);
}

/* --- telling -------------------------------------------------------------- */

/* Texts of the addresses listened on, one allocation each list. */
static const char **
list_swarm(struct replication_daemon * d, struct buffer * texts)
{
	struct buffer bytes = {0};
	const char ** list = NULL;
	struct reader r;
	size_t n = 0, i, at = 0;

	host_addresses(replication_server_host(d->api.server), &bytes, true);
	r = reader_of(buffer_all(&bytes));
	for (; r.n > 0 && !r.failed; n++) {
		(void)multiaddr_encode(texts, reader_prefixed(&r,
		    MULTIADDR_MAX));
		buffer_byte(texts, 0);
	}
	if (!texts->failed)
		list = calloc(n + 1, sizeof(*list));
	for (i = 0; list != NULL && i < n; i++) {
		list[i] = (char *)texts->p + at;
		at += strlen(list[i]) + 1;
	}
	buffer_free(&bytes);
	return (list);
}

static const char **
list_listeners(struct replication_daemon * d)
{
	const char ** list;
	size_t n = 0, i;

	while (grpc_server_address(d->server, n) != NULL)
		n++;
	list = calloc(n + 1, sizeof(*list));
	for (i = 0; list != NULL && i < n; i++)
		list[i] = grpc_server_address(d->server, i);
	return (list);
}

static void
tell(struct replication_daemon * d,
    void (*ready)(void * user, const struct berty_replication_info * info),
    void * user)
{
	struct berty_replication_info info = {0};
	struct buffer peer = {0}, texts = {0};
	const char ** listeners = list_listeners(d);
	const char ** swarm = list_swarm(d, &texts);

	peer_id_encode(&peer, host_id(replication_server_host(d->api.server)));
	buffer_byte(&peer, 0);
	info.peer_id = (char *)peer.p;
	info.listeners = listeners;
	info.swarm = swarm;
	info.tls_fingerprint = access_fingerprint(d->access);
	if (ready != NULL && listeners != NULL && swarm != NULL &&
	    !peer.failed)
		ready(user, &info);
	free(listeners);
	free(swarm);
	buffer_free(&peer);
	buffer_free(&texts);
}

/* --- stopping ------------------------------------------------------------- */

static void
stop(void * user)
{
	struct replication_daemon * d = user;

	world_os_stop(d->world);
}

/* Calls have ended: let others lead at once. */
static void
server_stopped(void * user)
{
	struct replication_daemon * d = user;

	d->server = NULL;
	replication_server_leave(d->api.server, stop, d);
}

static void
on_signal(void * user, int number)
{
	struct replication_daemon * d = user;

	(void)number;
	if (d->stopping)
		return;
	d->stopping = true;
	log_info(&d->log, "replication", "stopping");
	grpc_server_stop(d->server, DRAIN_MS, server_stopped, d);
}

static void
server_closed(void * user)
{
	struct replication_daemon * d = user;

	d->server = NULL;
	world_os_stop(d->world);
}

static void
close_daemon(struct replication_daemon * d)
{
	size_t i;

	if (d->server != NULL) {
		grpc_server_stop(d->server, 0, server_closed, d);
		world_os_run(d->world);
	}
	for (i = 0; i < REPLICATION_API_SERVICES && d->apis[i] != NULL; i++)
		grpc_api_free(d->apis[i]);
	access_free(d->access);
	replication_server_close(d->api.server);
	if (d->replica != NULL)
		replica_close(d->replica);
	signals_end(&d->signals);
	if (d->world != NULL)
		world_os_free(d->world);
	crypto_wipe(&d->api.verifier, sizeof(d->api.verifier));
}

static int
run(const struct berty_replication_options * options,
    void (*ready)(void * user, const struct berty_replication_info * info),
    void * user, struct error * err)
{
	struct replication_daemon d = {.log = logger_import(&options->log)};
	int rc;

	if ((d.world = world_os_new(&d.log)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = open_store(&d, options, err)) != 0 ||
	    (rc = open_server(&d, options, err)) != 0 ||
	    (rc = signals_watch(&d.signals, d.world, false, on_signal,
	        &d, err)) != 0)
		goto out;
	tell(&d, ready, user);
	world_os_run(d.world);
	if (d.failed)
		rc = error_set(err, ERR_DB_WRITE, "what is kept can not be "
		    "written any more; see the log, and start it again");
out:
	close_daemon(&d);
	return (rc);
}

int
berty_replication_run(const struct berty_replication_options * options,
    void (*ready)(void * user, const struct berty_replication_info * info),
    void * user, struct berty_error * err)
{
	struct berty_replication_options o;
	struct error e = {0};
	int rc;

	if (public_config(&o, sizeof(o), options, sizeof(o.size)))
		rc = run(&o, ready, user, &e);
	else
		rc = error_set(&e, ERR_INVALID_INPUT,
		    "berty_replication_options.size is of no version of the "
		    "library");
	return (rc == 0 ? 0 : error_export(err, &e, rc));
}
