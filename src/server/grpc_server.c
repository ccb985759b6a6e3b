#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/grpc_internal.h"

/* Connections and calls looked at before the loop gets on. */
#define SETTLE_TURNS 256

static struct grpc_options
with_defaults(const struct grpc_options * options)
{
	struct grpc_options o = {0};

	if (options != NULL)
		o = *options;
	if (o.message_max == 0)
		o.message_max = 4 * 1024 * 1024;
	if (o.buffered_max == 0)
		o.buffered_max = 64 * 1024 * 1024;
	if (o.queued_max == 0)
		o.queued_max = 64 * 1024 * 1024;
	if (o.connections_max == 0)
		o.connections_max = 256;
	if (o.streams_max == 0)
		o.streams_max = 1000;
	if (o.calls_max == 0)
		o.calls_max = 16384;
	if (o.preface_ms == 0)
		o.preface_ms = 20000;
	if (o.handshakes_max == 0)
		o.handshakes_max = 64;
	if (o.handshake_ms == 0)
		o.handshake_ms = 10000;
	return (o);
}

uint64_t
grpc_server_now(struct grpc_server * server)
{
	return (uv_now(server->loop));
}

static void on_timer(uv_timer_t * timer);

/* Flush one connection, or else attend to one call; false: neither waits. */
static bool
settle_one(struct grpc_server * server)
{
	struct list * place;

	if (!list_empty(&server->dirty)) {
		place = server->dirty.next;
		list_remove(place);
		grpc_connection_flush(list_entry(place, struct grpc_connection,
		    dirty));
		return (true);
	}
	if (!list_empty(&server->due)) {
		place = server->due.next;
		list_remove(place);
		grpc_call_attend(list_entry(place, struct grpc_call, due));
		return (true);
	}
	return (false);
}

/*
 * Before the loop waits: write what there is to write, and give what waits.
 * A fast reader of an endless stream gets its turn and no more.
 */
static void
settle(uv_prepare_t * prepare)
{
	struct grpc_server * server = prepare->data;
	unsigned turns = SETTLE_TURNS;

	while (turns > 0 && settle_one(server))
		turns--;
	if (server->stopping)
		grpc_server_arm(server);
	if (turns == 0)
		(void)uv_timer_start(&server->timer, on_timer, 0, 0);
}

/* Give a call a deadline (uv time), in its place among the others. */
void
grpc_server_time(struct grpc_server * server, struct grpc_call * call,
    uint64_t at)
{
	struct list * place = server->timed.prev;

	call->deadline = at;
	while (place != &server->timed &&
	    list_entry(place, struct grpc_call, timed)->deadline > at)
		place = place->prev;
	list_append(place->next, &call->timed);
	grpc_server_arm(server);
}

static void
expire_calls(struct grpc_server * server, uint64_t now)
{
	struct grpc_call * call;

	while (!list_empty(&server->timed)) {
		call = list_entry(server->timed.next, struct grpc_call, timed);
		if (call->deadline > now)
			return;
		list_remove(&call->timed);
		grpc_call_cancel(call, GRPC_DEADLINE_EXCEEDED,
		    "the deadline has passed");
	}
}

static void
expire_connections(struct grpc_server * server, uint64_t now)
{
	struct grpc_connection * connection;
	struct list * place, * following;

	list_each(place, following, &server->connections) {
		connection = list_entry(place, struct grpc_connection, place);
		if (connection->preface_at != 0 &&
		    connection->preface_at <= now)
			grpc_connection_close(connection);
	}
}

static void
cancel_calls(struct grpc_connection * connection)
{
	struct list * place, * following;

	list_each(place, following, &connection->calls)
		grpc_call_cancel(list_entry(place, struct grpc_call, place),
		    GRPC_UNAVAILABLE, "the server stops");
}

/* The drain is over: first cancel what is left, a moment later close it. */
static void
expire_stop(struct grpc_server * server, uint64_t now)
{
	struct grpc_connection * connection;
	struct list * place, * following;

	if (!server->stopping || now < server->stop_at)
		return;
	list_each(place, following, &server->connections) {
		connection = list_entry(place, struct grpc_connection, place);
		if (server->drained)
			grpc_connection_close(connection);
		else
			cancel_calls(connection);
	}
	server->drained = true;
	server->stop_at = clock_add(now, GRPC_CLOSE_MS);
}

