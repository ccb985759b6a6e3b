/*
 * monitor.c: MonitorGroup: who is on the topics of a group, or of all, now and
 * from now on.
 *
 * What happens is queued and told from the loop: a watcher may not close a call
 * that ends the watching.
 */
#include <stdlib.h>

#include "api/v1/v1.h"
#include "base/reader.h"

/* Events that wait for a client which does not read. */
#define QUEUE_MAX 4096

#define EVENT_TYPE(name) \
	BERTY__PROTOCOL__V1__MONITOR_GROUP__TYPE_EVENT_MONITOR__TypeEventMonitor##name

typedef V1(MonitorGroup__Reply) reply_t;
typedef V1(MonitorGroup__EventMonitor) event_t;

struct told {
	struct list place;
	V1(MonitorGroup__TypeEventMonitor) type;
	uint8_t group_pk[KEY_SIZE];
	struct buffer topic;
	struct peer_id peer;
	bool is_self;
	const char * driver;      /* a literal */
};

struct monitor {
	struct api_call * call;
	bool all;
	uint8_t group_pk[KEY_SIZE];
	struct node_watcher watcher;
	struct world_timer timer;
	struct list queue;        /* struct told */
	size_t n;
	bool full;                /* the client is to read first */
	bool ended;               /* the group is closed: end after the queue */
	bool overrun;
};

/* --- the queue -------------------------------------------------------------- */

static void
told_free(struct monitor * m, struct told * t)
{
	list_remove(&t->place);
	m->n--;
	buffer_free(&t->topic);
	free(t);
}

static void
soon(struct monitor * m)
{
	if (!m->timer.armed)
		(void)world_timer_start(node_world(m->call->node), &m->timer,
		    0);
}

static bool
concerns(const struct monitor * m, struct node_group * g)
{
	return (m->all || memcmp(m->group_pk,
	    group_info_of(node_group_of(g))->pk, KEY_SIZE) == 0);
}

static void
note(struct monitor * m, struct node_group * g, enum feed_log which,
    V1(MonitorGroup__TypeEventMonitor) type, const struct peer_id * peer,
    const char * driver)
{
	const struct peer_id * self = host_id(node_host(m->call->node));
	struct told * t;

	if (m->overrun || !concerns(m, g))
		return;
	if (m->n >= QUEUE_MAX || (t = calloc(1, sizeof(*t))) == NULL) {
		m->overrun = true;
		soon(m);
		return;
	}
	t->type = type;
	memcpy(t->group_pk, group_info_of(node_group_of(g))->pk, KEY_SIZE);
	buffer_slice(&t->topic, node_group_topic(g, which));
	t->is_self = peer == NULL || peer_id_equal(peer, self);
	t->peer = peer == NULL ? *self : *peer;
	t->driver = driver;
	list_append(&m->queue, &t->place);
	m->n++;
	soon(m);
}

/* --- telling ---------------------------------------------------------------- */

/* Where the routes of a peer are collected. */
struct routes {
	char *** field;
	size_t * n;
	bool active_only;
};

static void
no_peer(void * user, const struct host_view * view)
{
	(void)user;
	(void)view;
}

static void
on_route(void * user, const struct host_route * route)
{
	struct routes * r = user;
	char * text = NULL;

	if (r->active_only && !route->active)
		return;
	v1_set_address(&text, route->address);
	if (text != NULL)
		v1_add_text(r->field, r->n, slice_text(text));
	free(text);
}

static void
no_stream(void * user, const char * protocol)
{
	(void)user;
	(void)protocol;
}

/* Addresses of a peer: those in use, or all that are known; or our own. */
static void
add_addresses(struct monitor * m, const struct told * t, char *** field,
    size_t * n, bool active_only)
{
	struct routes routes = {field, n, active_only};
	const struct host_viewer viewer = {no_peer, on_route, no_stream,
	    &routes};
	struct host * h = node_host(m->call->node);
	struct buffer own = {0};
	struct reader r;

	if (!t->is_self) {
		host_view_peer(h, &t->peer, &viewer);
		return;
	}
	host_addresses(h, &own, false);
	r = reader_of(buffer_all(&own));
	while (r.n > 0 && !r.failed) {
		struct host_route route = {.active = true};

		route.address = reader_prefixed(&r, MULTIADDR_MAX);
		on_route(&routes, &route);
	}
	buffer_free(&own);
}

