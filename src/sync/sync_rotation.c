/*
 * Rotation values.  A Go node keeps the value of the day it opened a store, so
 * old ones are accepted, and answered with.  Source: rendezvous spec §3.
 */
#include "codec/rotation.h"
#include "sync/sync_impl.h"

static void
value_of(const struct sync_log * l, uint64_t period, uint8_t value[32])
{
	rotation_point(value, log_address_of(l->log),
	    slice_of(l->config.link_key, sizeof(l->config.link_key)), period);
}

static uint64_t
present(const struct sync_log * l)
{
	int64_t s = world_wall(l->s->world) / 1000000000;

	return (network_period(s > 0 ? (uint64_t)s : 0,
	    l->config.network->rotation_s));
}

/* The n-th period back from the next one; false before 1970. */
static bool
period_back(const struct sync_log * l, unsigned n, uint64_t * period)
{
	uint64_t length = l->config.network->rotation_s;
	uint64_t next = present(l) + length;

	if (next / length < n)
		return (false);
	*period = next - n * length;
	return (true);
}

static bool
is_known(const struct sync_log * l, uint64_t period)
{
	uint64_t length = l->config.network->rotation_s, now = present(l);

	return (period == 0 || (period <= now + length &&
	    period + SYNC_PERIODS_BACK * length >= now));
}

/* Of the values kept at hand: next, present, last, and the static one. */
static bool
handy(const struct sync_log * l, unsigned i, uint64_t * period)
{
	uint64_t length = l->config.network->rotation_s;

	*period = 0;
	if (i == 3)
		return (true);
	if (i == 2 && l->point_period < length)
		return (false);
	*period = l->point_period + length - i * length;
	return (true);
}

void
sync_rotation_forget(struct sync_log * l)
{
	uint8_t value[32];
	uint64_t period;
	unsigned i;

	for (i = 0; l->has_points && i < 4; i++)
		if (handy(l, i, &period)) {
			value_of(l, period, value);
			(void)map_remove(&l->s->points, slice_of(value, 32));
		}
	l->has_points = false;
}

void
sync_rotation_refresh(struct sync_log * l)
{
	uint8_t value[32];
	uint64_t period;
	unsigned i;

	if (l->has_points && l->point_period == present(l))
		return;
	sync_rotation_forget(l);
	l->point_period = present(l);
	l->has_points = true;
	for (i = 0; i < 4; i++)
		if (handy(l, i, &period)) {
			value_of(l, period, value);
			(void)map_set(&l->s->points, slice_of(value, 32), l);
		}
}

/* Which accepted period is the value of? */
static bool
period_of(const struct sync_log * l, const uint8_t rotation[32],
    uint64_t * period)
{
	uint8_t value[32];
	unsigned i;

	for (i = 0; i <= SYNC_PERIODS_BACK + 1 && period_back(l, i, period);
	    i++) {
		value_of(l, *period, value);
		if (memcmp(value, rotation, 32) == 0)
			return (true);
	}
	*period = 0;
	value_of(l, 0, value);
	return (memcmp(value, rotation, 32) == 0);
}

struct sync_log *
sync_rotation_find(struct sync * s, const struct peer_id * from,
    const uint8_t rotation[32])
{
	struct sync_log * l = map_get(&s->points, slice_of(rotation, 32));
	struct list *place, *following;
	uint64_t period;

	if (l != NULL)
		return (l);
	/* Old values cost hashing: only for logs that the sender follows. */
	list_each(place, following, &s->logs) {
		l = list_entry(place, struct sync_log, place);
		if (sync_peer_find(l, from) != NULL &&
		    period_of(l, rotation, &period))
			return (l);
	}
	return (NULL);
}

bool
sync_rotation_learn(struct sync_log * l, struct sync_peer * p,
    const uint8_t rotation[32])
{
	uint64_t period;

	if (!period_of(l, rotation, &period))
		return (false);
	l->has_period = true;
	l->period = period;
	if (p != NULL) {
		p->has_period = true;
		p->period = period;
	}
	return (true);
}

/* The period that a message to the peer, or to all, is of. */
static uint64_t
period_for(const struct sync_log * l, const struct sync_peer * p)
{
	if (p != NULL && p->has_period && is_known(l, p->period))
		return (p->period);
	if (l->has_period && is_known(l, l->period))
		return (l->period);
	return (present(l));
}

void
sync_rotation_value(struct sync_log * l, const struct sync_peer * p,
    uint8_t rotation[32])
{
	value_of(l, period_for(l, p), rotation);
}

void
sync_rotation_tell_others(struct sync_log * l)
{
	uint64_t published = period_for(l, NULL);
	struct list *place, *following;
	struct sync_peer * p;

	list_each(place, following, &l->peers) {
		p = list_entry(place, struct sync_peer, place);
		if (period_for(l, p) == published)
			continue;
		p->due = true;
		sync_soon(l->s);
	}
}
