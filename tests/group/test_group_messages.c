/* Messages of a group: keys that come before them, after them, or never. */
#include "group_fixture.h"

static struct sim * sim;
static struct party alice, bob;

static void
new_pair(const struct network * network)
{
	struct group_info info = members_group('g');

	assert_int_equal(crypto_setup(), 0);
	sim = sim_new(sim_seed_wanted(1));
	party_new(&alice, sim, &info, network, 'a', 'a');
	party_new(&bob, sim, &info, network, 'b', 'b');
	party_open_group(&alice);
	party_open_group(&bob);
}

static int
setup(void ** state)
{
	(void)state;
	new_pair(network_get(NETWORK_BERTY_V1));
	party_activate(&alice);
	party_activate(&bob);
	return (0);
}

static int
teardown(void ** state)
{
	(void)state;
	party_free(&alice);
	party_free(&bob);
	sim_free(sim);
	return (0);
}

static void
say_many(struct party * p, unsigned from, unsigned to)
{
	char text[16];

	for (; from <= to; from++) {
		(void)snprintf(text, sizeof(text), "m%u", from);
		(void)party_say(p, text);
	}
}

static void
expect_many(struct party * p, unsigned from, unsigned to)
{
	char text[16];
	unsigned i;

	assert_int_equal(messages_of(p), to - from + 1);
	for (i = from; i <= to; i++) {
		(void)snprintf(text, sizeof(text), "m%u", i);
		expect_message(p, i - from + 1, text);
	}
}

/* One entry of a log comes, as if it had no parents. */
static struct slice
envelope_at(struct party * p, uint64_t join, struct buffer * value)
{
	struct log_item item;

	assert_int_equal(log_at_join(group_message_log(p->group), join, &item),
	    0);
	buffer_clear(value);
	assert_int_equal(operation_value(value, item.entry.payload), 0);
	log_item_free(&item);
	return (buffer_all(value));
}

static void
bring(struct party * to, struct party * from, uint64_t join)
{
	struct buffer value = {0};

	(void)party_forge(to, group_message_log(to->group),
	    envelope_at(from, join, &value));
	buffer_free(&value);
}

static uint64_t
waiting_of(struct party * p)
{
	struct group_counts counts;

	group_counts(p->group, &counts);
	return (counts.waiting_messages);
}

static uint64_t
bad_of(struct party * p)
{
	struct group_counts counts;

	group_counts(p->group, &counts);
	return (counts.bad_messages);
}

static void
members_read_each_other(void ** state)
{
	(void)state;
	acquaint(&alice, &bob);
	(void)party_say(&alice, "hello");
	carry_messages(&bob, &alice);
	(void)party_say(&bob, "hello back");
	carry_messages(&alice, &bob);
	expect_message(&bob, 1, "hello");
	expect_message(&bob, 2, "hello back");
	expect_message(&alice, 2, "hello back");
	assert_int_equal(messages_of(&alice), 2);
}

static void
a_message_before_its_key_is_delivered_after_the_key(void ** state)
{
	(void)state;
	/* Bob is known before Alice writes, but her key has not come. */
	carry_metadata(&alice, &bob);
	party_react(&alice);
	say_many(&alice, 1, 30);
	carry_messages(&bob, &alice);
	assert_int_equal(messages_of(&bob), 0);
	assert_int_equal(waiting_of(&bob), 30);
	party_react(&bob);
	assert_int_equal(messages_of(&bob), 0);
	carry_metadata(&bob, &alice);
	assert_true(group_has_reaction(bob.group));
	party_reopen(&bob);
	assert_true(group_has_reaction(bob.group));
	assert_true(party_react(&bob) >= 3);
	expect_many(&bob, 1, 30);
	assert_int_equal(waiting_of(&bob), 0);
}

static void
messages_from_before_the_key_was_given_stay_closed(void ** state)
{
	(void)state;
	say_many(&alice, 1, 5);
	acquaint(&alice, &bob);
	say_many(&alice, 6, 8);
	carry_messages(&bob, &alice);
	party_react(&bob);
	expect_many(&bob, 6, 8);
	assert_int_equal(waiting_of(&bob), 5);
	assert_false(group_has_reaction(bob.group));
}

static void
messages_out_of_order_within_the_window_open_at_once(void ** state)
{
	(void)state;
	acquaint(&alice, &bob);
	say_many(&alice, 1, 100);
	bring(&bob, &alice, 100);
	expect_message(&bob, 1, "m100");
	bring(&bob, &alice, 1);
	expect_message(&bob, 2, "m1");
	bring(&bob, &alice, 50);
	expect_message(&bob, 3, "m50");
}

static void
a_message_beyond_the_window_waits_until_the_gap_closes(void ** state)
{
	(void)state;
	acquaint(&alice, &bob);
	say_many(&alice, 1, 160);
	bring(&bob, &alice, 101);
	bring(&bob, &alice, 160);
	assert_int_equal(messages_of(&bob), 0);
	assert_int_equal(waiting_of(&bob), 2);
	bring(&bob, &alice, 1);
	assert_int_equal(messages_of(&bob), 1);
	party_react(&bob);
	assert_int_equal(messages_of(&bob), 3);
	expect_message(&bob, 2, "m101");
	expect_message(&bob, 3, "m160");
}

