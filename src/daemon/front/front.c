/* front.c: where the front listens, what it serves, and how it ends. */
#include "daemon/front/front_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "world/os/world_os.h"

#define CALLS_MAX 1024
#define BUFFERED_MAX ((uint64_t)64 * 1024 * 1024)
#define QUEUED_MAX ((uint64_t)64 * 1024 * 1024)
#define CONNECTIONS_MAX 256    /* of a listener */
#define IDLE_S 30
#define STOP_LOOK_MS 20

/* --- services ------------------------------------------------------------- */

static void on_stop(struct world_timer * timer);

struct front *
front_new(struct world * w, const struct front_options * options,
    const struct logger * log)
{
	struct front * f = calloc(1, sizeof(*f));

	if (f == NULL)
		return (NULL);
	f->world = w;
	f->options = *options;
	f->log = log;
	f->stop.fire = on_stop;
	list_init(&f->listeners);
	list_init(&f->services);
	list_init(&f->calls);
	list_init(&f->idle);
	budget_init(&f->n_calls, "front.calls", options->calls_max == 0 ?
	    CALLS_MAX : options->calls_max);
	budget_init(&f->buffered, "front.unfinished_bytes",
	    options->unfinished_max == 0 ? BUFFERED_MAX
	    : options->unfinished_max);
	budget_init(&f->queued, "front.queued_bytes", options->queued_max == 0
	    ? QUEUED_MAX : options->queued_max);
	return (f);
}

static int
add_method(struct front * f, const struct front_service * service,
    const struct api_method * method)
{
	struct front_entry * entry;
	struct buffer name = {0};
	int rc = -ERR_INTERNAL;

	buffer_printf(&name, "/%s/%s", method->service, method->name);
	if (name.failed || map_get(&f->methods, buffer_all(&name)) != NULL ||
	    (entry = calloc(1, sizeof(*entry))) == NULL)
		goto out;
	entry->method = method;
	entry->service = service;
	if ((rc = map_set(&f->methods, buffer_all(&name), entry)) != 0)
		free(entry);
out:
	buffer_free(&name);
	return (rc);
}

int
front_add(struct front * f, const struct api_service * service,
    struct node * node, void * user)
{
	struct front_service * s = calloc(1, sizeof(*s));
	size_t i;
	int rc = 0;

	if (s == NULL)
		return (-ERR_INTERNAL);
	s->service = *service;
	s->node = node;
	s->user = user;
	list_append(&f->services, &s->place);
	for (i = 0; i < service->n && rc == 0; i++)
		rc = add_method(f, s, &service->methods[i]);
	return (rc);
}

const struct front_entry *
front_find(const struct front * f, const char * path)
{
	return (map_get(&f->methods, slice_text(path)));
}

/* --- requests ------------------------------------------------------------- */

void
front_answer(struct http_request * r, int status, const char * text)
{
	struct buffer line = {0};

	buffer_printf(&line, "%s\n", text);
	(void)http_set(r, "Content-Type", "text/plain; charset=utf-8");
	(void)http_set(r, "X-Content-Type-Options", "nosniff");
	http_answer(r, status, buffer_all(&line));
	buffer_free(&line);
}

/*
 * A page whose name was made to lead here asks by that name, and as it is of
 * the same origin its browser names none.
 */
static bool
is_own_name(struct slice host)
{
	return (host.n > 0 && (host.p[0] == '[' ||
	    (host.p[0] >= '0' && host.p[0] <= '9') ||
	    slice_equal(slice_of(host.p, host.n < 9 ? host.n : 9),
	        slice_text("localhost"))));
}

static void
answer_metrics(struct front_listener * l, struct http_request * r)
{
	uint64_t id;
	const char * advice = front_judge_token(l, NULL,
	    http_header(r, "Authorization"), &id);

	if (advice != NULL) {
		(void)http_set(r, "WWW-Authenticate", "Bearer");
		front_answer(r, 401, advice);
	} else if (id == 0 && l->guarded && !is_own_name(http_header(r,
	    "Host")))
		front_answer(r, 403, "without a token, ask by the address, "
		    "not by a name");
	else
		front_metrics(l->front, r);
}

/* True if it was one of those that watch over us. */
static bool
for_monitors(struct front_listener * l, struct http_request * r)
{
	const char * path = http_path(r);
	bool health = strcmp(path, "/healthz") == 0;

	if (!health && strcmp(path, "/metrics") != 0)
		return (false);
	if (strcmp(http_method(r), "GET") != 0 &&
	    strcmp(http_method(r), "HEAD") != 0)
		front_answer(r, 405, "ask with GET");
	else if (!health)
		answer_metrics(l, r);
	else if (l->front->stopping)
		front_answer(r, 503, "stopping");
	else
		front_answer(r, 200, "ok");
	return (true);
}

