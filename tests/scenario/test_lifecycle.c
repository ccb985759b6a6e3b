/* Groups are opened, closed, left and blocked, on good disks and bad ones. */
#include "support/fleet.h"

enum { SOON_MS = 120000 };

static const struct fleet_config two = {.n = 2};

static struct fleet_call *
begin_list(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	API(GroupMessageList__Request) request =
	    API_INIT(GROUP_MESSAGE_LIST__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	return (fleet_begin(f, i, "GroupMessageList", &request));
}

static struct fleet_call *
begin_deactivate(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	API(DeactivateGroup__Request) request =
	    API_INIT(DEACTIVATE_GROUP__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	return (fleet_begin(f, i, "DeactivateGroup", &request));
}

static void
deactivate(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct fleet_call * call = begin_deactivate(f, i, group_pk);

	fleet_must(f, i, call);
	fleet_end(call);
}

static void
activate(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	API(ActivateGroup__Request) request = API_INIT(ACTIVATE_GROUP__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	fleet_tell(f, i, "ActivateGroup", &request);
}

static void
a_deactivated_group_rests_and_comes_back(void ** state)
{
	struct fleet_call * list;
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_gather(&f, group_pk);
	list = begin_list(&f, 1, group_pk);
	deactivate(&f, 1, group_pk);
	sim_assert(f.sim, list->finished && !list->failed);
	fleet_end(list);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	fleet_send(&f, 0, group_pk, "are you there?");
	sim_run_for(f.sim, 60000);
	/* Not by itself, not even after a restart. */
	fleet_close(&f, 1);
	fleet_open(&f, 1);
	sim_run_for(f.sim, 60000);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	activate(&f, 1, group_pk);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	list = begin_list(&f, 1, group_pk);
	fleet_send(&f, 1, group_pk, "yes");
	fleet_send(&f, 0, group_pk, "good");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 3, SOON_MS));
	sim_run_for(f.sim, 100);
	sim_assert(f.sim, list->n == 3);
	fleet_end(list);
	fleet_stop(&f);
}

static void
a_left_group_stays_closed_and_can_be_joined_again(void ** state)
{
	API(MultiMemberGroupLeave__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_LEAVE__REQUEST);
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 2, &two);
	fleet_gather(&f, group_pk);
	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	fleet_tell(&f, 1, "MultiMemberGroupLeave", &request);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	fleet_kill(&f, 1);
	fleet_open(&f, 1);
	sim_run_for(f.sim, 10000);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	fleet_send(&f, 0, group_pk, "a pity");
	fleet_join(&f, 1, 0, group_pk);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_send(&f, 1, group_pk, "again here");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 2, SOON_MS));
	fleet_stop(&f);
}

/* Who joins wants it open, whatever was before. */
static void
a_group_left_while_it_rests_opens_when_it_is_joined_again(void ** state)
{
	API(MultiMemberGroupLeave__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_LEAVE__REQUEST);
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 5, &two);
	fleet_gather(&f, group_pk);
	deactivate(&f, 1, group_pk);
	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	fleet_tell(&f, 1, "MultiMemberGroupLeave", &request);
	fleet_join(&f, 1, 0, group_pk);
	fleet_send(&f, 0, group_pk, "welcome");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	fleet_stop(&f);
}

static void
a_blocked_contact_is_not_heard(void ** state)
{
	API(ContactBlock__Request) block = API_INIT(CONTACT_BLOCK__REQUEST);
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 3, &two);
	fleet_befriend(&f, 0, 1);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
	fleet_send(&f, 0, group_pk, "hello");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	block.contact_pk =
	    protobuf_bytes(slice_of(f.nodes[0].account, 32));
	fleet_tell(&f, 1, "ContactBlock", &block);
	sim_assert(f.sim, fleet_contact(&f, 1, 0) == CONTACT_BLOCKED);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	fleet_send(&f, 0, group_pk, "hello?");
	fleet_close(&f, 1);
	fleet_open(&f, 1);
	sim_run_for(f.sim, 60000);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	fleet_stop(&f);
}

static void
both_may_ask_at_once(void ** state)
{
	struct fleet_call *a, *b;
	uint8_t seeds[2][32], group_pk[32];
	struct fleet f;
	uint64_t seed;

	(void)state;
	for (seed = 10; seed < 20; seed++) {
		fleet_start(&f, seed, &two);
		fleet_enable(&f, 0, seeds[0]);
		fleet_enable(&f, 1, seeds[1]);
		a = fleet_begin_request(&f, 0, 1, seeds[1]);
		sim_run_for(f.sim, (seed - 10) * 5);
		b = fleet_begin_request(&f, 1, 0, seeds[0]);
		fleet_must(&f, 0, a);
		fleet_must(&f, 1, b);
		fleet_end(a);
		fleet_end(b);
		sim_assert(f.sim, fleet_wait_contact(&f, 0, 1, CONTACT_ADDED,
		    SOON_MS));
		sim_assert(f.sim, fleet_wait_contact(&f, 1, 0, CONTACT_ADDED,
		    SOON_MS));
		sim_run_for(f.sim, 1000);
		sim_assert(f.sim, fleet_contact_group(&f, 0, 1, group_pk));
		fleet_send(&f, 0, group_pk, "snap");
		sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1,
		    SOON_MS));
		fleet_stop(&f);
	}
}

