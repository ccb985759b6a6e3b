/*
 * crowd.c: `berty-crowd` puts NODES (100) nodes into one group and lets each
 * of them write; all of it must come to all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/fleet.h"

/* Messages of each node; how long the crowd may take, virtual ms. */
enum { MESSAGES = 10, PATIENCE_MS = 24 * 3600000, LOOK_MS = 5000 };

/* A thin net: some neighbours, and some far away. */
static bool
neighbours(size_t from, size_t to)
{
	return (to + 1 == from || (from > 0 && to == from / 2) ||
	    (from > 0 && to == from * 7 / 11));
}

static void
say(const struct fleet * f, const char * what)
{
	static time_t began;

	if (began == 0)
		began = time(NULL);
	printf("%6ld s (virtual %6.0f s): %s\n", (long)(time(NULL) - began),
	    (double)sim_now(f->sim) / 1000, what);
	(void)fflush(stdout);
}

static bool
all_know_all(struct fleet * f, const uint8_t group_pk[32])
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (fleet_devices(f, i, group_pk) < f->n)
			return (false);
	return (fleet_equal(f, group_pk, NULL));
}

static bool
all_have(struct fleet * f, const uint8_t group_pk[32], uint64_t n)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (fleet_count(f, i, group_pk) < n)
			return (false);
	return (fleet_equal(f, group_pk, NULL));
}

static void
gather(struct fleet * f, uint8_t group_pk[32])
{
	uint64_t until;
	char text[64];
	size_t i;

	fleet_create_group(f, 0, group_pk);
	for (i = 1; i < f->n; i++) {
		fleet_join(f, i, 0, group_pk);
		if (i % 10 == 0) {
			(void)snprintf(text, sizeof(text), "%zu have joined",
			    i);
			say(f, text);
		}
	}
	until = sim_now(f->sim) + PATIENCE_MS;
	while (!all_know_all(f, group_pk) && sim_now(f->sim) < until)
		sim_run_for(f->sim, LOOK_MS);
	sim_assert(f->sim, all_know_all(f, group_pk));
	/* Keys follow the devices. */
	sim_run_for(f->sim, 60000);
	say(f, "all know all");
}

static void
every_message_of_a_crowd_is_at_every_node(void ** state)
{
	struct fleet_config config = {.wired = neighbours};
	const char * wanted = getenv("NODES");
	uint8_t group_pk[32];
	char text[64];
	struct fleet f;
	uint64_t n, until;
	size_t i;

	(void)state;
	config.n = wanted == NULL || atoi(wanted) <= 0 ? 100 :
	    (size_t)atoi(wanted);
	fleet_start(&f, 1, &config);
	say(&f, "all nodes are up");
	gather(&f, group_pk);
	n = f.n * MESSAGES;
	for (i = 0; i < f.n; i++) {
		(void)snprintf(text, sizeof(text), "node %zu", i);
		fleet_send_many(&f, i, group_pk, text, 0, MESSAGES);
	}
	say(&f, "all is written");
	until = sim_now(f.sim) + PATIENCE_MS;
	while (!all_have(&f, group_pk, n) && sim_now(f.sim) < until)
		sim_run_for(f.sim, LOOK_MS);
	sim_run_for(f.sim, LOOK_MS);
	say(&f, "all is read");
	for (i = 0; i < f.n; i++)
		sim_assert(f.sim, fleet_count(&f, i, group_pk) == n);
	fleet_check_same_messages(&f, group_pk);
	sim_assert(f.sim, fleet_reused_keys(&f, 0, group_pk) == 0);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_of_a_crowd_is_at_every_node),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
