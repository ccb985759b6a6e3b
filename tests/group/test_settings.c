/* Settings of a group: how they travel, and which of them count. */
#include "group/setting.h"
#include "group/wire.h"
#include "group_fixture.h"

static struct sim * sim;
static struct party alice, bob;

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
	struct party * all[] = {&alice, &bob};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++)
		if (all[i]->world != NULL) {
			party_free(all[i]);
			*all[i] = (struct party){0};
		}
	sim_free(sim);
	return (0);
}

/* --- the message --------------------------------------------------------- */

static struct setting
setting_from(enum setting_type type, const char * key, const char * value)
{
	return ((struct setting){type, slice_text(key), slice_text(value)});
}

static void
assert_round_trip(const struct setting * s)
{
	struct buffer out = {0};
	struct setting read;

	assert_int_equal(setting_encode(&out, s), 0);
	assert_int_equal(setting_decode(&read, buffer_all(&out)), 0);
	assert_int_equal(read.type, s->type);
	assert_true(slice_equal(read.key, s->key));
	assert_true(slice_equal(read.value, s->value));
	buffer_free(&out);
}

static void
assert_refused(const struct setting * s)
{
	struct buffer out = {0};

	assert_int_equal(setting_encode(&out, s), -ERR_INVALID_INPUT);
	assert_int_equal(out.n, 0);
}

static void
a_setting_is_read_as_it_was_written(void ** state)
{
	/* "BRTYSET1", then fields 2 to 4 of GroupSettingStoreEvent. */
	static const uint8_t known[] = "BRTYSET1\x10\x02\x1a\x03key\x22\x05value";
	struct setting s = setting_from(SETTING_MEMBER, "key", "value");
	struct buffer out = {0};

	(void)state;
	assert_int_equal(setting_encode(&out, &s), 0);
	assert_true(slice_equal(buffer_all(&out),
	    slice_of(known, sizeof(known) - 1)));
	buffer_free(&out);
	assert_round_trip(&s);
	s = setting_from(SETTING_GROUP, "\xc3\xa9", "");
	assert_round_trip(&s);
}

static void
keys_and_values_have_a_limit(void ** state)
{
	static uint8_t bytes[SETTING_VALUE_MAX + 1];
	struct setting s = setting_from(SETTING_GROUP, "", "v");

	(void)state;
	memset(bytes, 'k', sizeof(bytes));
	assert_refused(&s);
	s.key = slice_of(bytes, SETTING_KEY_MAX);
	assert_round_trip(&s);
	s.key.n++;
	assert_refused(&s);
	s.key.n--;
	s.value = slice_of(bytes, SETTING_VALUE_MAX);
	assert_round_trip(&s);
	s.value.n++;
	assert_refused(&s);
}

static void
a_key_is_text(void ** state)
{
	struct setting s = setting_from(SETTING_GROUP, "\xff", "v");

	(void)state;
	assert_refused(&s);
	s.key = slice_of("a\0b", 3);
	assert_refused(&s);
	s = setting_from((enum setting_type)3, "key", "v");
	assert_refused(&s);
	s = setting_from((enum setting_type)0, "key", "v");
	assert_refused(&s);
}

static void
what_is_no_setting_is_told_from_a_bad_one(void ** state)
{
	struct setting s;

	(void)state;
	assert_int_equal(setting_decode(&s, slice_text("")), -ERR_NOT_FOUND);
	assert_int_equal(setting_decode(&s, slice_text("BRTYSET")),
	    -ERR_NOT_FOUND);
	assert_int_equal(setting_decode(&s, slice_text("BRTYSET2\x10\x01")),
	    -ERR_NOT_FOUND);
	assert_int_equal(setting_decode(&s, slice_text("BRTYSET1")),
	    -ERR_DESERIALIZATION);
	assert_int_equal(setting_decode(&s,
	    slice_text("BRTYSET1\x10\x03\x1a\x01k")), -ERR_DESERIALIZATION);
	assert_int_equal(setting_decode(&s,
	    slice_text("BRTYSET1\x10\x01\x1a\x02k")), -ERR_DESERIALIZATION);
	/* Fields of later versions are skipped. */
	assert_int_equal(setting_decode(&s,
	    slice_text("BRTYSET1\x10\x01\x1a\x01k\x2a\x03new")), 0);
}

