/*
 * Messages that came before we knew their sender on any topic.  Go tells its
 * heads once, as soon as it sees our subscription, and its own may still be on
 * its way.  The value of a day long past is looked for only among the logs
 * that the sender follows, so such a message waits until it follows one.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "sync/sync_impl.h"

struct early {
	struct list place;
	struct peer_id from;
	uint64_t until;
	struct buffer message;
};

static void
early_free(struct sync * s, struct early * e)
{
	list_remove(&e->place);
	budget_give(&s->early_bytes, e->message.n);
	buffer_free(&e->message);
	free(e);
}

static size_t
held_of(struct sync * s, const struct peer_id * from)
{
	struct list *place, *following;
	struct early * e;
	size_t n = 0;

	list_each(place, following, &s->early) {
		e = list_entry(place, struct early, place);
		if (peer_id_equal(&e->from, from))
			n += e->message.n;
	}
	return (n);
}

void
sync_early_expire(struct sync * s)
{
	uint64_t now = world_now(s->world);
	struct list *place, *following;
	struct early * e;

	list_each(place, following, &s->early) {
		e = list_entry(place, struct early, place);
		if (now < e->until)
			continue;
		s->stats.heads_refused++;
		early_free(s, e);
	}
}

bool
sync_early_hold(struct sync * s, const struct peer_id * from,
    struct slice message)
{
	struct early * e;

	sync_early_expire(s);
	if (message.n > SYNC_EARLY_PEER - held_of(s, from)) {
		budget_refuse(&s->early_bytes);
		return (false);
	}
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return (false);
	buffer_slice(&e->message, message);
	if (e->message.failed || !budget_take(&s->early_bytes, message.n)) {
		buffer_free(&e->message);
		free(e);
		return (false);
	}
	e->from = *from;
	e->until = clock_add(world_now(s->world), SYNC_EARLY_MS);
	list_append(&s->early, &e->place);
	return (true);
}

/* What is of no known log still is held again. */
void
sync_early_take(struct sync * s)
{
	struct list *place, *following, taken;
	struct early * e;

	s->early_due = false;
	list_init(&taken);
	list_each(place, following, &s->early) {
		list_remove(place);
		list_append(&taken, place);
	}
	list_each(place, following, &taken) {
		e = list_entry(place, struct early, place);
		budget_give(&s->early_bytes, e->message.n);
		list_remove(&e->place);
		(void)sync_receive(s, NULL, &e->from, &e->from, true,
		    buffer_all(&e->message));
		buffer_free(&e->message);
		free(e);
	}
}

void
sync_early_free(struct sync * s)
{
	while (!list_empty(&s->early))
		early_free(s, list_entry(s->early.next, struct early, place));
}
