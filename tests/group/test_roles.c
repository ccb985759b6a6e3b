/* Who administrates a group, whatever order the events come in; and what is
 * not believed: strangers' devices, and events in groups where they do not
 * belong. */
#include "group/role_rows.h"
#include "group/wire.h"
#include "group_fixture.h"

static struct sim * sim;

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
	(void)state;
	sim_free(sim);
	return (0);
}

/* --- events that stand alone: no parents, so they may come in any order --- */

enum { MOST = 16 };

struct made {
	struct cid cid;
	struct buffer block;
};

struct script {
	const struct network * network;
	struct group_info info;
	struct made events[MOST];
	size_t n;
};

static void
script_begin(struct script * s, enum network_id network)
{
	*s = (struct script){.network = network_get(network),
	    .info = members_group('g')};
}

static void
script_free(struct script * s)
{
	while (s->n > 0)
		buffer_free(&s->events[--s->n].block);
}

/* The log that the entry is for: the metadata log of the group. */
static void
make_entry(struct script * s, struct log * log, uint64_t time,
    struct slice envelope)
{
	struct made * m = &s->events[s->n];
	struct buffer operation = {0};

	assert_true(s->n++ < MOST);
	operation_encode(&operation, envelope);
	assert_int_equal(entry_make(&m->block, &m->cid, log_identity_of(log),
	    log_address_of(log), time, NULL, 0, NULL, 0,
	    buffer_all(&operation)), 0);
	buffer_free(&operation);
}

/* Somebody's log, to make entries for. */
static struct party scribe;

static void
open_scribe(const struct script * s)
{
	party_new(&scribe, sim, &s->info, s->network, 'z', 'z');
	party_open_group(&scribe);
}

static void
add_event(struct script * s, uint64_t time, unsigned type, struct slice payload,
    const struct ed25519_key * signer)
{
	const uint8_t random[24] = {(uint8_t)s->n};
	struct buffer envelope = {0};

	metadata_seal(&envelope, &s->info, type, payload, signer, random, NULL,
	    0);
	make_entry(s, group_metadata_log(scribe.group), time,
	    buffer_all(&envelope));
	buffer_free(&envelope);
}

/* A member is a letter; so are its devices. */
static void
add_device(struct script * s, uint64_t time, char member, char device)
{
	struct ed25519_key m = key_of(member, KIND_MEMBER);
	struct ed25519_key d = key_of(device, KIND_DEVICE);
	struct buffer payload = {0};
	uint8_t sig[64];

	ed25519_sign(sig, &m, slice_of(d.pub, 32));
	wire_put_bytes(&payload, 1, slice_of(m.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(d.pub, 32));
	wire_put_bytes(&payload, 3, slice_of(sig, 64));
	add_event(s, time, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload),
	    &d);
	buffer_free(&payload);
}

static void
add_creator(struct script * s, uint64_t time, const uint8_t pk[32])
{
	struct ed25519_key group_key = key_of('g', KIND_GROUP);
	struct buffer payload = {0};

	wire_put_bytes(&payload, 1, slice_of(pk, 32));
	add_event(s, time, EVENT_INITIAL_MEMBER_ANNOUNCED,
	    buffer_all(&payload), &group_key);
	buffer_free(&payload);
}

static void
add_creator_member(struct script * s, uint64_t time, char member)
{
	add_creator(s, time, key_of(member, KIND_MEMBER).pub);
}

