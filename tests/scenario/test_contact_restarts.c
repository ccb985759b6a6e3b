/* Either side of a contact request dies at any moment, often. */
#include "support/fleet.h"

enum { SEEDS = 50, SOON_MS = 300000 };

static const struct fleet_config two = {.n = 2};

/* Fate: numbers from the seed. */
struct fate {
	uint64_t state;
};

static uint64_t
draw(struct fate * fate, uint64_t below)
{
	fate->state = fate->state * 6364136223846793005u + 1442695040888963407u;
	return ((fate->state >> 33) % below);
}

/* What a person does who waits for the two to be contacts: accept when asked,
 * ask again when the request is gone. */
static void
see_to_it(struct fleet * f, const uint8_t seed[32])
{
	struct fleet_call * call;

	if (f->nodes[0].node != NULL && fleet_contact(f, 0, 1) ==
	    CONTACT_UNDEFINED) {
		call = fleet_begin_request(f, 0, 1, seed);
		(void)fleet_wait(f, 0, call);
		if (!sim_alive(f->nodes[0].w))
			(void)fleet_bury(f, 0);
		fleet_end(call);
	}
	if (f->nodes[1].node != NULL && fleet_contact(f, 1, 0) ==
	    CONTACT_RECEIVED) {
		call = fleet_begin_accept(f, 1, 0);
		(void)fleet_wait(f, 1, call);
		fleet_end(call);
	}
}

static void
die_and_live(struct fleet * f, size_t i, struct fate * fate)
{
	switch (draw(fate, 3)) {
	case 0:
		fleet_close(f, i);
		break;
	case 1:
		fleet_kill(f, i);
		break;
	default:
		fleet_crash(f, i, (enum sim_crash)draw(fate, 3));
		break;
	}
	sim_run_for(f->sim, draw(fate, 3000));
	fleet_open(f, i);
}

static bool
are_contacts(struct fleet * f)
{
	return (fleet_contact(f, 0, 1) == CONTACT_ADDED &&
	    fleet_contact(f, 1, 0) == CONTACT_ADDED);
}

static void
restart_often(uint64_t seed)
{
	struct fate fate;
	struct fleet f;
	uint8_t contact_seed[32], group_pk[32];
	unsigned i;

	fleet_start(&f, seed, &two);
	fate.state = sim_seed(f.sim);
	fleet_enable(&f, 1, contact_seed);
	for (i = 0; i < 6; i++) {
		see_to_it(&f, contact_seed);
		/* A handshake takes about 100 ms. */
		sim_run_for(f.sim, draw(&fate, 250));
		die_and_live(&f, draw(&fate, 2), &fate);
	}
	for (i = 0; i < SOON_MS / 1000 && !are_contacts(&f); i++) {
		see_to_it(&f, contact_seed);
		sim_run_for(f.sim, 1000);
	}
	sim_assert(f.sim, are_contacts(&f));
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	sim_run_for(f.sim, 1000);
	fleet_send(&f, 0, group_pk, "after all");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_send(&f, 1, group_pk, "at last");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 2, SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	fleet_stop(&f);
}

static void
restarts_at_any_moment_end_with_contacts(void ** state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++)
		restart_often(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarts_at_any_moment_end_with_contacts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
