/* Four people and who of them administrates: over a network that breaks, with
 * nodes that die, and one who takes what he was not given. */
#include "group/wire.h"
#include "support/fleet.h"

enum { SOON_MS = 300000, MOST_WRITES = 400 };

static const struct fleet_config four = {.n = 4};

/* --- what a user sees ----------------------------------------------------- */

static struct fleet_call *
ask_info(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	API(GroupInfo__Request) request = API_INIT(GROUP_INFO__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	return (fleet_ask(f, i, "GroupInfo", &request));
}

static void
member_of(struct fleet * f, size_t i, const uint8_t group_pk[32],
    uint8_t member_pk[32])
{
	struct fleet_call * call = ask_info(f, i, group_pk);
	const API(GroupInfo__Reply) * info = call->replies[0];

	sim_assert(f->sim, info->member_pk.len == 32);
	memcpy(member_pk, info->member_pk.data, 32);
	fleet_end(call);
}

/* The nodes that are administrators in the eyes of node i, a bit each. */
static unsigned
admins_seen(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct fleet_call * call = ask_info(f, i, group_pk);
	const API(GroupInfo__Reply) * info = call->replies[0];
	uint8_t member_pk[32];
	unsigned seen = 0;
	size_t m, of;

	for (of = 0; of < f->n; of++) {
		member_of(f, of, group_pk, member_pk);
		for (m = 0; m < info->n_members; m++)
			if (slice_equal(protobuf_slice(
			        info->members[m]->member_pk),
			        slice_of(member_pk, 32)) &&
			    info->members[m]->is_admin)
				seen |= 1U << of;
	}
	fleet_end(call);
	return (seen);
}

struct admins_wait {
	struct fleet * f;
	const uint8_t * group_pk;
	unsigned wanted;
};

static bool
all_see(void * user)
{
	struct admins_wait * w = user;
	size_t i;

	for (i = 0; i < w->f->n; i++)
		if (admins_seen(w->f, i, w->group_pk) != w->wanted)
			return (false);
	return (true);
}

/* Everybody comes to see these, and only these. */
static void
expect_admins(struct fleet * f, const uint8_t group_pk[32], unsigned wanted)
{
	struct admins_wait w = {f, group_pk, wanted};

	sim_assert(f->sim, fleet_wait_equal(f, group_pk, SOON_MS));
	/* Equal logs, but the last entries may still be on their way to disk. */
	sim_run_for(f->sim, 1000);
	sim_assert(f->sim, all_see(&w));
}

static struct fleet_call *
begin_grant(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const uint8_t member_pk[32])
{
	API(MultiMemberGroupAdminRoleGrant__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_ADMIN_ROLE_GRANT__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	request.member_pk = protobuf_bytes(slice_of(member_pk, 32));
	return (fleet_begin(f, i, "MultiMemberGroupAdminRoleGrant", &request));
}

/* Code 0: it is done; else the last code of the chain. */
static void
grant(struct fleet * f, size_t i, const uint8_t group_pk[32], size_t to,
    int code)
{
	struct fleet_call * call;
	uint8_t member_pk[32];

	member_of(f, to, group_pk, member_pk);
	call = begin_grant(f, i, group_pk, member_pk);
	sim_assert(f->sim, fleet_wait(f, i, call) == (code == 0));
	if (code != 0) {
		sim_assert(f->sim, call->err.code[0] == ERR_ORBIT_DB_APPEND);
		sim_assert(f->sim, call->err.code[call->err.n - 1] == code);
	}
	fleet_end(call);
}

/* --- granting ------------------------------------------------------------- */

static void
the_role_goes_from_one_to_the_next_and_to_nobody_else(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 500, &four);
	fleet_gather(&f, group_pk);
	expect_admins(&f, group_pk, 1);
	grant(&f, 1, group_pk, 2, ERR_INVALID_INPUT);
	grant(&f, 0, group_pk, 1, 0);
	expect_admins(&f, group_pk, 3);
	grant(&f, 1, group_pk, 2, 0);
	expect_admins(&f, group_pk, 7);
	/* Once more says nothing new. */
	grant(&f, 0, group_pk, 2, 0);
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, fleet_events(&f, 3, group_pk,
	    EVENT_ADMIN_ROLE_GRANTED) == 2);
	fleet_stop(&f);
}