static void
add_grant(struct script * s, uint64_t time, char device, char to)
{
	struct ed25519_key d = key_of(device, KIND_DEVICE);
	struct ed25519_key m = key_of(to, KIND_MEMBER);
	struct buffer payload = {0};

	wire_put_bytes(&payload, 1, slice_of(d.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(m.pub, 32));
	add_event(s, time, EVENT_ADMIN_ROLE_GRANTED, buffer_all(&payload), &d);
	buffer_free(&payload);
}

static void
add_note(struct script * s, uint64_t time, char device)
{
	struct ed25519_key d = key_of(device, KIND_DEVICE);
	struct buffer payload = {0};

	wire_put_bytes(&payload, 1, slice_of(d.pub, 32));
	wire_put_bytes(&payload, 2, slice_text("note"));
	add_event(s, time, EVENT_APP_METADATA, buffer_all(&payload), &d);
	buffer_free(&payload);
}

/* --- who hears of them ---------------------------------------------------- */

static void
open_reader(struct party * p, const struct script * s)
{
	party_new(p, sim, &s->info, s->network, 'r', 'r');
	party_open_group(p);
}

static void
hear(struct party * p, const struct script * s, size_t i)
{
	const struct made * m = &s->events[i];
	struct log * log = group_metadata_log(p->group);

	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(entry_check(log_identity_of(log), log_address_of(log),
	    &m->cid, buffer_all(&m->block)), 0);
	assert_int_equal(log_receive(log, &m->cid, buffer_all(&m->block)), 0);
	assert_true(log_settle(log, 100) >= 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

static void
hear_all(struct party * p, const struct script * s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		hear(p, s, i);
}

static bool
is_admin(struct party * p, char member)
{
	struct ed25519_key m = key_of(member, KIND_MEMBER);
	int status = group_is_admin(p->group, m.pub);

	assert_true(status >= 0);
	return (status == 1);
}

/* Exactly those of a to f who are named. */
static void
expect_admins(struct party * p, const char * members)
{
	char m;

	for (m = 'a'; m <= 'f'; m++)
		if (is_admin(p, m) != (strchr(members, m) != NULL)) {
			print_error("%c is%s an administrator\n", m,
			    is_admin(p, m) ? "" : " not");
			fail();
		}
}

/* Since when, in Lamport time; 0: never. */
static uint64_t
since(struct party * p, char member)
{
	struct ed25519_key m = key_of(member, KIND_MEMBER);
	struct role_admin a;
	int status = role_admin_load(p->group, m.pub, &a);

	assert_true(status == 0 || status == -ERR_NOT_FOUND);
	return (status == 0 ? a.since.time : 0);
}

static uint64_t
listed(struct party * p)
{
	return (log_arrivals(group_metadata_log(p->group)));
}

static uint64_t
bad_of(struct party * p)
{
	struct group_counts counts;

	group_counts(p->group, &counts);
	return (counts.bad_events);
}

/* Tell it in the order written, then in many others: always the same. */
static void
expect_in_any_order(struct script * s, const char * admins, unsigned shuffles)
{
	uint64_t dice = 12345, when[6];
	struct party reader;
	struct made kept;
	unsigned round;
	size_t i, j;
	char m;

	for (round = 0; round < shuffles; round++) {
		open_reader(&reader, s);
		hear_all(&reader, s);
		expect_admins(&reader, admins);
		for (m = 'a'; m <= 'f'; m++)
			if (round == 0)
				when[m - 'a'] = since(&reader, m);
			else
				assert_int_equal(since(&reader, m),
				    when[m - 'a']);
		/* And it is on disk. */
		party_reopen(&reader);
		expect_admins(&reader, admins);
		(void)party_react(&reader);
		assert_int_equal(listed(&reader), s->n);
		party_free(&reader);
		for (i = s->n; i > 1; i--) {
			dice = dice * 6364136223846793005U + 1;
			j = (size_t)(dice >> 33) % i;
			kept = s->events[j];
			s->events[j] = s->events[i - 1];
			s->events[i - 1] = kept;
		}
	}
}

/* --- who made the group --------------------------------------------------- */

static void
who_made_the_group_is_its_administrator(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_creator_member(&s, 3, 'a');
	expect_in_any_order(&s, "a", 10);
	script_free(&s);
	party_free(&scribe);
}

static void
nobody_but_the_group_key_says_who_made_the_group(void ** state)
{
	struct ed25519_key device = key_of('b', KIND_DEVICE);
	struct ed25519_key member = key_of('b', KIND_MEMBER);
	struct buffer payload = {0};
	struct party reader;
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'b', 'b');
	wire_put_bytes(&payload, 1, slice_of(member.pub, 32));
	add_event(&s, 2, EVENT_INITIAL_MEMBER_ANNOUNCED, buffer_all(&payload),
	    &device);
	open_reader(&reader, &s);
	hear_all(&reader, &s);
	expect_admins(&reader, "");
	assert_int_equal(bad_of(&reader), 1);
	buffer_free(&payload);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

static void
the_first_creator_counts_and_no_other(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_device(&s, 1, 'c', 'c');
	add_device(&s, 1, 'd', 'd');
	add_creator_member(&s, 5, 'a');
	add_grant(&s, 6, 'a', 'c');
	add_creator_member(&s, 4, 'b');
	add_grant(&s, 7, 'b', 'd');
	expect_in_any_order(&s, "bd", 60);
	script_free(&s);
	party_free(&scribe);
}

static void
the_toolkit_names_the_creators_device(void ** state)
{
	const enum network_id ids[] = {NETWORK_WESH, NETWORK_BERTY};
	struct script s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		script_begin(&s, ids[i]);
		open_scribe(&s);
		add_device(&s, 5, 'a', 'd');
		add_device(&s, 1, 'b', 'b');
		add_creator(&s, 2, key_of('d', KIND_DEVICE).pub);
		add_grant(&s, 6, 'd', 'b');
		expect_in_any_order(&s, "ab", 24);
		script_free(&s);
		party_free(&scribe);
	}
}

static void
on_the_toolkits_networks_a_member_is_taken_for_one_too(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_WESH);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'd');
	add_creator_member(&s, 2, 'a');
	expect_in_any_order(&s, "a", 4);
	script_free(&s);
	party_free(&scribe);
}

