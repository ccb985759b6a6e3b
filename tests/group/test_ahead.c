/* Messages that a worker verifies before they are joined. */
#include "group/ahead.h"

#include "group_fixture.h"

static struct sim * sim;
static struct party alice, bob;
static struct ahead * ahead;
static struct findings findings;

static int
setup(void ** state)
{
	struct group_info info = members_group('g');
	const struct network * network = network_get(NETWORK_BERTY_V1);

	(void)state;
	assert_int_equal(crypto_setup(), 0);
	sim = sim_new(sim_seed_wanted(1));
	party_new(&alice, sim, &info, network, 'a', 'a');
	party_new(&bob, sim, &info, network, 'b', 'b');
	party_open_group(&alice);
	party_open_group(&bob);
	party_activate(&alice);
	party_activate(&bob);
	acquaint(&alice, &bob);
	ahead = ahead_new(&info, network);
	assert_non_null(ahead);
	findings_init(&findings);
	return (0);
}

static int
teardown(void ** state)
{
	(void)state;
	ahead_free(ahead);
	findings_free(&findings);
	party_free(&alice);
	party_free(&bob);
	sim_free(sim);
	return (0);
}

/* --- steps ---------------------------------------------------------------- */

static void
say(unsigned n)
{
	while (n-- > 0)
		(void)party_say(&alice, "words");
}

/* The worker sees Alice's n-th message. */
static struct cid
look(struct ahead * a, uint64_t n)
{
	struct log_item item;
	struct cid cid;

	assert_int_equal(log_at_join(group_message_log(alice.group), n, &item),
	    0);
	ahead_look(a, &item.cid, &item.entry);
	cid = item.cid;
	log_item_free(&item);
	return (cid);
}

/* The chains as Bob has them now. */
static void
refresh(void)
{
	ahead_refresh(ahead, bob.store, group_scope(bob.group));
}

/* One message tells of the device, whose chain is then at hand. */
static void
meet(void)
{
	(void)look(ahead, 1);
	refresh();
}

/* The key that Bob's chain gives for Alice's n-th message. */
static void
key_of_message(uint64_t n, uint8_t key[32])
{
	struct chain_key c;

	assert_int_equal(chain_store_load(bob.store, group_scope(bob.group),
	    alice.config.device.pub, &c), 0);
	while (n-- > 0)
		chain_key_step(&c, key, group_info_of(bob.group)->pk);
}

static bool
found(uint64_t n)
{
	uint8_t key[32];
	struct cid cid = look(ahead, n);

	findings_take(&findings, ahead);
	key_of_message(n, key);
	return (findings_confirm(&findings, &cid, key));
}

static uint64_t
bad_of_bob(void)
{
	struct group_counts counts;

	group_counts(bob.group, &counts);
	return (counts.bad_messages);
}

/* An entry of the message log whose envelope Mallory, a member, made under the
 * next key of Alice's chain, without the key of Alice's device. */
static void
forge(struct entry * e, struct buffer * payload)
{
	struct ed25519_key mallory = key_of('m', KIND_DEVICE);
	const uint8_t random[24] = {1};
	struct buffer envelope = {0};
	struct chain_key c;
	uint8_t key[32];

	assert_int_equal(chain_store_load(bob.store, group_scope(bob.group),
	    alice.config.device.pub, &c), 0);
	memcpy(mallory.pub, alice.config.device.pub, 32);
	mallory.seed[0] ^= 1;
	message_seal(&envelope, slice_text("forged"), &c, &mallory,
	    group_info_of(bob.group), random, NULL, 0, key);
	operation_encode(payload, buffer_all(&envelope));
	*e = (struct entry){.payload = buffer_all(payload)};
	buffer_free(&envelope);
}

/* --- tests ---------------------------------------------------------------- */

static void
messages_of_a_device_met_before_are_found_to_be_right(void ** state)
{
	(void)state;
	say(3);
	assert_false(found(1));
	refresh();
	assert_true(found(1));
	assert_true(found(3));
	assert_true(found(2));
}

static void
messages_far_ahead_of_their_chain_are_found_too(void ** state)
{
	(void)state;
	say(CHAIN_KEY_WINDOW + 50);
	meet();
	assert_true(found(CHAIN_KEY_WINDOW + 50));
	assert_true(found(1));
}

static void
a_chain_that_moved_meanwhile_goes_on_from_there(void ** state)
{
	struct cid cid;
	uint8_t key[32];

	(void)state;
	say(10);
	meet();
	assert_true(found(7));
	carry_messages(&bob, &alice);
	refresh();
	say(2);
	cid = look(ahead, 12);
	findings_take(&findings, ahead);
	key_of_message(2, key);
	assert_true(findings_confirm(&findings, &cid, key));
}

