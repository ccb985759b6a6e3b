#include "p2p/gossipsub.h"

#include <stdlib.h>

#include "base/error.h"
#include "p2p/gossipsub_private.h"

size_t
gossipsub_random(struct gossipsub * g, size_t n)
{
	uint8_t bytes[8];
	uint64_t v;

	/* The bias of a remainder is of no matter for choosing peers. */
	world_random(g->world, bytes, sizeof(bytes));
	memcpy(&v, bytes, sizeof(v));
	return ((size_t)(v % n));
}

/* --- events --- */

void
gossipsub_tell(struct gossipsub * g, bool joined, const struct gossip_topic * t,
    const struct peer_id * peer)
{
	struct gossip_event * e;
	size_t n = t->name.n;

	if ((e = malloc(sizeof(*e) + n + 1)) == NULL)
		return;
	e->joined = joined;
	e->peer = *peer;
	memcpy(e->topic, t->name.p, n);
	e->topic[n] = '\0';
	list_append(&g->events, &e->place);
	if (!g->event_timer.armed)
		(void)world_timer_start(g->world, &g->event_timer, 0);
}

static void
deliver_events(struct world_timer * timer)
{
	struct gossipsub * g =
	    list_entry(timer, struct gossipsub, event_timer);
	struct list now;

	/* What the handler causes is delivered at the next turn. */
	list_init(&now);
	list_splice(&now, &g->events);
	while (!list_empty(&now)) {
		struct gossip_event * e =
		    list_entry(now.next, struct gossip_event, place);
		void (*tell)(void *, const char *, const struct peer_id *) =
		    e->joined ? g->handler.joined : g->handler.left;

		list_remove(&e->place);
		if (tell != NULL)
			tell(g->user, e->topic, &e->peer);
		free(e);
	}
}

/* --- life --- */

static void
beat(struct world_timer * timer)
{
	struct gossipsub * g = list_entry(timer, struct gossipsub, beat_timer);

	gossipsub_peer_beat(g);
	gossipsub_mesh_beat(g);
	gossipsub_cache_shift(g->cache);
	gossipsub_cache_expire(g->cache, world_now(g->world));
	(void)world_timer_start(g->world, &g->beat_timer, HEARTBEAT_MS);
}

struct gossipsub *
gossipsub_new(struct host * h, const struct ed25519_key * key,
    const struct gossipsub_handler * handler, void * user)
{
	struct gossipsub * g = calloc(1, sizeof(*g));
	uint8_t seed[8];

	if (g == NULL)
		return (NULL);
	g->host = h;
	g->world = host_world(h);
	g->key = key;
	peer_id_from_ed25519(&g->self, key->pub);
	g->handler = *handler;
	g->user = user;
	g->seqno = (uint64_t)world_wall(g->world);
	gossipsub_budgets_init(g);
	list_init(&g->topics);
	list_init(&g->peers);
	list_init(&g->events);
	g->event_timer.fire = deliver_events;
	g->beat_timer.fire = beat;
	world_random(g->world, seed, sizeof(seed));
	memcpy(&g->topic_map.seed, seed, sizeof(seed));
	g->peer_map.seed = g->topic_map.seed;
	if ((g->cache = gossipsub_cache_new(g->topic_map.seed)) == NULL ||
	    gossipsub_peer_start(g) != 0 ||
	    world_timer_start(g->world, &g->beat_timer, HEARTBEAT_FIRST_MS) !=
	        0) {
		gossipsub_free(g);
		return (NULL);
	}
	return (g);
}

void
gossipsub_free(struct gossipsub * g)
{
	struct list * place, * following;

	if (g == NULL)
		return;
	gossipsub_peer_stop(g);
	list_each (place, following, &g->topics)
		gossipsub_topic_free(g,
		    list_entry(place, struct gossip_topic, place));
	world_timer_stop(g->world, &g->event_timer);
	world_timer_stop(g->world, &g->beat_timer);
	list_each (place, following, &g->events)
		free(list_entry(place, struct gossip_event, place));
	map_free(&g->topic_map);
	map_free(&g->peer_map);
	gossipsub_cache_free(g->cache);
	free(g);
}

/* --- topics of ours --- */

