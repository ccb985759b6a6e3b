/* feed.c: subscriptions: a cursor on a group's list. */
#include <stdlib.h>

#include "node/node_impl.h"

struct feed {
	struct node_group * g;    /* NULL once the group closed */
	enum feed_log which;
	uint64_t next;            /* arrival number to give next */
	uint64_t last;            /* where a range ends, inclusive */
	bool ranged;              /* it ends at `last` */
	bool reverse;             /* from `last` down to `next` */
	bool waiting;             /* feed_next had nothing to give */
	bool ready;               /* wake is due */
	void (*wake)(void * user);
	void * user;
	struct list place;
};

/* The arrival number of an id in the list. */
static int
arrival_of(struct node_group * g, enum feed_log which, struct slice id,
    uint64_t * arrival, struct error * err)
{
	struct log_item item = {0};
	struct cid cid;
	int rc;

	if (cid_parse(&cid, id) != 0)
		return (error_set(err, ERR_INVALID_RANGE,
		    "since_id or until_id is no event id"));
	rc = log_find(node_log(g, which), &cid, &item);
	*arrival = rc == 0 ? item.arrival : 0;
	if (rc == 0)
		log_item_free(&item);
	if (*arrival == 0 || *arrival > g->visible[which])
		return (error_set(err, ERR_INVALID_RANGE,
		    "since_id or until_id names no event of this group"));
	return (0);
}

/* Options that contradict each other.  Source: api-v1 spec §6. */
static int
check_range(const struct feed_range * r, struct error * err)
{
	bool since_id = r->since_id.n > 0, until_id = r->until_id.n > 0;

	if (since_id && r->since_now)
		return (error_set(err, ERR_INVALID_INPUT,
		    "since_id and since_now exclude each other"));
	if (until_id && r->until_now)
		return (error_set(err, ERR_INVALID_INPUT,
		    "until_id and until_now exclude each other"));
	if (r->since_now && (until_id || r->until_now))
		return (error_set(err, ERR_INVALID_INPUT,
		    "nothing lies between now and an earlier end"));
	if (r->reverse && !until_id && !r->until_now)
		return (error_set(err, ERR_INVALID_INPUT,
		    "a live list has no end to begin from: give until_now or "
		    "until_id with reverse_order"));
	return (0);
}

static int
set_range(struct feed * f, const struct feed_range * r, struct error * err)
{
	uint64_t visible = f->g->visible[f->which];
	int rc;

	if ((rc = check_range(r, err)) != 0)
		return (rc);
	f->next = r->since_now ? visible + 1 : 1;
	f->last = visible;
	f->ranged = r->until_now || r->until_id.n > 0;
	f->reverse = r->reverse;
	if (r->since_id.n > 0 && (rc = arrival_of(f->g, f->which, r->since_id,
	    &f->next, err)) != 0)
		return (rc);
	if (r->until_id.n > 0 && (rc = arrival_of(f->g, f->which, r->until_id,
	    &f->last, err)) != 0)
		return (rc);
	if (r->until_id.n > 0 && f->next > f->last)
		return (error_set(err, ERR_INVALID_RANGE,
		    "since_id comes after until_id"));
	return (0);
}

int
feed_open(struct node_group * g, enum feed_log which,
    const struct feed_range * range, void (*wake)(void * user), void * user,
    struct feed ** feed, struct error * err)
{
	struct feed * f;
	int rc;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	f->g = g;
	f->which = which;
	f->wake = wake;
	f->user = user;
	if ((rc = set_range(f, range, err)) != 0) {
		free(f);
		return (rc);
	}
	list_append(&g->feeds, &f->place);
	*feed = f;
	return (0);
}

void
feed_close(struct feed * f)
{
	list_remove(&f->place);
	free(f);
}

/* The arrival number to read now; 0 and *end when there is none. */
static uint64_t
take_number(struct feed * f, int * end)
{
	uint64_t visible = f->g->visible[f->which];
	uint64_t number = f->reverse ? f->last : f->next;

	if (f->ranged && f->next > f->last) {
		*end = 2;
		return (0);
	}
	if (number > visible) {
		*end = 0;
		return (0);
	}
	if (f->reverse)
		f->last--;
	else
		f->next++;
	return (number);
}

int
feed_next(struct feed * f, struct group_event * e, struct group_message * m)
{
	uint64_t number;
	int rc, end = 0;

	if (f->g == NULL)
		return (2);
	while ((number = take_number(f, &end)) != 0) {
		rc = f->which == FEED_METADATA
		    ? group_event_at(f->g->group, number, e)
		    : group_message_at(f->g->group, number, m);
		if (rc == 0)
			return (1);
		/* What no longer opens is not worth ending the list for. */
		log_warn(f->g->node->world->log, "node",
		    "entry %llu of a list does not open (%d)",
		    (unsigned long long)number, rc);
	}
	f->waiting = end == 0;
	return (end);
}

void
node_show(struct node_group * g, enum feed_log which, uint64_t arrivals)
{
	struct list * place;
	struct list * following;

	if (arrivals <= g->visible[which])
		return;
	g->visible[which] = arrivals;
	list_each(place, following, &g->feeds) {
		struct feed * f = list_entry(place, struct feed, place);

		if (f->which == which && f->waiting)
			f->ready = true;
	}
	(void)world_timer_start(g->node->world, &g->node->wake, 0);
}

/* A feed that is due, of any group. */
static struct feed *
find_ready(struct node * n)
{
	struct slice key;
	struct list * place;
	struct list * following;
	void * value;
	size_t at = 0;

	while (map_next(&n->groups, &at, &key, &value))
		list_each(place, following,
		    &((struct node_group *)value)->feeds)
			if (list_entry(place, struct feed, place)->ready)
				return (list_entry(place, struct feed, place));
	return (NULL);
}

void
feed_wake_fire(struct world_timer * timer)
{
	struct node * n = list_entry(timer, struct node, wake);
	struct feed * f;

	/* Waking one may close others: look anew each time. */
	while ((f = find_ready(n)) != NULL) {
		f->ready = f->waiting = false;
		f->wake(f->user);
	}
}

void
feeds_end(struct node_group * g)
{
	while (!list_empty(&g->feeds)) {
		struct feed * f = list_entry(g->feeds.next, struct feed, place);

		list_remove(&f->place);
		f->g = NULL;
		f->wake(f->user);
	}
}