static void
grants_on_both_sides_of_a_cut_all_count(void ** state)
{
	struct world * island[2];
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 501, &four);
	fleet_gather(&f, group_pk);
	grant(&f, 0, group_pk, 1, 0);
	expect_admins(&f, group_pk, 3);
	island[0] = f.nodes[1].w;
	island[1] = f.nodes[2].w;
	sim_partition(f.sim, island, 2);
	grant(&f, 0, group_pk, 3, 0);
	grant(&f, 1, group_pk, 2, 0);
	/* It hears of that inside of the cut, and uses it. */
	sim_run_for(f.sim, 60000);
	grant(&f, 2, group_pk, 3, 0);
	sim_assert(f.sim, admins_seen(&f, 0, group_pk) == 11);
	sim_assert(f.sim, admins_seen(&f, 2, group_pk) == 15);
	sim_heal(f.sim);
	expect_admins(&f, group_pk, 15);
	fleet_stop(&f);
}

/* Who does not ask his node, but writes what he likes. */
static void
forge_grant(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const uint8_t member_pk[32])
{
	struct node * n = f->nodes[i].node;
	struct node_group * g = node_find(n, slice_of(group_pk, 32));
	struct buffer payload = {0};
	struct node_tx * tx;

	wire_put_bytes(&payload, 1,
	    slice_of(group_device_pk(node_group_of(g)), 32));
	wire_put_bytes(&payload, 2, slice_of(member_pk, 32));
	sim_assert(f->sim, node_begin(n, &tx, NULL) == 0);
	node_touch(tx, g);
	sim_assert(f->sim, group_write_event(node_group_of(g),
	    EVENT_ADMIN_ROLE_GRANTED, buffer_all(&payload), NULL, NULL,
	    NULL) == 0);
	sim_assert(f->sim, node_commit(tx, NULL, NULL, NULL) == 0);
	buffer_free(&payload);
}

static void
what_is_taken_without_being_given_counts_for_nobody(void ** state)
{
	struct fleet f;
	uint8_t group_pk[32], member_pk[32];

	(void)state;
	fleet_start(&f, 502, &four);
	fleet_gather(&f, group_pk);
	member_of(&f, 2, group_pk, member_pk);
	forge_grant(&f, 2, group_pk, member_pk);
	member_of(&f, 3, group_pk, member_pk);
	forge_grant(&f, 2, group_pk, member_pk);
	expect_admins(&f, group_pk, 1);
	/* Given later, it counts from then on: what came before stays void. */
	grant(&f, 0, group_pk, 2, 0);
	expect_admins(&f, group_pk, 5);
	forge_grant(&f, 2, group_pk, member_pk);
	expect_admins(&f, group_pk, 13);
	fleet_stop(&f);
}

/* --- aliases -------------------------------------------------------------- */

/* Which node does node i take the member of node `of` for? -1: nobody. */
static int
known_as(struct fleet * f, size_t i, size_t of, const uint8_t group_pk[32])
{
	struct fleet_call * call = ask_info(f, i, group_pk);
	const API(GroupInfo__Reply) * info = call->replies[0];
	uint8_t member_pk[32];
	int known = -1;
	size_t m, c;

	member_of(f, of, group_pk, member_pk);
	for (m = 0; m < info->n_members; m++)
		for (c = 0; c < f->n; c++)
			if (slice_equal(protobuf_slice(
			        info->members[m]->member_pk),
			        slice_of(member_pk, 32)) &&
			    slice_equal(protobuf_slice(
			        info->members[m]->contact_pk),
			        slice_of(f->nodes[c].account, 32)))
				known = (int)c;
	fleet_end(call);
	return (known);
}

struct known_wait {
	struct fleet * f;
	const uint8_t * group_pk;
};

static bool
second_knows_first(void * user)
{
	struct known_wait * w = user;

	return (known_as(w->f, 1, 0, w->group_pk) == 0);
}

