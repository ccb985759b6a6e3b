/* storm.c: a storm from its first drop to its last. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "support/storm_impl.h"

/* A step is an errand or a change of the weather, then some time. */
enum { CALM_MS = 4000, LONG_CALM_MS = 120000 };

/* splitmix64: each number is as good as its seed. */
static uint64_t
roll(struct storm * s)
{
	uint64_t z = s->dice += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31));
}

uint64_t
storm_below(struct storm * s, uint64_t n)
{
	return (n == 0 ? 0 : roll(s) % n);
}

bool
storm_chance(struct storm * s, unsigned percent)
{
	return (storm_below(s, 100) < percent);
}

void
storm_say(const struct storm * s, const char * format, ...)
{
	va_list list;

	if (!s->trace)
		return;
	fprintf(stderr, "%9" PRIu64 " ", sim_now(s->f.sim));
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

/* What an old copy of its store took from a node. */
void
storm_forget(struct storm * s, size_t i)
{
	struct list *place, *following;
	size_t k;

	s->restored[i] = true;
	for (k = 0; k < s->f.n; k++)
		s->asked[i][k].asked = s->asked[k][i].asked = false;
	list_each(place, following, &s->written) {
		struct written * w = list_entry(place, struct written, place);

		if (w->from == i)
			w->free = true;
	}
}

static void
begin(struct storm * s, const struct storm_config * config)
{
	uint64_t seed = sim_seed_wanted(config->seed);
	struct fleet_config fleet = {0};
	size_t i;

	list_init(&s->errands);
	list_init(&s->written);
	s->dice = seed;
	s->trace = getenv("BERTY_TRACE") != NULL;
	fleet.n = config->nodes != 0 ? config->nodes : 2 + storm_below(s, 5);
	assert_true(fleet.n <= STORM_NODES);
	fleet.network = network_get((enum network_id)storm_below(s,
	    NETWORK_COUNT));
	s->old_stores = storm_chance(s, 12);
	fleet_start(&s->f, seed, &fleet);
	s->report = (struct storm_report){.seed = seed, .nodes = fleet.n,
	    .lives = (unsigned)fleet.n};
	for (i = 0; i < fleet.n; i++)
		fleet_enable(&s->f, i, s->seeds[i]);
}

static void
pass_time(struct storm * s)
{
	if (storm_chance(s, 30))
		return;
	sim_run_for(s->f.sim, storm_below(s, storm_chance(s, 4) ?
	    LONG_CALM_MS : storm_chance(s, 40) ? CALM_MS / 40 : CALM_MS));
}

static void
end(struct storm * s)
{
	struct list *place, *following;
	size_t i, g;

	storm_reap(s);
	assert_true(list_empty(&s->errands));
	list_each(place, following, &s->written)
		free(list_entry(place, struct written, place));
	for (i = 0; i < s->f.n; i++) {
		sim_snapshot_free(s->copies[i]);
		for (g = 0; g < STORM_GROUPS; g++)
			free(s->groups[g].seats[i].keyed);
	}
	s->report.groups = s->n_groups;
	s->report.ms = sim_now(s->f.sim);
	fleet_stop(&s->f);
}

void
storm(const struct storm_config * config, struct storm_report * report)
{
	struct storm * s = calloc(1, sizeof(*s));

	assert_non_null(s);
	begin(s, config);
	while (sim_now(s->f.sim) < config->ms) {
		if (storm_chance(s, 65))
			storm_errand(s);
		else
			storm_weather(s);
		pass_time(s);
		storm_reap(s);
	}
	storm_mend(s);
	storm_check(s);
	end(s);
	*report = s->report;
	free(s);
}