static void
a_chain_that_rested_is_taken_up_again(void ** state)
{
	(void)state;
	say(300);
	meet();
	assert_true(found(300));
	ahead_rest(ahead);
	assert_false(found(1));
	refresh();
	assert_true(found(1));
	ahead_rest(ahead);
	assert_true(found(2));
}

static void
a_finding_counts_for_its_key_alone_and_once(void ** state)
{
	uint8_t key[32], other[32];
	struct cid cid;

	(void)state;
	say(1);
	meet();
	key_of_message(1, key);
	memcpy(other, key, 32);
	other[31] ^= 1;
	cid = look(ahead, 1);
	findings_take(&findings, ahead);
	assert_false(findings_confirm(&findings, &cid, other));
	assert_false(findings_confirm(&findings, &cid, key));
	cid = look(ahead, 1);
	findings_take(&findings, ahead);
	assert_true(findings_confirm(&findings, &cid, key));
	assert_false(findings_confirm(&findings, &cid, key));
}

static void
a_message_signed_by_another_device_is_not_found(void ** state)
{
	struct buffer payload = {0};
	struct entry e;
	struct cid cid;
	uint8_t key[32];

	(void)state;
	say(1);
	meet();
	cid_of(&cid, CID_DAG_CBOR, slice_text("forged"));
	forge(&e, &payload);
	ahead_look(ahead, &cid, &e);
	findings_take(&findings, ahead);
	key_of_message(1, key);
	assert_false(findings_confirm(&findings, &cid, key));
	buffer_free(&payload);
}

static void
of_too_many_findings_the_oldest_goes(void ** state)
{
	struct log_item item;
	struct cid first, second, last;
	uint8_t key[32], n[4];
	unsigned i;

	(void)state;
	say(1);
	meet();
	key_of_message(1, key);
	assert_int_equal(log_at_join(group_message_log(alice.group), 1,
	    &item), 0);
	for (i = 0; i <= AHEAD_FINDINGS; i++) {
		memcpy(n, &i, 4);
		cid_of(&last, CID_DAG_CBOR, slice_of(n, 4));
		if (i < 2)
			*(i == 0 ? &first : &second) = last;
		ahead_look(ahead, &last, &item.entry);
		findings_take(&findings, ahead);
	}
	log_item_free(&item);
	assert_int_equal(findings.by_cid.n, AHEAD_FINDINGS);
	assert_false(findings_confirm(&findings, &first, key));
	assert_true(findings_confirm(&findings, &second, key));
	assert_true(findings_confirm(&findings, &last, key));
}

static void
a_group_delivers_what_was_found_and_keeps_out_what_was_not(void ** state)
{
	struct ahead * lent;
	struct ahead * second;
	struct buffer payload = {0}, envelope = {0};
	struct cid cid;
	struct entry e;

	(void)state;
	say(2);
	lent = group_lend_ahead(bob.group);
	(void)look(lent, 1);
	group_return_ahead(bob.group, lent);
	lent = group_lend_ahead(bob.group);
	cid = look(lent, 1);
	/* Lent while it is lent: each comes back, in any order. */
	second = group_lend_ahead(bob.group);
	assert_ptr_not_equal(lent, second);
	forge(&e, &payload);
	ahead_look(lent, &cid, &e);
	group_return_ahead(bob.group, second);
	group_return_ahead(bob.group, lent);
	assert_int_equal(operation_value(&envelope, e.payload), 0);
	(void)party_forge(&bob, group_message_log(bob.group),
	    buffer_all(&envelope));
	assert_int_equal(bad_of_bob(), 1);
	carry_messages(&bob, &alice);
	assert_int_equal(messages_of(&bob), 2);
	expect_message(&bob, 1, "words");
	assert_int_equal(bad_of_bob(), 1);
	buffer_free(&envelope);
	buffer_free(&payload);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(messages_of_a_device_met_before_are_found_to_be_right),
	    TEST(messages_far_ahead_of_their_chain_are_found_too),
	    TEST(a_chain_that_moved_meanwhile_goes_on_from_there),
	    TEST(a_chain_that_rested_is_taken_up_again),
	    TEST(a_finding_counts_for_its_key_alone_and_once),
	    TEST(a_message_signed_by_another_device_is_not_found),
	    TEST(of_too_many_findings_the_oldest_goes),
	    TEST(a_group_delivers_what_was_found_and_keeps_out_what_was_not),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
