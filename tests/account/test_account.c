#include "account/account_fixture.h"

#include "account/contact_moves.h"

static void
assert_chain(const struct error * err, int first, int second, int third)
{
	int expected[3] = {first, second, third}, i;

	for (i = 0; i < 3 && expected[i] != 0; i++)
		assert_int_equal(err->code[i], expected[i]);
	assert_int_equal(err->n, i);
}

/* One operation on a contact in a transaction of its own. */
static int
operate(struct home * h, enum contact_operation operation, const uint8_t * pk,
    struct error * err)
{
	static const uint8_t seed[32] = {5};
	struct account * a = h->account;
	int status = 0;

	error_clear(err);
	assert_int_equal(store_begin(h->store), 0);
	switch (operation) {
	case CONTACT_ENQUEUE:
		status = account_contact_enqueue(a, pk, seed,
		    slice_text("them"), slice_text("us"), NULL, err);
		break;
	case CONTACT_SENT:
		status = account_contact_sent(a, pk, err);
		break;
	case CONTACT_INCOMING:
		status = account_contact_received(a, pk, BYTES(seed),
		    slice_text("them"), network_get(NETWORK_WESH), err);
		break;
	case CONTACT_DISCARD:
		status = account_contact_discard(a, pk, err);
		break;
	case CONTACT_ACCEPT:
		status = account_contact_accept(a, pk, err);
		break;
	case CONTACT_BLOCK:
		status = account_contact_block(a, pk, err);
		break;
	default:
		status = account_contact_unblock(a, pk, err);
	}
	if (status == 0)
		assert_int_equal(store_commit(h->store, NULL), 0);
	else {
		store_rollback(h->store);
		account_forget(h->account);
	}
	return (status);
}

static enum contact_state
state_of(struct home * h, const uint8_t * pk)
{
	struct contact c;

	if (account_contact(h->account, pk, &c) != 0)
		return (CONTACT_UNDEFINED);
	contact_free(&c);
	return (c.state);
}

/* Bring a contact into a state by what the API offers. */
static void
reach(struct home * h, enum contact_state state, const uint8_t * pk)
{
	static const enum contact_operation ways[CONTACT_STATES][3] = {
	    [CONTACT_TO_REQUEST] = {CONTACT_ENQUEUE, CONTACT_OPERATIONS},
	    [CONTACT_RECEIVED] = {CONTACT_INCOMING, CONTACT_OPERATIONS},
	    [CONTACT_ADDED] = {CONTACT_INCOMING, CONTACT_ACCEPT,
	        CONTACT_OPERATIONS},
	    [CONTACT_REMOVED] = {CONTACT_BLOCK, CONTACT_UNBLOCK,
	        CONTACT_OPERATIONS},
	    [CONTACT_DISCARDED] = {CONTACT_INCOMING, CONTACT_DISCARD,
	        CONTACT_OPERATIONS},
	    [CONTACT_BLOCKED] = {CONTACT_BLOCK, CONTACT_OPERATIONS},
	};
	struct error err = {0};
	int i;

	if (state == CONTACT_UNDEFINED)
		return;
	for (i = 0; i < 3 && ways[state][i] != CONTACT_OPERATIONS; i++)
		assert_int_equal(operate(h, ways[state][i], pk, &err), 0);
	assert_int_equal(state_of(h, pk), state);
}

#define U CONTACT_UNDEFINED
#define T CONTACT_TO_REQUEST
#define R CONTACT_RECEIVED
#define A CONTACT_ADDED
#define M CONTACT_REMOVED
#define D CONTACT_DISCARDED
#define B CONTACT_BLOCKED