static void
elsewhere_a_device_is_not_taken_for_its_member(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'd');
	add_creator(&s, 2, key_of('d', KIND_DEVICE).pub);
	expect_in_any_order(&s, "", 4);
	script_free(&s);
	party_free(&scribe);
}

/* --- grants --------------------------------------------------------------- */

static void
an_administrator_makes_others_so_and_they_others(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_device(&s, 1, 'c', 'c');
	add_device(&s, 1, 'd', 'd');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 3, 'a', 'b');
	add_grant(&s, 4, 'b', 'c');
	add_grant(&s, 5, 'c', 'd');
	expect_in_any_order(&s, "abcd", 120);
	script_free(&s);
	party_free(&scribe);
}

static void
grants_of_others_are_ignored(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_device(&s, 1, 'c', 'c');
	add_device(&s, 1, 'd', 'd');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 3, 'b', 'c');
	add_grant(&s, 4, 'c', 'b');
	add_grant(&s, 5, 'd', 'd');
	expect_in_any_order(&s, "a", 60);
	script_free(&s);
	party_free(&scribe);
}

static void
a_grant_before_the_granter_had_the_role_stays_void(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_device(&s, 1, 'c', 'c');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 4, 'b', 'c');
	add_grant(&s, 6, 'a', 'b');
	expect_in_any_order(&s, "ab", 40);
	/* But it can be made good. */
	add_grant(&s, 8, 'b', 'c');
	expect_in_any_order(&s, "abc", 40);
	script_free(&s);
	party_free(&scribe);
}

static void
an_earlier_event_that_comes_late_is_judged_at_its_place(void ** state)
{
	struct party reader;
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 8, 'b', 'c');
	add_grant(&s, 9, 'c', 'd');
	add_device(&s, 1, 'c', 'c');
	add_grant(&s, 6, 'a', 'b');
	open_reader(&reader, &s);
	hear(&reader, &s, 0);
	hear(&reader, &s, 1);
	hear(&reader, &s, 2);
	hear(&reader, &s, 3);
	hear(&reader, &s, 4);
	hear(&reader, &s, 5);
	expect_admins(&reader, "a");
	hear(&reader, &s, 6);
	expect_admins(&reader, "abcd");
	assert_int_equal(since(&reader, 'b'), 6);
	assert_int_equal(since(&reader, 'd'), 9);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

