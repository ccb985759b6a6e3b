/* Metadata of a group: what activation writes, who is believed, and when. */
#include "group/wire.h"
#include "group_fixture.h"

static struct sim * sim;
static struct party alice, bob, carol;

static int
setup(void ** state)
{
	(void)state;
	assert_int_equal(crypto_setup(), 0);
	sim = sim_new(sim_seed_wanted(1));
	return (0);
}

static int
teardown(void ** state)
{
	struct party * all[] = {&alice, &bob, &carol};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		if (all[i]->world != NULL) {
			party_free(all[i]);
			*all[i] = (struct party){0};
		}
	sim_free(sim);
	return (0);
}

/* A member of the multi-member group g. */
static void
new_member(struct party * p, char letter)
{
	struct group_info info = members_group('g');

	party_new(p, sim, &info, network_get(NETWORK_WESH), letter, letter);
	party_open_group(p);
}

/* One of two contacts: the account key is the member key. */
static void
new_contact(struct party * p, char own, char other)
{
	struct ed25519_key account = key_of(own, KIND_MEMBER);
	struct ed25519_key contact = key_of(other, KIND_MEMBER);
	struct group_info info;

	assert_int_equal(group_of_contact(&info, NULL, &account, contact.pub),
	    0);
	party_new(p, sim, &info, network_get(NETWORK_WESH), own, own);
	memcpy(p->config.contact_pk, contact.pub, 32);
	party_open_group(p);
}

static uint64_t
bad_of(struct party * p)
{
	struct group_counts counts;

	group_counts(p->group, &counts);
	return (counts.bad_events);
}

static int
count_device(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	(void)member_pk;
	(void)device_pk;
	++*(unsigned *)user;
	return (0);
}

static unsigned
devices_of(struct party * p)
{
	unsigned n = 0;

	assert_int_equal(group_each_device(p->group, count_device, &n), 0);
	return (n);
}

/* Payload of event 1. */
static void
put_announcement(struct buffer * out, const struct ed25519_key * member,
    const uint8_t device_pk[32])
{
	uint8_t sig[64];

	ed25519_sign(sig, member, slice_of(device_pk, 32));
	wire_put_bytes(out, 1, slice_of(member->pub, 32));
	wire_put_bytes(out, 2, slice_of(device_pk, 32));
	wire_put_bytes(out, 3, slice_of(sig, 64));
}

/* Somebody who knows the group writes an event of his own making. */
static void
forge_event(struct party * p, unsigned type, struct slice payload,
    const struct ed25519_key * signer)
{
	const uint8_t random[24] = {3};
	struct buffer envelope = {0};

	metadata_seal(&envelope, group_info_of(p->group), type, payload,
	    signer, random, NULL, 0);
	(void)party_forge(p, group_metadata_log(p->group),
	    buffer_all(&envelope));
	buffer_free(&envelope);
}

/* --- activation ------------------------------------------------------------ */

static void
a_fresh_group_holds_an_announcement_and_a_key_for_ourselves(void ** state)
{
	static const unsigned types[] = {1, 2, 0};

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	expect_events(&alice, types);
	assert_false(group_has_reaction(alice.group));
}

static void
a_contact_gets_its_key_before_it_appears(void ** state)
{
	static const unsigned types[] = {2, 1, 2, 0};
	struct group_event e;
	struct slice member;

	(void)state;
	new_contact(&alice, 'a', 'b');
	party_activate(&alice);
	expect_events(&alice, types);
	assert_int_equal(group_event_at(alice.group, 1, &e), 0);
	assert_int_equal(wire_find(e.event.payload, 2, &member), 0);
	assert_true(slice_equal(member,
	    slice_of(alice.config.contact_pk, 32)));
	group_event_free(&e);
}

static void
activating_again_writes_nothing(void ** state)
{
	static const unsigned types[] = {1, 2, 0};

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	party_activate(&alice);
	party_reopen(&alice);
	party_activate(&alice);
	expect_events(&alice, types);
}

static void
an_undone_activation_can_be_repeated(void ** state)
{
	static const unsigned types[] = {1, 2, 0};

	(void)state;
	new_member(&alice, 'a');
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_activate(alice.group, NULL), 0);
	store_rollback(alice.store);
	group_forget(alice.group);
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 0);
	party_activate(&alice);
	expect_events(&alice, types);
}