static void
a_waiting_message_that_was_passed_meanwhile_is_delivered(void ** state)
{
	(void)state;
	acquaint(&alice, &bob);
	say_many(&alice, 1, 210);
	bring(&bob, &alice, 110);
	bring(&bob, &alice, 60);
	bring(&bob, &alice, 150);
	bring(&bob, &alice, 210);
	expect_message(&bob, 3, "m210");
	party_react(&bob);
	expect_message(&bob, 4, "m110");
	assert_int_equal(waiting_of(&bob), 0);
}

static void
counters_wrap_around(void ** state)
{
	struct chain_key c;

	(void)state;
	c = chain_of(&alice, &alice.config.device);
	c.counter = UINT64_MAX - 3;
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(chain_store_save(alice.store,
	    group_scope(alice.group), alice.config.device.pub, &c), 0);
	assert_int_equal(store_commit(alice.store, NULL), 0);
	acquaint(&alice, &bob);
	say_many(&alice, 1, 110);
	bring(&bob, &alice, 8);
	bring(&bob, &alice, 2);
	expect_message(&bob, 1, "m8");
	expect_message(&bob, 2, "m2");
	bring(&bob, &alice, 110);
	bring(&bob, &alice, 50);
	party_react(&bob);
	expect_message(&bob, 4, "m110");
	assert_int_equal(chain_of(&alice, &alice.config.device).counter, 106);
}

static void
a_forged_message_neither_shows_nor_moves_the_chain(void ** state)
{
	struct ed25519_key mallory = key_of('m', KIND_DEVICE);
	const uint8_t random[24] = {1};
	struct buffer envelope = {0};
	struct chain_key before, ahead;
	uint8_t key[32];
	int i;

	(void)state;
	acquaint(&alice, &bob);
	before = chain_of(&bob, &alice.config.device);
	/* Mallory knows the group, not the chain; her device pretends. */
	memcpy(mallory.pub, alice.config.device.pub, 32);
	ahead = before;
	ahead.key[0] ^= 1;
	for (i = 0; i < 50; i++) {
		buffer_clear(&envelope);
		message_seal(&envelope, slice_text("forged"), &ahead,
		    &mallory, group_info_of(bob.group), random, NULL, 0, key);
	}
	(void)party_forge(&bob, group_message_log(bob.group),
	    buffer_all(&envelope));
	assert_int_equal(messages_of(&bob), 0);
	assert_int_equal(bad_of(&bob), 1);
	assert_int_equal(chain_of(&bob, &alice.config.device).counter,
	    before.counter);
	say_many(&alice, 1, 60);
	carry_messages(&bob, &alice);
	expect_many(&bob, 1, 60);
	buffer_free(&envelope);
}

/* Bob holds Alice's chain, as any member does, but not her device key. */
static void
a_message_signed_by_another_device_is_refused(void ** state)
{
	struct ed25519_key pretender = bob.config.device;
	const uint8_t random[24] = {1};
	struct buffer envelope = {0};
	struct chain_key chain;
	uint8_t key[32];

	(void)state;
	acquaint(&alice, &bob);
	chain = chain_of(&bob, &alice.config.device);
	memcpy(pretender.pub, alice.config.device.pub, 32);
	message_seal(&envelope, slice_text("not alice"), &chain, &pretender,
	    group_info_of(bob.group), random, NULL, 0, key);
	(void)party_forge(&bob, group_message_log(bob.group),
	    buffer_all(&envelope));
	assert_int_equal(messages_of(&bob), 0);
	assert_int_equal(bad_of(&bob), 1);
	buffer_free(&envelope);
}

static void
many_forgeries_under_one_counter_do_not_hide_the_message(void ** state)
{
	const uint8_t random[24] = {1};
	struct ed25519_key pretender = bob.config.device;
	struct buffer envelope = {0};
	struct chain_key chain, start;
	uint8_t key[32];
	int i;

	(void)state;
	memcpy(pretender.pub, alice.config.device.pub, 32);
	start = chain_of(&alice, &alice.config.device);
	for (i = 0; i < 20; i++) {
		chain = start;
		chain.key[0] ^= (uint8_t)(i + 1);
		buffer_clear(&envelope);
		message_seal(&envelope, slice_text("forged"), &chain,
		    &pretender, group_info_of(bob.group), random, NULL, 0,
		    key);
		(void)party_forge(&bob, group_message_log(bob.group),
		    buffer_all(&envelope));
	}
	carry_metadata(&alice, &bob);
	party_react(&alice);
	say_many(&alice, 1, 1);
	bring(&bob, &alice, 1);
	assert_int_equal(waiting_of(&bob), 21);
	carry_metadata(&bob, &alice);
	party_react(&bob);
	expect_many(&bob, 1, 1);
	assert_int_equal(bad_of(&bob), 20);
	assert_int_equal(waiting_of(&bob), 0);
	buffer_free(&envelope);
}

