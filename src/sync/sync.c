#include "sync/sync.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "sync/sync_impl.h"

/* The schedule is looked at this often at most, ms. */
enum { TICK_LEAST_MS = 1000, TICK_MOST_MS = 60000 };

void
sync_soon(struct sync * s)
{
	if (!s->turn.armed)
		(void)world_timer_start(s->world, &s->turn, 0);
}

/* --- what the network says ------------------------------------------------ */

static struct sync_log *
find_topic(const struct sync * s, const char * topic)
{
	return (map_get(&s->topics, slice_text(topic)));
}

static bool
on_message(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	struct sync * s = user;
	struct sync_log * l = find_topic(s, topic);

	return (l != NULL && sync_receive(s, l, from, via, false, data));
}

static void
on_joined(void * user, const char * topic, const struct peer_id * peer)
{
	struct sync_log * l = find_topic(user, topic);

	if (l != NULL)
		sync_peer_joined(l, peer);
}

static void
on_left(void * user, const char * topic, const struct peer_id * peer)
{
	struct sync_log * l = find_topic(user, topic);

	if (l != NULL)
		sync_peer_left(l, peer);
}

static bool
on_direct(void * user, const struct peer_id * from, struct slice message)
{
	return (sync_receive(user, NULL, from, from, true, message));
}

static int
on_load(void * user, const struct cid * cid, struct buffer * out)
{
	struct sync * s = user;
	int status = log_block(s->store, cid, out);

	if (status == -ERR_NOT_FOUND && s->blocks.load != NULL)
		status = s->blocks.load(s->blocks_user, cid, out);
	return (status);
}

static void
on_block(void * user, const struct cid * cid, struct slice data,
    const struct peer_id * from)
{
	struct sync * s = user;

	sync_fetch_came(s, cid, data, from);
	if (s->blocks.came != NULL)
		sync_blocks_came(s, cid, data, from);
}

static void
on_missing(void * user, const struct cid * cid)
{
	sync_fetch_nobody(user, cid);
}

/* --- turns ---------------------------------------------------------------- */

static void
on_turn(struct world_timer * timer)
{
	struct sync * s = list_entry(timer, struct sync, turn);
	struct list *place, *following;
	struct sync_log * l;

	if (s->early_due)
		sync_early_take(s);
	list_each(place, following, &s->logs) {
		l = list_entry(place, struct sync_log, place);
		sync_join_turn(l);
		if (!store_read_only(s->store))
			sync_fetch_ask(l);
		sync_durable_send(l);
	}
}

void
sync_arm_tick(struct sync * s)
{
	uint64_t now = world_now(s->world), ms = TICK_MOST_MS, left;
	struct list *place, *following;
	struct sync_log * l;

	list_each(place, following, &s->logs) {
		l = list_entry(place, struct sync_log, place);
		left = clock_sub(l->exchange_at, now);
		if (left < ms)
			ms = left;
		/* Published to nobody, though peers are there. */
		if (l->announce && !list_empty(&l->peers))
			ms = 0;
		left = clock_sub(l->paused_until, now);
		if (left > 0 && left < ms)
			ms = left;
		left = clock_sub(sync_reply_at(l), now);
		if (left < ms)
			ms = left;
	}
	(void)world_timer_start(s->world, &s->tick,
	    ms < TICK_LEAST_MS ? TICK_LEAST_MS : ms);
}

static void
on_tick(struct world_timer * timer)
{
	struct sync * s = list_entry(timer, struct sync, tick);
	struct list *place, *following;
	struct sync_log * l;

	list_each(place, following, &s->logs) {
		l = list_entry(place, struct sync_log, place);
		sync_rotation_refresh(l);
		if (world_now(s->world) >= l->exchange_at)
			sync_exchange(l);
		sync_reply_later(l);
	}
	sync_early_expire(s);
	sync_soon(s);
	sync_arm_tick(s);
}

/* --- the object ----------------------------------------------------------- */

static const struct gossipsub_handler gossipsub_handler = {
    .message = on_message, .joined = on_joined, .left = on_left,
};

static const struct bitswap_handler bitswap_handler = {
    .load = on_load, .block = on_block, .missing = on_missing,
};

