/* monitor_event.c: what MonitorGroup tells, as messages. */
#include <stdlib.h>

#include "api/v1/monitor.h"
#include "base/reader.h"

typedef V1(MonitorGroup__EventMonitor) event_t;

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

	/* Where a peer dialled from is no address to dial. */
	if (r->active_only ? !route->active
	    : route->active && !route->outbound)
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

/* Addresses of a peer: those in use, or all that can be dialled; or our own. */
static void
add_addresses(struct host * h, const struct told * t, char *** field,
    size_t * n, bool active_only)
{
	struct routes routes = {field, n, active_only};
	const struct host_viewer viewer = {no_peer, on_route, no_stream,
	    &routes};
	struct buffer own = {0};
	struct reader r;

	if (!t->is_self) {
		host_view_peer(h, &t->peer, &viewer);
		return;
	}
	host_addresses(h, &own, false);
	r = reader_of(buffer_all(&own));
	while (r.n > 0 && !r.failed) {
		struct host_route route = {.active = true, .outbound = true};

		route.address = reader_prefixed(&r, MULTIADDR_MAX);
		on_route(&routes, &route);
	}
	buffer_free(&own);
}

static void
fill_join(struct host * h, event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorPeerJoin) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_peer_join__descriptor);

	if ((event->peer_join = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	to->is_self = t->is_self;
	add_addresses(h, t, &to->maddrs, &to->n_maddrs, true);
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
fill_found(struct host * h, event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorPeerFound) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_peer_found__descriptor);

	if ((event->peer_found = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	v1_set_text(&to->driver_name, slice_text(t->driver));
	add_addresses(h, t, &to->maddrs, &to->n_maddrs, false);
}

static void
fill_advertise(struct host * h, event_t * event, const struct told * t)
{
	V1(MonitorGroup__EventMonitorAdvertiseGroup) * to = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor_advertise_group__descriptor);

	if ((event->advertise_group = to) == NULL)
		return;
	v1_set_peer(&to->peer_id, &t->peer);
	v1_set_text(&to->topic, buffer_all(&t->topic));
	v1_set_text(&to->driver_name, slice_text(t->driver));
	add_addresses(h, t, &to->maddrs, &to->n_maddrs, false);
}

monitor_reply_t *
monitor_event(struct host * h, const struct told * t)
{
	monitor_reply_t * reply = v1_new(
	    &berty__protocol__v1__monitor_group__reply__descriptor);
	event_t * event = v1_new(
	    &berty__protocol__v1__monitor_group__event_monitor__descriptor);

	if (reply == NULL || event == NULL) {
		protobuf_free(event);
		protobuf_free(reply);
		return (NULL);
	}
	reply->event = event;
	event->type = t->type;
	if ((reply->group_pk.data = malloc(KEY_SIZE)) != NULL) {
		memcpy(reply->group_pk.data, t->group_pk, KEY_SIZE);
		reply->group_pk.len = KEY_SIZE;
	}
	switch (t->type) {
	case MONITOR_EVENT(PeerJoin):
		fill_join(h, event, t);
		break;
	case MONITOR_EVENT(PeerLeave):
		fill_leave(event, t);
		break;
	case MONITOR_EVENT(PeerFound):
		fill_found(h, event, t);
		break;
	default:
		fill_advertise(h, event, t);
		break;
	}
	return (reply);
}
