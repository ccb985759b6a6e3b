/* Contact requests that nobody answers: so many may wait, and no more. */
#include "support/budgets.h"
#include "support/fleet.h"

enum { LIMIT = 1000, PATIENCE_MS = 1800000 };

/* Nodes 1 to 3 know node 0's address, and only its. */
static const struct fleet_config four = {.n = 4};

static struct budget
unanswered(struct fleet * f)
{
	struct budget b;

	budget_of(node_budgets, f->nodes[0].node, "contact.unanswered", &b);
	return (b);
}

static void
key_of(uint8_t pk[32], unsigned i)
{
	const uint8_t seed[32] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	memcpy(pk, key.pub, 32);
}

/* Strangers from to below asked node 0 some time ago. */
static void
strangers_asked(struct fleet * f, unsigned from, unsigned below)
{
	struct node * n = f->nodes[0].node;
	const struct slice none = {0};
	struct error err = {0};
	struct node_tx * tx;
	uint8_t pk[32];
	unsigned i;

	assert_int_equal(node_begin(n, &tx, &err), 0);
	node_touch(tx, node_account_group(n));
	for (i = from; i < below; i++) {
		key_of(pk, i);
		assert_int_equal(account_contact_received(node_account(n), pk,
		    none, slice_text("hello"), NULL, &err), 0);
	}
	assert_int_equal(node_commit(tx, NULL, NULL, &err), 0);
	sim_run_for(f->sim, 1000);
}

static void
ask(struct fleet * f, size_t from, size_t to, const uint8_t seed[32])
{
	struct fleet_call * call = fleet_begin_request(f, from, to, seed);

	fleet_must(f, from, call);
	fleet_end(call);
}

static void
discard(struct fleet * f, unsigned i)
{
	API(ContactRequestDiscard__Request) request =
	    API_INIT(CONTACT_REQUEST_DISCARD__REQUEST);
	uint8_t pk[32];

	key_of(pk, i);
	request.contact_pk = protobuf_bytes(slice_of(pk, 32));
	fleet_tell(f, 0, "ContactRequestDiscard", &request);
}

static void
a_thousand_requests_wait_and_the_next_one_is_put_off(void ** state)
{
	struct fleet f;
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 1, &four);
	fleet_enable(&f, 0, seed);
	strangers_asked(&f, 0, LIMIT - 1);
	assert_int_equal(unanswered(&f).used, LIMIT - 1);
	ask(&f, 1, 0, seed);
	sim_assert(f.sim, fleet_wait_contact(&f, 0, 1, CONTACT_RECEIVED,
	    PATIENCE_MS));
	sim_assert(f.sim, fleet_wait_contact(&f, 1, 0, CONTACT_ADDED,
	    PATIENCE_MS));
	assert_int_equal(unanswered(&f).used, LIMIT);
	assert_int_equal(unanswered(&f).refused, 0);
	/* One too many is not taken, and knows it: it asks again. */
	ask(&f, 2, 0, seed);
	sim_run_for(f.sim, PATIENCE_MS);
	sim_assert(f.sim, fleet_contact(&f, 0, 2) == CONTACT_UNDEFINED);
	sim_assert(f.sim, fleet_contact(&f, 2, 0) == CONTACT_TO_REQUEST);
	assert_int_equal(unanswered(&f).used, LIMIT);
	sim_assert(f.sim, unanswered(&f).refused > 0);
	/* An answer to any makes room. */
	discard(&f, 5);
	sim_assert(f.sim, fleet_wait_contact(&f, 0, 2, CONTACT_RECEIVED,
	    PATIENCE_MS));
	sim_assert(f.sim, fleet_wait_contact(&f, 2, 0, CONTACT_ADDED,
	    PATIENCE_MS));
	assert_int_equal(unanswered(&f).used, LIMIT);
	fleet_stop(&f);
}

static void
who_was_asked_is_heard_though_too_many_wait(void ** state)
{
	struct fleet f;
	const uint8_t theirs[32] = {3};
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 2, &four);
	fleet_enable(&f, 0, seed);
	strangers_asked(&f, 0, LIMIT);
	/* Node 3 is not to be found: only by its own request can they meet. */
	ask(&f, 0, 3, theirs);
	ask(&f, 3, 0, seed);
	sim_assert(f.sim, fleet_wait_contact(&f, 0, 3, CONTACT_ADDED,
	    PATIENCE_MS));
	assert_int_equal(unanswered(&f).used, LIMIT);
	fleet_stop(&f);
}

static void
those_that_wait_are_counted_again_after_a_restart(void ** state)
{
	struct fleet f;
	uint8_t seed[32];

	(void)state;
	fleet_start(&f, 3, &four);
	fleet_enable(&f, 0, seed);
	strangers_asked(&f, 0, LIMIT);
	fleet_close(&f, 0);
	fleet_open(&f, 0);
	ask(&f, 1, 0, seed);
	sim_run_for(f.sim, 300000);
	sim_assert(f.sim, fleet_contact(&f, 0, 1) == CONTACT_UNDEFINED);
	sim_assert(f.sim, fleet_contact(&f, 1, 0) == CONTACT_TO_REQUEST);
	assert_int_equal(unanswered(&f).used, LIMIT);
	fleet_stop(&f);
}

static void
a_node_says_that_requests_wait_for_an_answer(void ** state)
{
	API(SystemInfo__Request) request = API_INIT(SYSTEM_INFO__REQUEST);
	const API(SystemInfo__Reply) * reply;
	struct fleet_call * call;
	struct fleet f;
	uint8_t seed[32];
	unsigned found, times;
	size_t i;

	(void)state;
	fleet_start(&f, 4, &four);
	fleet_enable(&f, 0, seed);
	strangers_asked(&f, 0, LIMIT - 1);
	for (times = 0; times < 2; times++) {
		found = 0;
		call = fleet_ask(&f, 0, "SystemInfo", &request);
		reply = call->replies[0];
		for (i = 0; i < reply->n_warns; i++)
			found += strstr(reply->warns[i],
			    "1000 contact requests wait") != NULL;
		fleet_end(call);
		assert_int_equal(found, times);
		strangers_asked(&f, LIMIT - 1, LIMIT - (times > 0));
	}
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_thousand_requests_wait_and_the_next_one_is_put_off),
		cmocka_unit_test(who_was_asked_is_heard_though_too_many_wait),
		cmocka_unit_test(
		    those_that_wait_are_counted_again_after_a_restart),
		cmocka_unit_test(a_node_says_that_requests_wait_for_an_answer),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