static void
the_role_belongs_to_the_member_not_to_the_device(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 9, 'a', 'x');
	add_device(&s, 1, 'b', 'b');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 10, 'x', 'b');
	expect_in_any_order(&s, "ab", 40);
	script_free(&s);
	party_free(&scribe);
}

/* A device that two members announced is the first one's. */
static void
a_device_that_turns_out_to_be_anothers_takes_its_grants_along(void ** state)
{
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 5, 'a', 'x');
	add_device(&s, 3, 'e', 'x');
	add_device(&s, 1, 'b', 'b');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 6, 'x', 'b');
	expect_in_any_order(&s, "a", 60);
	script_free(&s);
	party_free(&scribe);
}

static void
many_grants_of_one_pair_are_thinned_alike_everywhere(void ** state)
{
	struct script s;
	uint64_t t;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_creator_member(&s, 2, 'a');
	for (t = 3; t < 14; t++)
		add_grant(&s, t, 'b', 'c');
	/* Only the last of those is good, and it is one that is kept. */
	add_grant(&s, 12, 'a', 'b');
	expect_in_any_order(&s, "abc", 60);
	script_free(&s);
	party_free(&scribe);
}

static void
the_place_of_a_role_can_be_asked_for(void ** state)
{
	struct ed25519_key b = key_of('b', KIND_MEMBER);
	struct event_place place = {.time = 3};
	struct party reader;
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 4, 'a', 'b');
	open_reader(&reader, &s);
	hear_all(&reader, &s);
	assert_int_equal(group_is_admin_at(reader.group, b.pub, &place), 0);
	place.time = 5;
	assert_int_equal(group_is_admin_at(reader.group, b.pub, &place), 1);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

/* --- granting by ourselves ------------------------------------------------ */

static int
grant(struct party * p, char to, struct error * err)
{
	struct ed25519_key m = key_of(to, KIND_MEMBER);
	int status;

	assert_int_equal(store_begin(p->store), 0);
	status = group_grant_admin(p->group, m.pub, err);
	if (status == 0)
		assert_int_equal(store_commit(p->store, NULL), 0);
	else {
		store_rollback(p->store);
		group_forget(p->group);
	}
	return (status);
}