/* The state after, or a negative code; columns as the states are numbered. */
static const int after[CONTACT_OPERATIONS][CONTACT_STATES] = {
	[CONTACT_ENQUEUE] = {T, T, A, -1201, T, T, -1202},
	[CONTACT_SENT] = {-1203, A, A, -1201, A, A, -1202},
	[CONTACT_INCOMING] = {R, A, -1204, -1201, R, R, -1202},
	[CONTACT_DISCARD] = {-100, -100, D, -100, -100, -100, -100},
	[CONTACT_ACCEPT] = {-100, -100, A, -100, -100, -100, -100},
	[CONTACT_BLOCK] = {B, B, B, B, B, B, -100},
	[CONTACT_UNBLOCK] = {-100, -100, -100, -100, -100, -100, M},
};

static void
check_cell(struct home * h, enum contact_operation operation,
    enum contact_state state, const uint8_t * pk)
{
	struct error err = {0};
	int expected = after[operation][state];
	int status;

	reach(h, state, pk);
	status = operate(h, operation, pk, &err);
	if (expected >= 0) {
		assert_int_equal(status, 0);
		assert_int_equal(state_of(h, pk), expected);
		return;
	}
	if (operation == CONTACT_SENT || operation == CONTACT_INCOMING)
		assert_chain(&err, -expected, 0, 0);
	else
		assert_chain(&err, ERR_ORBIT_DB_APPEND, -expected, 0);
	assert_int_equal(status, -err.code[0]);
	assert_int_equal(state_of(h, pk), state);
}

static void
every_operation_does_in_every_state_what_the_table_says(void ** state)
{
	struct ed25519_key contact;
	unsigned operation, at;
	struct home h;

	(void)state;
	home_new(&h, 1);
	for (operation = 0; operation < CONTACT_OPERATIONS; operation++)
		for (at = 0; at < CONTACT_STATES; at++) {
			contact = key_of((char)(operation * 16 + at));
			check_cell(&h, operation, at, contact.pub);
		}
	home_free(&h);
}

static void
whoever_is_known_and_not_blocked_can_be_removed(void ** state)
{
	static const int removed[CONTACT_STATES] = {-100, M, M, M, -100, M,
	    -100};
	struct ed25519_key contact;
	struct error err;
	struct home h;
	unsigned at;
	int status;

	(void)state;
	home_new(&h, 1);
	for (at = 0; at < CONTACT_STATES; at++) {
		contact = key_of((char)(at + 1));
		reach(&h, at, contact.pub);
		err = (struct error){0};
		assert_int_equal(store_begin(h.store), 0);
		status = account_contact_remove(h.account, contact.pub, &err);
		assert_int_equal(store_commit(h.store, NULL), 0);
		if (removed[at] < 0)
			assert_chain(&err, ERR_ORBIT_DB_APPEND, -removed[at],
			    0);
		else
			assert_int_equal(status, 0);
		assert_int_equal(state_of(&h, contact.pub),
		    removed[at] < 0 ? (int)at : removed[at]);
	}
	home_free(&h);
}

static void
our_own_key_is_no_contact(void ** state)
{
	const uint8_t * own;
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	own = account_keys(h.account)->account.pub;
	operate(&h, CONTACT_ENQUEUE, own, &err);
	assert_chain(&err, ERR_ORBIT_DB_APPEND,
	    ERR_CONTACT_REQUEST_SAME_ACCOUNT, 0);
	operate(&h, CONTACT_INCOMING, own, &err);
	assert_chain(&err, ERR_CONTACT_REQUEST_SAME_ACCOUNT, 0, 0);
	operate(&h, CONTACT_BLOCK, own, &err);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_INVALID_INPUT, 0);
	home_free(&h);
}

static void
what_is_no_key_is_refused(void ** state)
{
	static const uint8_t no_point[32] = {2};
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	operate(&h, CONTACT_ENQUEUE, no_point, &err);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_DESERIALIZATION, 0);
	operate(&h, CONTACT_BLOCK, no_point, &err);
	assert_chain(&err, ERR_DESERIALIZATION, 0, 0);
	home_free(&h);
}

