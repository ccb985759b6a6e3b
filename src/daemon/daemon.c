/* daemon.c: a node that runs until it is told to stop. */
#include "berty/daemon.h"

#include <signal.h>

#include "base/error_public.h"
#include "base/logger_public.h"
#include "daemon/served.h"
#include "daemon/signals.h"
#include "public/world/public_config.h"
#include "world/os/world_os.h"
#include "world/web/web_curl.h"

/* How long calls may go on once the daemon was told to stop, ms. */
#define DRAIN_MS 500

struct daemon {
	struct logger log;
	struct world * world;
	struct web * web;
	struct served * served;
	void (*ready)(void * user, const struct berty_daemon_info * info);
	void * user;
	struct signals signals;
	bool stopping;
	int status;               /* what ended it, if not a signal */
	struct error err;
};

/* --- stopping ------------------------------------------------------------- */

static void
stopped(void * user)
{
	struct daemon * d = user;

	d->served = NULL;
	world_os_stop(d->world);
}

static void
stop(struct daemon * d, uint64_t drain_ms)
{
	if (d->stopping || d->served == NULL)
		return;
	d->stopping = true;
	served_stop(d->served, drain_ms, stopped, d);
}

static void
on_signal(void * user, int number)
{
	struct daemon * d = user;

	if (number == SIGHUP && !d->stopping) {
		served_reload(d->served);
		return;
	}
	if (!d->stopping)
		log_info(&d->log, "daemon", "stopping");
	stop(d, DRAIN_MS);
}

static void
opened(void * user, int status)
{
	struct daemon * d = user;

	if (status == 0) {
		if (d->ready != NULL)
			served_tell(d->served, d->ready, d->user);
		return;
	}
	d->status = error_set(&d->err, -status, "%s",
	    served_failure(d->served));
	stop(d, 0);
}

static void
close_daemon(struct daemon * d)
{
	signals_end(&d->signals);
	web_curl_free(d->web);
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
	struct web_curl_options web = {.ca_file = options->web_ca_file};
	int rc;

	if ((d.world = world_os_new(&d.log)) == NULL ||
	    (d.web = web_curl_new(d.world, &web)) == NULL) {
		rc = error_set(err, ERR_INTERNAL, "out of memory");
		goto out;
	}
	rc = served_open(d.world, d.web, &d.log, options, opened, &d,
	    &d.served, err);
	/* A closed terminal ends the daemon, unless it has files to read. */
	if (rc == 0)
		rc = signals_watch(&d.signals, d.world,
		    options->token_file != NULL ||
		    options->tls_certificate != NULL, on_signal, &d, err);
	if (rc != 0)
		stop(&d, 0);
	while (d.served != NULL)
		world_os_run(d.world);
	if (rc == 0 && (rc = d.status) != 0)
		*err = d.err;

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