struct sync *
sync_new(struct world * w, struct store * store, struct host * h,
    const struct ed25519_key * key, const struct sync_handler * handler,
    void * user)
{
	struct sync * s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->world = w;
	s->store = store;
	s->host = h;
	s->handler = *handler;
	s->user = user;
	s->block_size = 4096;
	sync_budgets_init(s);
	list_init(&s->logs);
	list_init(&s->early);
	world_random(w, (uint8_t *)&s->items.seed, sizeof(s->items.seed));
	s->topics.seed = s->points.seed = s->items.seed;
	s->turn.fire = on_turn;
	s->tick.fire = on_tick;
	s->gossipsub = gossipsub_new(h, key, &gossipsub_handler, s);
	s->bitswap = bitswap_new(h, &bitswap_handler, s);
	s->direct = direct_channel_new(h, on_direct, s);
	if (s->gossipsub == NULL || s->bitswap == NULL || s->direct == NULL) {
		sync_free(s);
		return (NULL);
	}
	sync_arm_tick(s);
	return (s);
}

void
sync_free(struct sync * s)
{
	if (s == NULL)
		return;
	while (!list_empty(&s->logs))
		sync_remove(list_entry(s->logs.next, struct sync_log, place));
	world_timer_stop(s->world, &s->turn);
	world_timer_stop(s->world, &s->tick);
	sync_early_free(s);
	if (s->direct != NULL)
		direct_channel_free(s->direct);
	if (s->bitswap != NULL)
		bitswap_free(s->bitswap);
	if (s->gossipsub != NULL)
		gossipsub_free(s->gossipsub);
	map_free(&s->topics);
	map_free(&s->points);
	map_free(&s->items);
	free(s);
}

/* Peers that had subscribed before us. */
static void
meet_peers(struct sync_log * l)
{
	struct peer_id peer;
	size_t at = 0;

	while (gossipsub_each_peer(l->s->gossipsub,
	    (const char *)l->topic.p, &at, &peer))
		sync_peer_joined(l, &peer);
}

static void
init_lists(struct sync_log * l)
{
	list_init(&l->place);
	list_init(&l->peers);
	list_init(&l->queued);
	list_init(&l->asked);
	list_init(&l->nobody);
	list_init(&l->came);
	list_init(&l->bad);
	list_init(&l->commits);
}

int
sync_add(struct sync * s, struct log * log, const struct sync_config * config,
    struct sync_log ** added)
{
	struct slice address = log_address_of(log);
	struct sync_log * l;
	int status = -ERR_INTERNAL;

	if (map_get(&s->topics, address) != NULL)
		return (-ERR_INVALID_INPUT);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		goto err0;
	init_lists(l);
	l->s = s;
	l->log = log;
	l->config = *config;
	buffer_slice(&l->topic, address);
	buffer_byte(&l->topic, 0);
	if (l->topic.failed || map_set(&s->topics, address, l) != 0)
		goto err1;
	status = gossipsub_subscribe(s->gossipsub, (const char *)l->topic.p);
	if (status != 0)
		goto err2;
	gossipsub_set_leave(s->gossipsub, (const char *)l->topic.p,
	    config->network->unsubscribe_backoff_s * 1000U);
	list_append(&s->logs, &l->place);
	l->exchange_at = clock_add(world_now(s->world), SYNC_EXCHANGE_MS);
	sync_rotation_refresh(l);
	meet_peers(l);
	sync_fetch_missing(l);
	sync_soon(s);
	sync_arm_tick(s);
	*added = l;
	return (0);

err2:
	(void)map_remove(&s->topics, address);
err1:
	buffer_free(&l->topic);
	free(l);
err0:
	return (status);
}

void
sync_remove(struct sync_log * l)
{
	struct sync * s = l->s;

	gossipsub_unsubscribe(s->gossipsub, (const char *)l->topic.p);
	sync_join_free(l);
	sync_fetch_free(l);
	sync_durable_free(l);
	sync_rotation_forget(l);
	sync_peer_free_all(l);
	(void)map_remove(&s->topics, log_address_of(l->log));
	list_remove(&l->place);
	buffer_free(&l->topic);
	crypto_wipe(&l->config, sizeof(l->config));
	free(l);
}

void
sync_announce(struct sync_log * l)
{
	l->announce = true;
	l->quiet = 0;
	sync_soon(l->s);
}

void
sync_hold(struct sync_log * l, bool hold)
{
	if (l->held == hold)
		return;
	l->held = hold;
	if (hold)
		sync_fetch_drop(l);
	else
		sync_fetch_missing(l);
	sync_soon(l->s);
}

bool
sync_each_peer(struct sync_log * l, size_t * at, struct peer_id * peer)
{
	return (gossipsub_each_peer(l->s->gossipsub,
	    (const char *)l->topic.p, at, peer));
}

size_t
sync_count_met(struct sync * s, const char * topic)
{
	struct peer_id peer;
	size_t at = 0;

	while (gossipsub_each_peer(s->gossipsub, topic, &at, &peer))
		;
	return (at);
}

void
sync_stats(const struct sync * s, struct sync_stats * stats)
{
	*stats = s->stats;
	stats->fetching = s->items.n;
}