static void
what_is_no_message_is_counted_and_not_shown(void ** state)
{
	(void)state;
	(void)party_forge(&bob, group_message_log(bob.group),
	    slice_text("no message"));
	(void)party_forge(&bob, group_message_log(bob.group),
	    slice_of(NULL, 0));
	assert_int_equal(messages_of(&bob), 0);
	assert_int_equal(bad_of(&bob), 2);
}

static void
a_message_that_is_too_long_is_refused(void ** state)
{
	struct buffer payload = {0};

	(void)state;
	memset(buffer_grow(&payload, (512U << 10) + 1), 'x',
	    (512U << 10) + 1);
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_write_message(alice.group,
	    slice_of(payload.p, 512U << 10), NULL, NULL), 0);
	assert_int_equal(group_write_message(alice.group,
	    buffer_all(&payload), NULL, NULL), -ERR_INVALID_INPUT);
	assert_int_equal(store_commit(alice.store, NULL), 0);
	assert_int_equal(messages_of(&alice), 1);
	buffer_free(&payload);
}

static void
an_undone_message_leaves_the_chain_where_it_was(void ** state)
{
	struct chain_key before = chain_of(&alice, &alice.config.device);

	(void)state;
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_write_message(alice.group, slice_text("no"),
	    NULL, NULL), 0);
	store_rollback(alice.store);
	group_forget(alice.group);
	assert_int_equal(chain_of(&alice, &alice.config.device).counter,
	    before.counter);
	assert_int_equal(messages_of(&alice), 0);
	acquaint(&alice, &bob);
	say_many(&alice, 1, 2);
	carry_messages(&bob, &alice);
	expect_many(&bob, 1, 2);
}

static void
an_older_copy_of_the_store_learns_of_its_later_messages(void ** state)
{
	struct sim_snapshot * snapshot;
	struct chain_key chain;

	(void)state;
	acquaint(&alice, &bob);
	say_many(&alice, 1, 3);
	party_close(&alice);
	snapshot = sim_disk_snapshot(alice.world);
	party_open_store(&alice);
	party_open_group(&alice);
	say_many(&alice, 4, 200);
	carry_messages(&bob, &alice);
	chain = chain_of(&alice, &alice.config.device);
	party_close(&alice);
	sim_kill(alice.world);
	assert_int_equal(sim_disk_restore(alice.world, snapshot), 0);
	sim_start(alice.world);
	party_open_store(&alice);
	party_open_group(&alice);
	assert_int_equal(messages_of(&alice), 3);
	carry_messages(&alice, &bob);
	party_react(&alice);
	expect_many(&alice, 1, 200);
	assert_int_equal(chain_of(&alice, &alice.config.device).counter,
	    chain.counter);
	say_many(&alice, 201, 201);
	carry_messages(&bob, &alice);
	expect_many(&bob, 1, 201);
	sim_snapshot_free(snapshot);
}

static void
attachments_come_with_their_message(void ** state)
{
	const struct event_attachment list[2] = {
	    {slice_text("cid one"), slice_text("secret one")},
	    {slice_text("cid 2"), slice_text("secret 2")}};
	struct group_message m;

	(void)state;
	acquaint(&alice, &bob);
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_write_attached_message(alice.group,
	    slice_text("files"), list, 2, NULL, NULL), 0);
	assert_int_equal(store_commit(alice.store, NULL), 0);
	carry_messages(&bob, &alice);
	assert_int_equal(group_message_at(bob.group, 1, &m), 0);
	assert_int_equal(m.message.attached.n, 2);
	assert_true(slice_equal(m.message.attached.cids[1], list[1].cid));
	assert_true(
	    slice_equal(m.message.attached.secrets[0], list[0].secret));
	group_message_free(&m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(members_read_each_other),
	    TEST(a_message_before_its_key_is_delivered_after_the_key),
	    TEST(messages_from_before_the_key_was_given_stay_closed),
	    TEST(messages_out_of_order_within_the_window_open_at_once),
	    TEST(a_message_beyond_the_window_waits_until_the_gap_closes),
	    TEST(a_waiting_message_that_was_passed_meanwhile_is_delivered),
	    TEST(counters_wrap_around),
	    TEST(a_forged_message_neither_shows_nor_moves_the_chain),
	    TEST(a_message_signed_by_another_device_is_refused),
	    TEST(many_forgeries_under_one_counter_do_not_hide_the_message),
	    TEST(what_is_no_message_is_counted_and_not_shown),
	    TEST(a_message_that_is_too_long_is_refused),
	    TEST(an_undone_message_leaves_the_chain_where_it_was),
	    TEST(an_older_copy_of_the_store_learns_of_its_later_messages),
	    TEST(attachments_come_with_their_message),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
