/* storm_weather.c: disks, wires, clocks and lives, and how they are mended. */
#include "support/storm_impl.h"

#define DAY_MS INT64_C(86400000)

/* Anything that was begun ends within this time, ms. */
enum { LONGEST_CALL_MS = 600000 };

/* --- lives ---------------------------------------------------------------- */

bool
storm_open(struct storm * s, size_t i)
{
	struct error err = {0};
	char text[256];

	if (fleet_try_open(&s->f, i, &err) != 0) {
		(void)error_format(&err, text, sizeof(text));
		if (!s->faulty[i])
			storm_fail(s, "node %zu does not open: %s", i, text);
		return (false);
	}
	s->report.lives++;
	storm_say(s, "node %zu is open", i);
	storm_check_seats(s, i);
	return (true);
}

static void
clean_disk(struct storm * s, size_t i)
{
	struct world * w = s->f.nodes[i].w;

	sim_disk_fail_write(w, 0);
	sim_disk_fail_sync(w, 0);
	sim_disk_limit(w, 0);
	sim_disk_crash_at(w, 0, SIM_CRASH_NOTHING);
	s->faulty[i] = false;
}

static void
go_open(struct storm * s, size_t i)
{
	if (s->f.nodes[i].node != NULL)
		return;
	if (storm_chance(s, 80))
		clean_disk(s, i);
	(void)storm_open(s, i);
}

/* A node that reads only is begun anew by its user. */
static void
go_repair(struct storm * s, size_t i)
{
	if (s->f.nodes[i].node == NULL || storm_writable(s, i))
		return;
	fleet_close(&s->f, i);
	clean_disk(s, i);
	(void)storm_open(s, i);
}

static void
go_close(struct storm * s, size_t i)
{
	if (s->f.nodes[i].node != NULL)
		fleet_close(&s->f, i);
}

static void
go_die(struct storm * s, size_t i)
{
	size_t how = storm_below(s, 4);

	if (s->f.nodes[i].node == NULL)
		return;
	s->report.faults++;
	storm_say(s, "   kind %u", (unsigned)how);
	if (how == 3)
		fleet_kill(&s->f, i);
	else
		fleet_crash(&s->f, i, (enum sim_crash)how);
}

/* --- disks ---------------------------------------------------------------- */

static void
go_disk(struct storm * s, size_t i)
{
	struct world * w = s->f.nodes[i].w;
	struct sim_disk_stats stats;
	uint64_t kind = storm_below(s, 6);

	s->report.faults++;
	s->faulty[i] = true;
	storm_say(s, "   kind %u", (unsigned)kind);
	switch (kind) {
	case 0:
		sim_disk_fail_write(w, 1 + storm_below(s, 40));
		break;
	case 1:
		sim_disk_fail_sync(w, 1 + storm_below(s, 10));
		break;
	case 2:
		sim_disk_stats(w, &stats);
		sim_disk_limit(w, stats.bytes + storm_below(s, 200000));
		break;
	default:
		sim_disk_crash_at(w, 1 + storm_below(s, 200),
		    (enum sim_crash)storm_below(s, 3));
		break;
	}
}

/* An older copy of a store is put back; what it knows is not what we know. */
static void
go_old_store(struct storm * s, size_t i)
{
	struct seat * seat;
	size_t g;

	if (!s->old_stores)
		return;
	if (s->copies[i] == NULL) {
		s->copies[i] = sim_disk_snapshot(s->f.nodes[i].w);
		assert_non_null(s->copies[i]);
		return;
	}
	if (s->f.nodes[i].node != NULL)
		fleet_kill(&s->f, i);
	else
		sim_kill(s->f.nodes[i].w);
	storm_reap(s);
	clean_disk(s, i);
	assert_int_equal(sim_disk_restore(s->f.nodes[i].w, s->copies[i]), 0);
	sim_snapshot_free(s->copies[i]);
	s->copies[i] = NULL;
	storm_forget(s, i);
	for (g = 0; g < STORM_GROUPS; g++) {
		seat = &s->groups[g].seats[i];
		if (seat->ever)
			seat->in = seat->resting = UNSURE;
		seat->scanned = seat->n_keyed = 0;
	}
}

/* --- wires and clocks ----------------------------------------------------- */