static void
announce(struct gossipsub * g, struct gossip_topic * t)
{
	struct list * place, * following;
	struct buffer rpc = {0};

	gossipsub_message_subscription(&rpc, t->subscribed, topic_name(t));
	if (!rpc.failed)
		list_each (place, following, &g->peers)
			(void)gossipsub_peer_send(
			    list_entry(place, struct gossip_peer, place),
			    buffer_all(&rpc), false);
	buffer_free(&rpc);
}

int
gossipsub_subscribe(struct gossipsub * g, const char * topic)
{
	struct gossip_topic * t;
	struct list * place, * following;
	char * text;
	size_t n = strlen(topic);

	if (n == 0 || n > TOPIC_MAX)
		return (-ERR_INVALID_INPUT);
	if ((t = gossipsub_topic_get(g, slice_of(topic, n))) == NULL)
		return (-ERR_INTERNAL);
	if (t->subscribed)
		return (0);
	if ((text = malloc(n + 1)) == NULL) {
		gossipsub_topic_release(g, t);
		return (-ERR_INTERNAL);
	}
	memcpy(text, topic, n + 1);
	free(t->text);
	t->text = text;
	t->subscribed = true;
	t->leave_ms = GOSSIPSUB_BACKOFF_MS;
	announce(g, t);
	list_each (place, following, &t->members)
		gossipsub_tell(g, true, t,
		    &list_entry(place, struct gossip_member, in_topic)
		         ->peer->id);
	gossipsub_mesh_join(g, t);
	return (0);
}

void
gossipsub_set_leave(struct gossipsub * g, const char * topic, uint64_t ms)
{
	struct gossip_topic * t = gossipsub_topic_find(g, slice_text(topic));

	if (t != NULL && t->subscribed)
		t->leave_ms = ms;
}

void
gossipsub_unsubscribe(struct gossipsub * g, const char * topic)
{
	struct gossip_topic * t = gossipsub_topic_find(g, slice_text(topic));

	if (t == NULL || !t->subscribed)
		return;
	gossipsub_mesh_leave(g, t);
	t->subscribed = false;
	announce(g, t);
	gossipsub_topic_release(g, t);
}

int
gossipsub_publish(struct gossipsub * g, const char * topic, struct slice data)
{
	struct slice name = slice_text(topic);
	struct buffer bytes = {0}, rpc = {0};
	struct gossip_topic * t;
	struct gossipsub_id id;
	int status = -ERR_INVALID_INPUT;

	if (name.n == 0 || name.n > TOPIC_MAX || data.n > GOSSIPSUB_RPC_MAX)
		return (status);
	gossipsub_message_sign(&bytes, &id, g->key, &g->self, ++g->seqno,
	    topic, data);
	gossipsub_message_publish(&rpc, buffer_all(&bytes));
	if (rpc.n > GOSSIPSUB_RPC_MAX)
		goto done;
	status = -ERR_INTERNAL;
	if (bytes.failed || rpc.failed ||
	    (t = gossipsub_topic_get(g, name)) == NULL)
		goto done;
	(void)gossipsub_cache_mark(g->cache, &id, world_now(g->world));
	(void)gossipsub_cache_put(g->cache, &id, name, buffer_all(&bytes));
	g->stats.published++;
	status = (int)gossipsub_mesh_send(g, t, buffer_all(&rpc), true, NULL,
	    NULL);

done:
	buffer_free(&rpc);
	buffer_free(&bytes);
	return (status);
}

/* --- views --- */

bool
gossipsub_each_peer(struct gossipsub * g, const char * topic, size_t * at,
    struct peer_id * peer)
{
	struct gossip_topic * t = gossipsub_topic_find(g, slice_text(topic));
	struct list * place, * following;
	size_t i = 0;

	if (t == NULL)
		return (false);
	list_each (place, following, &t->members) {
		if (i++ < *at)
			continue;
		*peer = list_entry(place, struct gossip_member, in_topic)
		            ->peer->id;
		(*at)++;
		return (true);
	}
	return (false);
}

void
gossipsub_stats(const struct gossipsub * g, struct gossipsub_stats * s)
{
	*s = g->stats;
}
