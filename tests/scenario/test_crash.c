/*
 * Power fails at every write of what a user does.  Afterwards the whole of it
 * is there or nothing, what was acknowledged is there, and life goes on.
 */
#include "support/fleet.h"

enum { SOON_MS = 300000, MOST_WRITES = 400 };

static const struct fleet_config two = {.n = 2};

/* A story in which node `victim` dies at its n-th write. */
struct trial {
	struct fleet f;
	size_t victim;
	uint64_t n;
	enum sim_crash left;
	uint8_t key[32];          /* a group's, or a contact's seed */
};

static void
plan(struct trial * t)
{
	sim_disk_crash_at(t->f.nodes[t->victim].w, t->n, t->left);
}

/* Clear the dead away and begin anew; true when there was a death. */
static bool
revive(struct trial * t)
{
	sim_disk_crash_at(t->f.nodes[t->victim].w, 0, t->left);
	if (!fleet_bury(&t->f, t->victim))
		return (false);
	sim_run_for(t->f.sim, 2000);
	fleet_open(&t->f, t->victim);
	return (true);
}

/* Tell the story for each write, until it is over before the n-th. */
static void
at_every_write(size_t victim, bool (*story)(struct trial * t))
{
	static const enum sim_crash left[] = {SIM_CRASH_NOTHING,
	    SIM_CRASH_PREFIX, SIM_CRASH_SOME};
	struct trial t = {.victim = victim};
	bool died = true;
	size_t i;

	for (t.n = 1; died; t.n++) {
		assert_true(t.n < MOST_WRITES);
		for (i = 0; i < 3; i++) {
			t.left = left[i];
			fleet_start(&t.f, t.n, &two);
			died = story(&t);
			fleet_stop(&t.f);
		}
	}
	/* A story that writes nothing proves nothing. */
	assert_true(t.n > 3);
}

/* --- a message ------------------------------------------------------------ */

static bool
send_a_message(struct trial * t)
{
	struct fleet * f = &t->f;
	struct fleet_call * call;
	bool done, died;

	fleet_gather(f, t->key);
	plan(t);
	call = fleet_begin_send(f, 0, t->key, "precious");
	done = fleet_wait(f, 0, call);
	sim_run_for(f->sim, 3000);
	died = revive(t);
	fleet_end(call);
	sim_run_for(f->sim, 1000);
	if (done)
		sim_assert(f->sim, fleet_has(f, 0, t->key, "precious"));
	sim_assert(f->sim, fleet_count(f, 0, t->key) <= 1);
	fleet_send(f, 0, t->key, "after");
	fleet_send(f, 1, t->key, "indeed");
	sim_assert(f->sim, fleet_wait_equal(f, t->key, SOON_MS));
	sim_run_for(f->sim, 1000);
	sim_assert(f->sim, fleet_has(f, 1, t->key, "after"));
	sim_assert(f->sim, fleet_has(f, 0, t->key, "indeed"));
	sim_assert(f->sim, fleet_reused_keys(f, 1, t->key) == 0);
	fleet_check_same_messages(f, t->key);
	return (died);
}

static void
a_crash_at_any_write_of_a_message(void ** state)
{
	(void)state;
	at_every_write(0, send_a_message);
}

static bool
receive_a_message(struct trial * t)
{
	struct fleet * f = &t->f;
	bool died;

	fleet_gather(f, t->key);
	plan(t);
	fleet_send(f, 0, t->key, "precious");
	fleet_send_metadata(f, 0, t->key, "too");
	sim_run_for(f->sim, 3000);
	died = revive(t);
	sim_assert(f->sim, fleet_wait_count(f, 1, t->key, 1, SOON_MS));
	fleet_send(f, 1, t->key, "thanks");
	sim_assert(f->sim, fleet_wait_equal(f, t->key, SOON_MS));
	sim_run_for(f->sim, 1000);
	fleet_check_same_messages(f, t->key);
	fleet_check_lists(f, 1, t->key, true);
	return (died);
}

static void
a_crash_at_any_write_of_receiving(void ** state)
{
	(void)state;
	at_every_write(1, receive_a_message);
}

/* --- a group -------------------------------------------------------------- */

static int
keep_group(void * user, const struct group_info * g,
    const struct network * network)
{
	(void)network;
	memcpy(user, g->pk, 32);
	return (1);
}

