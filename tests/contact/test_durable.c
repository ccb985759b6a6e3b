/* Contact requests between whole nodes whose disks are slow, fail, or lose. */
#include "support/fleet.h"

#define SLOW_MS 20000
#define PATIENCE_MS 300000

static const struct fleet_config two = {.n = 2};

/* Node 0 asks node 1, which may be found. */
static void
ask(struct fleet * f, const uint8_t seed[32])
{
	struct fleet_call * call;

	call = fleet_begin_request(f, 0, 1, seed);
	sim_assert(f->sim, fleet_wait(f, 0, call));
	fleet_end(call);
}

/* As it is in the store, on disk or not. */
static void
wait_contact(struct fleet * f, size_t i, size_t of, enum contact_state state)
{
	sim_assert(f->sim, fleet_wait_contact(f, i, of, state, PATIENCE_MS));
}


/* How often the account's list says that a request came. */
static unsigned
requests_listed(struct fleet * f, size_t i)
{
	struct group * g = account_group(node_account(f->nodes[i].node));
	uint64_t at, n = log_arrivals(group_metadata_log(g));
	struct group_event e;
	unsigned listed = 0;

	for (at = 1; at <= n; at++) {
		assert_int_equal(group_event_at(g, at, &e), 0);
		listed += e.event.type == EVENT_CONTACT_REQUEST_RECEIVED;
		group_event_free(&e);
	}
	return (listed);
}

static void
key_of(uint8_t pk[32], uint8_t letter)
{
	const uint8_t seed[32] = {letter, 99};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	memcpy(pk, key.pub, 32);
}

static void
block(struct fleet * f, size_t i, const uint8_t pk[32])
{
	struct node * n = f->nodes[i].node;
	struct error err = {0};
	struct node_tx * tx;

	assert_int_equal(node_begin(n, &tx, &err), 0);
	node_touch(tx, node_account_group(n));
	assert_int_equal(account_contact_block(node_account(n), pk, &err), 0);
	assert_int_equal(node_commit(tx, NULL, NULL, &err), 0);
}

static void
a_power_cut_before_a_request_is_on_disk_does_not_lose_it(void ** state)
{
	struct fleet f;
	uint8_t seed[32], stranger[32];

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_enable(&f, 1, seed);
	sim_run_for(f.sim, 5000);
	sim_disk_sync_ms(f.nodes[1].w, SLOW_MS);
	/* Behind a change that is on its way, the request waits its turn. */
	key_of(stranger, 's');
	block(&f, 1, stranger);
	ask(&f, seed);
	wait_contact(&f, 1, 0, CONTACT_RECEIVED);
	sim_run_for(f.sim, SLOW_MS / 2);
	sim_assert(f.sim, fleet_contact(&f, 0, 1) == CONTACT_TO_REQUEST);
	fleet_crash(&f, 1, SIM_CRASH_NOTHING);
	sim_disk_sync_ms(f.nodes[1].w, 2);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_contact(&f, 1, 0) == CONTACT_UNDEFINED);
	wait_contact(&f, 1, 0, CONTACT_RECEIVED);
	wait_contact(&f, 0, 1, CONTACT_ADDED);
	sim_assert(f.sim, requests_listed(&f, 1) == 1);
	fleet_stop(&f);
}

static void
a_slow_disk_alone_delays_the_delivery(void ** state)
{
	struct fleet f;
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_enable(&f, 1, seed);
	sim_disk_sync_ms(f.nodes[1].w, SLOW_MS);
	ask(&f, seed);
	wait_contact(&f, 1, 0, CONTACT_RECEIVED);
	sim_run_for(f.sim, SLOW_MS / 2);
	sim_assert(f.sim, fleet_contact(&f, 0, 1) == CONTACT_TO_REQUEST);
	sim_run_for(f.sim, SLOW_MS / 2 + 1000);
	sim_assert(f.sim, fleet_contact(&f, 0, 1) == CONTACT_ADDED);
	sim_assert(f.sim, requests_listed(&f, 1) == 1);
	fleet_stop(&f);
}

static void
a_power_cut_before_the_delivery_is_on_disk_sends_it_again(void ** state)
{
	struct fleet f;
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_enable(&f, 1, seed);
	ask(&f, seed);
	sim_disk_sync_ms(f.nodes[0].w, SLOW_MS);
	wait_contact(&f, 0, 1, CONTACT_ADDED);
	fleet_crash(&f, 0, SIM_CRASH_NOTHING);
	sim_disk_sync_ms(f.nodes[0].w, 2);
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_contact(&f, 0, 1) == CONTACT_TO_REQUEST);
	sim_assert(f.sim, fleet_contact(&f, 1, 0) == CONTACT_RECEIVED);
	wait_contact(&f, 0, 1, CONTACT_ADDED);
	sim_assert(f.sim, fleet_contact(&f, 1, 0) == CONTACT_RECEIVED);
	sim_assert(f.sim, requests_listed(&f, 1) == 1);
	fleet_stop(&f);
}

