/* By which network a contact or group is met. */
#include "account/account_fixture.h"

static const struct network *
net(enum network_id id)
{
	return (network_get(id));
}

static void
set(struct home * h, const uint8_t pk[32], enum network_id id, bool guess)
{
	assert_int_equal(store_begin(h->store), 0);
	assert_int_equal(account_set_network(h->account, pk, net(id), guess),
	    0);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static struct account_network
get(struct home * h, const uint8_t pk[32])
{
	struct account_network at;

	account_network(h->account, pk, &at);
	return (at);
}

static void
nothing_known_is_the_accounts_own(void ** state)
{
	struct home h;
	uint8_t pk[32] = {1};

	(void)state;
	home_new(&h, 1);
	assert_ptr_equal(get(&h, pk).network, net(NETWORK_BERTY));
	assert_false(get(&h, pk).guess);
	home_free(&h);
}

static void
a_guess_gives_way_to_what_is_known_and_not_the_reverse(void ** state)
{
	struct home h;
	uint8_t pk[32] = {1};

	(void)state;
	home_new(&h, 2);
	set(&h, pk, NETWORK_BERTY, true);
	assert_true(get(&h, pk).guess);
	set(&h, pk, NETWORK_BERTY, false);
	assert_false(get(&h, pk).guess);
	set(&h, pk, NETWORK_WESH, true);
	assert_ptr_equal(get(&h, pk).network, net(NETWORK_BERTY));
	assert_false(get(&h, pk).guess);
	home_free(&h);
}

static void
what_contradicts_itself_is_a_guess_that_remembers_where_it_was(void ** state)
{
	struct account_network at;
	struct home h;
	uint8_t pk[32] = {1};

	(void)state;
	home_new(&h, 3);
	set(&h, pk, NETWORK_BERTY, false);
	set(&h, pk, NETWORK_WESH, false);
	home_reopen(&h);
	at = get(&h, pk);
	assert_ptr_equal(at.network, net(NETWORK_WESH));
	assert_ptr_equal(at.first, net(NETWORK_BERTY));
	assert_true(at.guess);
	assert_int_equal(at.visited, 1U << NETWORK_BERTY);
	set(&h, pk, NETWORK_BERTY, true);
	at = get(&h, pk);
	assert_ptr_equal(at.network, net(NETWORK_BERTY));
	assert_int_equal(at.visited, 1U << NETWORK_WESH);
	assert_int_equal(store_begin(h.store), 0);
	assert_int_equal(account_settle_network(h.account, pk), 0);
	assert_int_equal(store_commit(h.store, NULL), 0);
	at = get(&h, pk);
	assert_false(at.guess);
	assert_int_equal(at.visited, 0);
	assert_ptr_equal(at.first, net(NETWORK_BERTY));
	home_free(&h);
}

/* As versions before wrote it: the name alone. */
static void
a_row_with_a_name_alone_is_known(void ** state)
{
	struct buffer name = {0};
	struct home h;
	uint8_t pk[32] = {1};

	(void)state;
	home_new(&h, 4);
	buffer_text(&name, "network:");
	buffer_append(&name, pk, 32);
	assert_int_equal(store_begin(h.store), 0);
	assert_int_equal(store_put(h.store, STORE_ACCOUNT,
	    group_scope(account_group(h.account)), buffer_all(&name),
	    slice_text("wesh")), 0);
	assert_int_equal(store_commit(h.store, NULL), 0);
	assert_ptr_equal(get(&h, pk).network, net(NETWORK_WESH));
	assert_ptr_equal(get(&h, pk).first, net(NETWORK_WESH));
	assert_false(get(&h, pk).guess);
	buffer_free(&name);
	home_free(&h);
}

static void
enqueue(struct home * h, const uint8_t pk[32], const struct network * network)
{
	uint8_t seed[32] = {5};
	struct slice none = slice_of(NULL, 0);

	assert_int_equal(store_begin(h->store), 0);
	assert_int_equal(account_contact_enqueue(h->account, pk, seed, none,
	    none, network, NULL), 0);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static void
a_contact_whose_network_is_not_known_may_be_in_any(void ** state)
{
	struct ed25519_key bob = key_of('b');
	struct contact c;
	struct home h;

	(void)state;
	home_new(&h, 5);
	enqueue(&h, bob.pub, NULL);
	home_reopen(&h);
	assert_int_equal(account_contact(h.account, bob.pub, &c), 0);
	assert_true(c.any_network);
	contact_free(&c);
	set(&h, bob.pub, NETWORK_WESH, true);
	assert_int_equal(account_contact(h.account, bob.pub, &c), 0);
	assert_false(c.any_network);
	assert_ptr_equal(c.network, net(NETWORK_WESH));
	contact_free(&c);
	/* Asked again without a word of the network: it stays. */
	enqueue(&h, bob.pub, NULL);
	assert_ptr_equal(get(&h, bob.pub).network, net(NETWORK_WESH));
	home_free(&h);
}

static void
a_contact_that_asked_us_is_met_where_it_asked(void ** state)
{
	struct ed25519_key bob = key_of('b');
	struct slice none = slice_of(NULL, 0);
	struct home h;

	(void)state;
	home_new(&h, 6);
	assert_int_equal(store_begin(h.store), 0);
	assert_int_equal(account_contact_received(h.account, bob.pub, none,
	    none, net(NETWORK_BERTY_V1), NULL), 0);
	assert_int_equal(store_commit(h.store, NULL), 0);
	enqueue(&h, bob.pub, net(NETWORK_BERTY));
	assert_ptr_equal(get(&h, bob.pub).network, net(NETWORK_BERTY_V1));
	assert_false(get(&h, bob.pub).guess);
	home_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_known_is_the_accounts_own),
	    cmocka_unit_test(
	        a_guess_gives_way_to_what_is_known_and_not_the_reverse),
	    cmocka_unit_test(
	        what_contradicts_itself_is_a_guess_that_remembers_where_it_was),
	    cmocka_unit_test(a_row_with_a_name_alone_is_known),
	    cmocka_unit_test(a_contact_whose_network_is_not_known_may_be_in_any),
	    cmocka_unit_test(a_contact_that_asked_us_is_met_where_it_asked),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