static void
on_timer(uv_timer_t * timer)
{
	struct grpc_server * server = timer->data;
	uint64_t now = grpc_server_now(server);

	expire_calls(server, now);
	expire_connections(server, now);
	expire_stop(server, now);
	grpc_server_arm(server);
}

/* When the timer is due next, UINT64_MAX for never. */
static uint64_t
next_time(struct grpc_server * server)
{
	uint64_t at = server->stopping ? server->stop_at : UINT64_MAX;
	struct grpc_connection * connection;
	struct grpc_call * call;
	struct list * place, * following;

	if (!list_empty(&server->timed)) {
		call = list_entry(server->timed.next, struct grpc_call, timed);
		at = call->deadline < at ? call->deadline : at;
	}
	list_each(place, following, &server->connections) {
		connection = list_entry(place, struct grpc_connection, place);
		if (connection->preface_at != 0 && connection->preface_at < at)
			at = connection->preface_at;
	}
	return (at);
}

static void
on_timer_closed(uv_handle_t * handle)
{
	grpc_server_closed(handle->data);
}

/* Nothing is left but the server's own handles: close those too. */
static void
finish(struct grpc_server * server)
{
	if (uv_is_closing((uv_handle_t *)&server->timer))
		return;
	uv_close((uv_handle_t *)&server->timer, on_timer_closed);
	uv_close((uv_handle_t *)&server->prepare, on_timer_closed);
}

/* Set the timer for what is due next, or finish when all have gone. */
void
grpc_server_arm(struct grpc_server * server)
{
	uint64_t at, now = grpc_server_now(server);

	if (server->stopping && list_empty(&server->connections)) {
		finish(server);
		return;
	}
	if ((at = next_time(server)) == UINT64_MAX)
		(void)uv_timer_stop(&server->timer);
	else
		(void)uv_timer_start(&server->timer, on_timer,
		    clock_sub(at, now), 0);
}

static void
server_free(struct grpc_server * server)
{
	struct slice key;
	void * entry;
	size_t at = 0;

	while (map_next(&server->methods, &at, &key, &entry))
		free(entry);
	map_free(&server->methods);
	buffer_free(&server->plain);
	free(server);
}

/* libuv has forgotten one of the server's handles. */
void
grpc_server_closed(struct grpc_server * server)
{
	void (*done)(void * user) = server->done;
	void * user = server->user;

	if (--server->handles > 0)
		return;
	server_free(server);
	if (done != NULL)
		done(user);
}

static int
init_handles(struct grpc_server * server)
{
	if (uv_timer_init(server->loop, &server->timer) != 0 ||
	    uv_prepare_init(server->loop, &server->prepare) != 0)
		return (-ERR_INTERNAL);
	server->timer.data = server;
	server->prepare.data = server;
	server->handles = 2;
	(void)uv_prepare_start(&server->prepare, settle);
	uv_unref((uv_handle_t *)&server->prepare);
	return (0);
}

static void
init_budgets(struct grpc_server * server)
{
	const struct grpc_options * o = &server->options;

	budget_init(&server->n_connections, "grpc.connections",
	    o->connections_max);
	budget_init(&server->handshakes, "grpc.handshakes",
	    o->handshakes_max);
	budget_init(&server->n_calls, "grpc.calls", o->calls_max);
	budget_init(&server->streams, "grpc.calls_of_connection",
	    o->streams_max);
	budget_init(&server->buffered, "grpc.unfinished_bytes",
	    o->buffered_max);
	budget_init(&server->queued, "grpc.queued_bytes", o->queued_max);
}

