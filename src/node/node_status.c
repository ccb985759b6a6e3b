/* node_status.c: how the node is, and what somebody should do something about. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "node/node_impl.h"
#include "version/version.h"

/* A clock this far ahead of the source's date is not believed, s. */
#define CLOCK_MOST (20LL * 366 * 24 * 3600)

/* Drift that no clock is blamed for: so many ms, and a part of what elapsed. */
enum { DRIFT_MS = 30000, DRIFT_PART = 500 };

/* --- who is connected ----------------------------------------------------- */

static void
came(void * user, const struct peer_id * peer)
{
	struct node * n = user;

	(void)peer;
	n->connected++;
}

static void
went(void * user, const struct peer_id * peer)
{
	struct node * n = user;

	(void)peer;
	if (n->connected > 0 && --n->connected == 0)
		n->alone_since = world_now(n->world);
}

void
node_status_open(struct node * n)
{
	n->started_now = n->alone_since = world_now(n->world);
	n->started_wall = world_wall(n->world) / 1000000;
	n->presence = (struct host_watcher){.up = came, .down = went,
	    .user = n};
	host_watch(n->host, &n->presence);
}

void
node_status(struct node * n, struct node_status * status)
{
	uint64_t now = world_now(n->world);
	struct buffer addresses = {0};

	status->started_at = n->started_wall / 1000;
	status->uptime_ms = clock_sub(now, n->started_now);
	status->wall_ms = world_wall(n->world) / 1000000;
	status->clock_moved_ms = status->wall_ms - n->started_wall -
	    (int64_t)status->uptime_ms;
	status->connected = n->connected;
	status->alone_ms = n->connected > 0 ? 0
	    : clock_sub(now, n->alone_since);
	host_addresses(n->host, &addresses, false);
	status->listens = addresses.n > 0;
	buffer_free(&addresses);
}

/* --- warnings ------------------------------------------------------------- */

struct warnings {
	void (*each)(void * user, const char * sentence);
	void * user;
};

static void
warn_clock(const struct warnings * w, const struct node_status * s)
{
	int64_t moved = s->clock_moved_ms < 0 ? -s->clock_moved_ms
	    : s->clock_moved_ms;
	char text[200];

	if (!node_clock_plausible(s->wall_ms))
		w->each(w->user, "the clock is wrong: set the date of this "
		    "machine, or contacts will not find each other");
	if (moved <= DRIFT_MS + (int64_t)(s->uptime_ms / DRIFT_PART))
		return;
	(void)snprintf(text, sizeof(text), "the clock moved %s by %" PRId64
	    " s since the start: it was set, or the machine slept",
	    s->clock_moved_ms < 0 ? "back" : "ahead", moved / 1000);
	w->each(w->user, text);
}

static void
warn_peers(const struct warnings * w, const struct node_status * s)
{
	char text[200];

	if (!s->listens)
		w->each(w->user, "this node listens nowhere: others cannot "
		    "reach it (-p2p.swarm-listeners)");
	if (s->alone_ms < NODE_ALONE_MS)
		return;
	(void)snprintf(text, sizeof(text), "no peer has been connected for %"
	    PRIu64 " min: check the network, or ask a contact for a link with "
	    "addresses", s->alone_ms / 60000);
	w->each(w->user, text);
}

static void
warn_unanswered(const struct warnings * w, const struct budget * b)
{
	char text[200];

	if (b->used < b->limit)
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " contact requests wait "
	    "for an answer, and new ones are put off: accept or discard some",
	    b->used);
	w->each(w->user, text);
}

static void
warn_budget(void * user, const struct budget * b)
{
	const struct warnings * w = user;
	char text[200];

	if (strcmp(b->name, "contact.unanswered") == 0) {
		warn_unanswered(w, b);
		return;
	}
	if (b->refused == 0)
		return;
	(void)snprintf(text, sizeof(text), "budget %s: %" PRIu64 " times "
	    "refused (the limit is %" PRIu64 ")", b->name, b->refused,
	    b->limit);
	w->each(w->user, text);
}

bool
node_clock_plausible(int64_t wall_ms)
{
	int64_t s = wall_ms / 1000;

	return (s >= version_date() && s - version_date() < CLOCK_MOST);
}

void
node_warnings(struct node * n, void (*each)(void * user, const char * sentence),
    void * user)
{
	struct warnings w = {each, user};
	const struct budget_walk budgets = {warn_budget, &w};
	struct node_status status;

	node_status(n, &status);
	if (store_read_only(n->store))
		each(user, store_failure(n->store));
	warn_clock(&w, &status);
	warn_peers(&w, &status);
	node_budgets(n, &budgets);
}