static void
contacts_find_each_other_in_a_group_and_strangers_do_not(void ** state)
{
	API(ContactAliasKeySend__Request) send =
	    API_INIT(CONTACT_ALIAS_KEY_SEND__REQUEST);
	API(MultiMemberGroupAliasResolverDisclose__Request) disclose =
	    API_INIT(MULTI_MEMBER_GROUP_ALIAS_RESOLVER_DISCLOSE__REQUEST);
	struct fleet f;
	struct known_wait w = {&f, NULL};
	uint8_t group_pk[32], contact_group[32];

	(void)state;
	fleet_start(&f, 503, &four);
	fleet_befriend(&f, 0, 1);
	fleet_gather(&f, group_pk);
	w.group_pk = group_pk;
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, contact_group));
	disclose.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	fleet_tell(&f, 0, "MultiMemberGroupAliasResolverDisclose", &disclose);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, known_as(&f, 1, 0, group_pk) == -1);
	send.group_pk = protobuf_bytes(slice_of(contact_group, 32));
	fleet_tell(&f, 0, "ContactAliasKeySend", &send);
	sim_assert(f.sim, sim_run_until(f.sim, second_knows_first, &w,
	    SOON_MS));
	/* One way, and no others. */
	sim_assert(f.sim, known_as(&f, 0, 1, group_pk) == -1);
	sim_assert(f.sim, known_as(&f, 2, 0, group_pk) == -1);
	sim_assert(f.sim, known_as(&f, 3, 0, group_pk) == -1);
	/* Also after a stop; and what was said is not said again. */
	fleet_kill(&f, 1);
	fleet_open(&f, 1);
	sim_assert(f.sim, sim_run_until(f.sim, second_knows_first, &w,
	    SOON_MS));
	fleet_tell(&f, 0, "ContactAliasKeySend", &send);
	fleet_tell(&f, 0, "MultiMemberGroupAliasResolverDisclose", &disclose);
	sim_assert(f.sim, fleet_events(&f, 0, contact_group,
	    EVENT_CONTACT_ALIAS_KEY_ADDED) == 1);
	sim_assert(f.sim, fleet_events(&f, 0, group_pk,
	    EVENT_ALIAS_RESOLVER_ADDED) == 1);
	fleet_stop(&f);
}

/* --- crashes -------------------------------------------------------------- */

/* Node `victim` dies at its n-th write after a grant began; true if it did. */
static bool
crash_in_a_grant(size_t victim, uint64_t n, enum sim_crash left)
{
	static const struct fleet_config two = {.n = 2};
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32], member_pk[32];
	bool done, died;

	fleet_start(&f, n, &two);
	fleet_gather(&f, group_pk);
	member_of(&f, 1, group_pk, member_pk);
	sim_disk_crash_at(f.nodes[victim].w, n, left);
	call = begin_grant(&f, 0, group_pk, member_pk);
	done = fleet_wait(&f, 0, call);
	sim_run_for(f.sim, 3000);
	sim_disk_crash_at(f.nodes[victim].w, 0, left);
	if ((died = fleet_bury(&f, victim))) {
		sim_run_for(f.sim, 2000);
		fleet_open(&f, victim);
		sim_run_for(f.sim, 1000);
	}
	fleet_end(call);
	/* It is there or it is not, for both alike; again, it is there. */
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	sim_assert(f.sim, admins_seen(&f, 0, group_pk) ==
	    admins_seen(&f, 1, group_pk));
	sim_assert(f.sim, !done || admins_seen(&f, 0, group_pk) == 3);
	grant(&f, 0, group_pk, 1, 0);
	expect_admins(&f, group_pk, 3);
	sim_assert(f.sim, fleet_events(&f, 1, group_pk,
	    EVENT_ADMIN_ROLE_GRANTED) == 1);
	fleet_stop(&f);
	return (died);
}

static void
at_every_write(size_t victim)
{
	static const enum sim_crash left[] = {SIM_CRASH_NOTHING,
	    SIM_CRASH_PREFIX, SIM_CRASH_SOME};
	bool died = true;
	uint64_t n;
	size_t i;

	for (n = 1; died; n++) {
		assert_true(n < MOST_WRITES);
		for (i = 0; i < 3; i++)
			died = crash_in_a_grant(victim, n, left[i]);
	}
	/* A story that writes nothing proves nothing. */
	assert_true(n > 3);
}

static void
a_crash_at_any_write_of_who_grants(void ** state)
{
	(void)state;
	at_every_write(0);
}

static void
a_crash_at_any_write_of_who_is_granted(void ** state)
{
	(void)state;
	at_every_write(1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_role_goes_from_one_to_the_next_and_to_nobody_else),
		cmocka_unit_test(grants_on_both_sides_of_a_cut_all_count),
		cmocka_unit_test(
		    what_is_taken_without_being_given_counts_for_nobody),
		cmocka_unit_test(
		    contacts_find_each_other_in_a_group_and_strangers_do_not),
		cmocka_unit_test(a_crash_at_any_write_of_who_grants),
		cmocka_unit_test(a_crash_at_any_write_of_who_is_granted),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