static void
a_new_member_gets_our_key_once(void ** state)
{
	(void)state;
	new_member(&alice, 'a');
	new_member(&bob, 'b');
	party_activate(&alice);
	carry_metadata(&bob, &alice);
	party_activate(&bob);
	carry_metadata(&alice, &bob);
	assert_true(group_has_reaction(alice.group));
	assert_true(party_react(&alice) > 0);
	acquaint(&alice, &bob);
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 6);
	assert_int_equal(devices_of(&alice), 2);
	assert_int_equal(devices_of(&bob), 2);
}

static void
a_group_that_is_not_active_answers_nobody(void ** state)
{
	(void)state;
	new_member(&alice, 'a');
	new_member(&bob, 'b');
	party_activate(&bob);
	carry_metadata(&alice, &bob);
	assert_false(group_has_reaction(alice.group));
	party_activate(&alice);
	/* event 2 to Bob, 1, event 2 to ourselves */
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 5);
}

/* --- who is believed -------------------------------------------------------- */

static void
a_third_party_in_a_contact_group_is_refused(void ** state)
{
	struct ed25519_key member = key_of('m', KIND_MEMBER);
	struct ed25519_key device = key_of('m', KIND_DEVICE);
	struct buffer payload = {0};
	uint8_t who[32];

	(void)state;
	new_contact(&alice, 'a', 'b');
	party_activate(&alice);
	put_announcement(&payload, &member, device.pub);
	forge_event(&alice, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &device);
	assert_int_equal(group_member_of(alice.group, device.pub, who),
	    -ERR_NOT_FOUND);
	assert_int_equal(bad_of(&alice), 1);
	assert_false(group_has_reaction(alice.group));
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 3);
	buffer_free(&payload);
}

static void
a_stranger_in_an_account_group_is_refused(void ** state)
{
	struct ed25519_key account = key_of('a', KIND_MEMBER);
	struct ed25519_key proof = key_of('a', KIND_SECRET);
	struct ed25519_key member = key_of('m', KIND_MEMBER);
	struct ed25519_key device = key_of('m', KIND_DEVICE);
	struct buffer payload = {0};
	struct group_info info;

	(void)state;
	group_of_account(&info, &account, &proof);
	party_new(&alice, sim, &info, network_get(NETWORK_BERTY_V1), 'a', 'a');
	party_open_group(&alice);
	party_activate(&alice);
	put_announcement(&payload, &member, device.pub);
	forge_event(&alice, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &device);
	assert_int_equal(devices_of(&alice), 1);
	buffer_clear(&payload);
	put_announcement(&payload, &account, device.pub);
	forge_event(&alice, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &device);
	assert_int_equal(devices_of(&alice), 2);
	buffer_free(&payload);
}

static void
a_forged_device_signature_is_refused(void ** state)
{
	struct ed25519_key mallory = key_of('m', KIND_DEVICE);
	struct buffer payload = {0};

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	wire_put_bytes(&payload, 1, slice_of(alice.config.device.pub, 32));
	wire_put_bytes(&payload, 2, slice_text("I never said that"));
	forge_event(&alice, EVENT_APP_METADATA, buffer_all(&payload), &mallory);
	assert_int_equal(alice.n_told, 0);
	assert_int_equal(bad_of(&alice), 1);
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 2);
	buffer_free(&payload);
}

/* Event 1 names no group, so that of another group can be copied here.  The
 * device stays with the member that signed for it, and nobody else's is
 * touched. */
static void
an_announcement_of_another_group_binds_nobody_else(void ** state)
{
	struct ed25519_key member = key_of('v', KIND_MEMBER);
	struct ed25519_key device = key_of('v', KIND_DEVICE);
	struct ed25519_key mallory = key_of('m', KIND_MEMBER);
	struct buffer payload = {0};
	uint8_t who[32];

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	put_announcement(&payload, &member, device.pub);
	forge_event(&alice, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &device);
	assert_int_equal(group_member_of(alice.group, device.pub, who), 0);
	assert_memory_equal(who, member.pub, 32);
	/* Mallory claims the device for herself: the device did not sign. */
	buffer_clear(&payload);
	put_announcement(&payload, &mallory, device.pub);
	forge_event(&alice, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &mallory);
	assert_int_equal(group_member_of(alice.group, device.pub, who), 0);
	assert_memory_equal(who, member.pub, 32);
	assert_int_equal(bad_of(&alice), 1);
	buffer_free(&payload);
}