static void
own_metadata_is_at_most_a_kibibyte(void ** state)
{
	uint8_t bytes[1025] = {0}, seed[32] = {0};
	struct ed25519_key bob = key_of('b');
	struct error err = {0};
	struct home h;

	(void)state;
	home_new(&h, 1);
	assert_int_equal(store_begin(h.store), 0);
	assert_int_equal(account_contact_enqueue(h.account, bob.pub, seed,
	    slice_text(""), BYTES(bytes), NULL, &err), -ERR_ORBIT_DB_APPEND);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_INVALID_INPUT, 0);
	assert_int_equal(account_contact_enqueue(h.account, bob.pub, seed,
	    slice_text(""), slice_of(bytes, 1024), NULL, &err), 0);
	assert_int_equal(store_commit(h.store, NULL), 0);
	home_free(&h);
}

static uint64_t
events(struct home * h)
{
	return (log_arrivals(group_metadata_log(account_group(h->account))));
}

static void
change(struct home * h, int (*f)(struct account * a, struct error * err))
{
	assert_int_equal(store_begin(h->store), 0);
	assert_int_equal(f(h->account, NULL), 0);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static void
enabling_makes_a_seed_and_nothing_is_written_twice(void ** state)
{
	uint8_t first[32], second[32];
	uint64_t n;
	struct home h;

	(void)state;
	home_new(&h, 1);
	assert_false(account_requests_enabled(h.account));
	assert_false(account_seed(h.account, first));
	change(&h, account_disable_requests);
	n = events(&h);
	change(&h, account_enable_requests);
	assert_true(account_requests_enabled(h.account));
	assert_true(account_seed(h.account, first));
	assert_int_equal(events(&h), n + 2);
	change(&h, account_enable_requests);
	assert_int_equal(events(&h), n + 2);
	change(&h, account_reset_reference);
	assert_true(account_seed(h.account, second));
	assert_memory_not_equal(first, second, 32);
	change(&h, account_disable_requests);
	change(&h, account_disable_requests);
	assert_false(account_requests_enabled(h.account));
	assert_int_equal(events(&h), n + 4);
	home_free(&h);
}

/* --- groups ------------------------------------------------------------- */

static struct group_info
invitation(uint8_t letter)
{
	uint8_t seed[32] = {letter, 1}, secret[32] = {letter, 2};
	struct ed25519_key key;
	struct group_info g;

	group_of_members(&g, &key, seed, secret);
	return (g);
}

static int
join(struct home * h, const struct group_info * g, struct error * err)
{
	int status;

	error_clear(err);
	assert_int_equal(store_begin(h->store), 0);
	status = account_join_group(h->account, g, network_get(NETWORK_WESH),
	    err);
	if (status == 0)
		assert_int_equal(store_commit(h->store, NULL), 0);
	else {
		store_rollback(h->store);
		account_forget(h->account);
	}
	return (status);
}

static int
leave(struct home * h, const uint8_t * pk, struct error * err)
{
	int status;

	error_clear(err);
	assert_int_equal(store_begin(h->store), 0);
	status = account_leave_group(h->account, pk, err);
	if (status == 0)
		assert_int_equal(store_commit(h->store, NULL), 0);
	else {
		store_rollback(h->store);
		account_forget(h->account);
	}
	return (status);
}

static int
config(struct home * h, const uint8_t * pk, struct group_config * c)
{
	int status;

	assert_int_equal(store_begin(h->store), 0);
	status = account_group_config(h->account, pk, c, NULL);
	assert_int_equal(store_commit(h->store, NULL), 0);
	return (status);
}

static void
only_signed_multi_member_groups_are_joined(void ** state)
{
	struct group_info good = invitation(1), g;
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	g = good;
	g.type = GROUP_ACCOUNT;
	assert_true(join(&h, &g, &err) < 0);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_GROUP_INVALID_TYPE, 0);
	g = good;
	g.secret_sig[3] ^= 1;
	assert_true(join(&h, &g, &err) < 0);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_DESERIALIZATION,
	    ERR_CRYPTO_SIGNATURE_VERIFICATION);
	g = good;
	g.has_link_key_sig = true;
	g.link_key_sig[3] ^= 1;
	assert_true(join(&h, &g, &err) < 0);
	assert_int_equal(err.code[err.n - 1],
	    ERR_CRYPTO_SIGNATURE_VERIFICATION);
	assert_int_equal(join(&h, &good, &err), 0);
	assert_true(join(&h, &good, &err) < 0);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_INVALID_INPUT, 0);
	home_free(&h);
}