/* --- which of them count ------------------------------------------------- */

/* A member of the multi-member group g. */
static void
new_member(struct party * p, char letter)
{
	struct group_info info = members_group('g');

	party_new(p, sim, &info, network_get(NETWORK_WESH), letter, letter);
	party_open_group(p);
}

/* Event 302 of the group g. */
static void
announce_creator(struct party * p)
{
	struct ed25519_key key = key_of('g', KIND_GROUP);
	struct buffer payload = {0};

	wire_put_bytes(&payload, 1, slice_of(p->config.member.pub, 32));
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(group_write_event(p->group,
	    EVENT_INITIAL_MEMBER_ANNOUNCED, buffer_all(&payload), &key, NULL,
	    NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	buffer_free(&payload);
}

static void
begin_group(void)
{
	new_member(&alice, 'a');
	party_activate(&alice);
	announce_creator(&alice);
	new_member(&bob, 'b');
	carry_metadata(&bob, &alice);
	party_activate(&bob);
	acquaint(&alice, &bob);
}

static void
meet(void)
{
	carry_metadata(&alice, &bob);
	carry_metadata(&bob, &alice);
}

static struct cid
set(struct party * p, enum setting_type type, const char * key,
    const char * value)
{
	struct setting s = setting_from(type, key, value);
	struct buffer payload = {0}, message = {0};
	struct cid cid;

	assert_int_equal(setting_encode(&message, &s), 0);
	wire_put_bytes(&payload, 1, slice_of(p->config.device.pub, 32));
	wire_put_bytes(&payload, 2, buffer_all(&message));
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(group_write_event(p->group, EVENT_APP_METADATA,
	    buffer_all(&payload), NULL, &cid, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	buffer_free(&payload);
	buffer_free(&message);
	return (cid);
}

/* Does the setting that this event is count, as this party knows it? */
static bool
counts(struct party * p, struct cid cid)
{
	struct event_place place;
	struct group_event e = {0};
	struct log_item item = {0};
	uint8_t member_pk[32];
	struct setting s;
	int status;

	assert_int_equal(log_find(group_metadata_log(p->group), &cid, &item),
	    0);
	assert_int_equal(group_event_open(p->group, &item, &e), 0);
	assert_int_equal(setting_of(&s, &e.event), 0);
	assert_int_equal(group_member_of(p->group, e.event.device_pk,
	    member_pk), 0);
	place = (struct event_place){e.item.entry.time, cid};
	status = setting_counts(p->group, &s, member_pk, &place);
	assert_true(status >= 0);
	group_event_free(&e);
	return (status > 0);
}

static bool
may_set_now(struct party * p)
{
	struct setting s = setting_from(SETTING_GROUP, "name", "x");
	int status = setting_counts(p->group, &s, p->config.member.pub, NULL);

	assert_true(status >= 0);
	return (status > 0);
}

static void
any_member_sets_what_the_group_has(void ** state)
{
	struct cid a, b;

	(void)state;
	begin_group();
	a = set(&alice, SETTING_GROUP, "name", "tea");
	b = set(&bob, SETTING_GROUP, "name", "coffee");
	meet();
	assert_true(counts(&alice, a) && counts(&bob, a));
	assert_true(counts(&alice, b) && counts(&bob, b));
	assert_true(may_set_now(&bob));
}

static void
an_administrator_keeps_others_from_it(void ** state)
{
	struct cid before, after, own, member;

	(void)state;
	begin_group();
	before = set(&bob, SETTING_GROUP, "name", "before");
	meet();
	set(&alice, SETTING_GROUP, "admin_only", "1");
	meet();
	after = set(&bob, SETTING_GROUP, "name", "after");
	member = set(&bob, SETTING_MEMBER, "name", "bob");
	own = set(&alice, SETTING_GROUP, "name", "own");
	meet();
	assert_true(counts(&alice, before) && counts(&bob, before));
	assert_false(counts(&alice, after) || counts(&bob, after));
	assert_true(counts(&alice, member) && counts(&bob, member));
	assert_true(counts(&alice, own) && counts(&bob, own));
	assert_true(may_set_now(&alice));
	assert_false(may_set_now(&bob));
}

static void
what_others_say_of_it_does_not_count(void ** state)
{
	struct cid late;

	(void)state;
	begin_group();
	set(&bob, SETTING_GROUP, "admin_only", "1");
	meet();
	assert_true(may_set_now(&bob));
	set(&alice, SETTING_GROUP, "admin_only", "1");
	meet();
	late = set(&bob, SETTING_GROUP, "admin_only", "");
	meet();
	assert_false(may_set_now(&bob));
	assert_false(counts(&alice, late));
	set(&alice, SETTING_MEMBER, "admin_only", "");
	meet();
	assert_false(may_set_now(&bob));
}

static void
an_administrator_allows_it_again(void ** state)
{
	struct cid during, after;

	(void)state;
	begin_group();
	set(&alice, SETTING_GROUP, "admin_only", "1");
	meet();
	during = set(&bob, SETTING_GROUP, "name", "during");
	meet();
	set(&alice, SETTING_GROUP, "admin_only", "0");
	meet();
	after = set(&bob, SETTING_GROUP, "name", "after");
	meet();
	assert_false(counts(&alice, during) || counts(&bob, during));
	assert_true(counts(&alice, after) && counts(&bob, after));
}

/* Two who do not hear of each other: the order is that of the log. */
static void
a_restriction_that_comes_late_counts_from_its_place(void ** state)
{
	struct cid first, second;

	(void)state;
	begin_group();
	set(&alice, SETTING_GROUP, "admin_only", "1");
	(void)set(&bob, SETTING_MEMBER, "x", "1");
	(void)set(&bob, SETTING_MEMBER, "x", "2");
	first = set(&bob, SETTING_GROUP, "name", "late");
	assert_true(counts(&bob, first));
	meet();
	assert_false(counts(&bob, first));
	assert_false(counts(&alice, first));
	second = set(&bob, SETTING_GROUP, "name", "again");
	assert_false(counts(&bob, second));
}

static void
it_is_known_after_a_restart(void ** state)
{
	(void)state;
	begin_group();
	set(&alice, SETTING_GROUP, "admin_only", "1");
	meet();
	party_reopen(&bob);
	assert_false(may_set_now(&bob));
	party_reopen(&alice);
	assert_true(may_set_now(&alice));
}

static void
the_last_of_many_restrictions_counts(void ** state)
{
	unsigned i;

	(void)state;
	begin_group();
	for (i = 0; i < SETTING_SWITCHES_KEPT + 3; i++) {
		set(&alice, SETTING_GROUP, "admin_only", i % 2 ? "0" : "1");
		meet();
		assert_int_equal(may_set_now(&bob), i % 2);
	}
}

static void
both_contacts_administrate(void ** state)
{
	struct ed25519_key account = key_of('a', KIND_MEMBER);
	struct ed25519_key contact = key_of('b', KIND_MEMBER);
	struct group_info info;

	(void)state;
	assert_int_equal(group_of_contact(&info, NULL, &account, contact.pub),
	    0);
	party_new(&alice, sim, &info, network_get(NETWORK_WESH), 'a', 'a');
	memcpy(alice.config.contact_pk, contact.pub, 32);
	party_open_group(&alice);
	party_new(&bob, sim, &info, network_get(NETWORK_WESH), 'b', 'b');
	memcpy(bob.config.contact_pk, account.pub, 32);
	party_open_group(&bob);
	party_activate(&alice);
	party_activate(&bob);
	acquaint(&alice, &bob);
	set(&bob, SETTING_GROUP, "admin_only", "1");
	meet();
	assert_true(may_set_now(&alice) && may_set_now(&bob));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_setting_is_read_as_it_was_written),
		cmocka_unit_test(keys_and_values_have_a_limit),
		cmocka_unit_test(a_key_is_text),
		cmocka_unit_test(what_is_no_setting_is_told_from_a_bad_one),
		test(any_member_sets_what_the_group_has),
		test(an_administrator_keeps_others_from_it),
		test(what_others_say_of_it_does_not_count),
		test(an_administrator_allows_it_again),
		test(a_restriction_that_comes_late_counts_from_its_place),
		test(it_is_known_after_a_restart),
		test(the_last_of_many_restrictions_counts),
		test(both_contacts_administrate),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