static void
fill_join(struct monitor * m, event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorPeerJoin) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_peer_join__descriptor);

	if ((event->peer_join = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	to->is_self = t->is_self;
	add_addresses(m, t, &to->maddrs, &to->n_maddrs, true);
}

static void
fill_leave(event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorPeerLeave) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_peer_leave__descriptor);

	if ((event->peer_leave = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	to->is_self = t->is_self;
}

static void
fill_found(struct monitor * m, event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorPeerFound) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_peer_found__descriptor);

	if ((event->peer_found = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	v1_set_text(&to->driver_name, slice_text(t->driver));
	add_addresses(m, t, &to->maddrs, &to->n_maddrs, false);
}

static void
fill_advertise(struct monitor * m, event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorAdvertiseGroup) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_advertise_group__descriptor);

	if ((event->advertise_group = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	v1_set_text(&to->driver_name, slice_text(t->driver));
	add_addresses(m, t, &to->maddrs, &to->n_maddrs, false);
}

static bool
tell(struct monitor * m, const struct told * t)
{
	reply_t * reply = v1_new(m->call->method->reply);
	event_t * event = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor__descriptor);
	bool full = true;

	if (reply == NULL || event == NULL) {
		protobuf_free(event);
		goto err0;
	}
	reply->event = event;
	event->type = t->type;
	if ((reply->group_pk.data = malloc(KEY_SIZE)) != NULL) {
		memcpy(reply->group_pk.data, t->group_pk, KEY_SIZE);
		reply->group_pk.len = KEY_SIZE;
	}
	switch (t->type) {
	case EVENT_TYPE(PeerJoin):
		fill_join(m, event, t);
		break;
	case EVENT_TYPE(PeerLeave):
		fill_leave(event, t);
		break;
	case EVENT_TYPE(PeerFound):
		fill_found(m, event, t);
		break;
	default:
		fill_advertise(m, event, t);
		break;
	}
	full = m->call->transport->reply(m->call, reply);

err0:
	protobuf_free(reply);
	return (full);
}

/* --- the call --------------------------------------------------------------- */

static void
end(struct monitor * m, const struct error * err)
{
	struct api_call * call = m->call;

	node_unwatch(call->node, &m->watcher);
	world_timer_stop(node_world(call->node), &m->timer);
	while (!list_empty(&m->queue))
		told_free(m, list_entry(m->queue.next, struct told, place));
	free(m);
	call->transport->finish(call, err);
}

static void
pump(struct monitor * m)
{
	struct error err = {0};
	struct told * t;

	while (!m->full && !list_empty(&m->queue)) {
		t = list_entry(m->queue.next, struct told, place);
		m->full = tell(m, t);
		told_free(m, t);
	}
	if (m->overrun) {
		(void)error_set(&err, ERR_STREAM_WRITE, "%d events wait and "
		    "are not read: ask again", QUEUE_MAX);
		end(m, &err);
	} else if (m->ended && list_empty(&m->queue))
		end(m, NULL);
}

static void
on_timer(struct world_timer * timer)
{
	pump(list_entry(timer, struct monitor, timer));
}

static void
on_writable(struct api_call * call)
{
	struct monitor * m = call->data;

	m->full = false;
	pump(m);
}

static void
on_cancelled(struct api_call * call)
{
	end(call->data, NULL);
}

/* --- what the node tells ---------------------------------------------------- */

static void
on_peer(void * user, struct node_group * g, enum feed_log which,
    const struct peer_id * peer, bool here)
{
	note(user, g, which, here ? EVENT_TYPE(PeerJoin)
	    : EVENT_TYPE(PeerLeave), peer, "");
}

static void
on_self(void * user, struct node_group * g, enum feed_log which, bool here)
{
	note(user, g, which, here ? EVENT_TYPE(PeerJoin)
	    : EVENT_TYPE(PeerLeave), NULL, "");
}

static void
on_shut(void * user, struct node_group * g)
{
	struct monitor * m = user;

	if (m->all || !concerns(m, g))
		return;
	m->ended = true;
	soon(m);
}

static void
on_discovered(void * user, struct node_group * g, enum feed_log which,
    const char * driver, const struct peer_id * peer)
{
	note(user, g, which, peer == NULL ? EVENT_TYPE(AdvertiseGroup)
	    : EVENT_TYPE(PeerFound), peer, driver);
}

static void
on_closed(void * user)
{
	end(user, NULL);
}

/* Who is there already: we, then the others. */
static void
note_members(struct monitor * m, struct node_group * g)
{
	static const enum feed_log logs[] = {FEED_METADATA, FEED_MESSAGES};
	struct peer_id peer;
	size_t i, at;

	for (i = 0; i < 2; i++) {
		if (!node_group_on_topic(g, logs[i]))
			continue;
		note(m, g, logs[i], EVENT_TYPE(PeerJoin), NULL, "");
		for (at = 0; node_group_peer(g, logs[i], &at, &peer);)
			note(m, g, logs[i], EVENT_TYPE(PeerJoin), &peer, "");
	}
}

void
v1_monitor_group(struct api_call * call)
{
	const V1(MonitorGroup__Request) * request = call->request;
	struct error err = {0};
	struct node_group * g = NULL;
	struct monitor * m;
	size_t at = 0;

	if (request->group_pk.len > 0 && v1_group(call, request->group_pk,
	    ERR_GROUP_MISSING, &g, &err) != 0)
		goto err0;
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	m->call = call;
	m->all = g == NULL;
	if (g != NULL)
		memcpy(m->group_pk, request->group_pk.data, KEY_SIZE);
	list_init(&m->queue);
	m->timer.fire = on_timer;
	m->watcher = (struct node_watcher){.peer = on_peer, .self = on_self,
	    .shut = on_shut, .discovered = on_discovered, .closed = on_closed,
	    .user = m};
	node_watch(call->node, &m->watcher);
	call->data = m;
	call->on_writable = on_writable;
	call->on_cancelled = on_cancelled;
	call->transport->begin(call);
	if (g != NULL)
		note_members(m, g);
	else
		while ((g = node_each_group(call->node, &at)) != NULL)
			note_members(m, g);
	return;

err0:
	api_fail(call, &err);
}