static bool
is_upgrade(const struct http_request * r)
{
	return (http_header(r, "Upgrade").n > 0);
}

static void
on_request(struct http_request * r, void * user)
{
	struct front_listener * l = user;

	if (!front_judge_origin(l->front, r))
		return;
	if (strcmp(http_method(r), "OPTIONS") == 0)
		front_preflight(r);
	else if (for_monitors(l, r))
		return;
	else if (l->front->stopping)
		front_answer(r, 503, "stopping");
	else if (l->metrics)
		front_answer(r, 404, "there are /metrics and /healthz");
	else if (l->carrier == GRPC_CARRIER_WEBSOCKET && is_upgrade(r))
		front_socket_open(l, r);
	else if (strcmp(http_method(r), "POST") != 0)
		front_answer(r, 405, "calls are made with POST");
	else if (l->carrier == GRPC_CARRIER_GATEWAY)
		front_gateway_open(l, r);
	else
		front_web_open(l, r);
}

/* --- listeners ------------------------------------------------------------ */

bool
front_serves(const char * address)
{
	struct grpc_address to;
	struct error err;

	return (grpc_address_parse(address, &to, &err) == 0 &&
	    to.carrier != GRPC_CARRIER_GRPC);
}

static void
listener_free(struct front_listener * l)
{
	list_remove(&l->place);
	http_server_free(l->old);
	http_server_free(l->server);
	free(l);
}

static int
serve(struct front_listener * l, const struct grpc_address * to,
    struct error * err)
{
	struct access * access = l->front->options.access;
	struct http_options options = {.body_max = FRONT_BODY_MAX,
	    .connections_max = l->front->options.connections_max == 0 ?
	        CONNECTIONS_MAX : l->front->options.connections_max,
	    .idle_s = IDLE_S, .strangers_give_way = true,
	    .handle = on_request, .user = l};
	const char * host = strcmp(to->host, "localhost") == 0 ? "127.0.0.1"
	    : to->host;
	struct tls_credentials * shown;
	char at[sizeof(to->host) + 16];

	if (to->tls) {
		if ((shown = access_credentials(access, err)) == NULL)
			return (-ERR_INVALID_INPUT);
		tls_credentials_pem(shown, &options.certificate, &options.key);
		(void)snprintf(l->shown, sizeof(l->shown), "%s",
		    tls_credentials_fingerprint(shown));
	}
	(void)snprintf(at, sizeof(at), strchr(host, ':') != NULL ? "[%s]:%u"
	    : "%s:%u", host, (unsigned)to->port);
	return (http_server_new(&l->server, world_os_loop(l->front->world),
	    to->local ? to->path : at, &options, l->front->log, err));
}

/* As it was asked for, with the port that it has. */
static void
name_listener(struct front_listener * l, const struct grpc_address * to)
{
	const char * at = http_server_address(l->server);
	const char * port = strrchr(at, ':');
	const char * carrier = l->metrics ? "metrics" :
	    grpc_carrier_name(l->carrier);

	if (to->local)
		(void)snprintf(l->address, sizeof(l->address), "/unix%s/%s",
		    at, carrier);
	else
		(void)snprintf(l->address, sizeof(l->address),
		    "/%s/%.45s/tcp/%s%s/%s", strchr(to->host, ':') != NULL ?
		    "ip6" : "ip4", strcmp(to->host, "localhost") == 0 ?
		    "127.0.0.1" : to->host, port == NULL ? "0" : port + 1,
		    to->tls ? "/tls" : "", carrier);
}

static int
add_listener(struct front * f, const char * text,
    const struct grpc_address * to, bool metrics, struct error * err)
{
	struct front_listener * l;
	int rc;

	if ((rc = grpc_access_address(f->options.access, false, f->log, text,
	    to, err)) != 0)
		return (rc);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	list_init(&l->place);
	l->front = f;
	l->carrier = to->carrier;
	l->metrics = metrics;
	l->guarded = !to->local;
	l->tls = to->tls;
	if ((rc = serve(l, to, err)) != 0) {
		free(l);
		return (rc);
	}
	name_listener(l, to);
	list_append(&f->listeners, &l->place);
	log_info(f->log, "front", "listening on %s", l->address);
	return (0);
}

int
front_listen(struct front * f, const char * text, struct error * err)
{
	struct grpc_address to;
	int rc;

	if ((rc = grpc_address_parse(text, &to, err)) != 0)
		return (rc);
	if (to.carrier == GRPC_CARRIER_GRPC)
		return (error_set(err, ERR_INVALID_INPUT, "%.60s: one of "
		    "/grpcweb, /grpcws and /grpcgw is missing", text));
	return (add_listener(f, text, &to, false, err));
}