static void
a_node_that_cannot_record_a_request_does_not_take_it(void ** state)
{
	struct fleet f;
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_enable(&f, 1, seed);
	sim_run_for(f.sim, 5000);
	sim_disk_fail_sync(f.nodes[1].w, 1);
	ask(&f, seed);
	sim_run_for(f.sim, PATIENCE_MS);
	sim_assert(f.sim, store_read_only(node_store(f.nodes[1].node)));
	sim_assert(f.sim, fleet_contact(&f, 0, 1) == CONTACT_TO_REQUEST);
	fleet_close(&f, 1);
	fleet_open(&f, 1);
	wait_contact(&f, 0, 1, CONTACT_ADDED);
	wait_contact(&f, 1, 0, CONTACT_RECEIVED);
	fleet_stop(&f);
}

static void
a_refused_request_is_not_sent_for_ever(void ** state)
{
	struct fleet f;
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 1, &two);
	block(&f, 1, f.nodes[0].account);
	fleet_enable(&f, 1, seed);
	ask(&f, seed);
	wait_contact(&f, 0, 1, CONTACT_ADDED);
	sim_assert(f.sim, fleet_contact(&f, 1, 0) == CONTACT_BLOCKED);
	sim_assert(f.sim, requests_listed(&f, 1) == 0);
	fleet_stop(&f);
}

/* --- restarts --- */

static int
reach(struct account * a, enum contact_state state, const uint8_t pk[32])
{
	const struct slice none = {0};
	const uint8_t seed[32] = {5};
	int status;

	switch (state) {
	case CONTACT_TO_REQUEST:
		return (account_contact_enqueue(a, pk, seed, none,
		    slice_text("us"), NULL, NULL));
	case CONTACT_REMOVED:
		status = account_contact_block(a, pk, NULL);
		return (status != 0 ? status :
		    account_contact_unblock(a, pk, NULL));
	case CONTACT_BLOCKED:
		return (account_contact_block(a, pk, NULL));
	default:
		status = account_contact_received(a, pk, slice_of(seed, 32),
		    slice_text("them"), NULL, NULL);
	}
	if (status == 0 && state == CONTACT_ADDED)
		status = account_contact_accept(a, pk, NULL);
	if (status == 0 && state == CONTACT_DISCARDED)
		status = account_contact_discard(a, pk, NULL);
	return (status);
}

static void
check_contact(struct fleet * f, enum contact_state state)
{
	struct contact c;
	uint8_t pk[32];

	key_of(pk, (uint8_t)state);
	assert_int_equal(account_contact(node_account(f->nodes[0].node), pk,
	    &c), 0);
	assert_int_equal(c.state, state);
	contact_free(&c);
}

static void
contacts_of_every_state_outlive_a_restart_of_the_node(void ** state)
{
	struct error err = {0};
	struct node_tx * tx;
	struct fleet f;
	uint8_t seed[32], pk[32];
	unsigned at, life;

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_close(&f, 1);
	assert_int_equal(node_begin(f.nodes[0].node, &tx, &err), 0);
	node_touch(tx, node_account_group(f.nodes[0].node));
	for (at = CONTACT_TO_REQUEST; at <= CONTACT_BLOCKED; at++) {
		key_of(pk, (uint8_t)at);
		assert_int_equal(reach(node_account(f.nodes[0].node), at, pk),
		    0);
	}
	assert_int_equal(reach(node_account(f.nodes[0].node),
	    CONTACT_TO_REQUEST, f.nodes[1].account), 0);
	assert_int_equal(node_commit(tx, NULL, NULL, &err), 0);
	sim_run_for(f.sim, 1000);
	for (life = 0; life < 2; life++) {
		if (life == 0)
			fleet_close(&f, 0);
		else
			fleet_crash(&f, 0, SIM_CRASH_NOTHING);
		fleet_open(&f, 0);
		for (at = CONTACT_TO_REQUEST; at <= CONTACT_BLOCKED; at++)
			check_contact(&f, at);
	}
	/* The one that can be reached is asked, the others stay. */
	fleet_open(&f, 1);
	fleet_enable(&f, 1, seed);
	wait_contact(&f, 0, 1, CONTACT_ADDED);
	wait_contact(&f, 1, 0, CONTACT_RECEIVED);
	for (at = CONTACT_TO_REQUEST; at <= CONTACT_BLOCKED; at++)
		check_contact(&f, at);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_power_cut_before_a_request_is_on_disk_does_not_lose_it),
		cmocka_unit_test(a_slow_disk_alone_delays_the_delivery),
		cmocka_unit_test(
		    a_power_cut_before_the_delivery_is_on_disk_sends_it_again),
		cmocka_unit_test(
		    a_node_that_cannot_record_a_request_does_not_take_it),
		cmocka_unit_test(a_refused_request_is_not_sent_for_ever),
		cmocka_unit_test(
		    contacts_of_every_state_outlive_a_restart_of_the_node),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