static void
only_administrators_grant_and_only_to_members(void ** state)
{
	struct error err = {0};
	struct party reader;
	struct script s;
	uint64_t n;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	open_reader(&reader, &s);
	party_activate(&reader);
	hear_all(&reader, &s);
	assert_int_equal(grant(&reader, 'a', &err), -ERR_ORBIT_DB_APPEND);
	assert_int_equal(err.code[err.n - 1], ERR_INVALID_INPUT);
	add_creator_member(&s, 2, 'r');
	hear(&reader, &s, 1);
	assert_int_equal(grant(&reader, 'b', &err), -ERR_ORBIT_DB_APPEND);
	assert_int_equal(err.code[err.n - 1], ERR_NOT_FOUND);
	assert_int_equal(grant(&reader, 'a', &err), 0);
	expect_admins(&reader, "a");
	n = listed(&reader);
	/* Once more says nothing new. */
	assert_int_equal(grant(&reader, 'a', &err), 0);
	assert_int_equal(listed(&reader), n);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

static void
in_a_contact_group_both_administrate_and_nothing_is_granted(void ** state)
{
	struct ed25519_key own = key_of('a', KIND_MEMBER);
	struct ed25519_key other = key_of('b', KIND_MEMBER);
	struct group_info info;
	struct error err = {0};
	struct party alice;

	(void)state;
	assert_int_equal(group_of_contact(&info, NULL, &own, other.pub), 0);
	party_new(&alice, sim, &info, network_get(NETWORK_BERTY_V1), 'a', 'a');
	memcpy(alice.config.contact_pk, other.pub, 32);
	party_open_group(&alice);
	expect_admins(&alice, "ab");
	assert_int_equal(grant(&alice, 'b', &err), -ERR_ORBIT_DB_APPEND);
	assert_int_equal(err.code[err.n - 1], ERR_GROUP_INVALID_TYPE);
	party_free(&alice);
}

/* --- a store of before ---------------------------------------------------- */

static void
what_an_earlier_version_kept_is_folded_when_it_is_opened(void ** state)
{
	struct party reader;
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 1, 'a', 'a');
	add_device(&s, 1, 'b', 'b');
	add_creator_member(&s, 2, 'a');
	add_grant(&s, 3, 'a', 'b');
	add_grant(&s, 4, 'b', 'c');
	open_reader(&reader, &s);
	hear_all(&reader, &s);
	/* Such a store has none of these rows. */
	assert_int_equal(store_begin(reader.store), 0);
	assert_int_equal(role_rows_clear(reader.group), 0);
	assert_int_equal(store_delete(reader.store, STORE_ROLE,
	    reader.group->todo, slice_text("creator")), 0);
	assert_int_equal(store_delete(reader.store, STORE_ROLE,
	    reader.group->todo, slice_text("folded")), 0);
	assert_int_equal(store_commit(reader.store, NULL), 0);
	expect_admins(&reader, "");
	party_reopen(&reader);
	expect_admins(&reader, "abc");
	assert_int_equal(since(&reader, 'c'), 4);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

/* --- strangers' devices --------------------------------------------------- */

static void
events_of_a_device_nobody_announced_are_held_until_somebody_does(void ** state)
{
	struct party reader;
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_note(&s, 2, 'b');
	add_note(&s, 3, 'b');
	add_device(&s, 1, 'b', 'b');
	open_reader(&reader, &s);
	hear(&reader, &s, 1);
	hear(&reader, &s, 0);
	assert_int_equal(listed(&reader), 0);
	assert_false(group_has_reaction(reader.group));
	party_reopen(&reader);
	hear(&reader, &s, 2);
	assert_int_equal(listed(&reader), 1);
	/* They come as an answer, also after a stop, in causal order. */
	party_reopen(&reader);
	assert_true(group_has_reaction(reader.group));
	(void)party_react(&reader);
	expect_events(&reader, (const unsigned[]){1, 1001, 1001, 0});
	party_reopen(&reader);
	assert_false(group_has_reaction(reader.group));
	assert_int_equal(listed(&reader), 3);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

static void
messages_of_a_device_nobody_announced_wait_for_it(void ** state)
{
	struct party bob, reader;
	struct log_item item;
	struct script s;

	(void)state;
	script_begin(&s, NETWORK_BERTY_V1);
	open_scribe(&s);
	add_device(&s, 9, 'b', 'b');
	open_reader(&reader, &s);
	party_activate(&reader);
	party_new(&bob, sim, &s.info, s.network, 'b', 'b');
	party_open_group(&bob);
	/* Bob gives his key to the member that he knows, but hides himself:
	 * only that one event of his goes over. */
	carry_metadata(&bob, &reader);
	party_activate(&bob);
	(void)party_say(&bob, "psst");
	assert_int_equal(log_at_join(group_metadata_log(bob.group), 3, &item),
	    0);
	assert_int_equal(store_begin(reader.store), 0);
	assert_int_equal(log_receive(group_metadata_log(reader.group),
	    &item.cid, buffer_all(&item.block)), 0);
	assert_true(log_settle(group_metadata_log(reader.group), 10) >= 0);
	assert_int_equal(store_commit(reader.store, NULL), 0);
	log_item_free(&item);
	carry_messages(&reader, &bob);
	(void)party_react(&reader);
	assert_int_equal(messages_of(&reader), 0);
	hear(&reader, &s, 0);
	(void)party_react(&reader);
	assert_int_equal(messages_of(&reader), 1);
	expect_message(&reader, 1, "psst");
	party_free(&bob);
	party_free(&reader);
	script_free(&s);
	party_free(&scribe);
}

/* --- events in groups where they do not belong ---------------------------- */

static void
expect_refused(struct party * p, const unsigned * types)
{
	struct ed25519_key device = key_of('r', KIND_DEVICE);
	const uint8_t random[24] = {7};
	struct buffer payload = {0}, envelope = {0};
	uint64_t n;
	size_t i;

	wire_put_bytes(&payload, 1, slice_of(device.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(device.pub, 32));
	for (i = 0; types[i] != 0; i++) {
		n = listed(p);
		buffer_clear(&envelope);
		metadata_seal(&envelope, group_info_of(p->group), types[i],
		    buffer_all(&payload), &device, random, NULL, 0);
		(void)party_forge(p, group_metadata_log(p->group),
		    buffer_all(&envelope));
		assert_int_equal(listed(p), n);
		assert_int_equal(bad_of(p), i + 1);
		/* Nor do we write it. */
		assert_int_equal(store_begin(p->store), 0);
		assert_int_equal(group_write_event(p->group, types[i],
		    buffer_all(&payload), NULL, NULL, NULL),
		    -ERR_GROUP_INVALID_TYPE);
		store_rollback(p->store);
		group_forget(p->group);
	}
	buffer_free(&envelope);
	buffer_free(&payload);
}

static void
misplaced_events_are_refused(void ** state)
{
	static const unsigned in_members[] = {101, 102, 103, 104, 105, 106, 107,
	    108, 109, 110, 111, 112, 201, 401, 402, 0};
	static const unsigned in_contact[] = {101, 103, 301, 303, 401, 0};
	struct ed25519_key own = key_of('r', KIND_MEMBER);
	struct ed25519_key other = key_of('b', KIND_MEMBER);
	struct group_info info = members_group('g');
	struct party p;

	(void)state;
	party_new(&p, sim, &info, network_get(NETWORK_BERTY_V1), 'r', 'r');
	party_open_group(&p);
	party_activate(&p);
	expect_refused(&p, in_members);
	party_free(&p);
	assert_int_equal(group_of_contact(&info, NULL, &own, other.pub), 0);
	party_new(&p, sim, &info, network_get(NETWORK_BERTY_V1), 'r', 'r');
	memcpy(p.config.contact_pk, other.pub, 32);
	party_open_group(&p);
	party_activate(&p);
	expect_refused(&p, in_contact);
	party_free(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_made_the_group_is_its_administrator),
	    TEST(nobody_but_the_group_key_says_who_made_the_group),
	    TEST(the_first_creator_counts_and_no_other),
	    TEST(the_toolkit_names_the_creators_device),
	    TEST(on_the_toolkits_networks_a_member_is_taken_for_one_too),
	    TEST(elsewhere_a_device_is_not_taken_for_its_member),
	    TEST(an_administrator_makes_others_so_and_they_others),
	    TEST(grants_of_others_are_ignored),
	    TEST(a_grant_before_the_granter_had_the_role_stays_void),
	    TEST(an_earlier_event_that_comes_late_is_judged_at_its_place),
	    TEST(the_role_belongs_to_the_member_not_to_the_device),
	    TEST(a_device_that_turns_out_to_be_anothers_takes_its_grants_along),
	    TEST(many_grants_of_one_pair_are_thinned_alike_everywhere),
	    TEST(the_place_of_a_role_can_be_asked_for),
	    TEST(only_administrators_grant_and_only_to_members),
	    TEST(in_a_contact_group_both_administrate_and_nothing_is_granted),
	    TEST(what_an_earlier_version_kept_is_folded_when_it_is_opened),
	    TEST(events_of_a_device_nobody_announced_are_held_until_somebody_does),
	    TEST(messages_of_a_device_nobody_announced_wait_for_it),
	    TEST(misplaced_events_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