static void
a_foreign_link_key_in_an_invitation_is_left_out(void ** state)
{
	struct group_info g = invitation(1);
	struct group_config c;
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	g.has_link_key = true;
	memset(g.link_key, 9, sizeof(g.link_key));
	g.has_sign_pub = true;
	assert_int_equal(join(&h, &g, &err), 0);
	assert_int_equal(config(&h, g.pk, &c), 0);
	assert_false(c.info.has_link_key);
	assert_false(c.info.has_sign_pub);
	home_free(&h);
}

static void
a_left_group_is_not_to_be_opened_and_may_be_joined_again(void ** state)
{
	struct group_info g = invitation(1);
	struct group_config c, again;
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	assert_true(leave(&h, g.pk, &err) < 0);
	assert_chain(&err, ERR_ORBIT_DB_APPEND, ERR_INVALID_INPUT, 0);
	assert_int_equal(config(&h, g.pk, &c), -ERR_NOT_FOUND);
	assert_int_equal(join(&h, &g, &err), 0);
	assert_int_equal(config(&h, g.pk, &c), 0);
	assert_ptr_equal(c.network, network_get(NETWORK_WESH));
	assert_int_equal(leave(&h, g.pk, &err), 0);
	assert_int_equal(config(&h, g.pk, &again), -ERR_NOT_FOUND);
	assert_int_equal(join(&h, &g, &err), 0);
	assert_int_equal(config(&h, g.pk, &again), 0);
	assert_memory_equal(c.device.pub, again.device.pub, 32);
	assert_memory_equal(c.member.pub, again.member.pub, 32);
	assert_memory_not_equal(c.device.pub,
	    account_keys(h.account)->device.pub, 32);
	home_free(&h);
}

static void
a_contact_group_is_found_by_its_id_and_by_its_contact(void ** state)
{
	struct ed25519_key bob = key_of('b');
	struct group_config by_pk, by_group;
	struct group_info g;
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	assert_int_equal(account_contact_group_config(h.account, bob.pub,
	    &by_pk, &err), -ERR_NOT_FOUND);
	assert_int_equal(operate(&h, CONTACT_INCOMING, bob.pub, &err), 0);
	assert_int_equal(account_contact_group_config(h.account, bob.pub,
	    &by_pk, &err), 0);
	assert_int_equal(group_of_contact(&g, NULL, &bob,
	    account_keys(h.account)->account.pub), 0);
	assert_memory_equal(by_pk.info.pk, g.pk, 32);
	assert_int_equal(config(&h, g.pk, &by_group), 0);
	assert_memory_equal(by_group.contact_pk, bob.pub, 32);
	assert_ptr_equal(by_group.network, network_get(NETWORK_WESH));
	home_free(&h);
}

static int
count_contact(void * user, const struct contact * c)
{
	unsigned * n = user;

	assert_ptr_equal(c->network, network_get(NETWORK_WESH));
	(*n)++;
	return (0);
}

static int
count_group(void * user, const struct group_info * g,
    const struct network * network)
{
	unsigned * n = user;

	assert_int_equal(g->type, GROUP_MULTI_MEMBER);
	assert_ptr_equal(network, network_get(NETWORK_WESH));
	(*n)++;
	return (0);
}