static void
go_cut(struct storm * s, size_t i)
{
	struct world * island[STORM_NODES];
	size_t k, n = 0;

	(void)i;
	s->report.faults++;
	for (k = 0; k < s->f.n; k++)
		if (storm_chance(s, 50))
			island[n++] = s->f.nodes[k].w;
	sim_partition(s->f.sim, island, n);
}

static void
go_heal(struct storm * s, size_t i)
{
	(void)i;
	sim_heal(s->f.sim);
}

static void
go_link(struct storm * s, size_t i)
{
	struct sim_link link = {.latency_ms = 10};
	size_t to = storm_below(s, s->f.n);

	s->report.faults++;
	if (storm_chance(s, 60)) {
		link.latency_ms = (uint32_t)storm_below(s, 400);
		link.jitter_ms = (uint32_t)storm_below(s, 200);
		link.loss = (uint32_t)storm_below(s, 60000);
		link.reset = storm_chance(s, 50) ?
		    (uint32_t)storm_below(s, 5000) : 0;
		link.cut = storm_chance(s, 10);
	}
	if (to != i && storm_chance(s, 50))
		sim_link(s->f.nodes[i].w, s->f.nodes[to].w, &link);
	else {
		link.cut = false;
		sim_links(s->f.sim, &link);
	}
}

static void
go_disconnect(struct storm * s, size_t i)
{
	s->report.faults++;
	sim_disconnect(s->f.nodes[i].w);
}

static void
go_clock(struct storm * s, size_t i)
{
	static const int64_t most[] = {1000, 3600000, DAY_MS, 40 * DAY_MS,
	    1000 * DAY_MS};
	int64_t ms = most[storm_below(s, 5)];

	s->report.faults++;
	ms = (int64_t)storm_below(s, 2 * (uint64_t)ms) - ms;
	/* Or it is set right. */
	if (storm_chance(s, 30))
		ms = -s->clock[i];
	sim_wall_jump(s->f.nodes[i].w, ms);
	s->clock[i] += ms;
}

void
storm_weather(struct storm * s)
{
	static const struct {
		unsigned weight;
		void (*go)(struct storm * s, size_t i);
		const char * name;
	} kinds[] = {
		{34, go_open, "open"}, {10, go_repair, "repair"},
		{5, go_close, "close"}, {9, go_die, "die"},
		{9, go_disk, "bad disk"}, {2, go_old_store, "old store"},
		{5, go_cut, "cut"}, {9, go_heal, "heal"}, {6, go_link, "link"},
		{6, go_disconnect, "disconnect"}, {5, go_clock, "clock"},
	};
	size_t k, i = storm_below(s, s->f.n), at = storm_below(s, 100);

	for (k = 0; at >= kinds[k].weight; k++)
		at -= kinds[k].weight;
	storm_say(s, "node %zu: %s", i, kinds[k].name);
	kinds[k].go(s, i);
}

/* --- mending -------------------------------------------------------------- */

static void
mend_wires(struct storm * s)
{
	static const struct sim_link good = {.latency_ms = 10};
	size_t i, k;

	sim_heal(s->f.sim);
	sim_links(s->f.sim, &good);
	for (i = 0; i < s->f.n; i++)
		for (k = 0; k < i; k++)
			sim_link(s->f.nodes[i].w, s->f.nodes[k].w, NULL);
}

static bool
all_ended(void * user)
{
	struct storm * s = user;
	struct list *place, *following;

	list_each(place, following, &s->errands)
		if (!list_entry(place, struct errand_call,
		    place)->call->finished)
			return (false);
	return (true);
}

static void
wait_for_calls(struct storm * s)
{
	if (!sim_run_until(s->f.sim, all_ended, s, LONGEST_CALL_MS))
		storm_fail(s, "a call does not end");
	storm_reap(s);
}

void
storm_mend(struct storm * s)
{
	size_t i;

	mend_wires(s);
	for (i = 0; i < s->f.n; i++)
		clean_disk(s, i);
	/* Those that are still up bring to an end what they began. */
	wait_for_calls(s);
	for (i = 0; i < s->f.n; i++) {
		if (s->f.nodes[i].node != NULL && !storm_writable(s, i))
			fleet_close(&s->f, i);
		if (s->f.nodes[i].node == NULL)
			(void)storm_open(s, i);
	}
	sim_run_for(s->f.sim, 5000);
	storm_reap(s);
}