/* Groups activated by calls only. */
static void
everything_by_hand(void ** state)
{
	static const struct fleet_config config = {.n = 3, .by_hand = true};
	struct fleet f;
	uint8_t group_pk[32], contact_pk[32];

	(void)state;
	fleet_start(&f, 4, &config);
	fleet_befriend(&f, 0, 1);
	fleet_gather(&f, group_pk);
	sim_assert(f.sim, fleet_contact_group(&f, 0, 1, contact_pk));
	fleet_send(&f, 1, contact_pk, "between us");
	fleet_send(&f, 1, group_pk, "to all");
	sim_assert(f.sim, fleet_wait_count(&f, 0, contact_pk, 1, SOON_MS));
	sim_assert(f.sim, fleet_wait_count(&f, 2, group_pk, 1, SOON_MS));
	sim_assert(f.sim, !fleet_is_open(&f, 2, contact_pk));
	fleet_close(&f, 0);
	fleet_open(&f, 0);
	sim_run_for(f.sim, 10000);
	sim_assert(f.sim, !fleet_is_open(&f, 0, group_pk));
	activate(&f, 0, group_pk);
	sim_assert(f.sim, fleet_count(&f, 0, group_pk) == 1);
	fleet_send(&f, 2, group_pk, "welcome back");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 2, SOON_MS));
	fleet_stop(&f);
}

/* --- bad disks ------------------------------------------------------------ */

/* A change that fails at its n-th write opens nothing and closes nothing. */
static void
a_change_that_fails_leaves_groups_as_they_were(void ** state)
{
	API(MultiMemberGroupCreate__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	struct fleet_call *create, *close, *list;
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t n;
	bool failed = true;

	(void)state;
	for (n = 1; failed; n++) {
		assert_true(n < 100);
		fleet_start(&f, n, &two);
		fleet_gather(&f, group_pk);
		list = begin_list(&f, 0, group_pk);
		sim_disk_fail_write(f.nodes[0].w, n);
		create = fleet_begin(&f, 0, "MultiMemberGroupCreate",
		    &request);
		close = begin_deactivate(&f, 0, group_pk);
		(void)fleet_wait(&f, 0, create);
		(void)fleet_wait(&f, 0, close);
		failed = create->failed || close->failed;
		sim_run_for(f.sim, 1000);
		sim_assert(f.sim,
		    fleet_is_open(&f, 0, group_pk) == close->failed);
		sim_assert(f.sim, list->finished != close->failed);
		fleet_end(create);
		fleet_end(close);
		fleet_end(list);
		fleet_stop(&f);
	}
	assert_true(n > 3);
}

/* A group is opened and closed again, and neither comes to be. */
static void
a_group_opened_and_closed_on_a_dying_disk_is_gone(void ** state)
{
	struct fleet_call *open, *close;
	API(ActivateGroup__Request) request = API_INIT(ACTIVATE_GROUP__REQUEST);
	struct fleet f;
	uint8_t group_pk[32];
	uint64_t n;

	(void)state;
	for (n = 1; n < 12; n++) {
		fleet_start(&f, n, &two);
		fleet_gather(&f, group_pk);
		deactivate(&f, 0, group_pk);
		sim_disk_fail_write(f.nodes[0].w, n);
		request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
		open = fleet_begin(&f, 0, "ActivateGroup", &request);
		close = begin_deactivate(&f, 0, group_pk);
		(void)fleet_wait(&f, 0, open);
		(void)fleet_wait(&f, 0, close);
		sim_run_for(f.sim, 1000);
		if (open->failed)
			sim_assert(f.sim, !fleet_is_open(&f, 0, group_pk));
		fleet_end(open);
		fleet_end(close);
		fleet_stop(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deactivated_group_rests_and_comes_back),
		cmocka_unit_test(
		    a_left_group_stays_closed_and_can_be_joined_again),
		cmocka_unit_test(
		    a_group_left_while_it_rests_opens_when_it_is_joined_again),
		cmocka_unit_test(a_blocked_contact_is_not_heard),
		cmocka_unit_test(both_may_ask_at_once),
		cmocka_unit_test(everything_by_hand),
		cmocka_unit_test(
		    a_change_that_fails_leaves_groups_as_they_were),
		cmocka_unit_test(
		    a_group_opened_and_closed_on_a_dying_disk_is_gone),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