static void
a_reopened_account_is_as_it_was(void ** state)
{
	struct ed25519_key bob = key_of('b'), carol = key_of('c');
	struct group_info g = invitation(1), left = invitation(2);
	uint8_t pk[32], seed[32], again[32];
	unsigned contacts = 0, groups = 0;
	struct contact c;
	struct error err;
	struct home h;

	(void)state;
	home_new(&h, 1);
	memcpy(pk, account_keys(h.account)->account.pub, 32);
	change(&h, account_enable_requests);
	assert_true(account_seed(h.account, seed));
	assert_int_equal(operate(&h, CONTACT_INCOMING, bob.pub, &err), 0);
	assert_int_equal(operate(&h, CONTACT_ACCEPT, bob.pub, &err), 0);
	assert_int_equal(operate(&h, CONTACT_INCOMING, carol.pub, &err), 0);
	assert_int_equal(operate(&h, CONTACT_BLOCK, carol.pub, &err), 0);
	assert_int_equal(join(&h, &g, &err), 0);
	assert_int_equal(join(&h, &left, &err), 0);
	assert_int_equal(leave(&h, left.pk, &err), 0);
	home_reopen(&h);
	assert_memory_equal(account_keys(h.account)->account.pub, pk, 32);
	assert_true(account_requests_enabled(h.account));
	assert_true(account_seed(h.account, again));
	assert_memory_equal(seed, again, 32);
	assert_int_equal(state_of(&h, carol.pub), CONTACT_BLOCKED);
	assert_int_equal(account_contact(h.account, bob.pub, &c), 0);
	assert_int_equal(c.state, CONTACT_ADDED);
	assert_true(c.has_seed);
	assert_text(buffer_all(&c.metadata), "them");
	contact_free(&c);
	assert_int_equal(account_each_contact(h.account, count_contact,
	    &contacts), 0);
	assert_int_equal(contacts, 2);
	assert_int_equal(account_each_group(h.account, count_group, &groups),
	    0);
	assert_int_equal(groups, 1);
	home_free(&h);
}

static void
restored_keys_are_used_once_and_refused_where_there_are_some(void ** state)
{
	struct account_keys restore = {.account = key_of('x'),
	    .proof = key_of('y')};
	struct error err = {0};
	struct home h;

	(void)state;
	home_new(&h, 1);
	account_close(h.account);
	assert_int_equal(home_open_with(&h, &restore, &err),
	    -ERR_INVALID_INPUT);
	store_close(h.store);
	sim_free(h.sim);
	h.sim = sim_new(2);
	h.world = sim_node(h.sim);
	home_open_store(&h);
	restore.proof = restore.account;
	assert_int_equal(home_open_with(&h, &restore, &err),
	    -ERR_INVALID_INPUT);
	restore.proof = key_of('y');
	assert_int_equal(home_open_with(&h, &restore, &err), 0);
	assert_memory_equal(account_keys(h.account)->account.pub,
	    restore.account.pub, 32);
	assert_memory_equal(account_keys(h.account)->proof.pub,
	    restore.proof.pub, 32);
	home_free(&h);
}

static int
setup(void ** state)
{
	(void)state;
	return (crypto_setup());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_operation_does_in_every_state_what_the_table_says),
		cmocka_unit_test(whoever_is_known_and_not_blocked_can_be_removed),
		cmocka_unit_test(our_own_key_is_no_contact),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(own_metadata_is_at_most_a_kibibyte),
		cmocka_unit_test(
		    enabling_makes_a_seed_and_nothing_is_written_twice),
		cmocka_unit_test(only_signed_multi_member_groups_are_joined),
		cmocka_unit_test(
		    a_foreign_link_key_in_an_invitation_is_left_out),
		cmocka_unit_test(
		    a_left_group_is_not_to_be_opened_and_may_be_joined_again),
		cmocka_unit_test(
		    a_contact_group_is_found_by_its_id_and_by_its_contact),
		cmocka_unit_test(a_reopened_account_is_as_it_was),
		cmocka_unit_test(
		    restored_keys_are_used_once_and_refused_where_there_are_some),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