int
grpc_server_new(struct grpc_server ** result, uv_loop_t * loop,
    const struct grpc_options * options, const struct logger * log)
{
	struct grpc_server * server = calloc(1, sizeof(*server));

	if (server == NULL)
		return (-ERR_INTERNAL);
	/* A client that went away is an error of its write, not a signal. */
	(void)signal(SIGPIPE, SIG_IGN);
	server->loop = loop;
	server->options = with_defaults(options);
	init_budgets(server);
	server->log = log;
	server->serving = true;
	list_init(&server->listeners);
	list_init(&server->connections);
	list_init(&server->dirty);
	list_init(&server->due);
	list_init(&server->timed);
	list_init(&server->watches);
	if (grpc_reflection_add(server) != 0 || grpc_health_add(server) != 0 ||
	    init_handles(server) != 0) {
		server_free(server);
		return (-ERR_INTERNAL);
	}
	*result = server;
	return (0);
}

static int
add_one(struct grpc_server * server, const struct grpc_method * method,
    void * user, enum grpc_guard guard)
{
	struct grpc_entry * entry;
	struct buffer path = {0};
	int status = -ERR_INTERNAL;

	buffer_printf(&path, "/%s/%s", method->service, method->name);
	if (path.failed)
		goto err0;
	if (map_get(&server->methods, buffer_all(&path)) != NULL) {
		status = -ERR_INVALID_INPUT;
		goto err0;
	}
	if ((entry = malloc(sizeof(*entry))) == NULL)
		goto err0;
	*entry = (struct grpc_entry){guard, method, user};
	if ((status = map_set(&server->methods, buffer_all(&path),
	    entry)) != 0)
		free(entry);
err0:
	buffer_free(&path);
	return (status);
}

int
grpc_server_add_guarded(struct grpc_server * server,
    const struct grpc_method * methods, size_t n, void * user,
    enum grpc_guard guard)
{
	size_t i;
	int status;

	for (i = 0; i < n; i++)
		if ((status = add_one(server, &methods[i], user, guard)) != 0)
			return (status);
	return (0);
}

int
grpc_server_add(struct grpc_server * server, const struct grpc_method * methods,
    size_t n, void * user)
{
	return (grpc_server_add_guarded(server, methods, n, user,
	    GRPC_GUARD_TOKEN));
}

int
grpc_server_add_open(struct grpc_server * server,
    const struct grpc_method * methods, size_t n, void * user)
{
	return (grpc_server_add_guarded(server, methods, n, user,
	    GRPC_GUARD_OWN));
}

void
grpc_server_set_serving(struct grpc_server * server, bool serving)
{
	if (server->serving == serving)
		return;
	server->serving = serving;
	grpc_health_changed(server);
}

/* The most calls that a connection has now. */
static size_t
most_calls(const struct grpc_server * server)
{
	const struct list * place;
	size_t n, most = 0;

	for (place = server->connections.next; place != &server->connections;
	     place = place->next) {
		n = list_entry(place, const struct grpc_connection, place)
		        ->n_calls;
		if (n > most)
			most = n;
	}
	return (most);
}

void
grpc_server_budgets(const struct grpc_server * server,
    const struct budget_walk * walk)
{
	budget_tell(walk, &server->n_connections);
	budget_tell(walk, &server->handshakes);
	budget_tell(walk, &server->n_calls);
	budget_tell_used(walk, &server->streams, most_calls(server));
	budget_tell(walk, &server->buffered);
	budget_tell(walk, &server->queued);
}

size_t
grpc_server_calls(const struct grpc_server * server)
{
	return ((size_t)server->n_calls.used);
}

void
grpc_server_stop(struct grpc_server * server, uint64_t drain_ms,
    void (*done)(void * user), void * user)
{
	struct grpc_connection * connection;
	struct list * place, * following;

	if (server->stopping)
		return;
	server->stopping = true;
	server->serving = false;
	server->done = done;
	server->user = user;
	server->stop_at = clock_add(grpc_server_now(server), drain_ms);
	list_each(place, following, &server->listeners)
		grpc_listener_close(list_entry(place, struct grpc_listener,
		    place));
	list_each(place, following, &server->connections) {
		connection = list_entry(place, struct grpc_connection, place);
		(void)nghttp2_submit_goaway(connection->session,
		    NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(
		    connection->session), NGHTTP2_NO_ERROR, NULL, 0);
		grpc_connection_touch(connection);
	}
	grpc_health_changed(server);
	grpc_server_arm(server);
}