int
front_listen_metrics(struct front * f, const char * text, struct error * err)
{
	struct grpc_address to;
	int rc;

	if ((rc = grpc_address_parse(text, &to, err)) != 0)
		return (rc);
	if (to.carrier != GRPC_CARRIER_GRPC)
		return (error_set(err, ERR_INVALID_INPUT, "%.60s: metrics have "
		    "an address of their own, without /%s", text,
		    grpc_carrier_name(to.carrier)));
	return (add_listener(f, text, &to, true, err));
}

const char *
front_address(const struct front * f, size_t i)
{
	const struct list * place;

	for (place = f->listeners.next; place != &f->listeners;
	     place = place->next)
		if (i-- == 0)
			return (list_entry(place, struct front_listener,
			    place)->address);
	return (NULL);
}

/* --- what changes --------------------------------------------------------- */

/* Who is connected goes on with the certificate that was shown. */
static void
renew(struct front_listener * l)
{
	struct tls_credentials * now;
	struct slice certificate, key;
	struct http_server * old;
	struct error err = {0};

	now = access_credentials(l->front->options.access, &err);
	if (now == NULL || strcmp(l->shown,
	    tls_credentials_fingerprint(now)) == 0)
		return;
	tls_credentials_pem(now, &certificate, &key);
	if (http_server_renew(&l->server, certificate, key, &old, &err) != 0) {
		log_error(l->front->log, "front", "%s shows its old "
		    "certificate: %s", l->address, err.text);
		return;
	}
	/* Those of the one before have had their time. */
	http_server_free(l->old);
	l->old = old;
	(void)snprintf(l->shown, sizeof(l->shown), "%s",
	    tls_credentials_fingerprint(now));
}

void
front_recheck(struct front * f)
{
	struct list * place, * next;
	struct front_listener * l;
	struct front_call * c;

	if (f->options.access == NULL)
		return;
	list_each(place, next, &f->listeners) {
		l = list_entry(place, struct front_listener, place);
		if (l->tls)
			renew(l);
	}
	list_each(place, next, &f->calls) {
		c = list_entry(place, struct front_call, place);
		if (c->token != 0 && !access_knows(f->options.access,
		    c->token))
			front_call_cancel(c, GRPC_UNAUTHENTICATED,
			    "the token was withdrawn");
	}
}

void
front_budgets(const struct front * f, const struct budget_walk * walk)
{
	budget_tell(walk, &f->n_calls);
	budget_tell(walk, &f->buffered);
	budget_tell(walk, &f->queued);
}

/* --- the end -------------------------------------------------------------- */

static void
front_free(struct front * f)
{
	struct list * place, * next;
	struct slice key;
	size_t at = 0;
	void * entry;

	while (map_next(&f->methods, &at, &key, &entry))
		free(entry);
	map_free(&f->methods);
	list_each(place, next, &f->services)
		free(list_entry(place, struct front_service, place));
	free(f);
}

/* Handlers may keep their calls for longer than we are needed. */
void
front_call_gone_from(struct front * f)
{
	if (f->done == NULL && f->stopping && list_empty(&f->listeners) &&
	    list_empty(&f->calls) && !f->stop.armed)
		front_free(f);
}

static void
finish_stop(struct front * f)
{
	void (*done)(void * user) = f->done;
	struct list * place, * next;
	void * user = f->user;

	list_each(place, next, &f->calls)
		front_call_cancel(list_entry(place, struct front_call, place),
		    GRPC_UNAVAILABLE, "the server stops");
	front_sockets_end(f);
	list_each(place, next, &f->listeners)
		listener_free(list_entry(place, struct front_listener, place));
	f->done = NULL;
	if (list_empty(&f->calls))
		front_free(f);
	if (done != NULL)
		done(user);
}

static void
on_stop(struct world_timer * timer)
{
	struct front * f = list_entry(timer, struct front, stop);

	if (!list_empty(&f->calls) && world_now(f->world) < f->stop_at)
		(void)world_timer_start(f->world, &f->stop, STOP_LOOK_MS);
	else
		finish_stop(f);
}

static void
nobody(void * user)
{
	(void)user;
}

void
front_stop(struct front * f, uint64_t drain_ms, void (*done)(void * user),
    void * user)
{
	f->stopping = true;
	f->stop_at = clock_add(world_now(f->world), drain_ms);
	f->done = done == NULL ? nobody : done;
	f->user = user;
	(void)world_timer_start(f->world, &f->stop, 0);
}
