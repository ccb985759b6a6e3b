/* A wire that loses, doubles, reorders and bends what it carries. */
#include "support/fleet.h"

enum { SOON_MS = 180000 };

static const struct fleet_config three = {.n = 3};

static void
write_on(struct fleet * f, const uint8_t group_pk[32])
{
	char text[64];
	unsigned i;

	for (i = 0; i < 30; i++) {
		(void)snprintf(text, sizeof(text), "number %u", i);
		fleet_send(f, i % f->n, group_pk, text);
		if (i % 5 == 0)
			fleet_send_metadata(f, i % f->n, group_pk, text);
		sim_run_for(f->sim, 2000);
	}
}

/* A whole story over a bad wire, which is repaired in the end. */
static void
live_with(uint64_t seed, const struct sim_link * link)
{
	static const struct sim_link good = {.latency_ms = 10};
	struct fleet f;
	uint8_t group_pk[32];

	fleet_start(&f, seed, &three);
	fleet_gather(&f, group_pk);
	sim_links(f.sim, link);
	write_on(&f, group_pk);
	sim_links(f.sim, &good);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, fleet_count(&f, 0, group_pk) == 30);
	fleet_check_same_messages(&f, group_pk);
	fleet_check_lists(&f, 1, group_pk, true);
	fleet_stop(&f);
}

static void
each_seed(uint64_t from, const struct sim_link * link)
{
	uint64_t seed;

	for (seed = from; seed < from + 3; seed++)
		live_with(seed, link);
}

static void
a_slow_wire_that_loses_delays_only(void ** state)
{
	static const struct sim_link link = {.latency_ms = 300,
	    .jitter_ms = 300, .loss = 100000, .bytes_per_ms = 20};

	(void)state;
	each_seed(10, &link);
}

static void
resets_cost_connections_only(void ** state)
{
	static const struct sim_link link = {.latency_ms = 20,
	    .reset = 20000};

	(void)state;
	each_seed(20, &link);
}

static void
bent_bytes_cost_connections_only(void ** state)
{
	static const struct sim_link link = {.latency_ms = 20,
	    .corrupt = 20000};

	(void)state;
	each_seed(30, &link);
}

static void
doubled_and_reordered_pieces_cost_connections_only(void ** state)
{
	static const struct sim_link link = {.latency_ms = 20,
	    .jitter_ms = 10, .duplicate = 20000, .reorder = 20000};

	(void)state;
	each_seed(40, &link);
}

static void
strangers_become_contacts_over_a_bad_wire(void ** state)
{
	static const struct fleet_config two = {.n = 2};
	static const struct sim_link link = {.latency_ms = 50,
	    .jitter_ms = 50, .loss = 20000, .reset = 10000,
	    .corrupt = 10000, .duplicate = 5000, .reorder = 5000};
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t seed;

	(void)state;
	for (seed = 50; seed < 60; seed++) {
		fleet_start(&f, seed, &two);
		sim_links(f.sim, &link);
		fleet_befriend(&f, 0, 1);
		sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
		fleet_send(&f, 0, group_pk, "can you hear me?");
		sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1,
		    10 * SOON_MS));
		fleet_stop(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_wire_that_loses_delays_only),
		cmocka_unit_test(resets_cost_connections_only),
		cmocka_unit_test(bent_bytes_cost_connections_only),
		cmocka_unit_test(
		    doubled_and_reordered_pieces_cost_connections_only),
		cmocka_unit_test(strangers_become_contacts_over_a_bad_wire),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