static void
the_first_announcement_in_causal_order_counts(void ** state)
{
	struct ed25519_key device = key_of('d', KIND_DEVICE);
	struct ed25519_key early = key_of('e', KIND_MEMBER);
	struct ed25519_key late = key_of('l', KIND_MEMBER);
	struct buffer payload = {0};
	uint8_t at_alice[32], at_bob[32];

	(void)state;
	new_member(&alice, 'a');
	new_member(&bob, 'b');
	/* At Alice it is the first entry, at Bob the third. */
	put_announcement(&payload, &early, device.pub);
	forge_event(&alice, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &device);
	party_activate(&bob);
	buffer_clear(&payload);
	put_announcement(&payload, &late, device.pub);
	forge_event(&bob, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &device);
	carry_metadata(&alice, &bob);
	carry_metadata(&bob, &alice);
	assert_int_equal(group_member_of(alice.group, device.pub, at_alice), 0);
	assert_int_equal(group_member_of(bob.group, device.pub, at_bob), 0);
	assert_memory_equal(at_alice, early.pub, 32);
	assert_memory_equal(at_bob, early.pub, 32);
	buffer_free(&payload);
}

static void
the_first_chain_key_of_a_device_counts(void ** state)
{
	struct buffer sealed = {0}, payload = {0};
	struct chain_key before, other = {.key = {1}, .counter = 5};

	(void)state;
	new_member(&alice, 'a');
	new_member(&bob, 'b');
	party_activate(&alice);
	party_activate(&bob);
	acquaint(&alice, &bob);
	before = chain_of(&bob, &alice.config.device);
	assert_int_equal(chain_key_seal(&sealed, &other, &alice.config.device,
	    bob.config.member.pub, group_info_of(bob.group)->pk), 0);
	wire_put_bytes(&payload, 1, slice_of(alice.config.device.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(bob.config.member.pub, 32));
	wire_put_bytes(&payload, 3, buffer_all(&sealed));
	forge_event(&bob, EVENT_DEVICE_CHAIN_KEY_ADDED, buffer_all(&payload),
	    &alice.config.device);
	assert_int_equal(chain_of(&bob, &alice.config.device).counter,
	    before.counter);
	buffer_free(&sealed);
	buffer_free(&payload);
}

static void
an_event_the_network_does_not_know_is_counted_and_not_shown(void ** state)
{
	struct group_info info = members_group('g');
	struct buffer payload = {0};

	(void)state;
	party_new(&alice, sim, &info, network_get(NETWORK_BERTY_V1), 'a', 'a');
	party_open_group(&alice);
	wire_put_bytes(&payload, 1, slice_of(alice.config.device.pub, 32));
	forge_event(&alice, EVENT_VERIFIED_CREDENTIAL_REGISTERED,
	    buffer_all(&payload), &alice.config.device);
	(void)party_forge(&alice, group_metadata_log(alice.group),
	    slice_text("junk"));
	assert_int_equal(bad_of(&alice), 2);
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 0);
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_write_event(alice.group,
	    EVENT_VERIFIED_CREDENTIAL_REGISTERED, buffer_all(&payload),
	    &alice.config.device, NULL, NULL), -ERR_INVALID_INPUT);
	store_rollback(alice.store);
	group_forget(alice.group);
	buffer_free(&payload);
}

static void
an_event_of_2022_is_shown_on_every_network(void ** state)
{
	struct buffer payload = {0};

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	wire_put_bytes(&payload, 3, slice_of(alice.config.device.pub, 32));
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_write_event(alice.group,
	    EVENT_PUSH_MEMBER_TOKEN_UPDATE, buffer_all(&payload),
	    &alice.config.device, NULL, NULL), 0);
	assert_int_equal(store_commit(alice.store, NULL), 0);
	assert_int_equal(bad_of(&alice), 0);
	buffer_free(&payload);
}

/* --- what the owner is told --------------------------------------------------- */

