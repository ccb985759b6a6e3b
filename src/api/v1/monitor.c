/*
 * monitor.c: MonitorGroup: who is on the topics of a group, or of all, now and
 * from now on.
 *
 * What happens is queued and told from the loop: a watcher may not close a call
 * that ends the watching.
 */
#include <stdlib.h>

#include "api/v1/monitor.h"
#include "base/map.h"

/* Events that wait for a client which does not read. */
#define QUEUE_MAX 4096

/* Peers whose addresses are remembered, so as not to repeat them. */
#define FOUND_MAX 4096

struct monitor {
	struct api_call * call;
	bool all;
	uint8_t group_pk[KEY_SIZE];
	struct node_watcher watcher;
	struct world_timer timer;
	struct list queue;        /* struct told */
	size_t n;
	struct map found;         /* topic, peer, driver -> addresses */
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

/*
 * Discovery finds the same peers again and again: told anew when the addresses
 * are others.  Source: berty api_group.go, cachedFoundPeers.
 */
static bool
is_news(struct monitor * m, const struct told * t,
    const monitor_reply_t * reply)
{
	const struct slice parts[] = {buffer_all(&t->topic),
	    peer_id_slice(&t->peer), slice_text(t->driver)};
	struct slice key, message;
	struct buffer bytes = {0};
	uint8_t place[SHA256_SIZE], hash[SHA256_SIZE];
	uintptr_t value;
	bool news;

	if (t->type != MONITOR_EVENT(PeerFound))
		return (true);
	protobuf_encode(&bytes, reply);
	message = buffer_all(&bytes);
	sha256(place, parts, 3);
	sha256(hash, &message, 1);
	buffer_free(&bytes);
	memcpy(&value, hash, sizeof(value));
	/* Any value but NULL. */
	value |= 1;
	key = slice_of(place, sizeof(place));
	news = map_get(&m->found, key) != (void *)value;
	/* Forgetting costs a repetition. */
	if (m->found.n >= FOUND_MAX)
		map_free(&m->found);
	(void)map_set(&m->found, key, (void *)value);
	return (news);
}

static bool
tell(struct monitor * m, const struct told * t)
{
	monitor_reply_t * reply;
	bool full = false;

	reply = monitor_event(node_host(m->call->node), t);
	if (reply != NULL && is_news(m, t, reply))
		full = m->call->transport->reply(m->call, reply);
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
	map_free(&m->found);
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
	note(user, g, which, here ? MONITOR_EVENT(PeerJoin)
	    : MONITOR_EVENT(PeerLeave), peer, "");
}

static void
on_self(void * user, struct node_group * g, enum feed_log which, bool here)
{
	note(user, g, which, here ? MONITOR_EVENT(PeerJoin)
	    : MONITOR_EVENT(PeerLeave), NULL, "");
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
	note(user, g, which, peer == NULL ? MONITOR_EVENT(AdvertiseGroup)
	    : MONITOR_EVENT(PeerFound), peer, driver);
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
		note(m, g, logs[i], MONITOR_EVENT(PeerJoin), NULL, "");
		for (at = 0; node_group_peer(g, logs[i], &at, &peer);)
			note(m, g, logs[i], MONITOR_EVENT(PeerJoin), &peer, "");
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
	world_random(node_world(call->node), (uint8_t *)&m->found.seed,
	    sizeof(m->found.seed));
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