static bool
create_a_group(struct trial * t)
{
	API(MultiMemberGroupCreate__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	struct fleet * f = &t->f;
	struct fleet_call * call;
	bool done, died, known;

	sim_run_for(f->sim, 3000);
	plan(t);
	call = fleet_begin(f, 0, "MultiMemberGroupCreate", &request);
	done = fleet_wait(f, 0, call);
	sim_run_for(f->sim, 3000);
	died = revive(t);
	fleet_end(call);
	sim_run_for(f->sim, 1000);
	known = account_each_group(node_account(f->nodes[0].node), keep_group,
	    t->key) == 1;
	sim_assert(f->sim, known || !done);
	sim_assert(f->sim, known || fleet_events(f, 0, f->nodes[0].account,
	    EVENT_GROUP_JOINED) == 0);
	if (!known)
		fleet_create_group(f, 0, t->key);
	sim_run_for(f->sim, 1000);
	sim_assert(f->sim, fleet_is_open(f, 0, t->key));
	sim_assert(f->sim, fleet_events(f, 0, t->key,
	    EVENT_MEMBER_DEVICE_ADDED) == 1);
	sim_assert(f->sim, fleet_events(f, 0, t->key,
	    EVENT_DEVICE_CHAIN_KEY_ADDED) == 1);
	sim_assert(f->sim, fleet_events(f, 0, t->key,
	    EVENT_INITIAL_MEMBER_ANNOUNCED) == 1);
	fleet_join(f, 1, 0, t->key);
	sim_assert(f->sim, fleet_wait_devices(f, 0, t->key, 2, SOON_MS));
	sim_run_for(f->sim, 1000);
	fleet_send(f, 0, t->key, "welcome");
	sim_assert(f->sim, fleet_wait_count(f, 1, t->key, 1, SOON_MS));
	return (died);
}

static void
a_crash_at_any_write_of_a_group(void ** state)
{
	(void)state;
	at_every_write(0, create_a_group);
}

/* --- a contact request ---------------------------------------------------- */

static void
accept_if_asked(struct trial * t)
{
	struct fleet * f = &t->f;
	struct fleet_call * call;

	if (!sim_alive(f->nodes[1].w) ||
	    fleet_contact(f, 1, 0) != CONTACT_RECEIVED)
		return;
	call = fleet_begin_accept(f, 1, 0);
	(void)fleet_wait(f, 1, call);
	if (!sim_alive(f->nodes[1].w))
		(void)revive(t);
	fleet_end(call);
}

static bool
ask_a_stranger(struct trial * t)
{
	struct fleet * f = &t->f;
	struct fleet_call * call;
	uint8_t seed[32];
	bool done, died;
	unsigned i;

	fleet_enable(f, 1, seed);
	sim_run_for(f->sim, 3000);
	plan(t);
	call = fleet_begin_request(f, 0, 1, seed);
	done = fleet_wait(f, 0, call);
	sim_run_for(f->sim, 3000);
	accept_if_asked(t);
	sim_run_for(f->sim, 3000);
	died = revive(t) || f->nodes[t->victim].deaths > 0;
	fleet_end(call);
	if (fleet_contact(f, 0, 1) == CONTACT_UNDEFINED) {
		sim_assert(f->sim, !done);
		call = fleet_begin_request(f, 0, 1, seed);
		sim_assert(f->sim, fleet_wait(f, 0, call));
		fleet_end(call);
	}
	for (i = 0; i < 300 && fleet_contact(f, 1, 0) != CONTACT_ADDED; i++) {
		accept_if_asked(t);
		sim_run_for(f->sim, 1000);
	}
	sim_assert(f->sim, fleet_contact(f, 1, 0) == CONTACT_ADDED);
	sim_assert(f->sim, fleet_wait_contact(f, 0, 1, CONTACT_ADDED, SOON_MS));
	sim_assert(f->sim, fleet_contact_group(f, 0, 1, t->key));
	sim_run_for(f->sim, 1000);
	fleet_send(f, 0, t->key, "hello");
	sim_assert(f->sim, fleet_wait_count(f, 1, t->key, 1, SOON_MS));
	fleet_send(f, 1, t->key, "hello you");
	sim_assert(f->sim, fleet_wait_count(f, 0, t->key, 2, SOON_MS));
	sim_assert(f->sim, fleet_wait_equal(f, t->key, SOON_MS));
	return (died);
}

static void
a_crash_at_any_write_of_who_asks(void ** state)
{
	(void)state;
	at_every_write(0, ask_a_stranger);
}

static void
a_crash_at_any_write_of_who_is_asked(void ** state)
{
	(void)state;
	at_every_write(1, ask_a_stranger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_at_any_write_of_a_message),
		cmocka_unit_test(a_crash_at_any_write_of_receiving),
		cmocka_unit_test(a_crash_at_any_write_of_a_group),
		cmocka_unit_test(a_crash_at_any_write_of_who_asks),
		cmocka_unit_test(a_crash_at_any_write_of_who_is_asked),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