static void
events_of_a_device_announced_later_are_told_again_in_causal_order(void ** state)
{
	(void)state;
	new_member(&alice, 'a');
	new_member(&bob, 'b');
	(void)party_write(&bob, "one", &bob.config.device);
	(void)party_write(&bob, "two", &bob.config.device);
	carry_metadata(&alice, &bob);
	assert_int_equal(alice.n_told, 2);
	assert_false(alice.told[0].known || alice.told[1].known);
	party_reopen(&alice);
	party_activate(&bob);
	(void)party_write(&bob, "three", &bob.config.device);
	carry_metadata(&alice, &bob);
	assert_int_equal(alice.n_told, 3);
	assert_true(alice.told[0].known && alice.told[1].known &&
	    alice.told[2].known);
	assert_int_equal(alice.told[0].time, 1);
	assert_int_equal(alice.told[1].time, 2);
	party_reopen(&alice);
	carry_metadata(&alice, &bob);
	assert_int_equal(alice.n_told, 0);
}

static void
events_of_the_group_key_need_no_device(void ** state)
{
	struct ed25519_key group_key = key_of('g', KIND_GROUP);
	struct buffer payload = {0};

	(void)state;
	new_member(&alice, 'a');
	wire_put_bytes(&payload, 1, slice_of(alice.config.member.pub, 32));
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_equal(group_write_event(alice.group,
	    EVENT_INITIAL_MEMBER_ANNOUNCED, buffer_all(&payload), &group_key,
	    NULL, NULL), 0);
	assert_int_equal(store_commit(alice.store, NULL), 0);
	assert_int_equal(alice.n_told, 1);
	assert_true(alice.told[0].known);
	forge_event(&alice, EVENT_INITIAL_MEMBER_ANNOUNCED,
	    buffer_all(&payload), &alice.config.device);
	assert_int_equal(alice.n_told, 1);
	buffer_free(&payload);
}

static void
an_owner_that_fails_undoes_the_change(void ** state)
{
	struct cid cid;
	struct buffer payload = {0};

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	wire_put_bytes(&payload, 1, slice_of(alice.config.device.pub, 32));
	alice.fail = true;
	assert_int_equal(store_begin(alice.store), 0);
	assert_int_not_equal(group_write_event(alice.group, EVENT_APP_METADATA,
	    buffer_all(&payload), &alice.config.device, &cid, NULL), 0);
	store_rollback(alice.store);
	group_forget(alice.group);
	alice.fail = false;
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 2);
	(void)party_write(&alice, "now", &alice.config.device);
	assert_int_equal(log_arrivals(group_metadata_log(alice.group)), 3);
	buffer_free(&payload);
}

/* --- costs ------------------------------------------------------------------- */

static void
opening_a_group_costs_a_handful_of_reads(void ** state)
{
	struct store_stats before, after;
	unsigned i;

	(void)state;
	new_member(&alice, 'a');
	party_activate(&alice);
	assert_int_equal(store_begin(alice.store), 0);
	for (i = 0; i < 500; i++)
		assert_int_equal(group_write_message(alice.group,
		    slice_text("text"), NULL, NULL), 0);
	assert_int_equal(store_commit(alice.store, NULL), 0);
	party_close(&alice);
	party_open_store(&alice);
	store_stats(alice.store, &before);
	party_open_group(&alice);
	expect_message(&alice, 500, "text");
	store_stats(alice.store, &after);
	assert_true(after.reads - before.reads < 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_fresh_group_holds_an_announcement_and_a_key_for_ourselves),
	    TEST(a_contact_gets_its_key_before_it_appears),
	    TEST(activating_again_writes_nothing),
	    TEST(an_undone_activation_can_be_repeated),
	    TEST(a_new_member_gets_our_key_once),
	    TEST(a_group_that_is_not_active_answers_nobody),
	    TEST(a_third_party_in_a_contact_group_is_refused),
	    TEST(a_stranger_in_an_account_group_is_refused),
	    TEST(a_forged_device_signature_is_refused),
	    TEST(an_announcement_of_another_group_binds_nobody_else),
	    TEST(the_first_announcement_in_causal_order_counts),
	    TEST(the_first_chain_key_of_a_device_counts),
	    TEST(an_event_the_network_does_not_know_is_counted_and_not_shown),
	    TEST(an_event_of_2022_is_shown_on_every_network),
	    TEST(events_of_a_device_announced_later_are_told_again_in_causal_order),
	    TEST(events_of_the_group_key_need_no_device),
	    TEST(an_owner_that_fails_undoes_the_change),
	    TEST(opening_a_group_costs_a_handful_of_reads),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
