/* Devices of one account, each with a log and state of its own. */
#include <stdlib.h>

#include "account/account_fixture.h"

#include "group/wire.h"

#define DEVICES 3
#define CONTACTS 4
#define GROUPS 2
#define ROUNDS 12

/* A device of the account x, on a store of its own. */
static void
device_new(struct home * h, struct sim * sim, enum network_id network)
{
	struct account_keys restore = {.account = key_of('x'),
	    .proof = key_of('y')};
	struct group_context context;

	*h = (struct home){.sim = sim, .world = sim_node(sim)};
	h->secrets = secret_arena_new();
	home_open_store(h);
	context = (struct group_context){h->world, h->store, h->secrets};
	assert_int_equal(account_open(&context, network_get(network), &restore,
	    &h->account, NULL), 0);
}

static void
device_free(struct home * h)
{
	account_close(h->account);
	store_close(h->store);
	secret_arena_free(h->secrets);
}

static struct log *
log_of(struct home * h)
{
	return (group_metadata_log(account_group(h->account)));
}

/* Write an event as another device of the account would, or as our own. */
static void
write_as(struct home * h, unsigned type, struct slice payload,
    const struct ed25519_key * signer)
{
	assert_int_equal(store_begin(h->store), 0);
	assert_int_equal(group_write_event(account_group(h->account), type,
	    payload, signer, NULL, NULL), 0);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static void
write_about(struct home * h, unsigned type, const struct ed25519_key * device,
    const uint8_t pk[32])
{
	struct buffer payload = {0};

	wire_put_bytes(&payload, 1, BYTES(device->pub));
	wire_put_bytes(&payload, 2, slice_of(pk, 32));
	write_as(h, type, buffer_all(&payload), device);
	buffer_free(&payload);
}

/* Event 1 for a device. */
static void
announce(struct home * h, const struct ed25519_key * device)
{
	const struct ed25519_key * member = &account_keys(h->account)->account;
	struct buffer payload = {0};
	uint8_t sig[64];

	ed25519_sign(sig, member, BYTES(device->pub));
	wire_put_bytes(&payload, 1, BYTES(member->pub));
	wire_put_bytes(&payload, 2, BYTES(device->pub));
	wire_put_bytes(&payload, 3, BYTES(sig));
	write_as(h, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload), device);
	buffer_free(&payload);
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

static void
what_a_device_says_counts_once_it_is_announced(void ** state)
{
	struct ed25519_key other = key_of('o'), bob = key_of('b');
	struct ed25519_key carol = key_of('c');
	struct sim * sim = sim_new(1);
	struct home h;

	(void)state;
	device_new(&h, sim, NETWORK_BERTY);
	write_about(&h, EVENT_CONTACT_BLOCKED, &other, bob.pub);
	write_about(&h, EVENT_CONTACT_BLOCKED, &other, carol.pub);
	/* Ours is later than what the other said, whenever that counts. */
	write_about(&h, EVENT_CONTACT_UNBLOCKED,
	    &account_keys(h.account)->device, carol.pub);
	assert_int_equal(state_of(&h, bob.pub), CONTACT_UNDEFINED);
	assert_int_equal(state_of(&h, carol.pub), CONTACT_REMOVED);
	home_reopen(&h);
	announce(&h, &other);
	assert_int_equal(state_of(&h, bob.pub), CONTACT_BLOCKED);
	assert_int_equal(state_of(&h, carol.pub), CONTACT_REMOVED);
	write_about(&h, EVENT_CONTACT_BLOCKED, &other, carol.pub);
	assert_int_equal(state_of(&h, carol.pub), CONTACT_BLOCKED);
	device_free(&h);
	sim_free(sim);
}

/* --- the log goes from one to the other --- */

static void
hear(struct home * to, const struct log_item * item)
{
	assert_int_equal(entry_check(log_identity_of(log_of(to)),
	    log_address_of(log_of(to)), &item->cid, buffer_all(&item->block)),
	    0);
	assert_true(log_receive(log_of(to), &item->cid,
	    buffer_all(&item->block)) >= 0);
}

/* All entries of one, in any order, settled now and then. */
static void
carry(struct home * to, struct home * from, uint64_t * dice)
{
	struct log_status status;
	struct log_item items[512];
	size_t i, j;

	log_status(log_of(from), &status);
	assert_true(status.joined <= 512);
	for (i = 0; i < status.joined; i++)
		assert_int_equal(log_at_join(log_of(from), i + 1, &items[i]),
		    0);
	assert_int_equal(store_begin(to->store), 0);
	for (i = (size_t)status.joined; i > 0; i--) {
		*dice = *dice * 6364136223846793005U + 1442695040888963407U;
		j = (size_t)(*dice >> 33) % i;
		hear(to, &items[j]);
		log_item_free(&items[j]);
		items[j] = items[i - 1];
		if (*dice >> 60 == 0)
			assert_true(log_settle(log_of(to), 3) >= 0);
	}
	do
		assert_true(log_settle(log_of(to), 1000) >= 0);
	while (log_ready(log_of(to)));
	assert_int_equal(store_commit(to->store, NULL), 0);
}

/* --- what every network's events do --- */

/* Others than those of the account's own state. */
static const unsigned others[] = {401, 402, 403, 404, 405, 406, 500, 1001};

/* Those of other groups: they are not even written here. */
static const unsigned misplaced[] = {201, 301, 302, 303};

static unsigned
listed(struct home * h, unsigned type)
{
	struct group * g = account_group(h->account);
	struct group_event e;
	uint64_t i, n = log_arrivals(log_of(h));
	unsigned found = 0;

	for (i = 1; i <= n; i++) {
		assert_int_equal(group_event_at(g, i, &e), 0);
		found += e.event.type == type;
		group_event_free(&e);
	}
	return (found);
}

static unsigned
device_field(unsigned type)
{
	switch (type) {
	case EVENT_PUSH_MEMBER_TOKEN_UPDATE:
		return (3);
	case EVENT_PUSH_DEVICE_TOKEN_REGISTERED:
	case EVENT_PUSH_DEVICE_SERVER_REGISTERED:
		return (2);
	default:
		return (1);
	}
}

static void
write_others(struct home * h, const struct network * network)
{
	const struct account_keys * keys = account_keys(h->account);
	struct buffer payload = {0};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (event_rule(others[i], network) == NULL)
			continue;
		buffer_clear(&payload);
		wire_put_bytes(&payload, device_field(others[i]),
		    BYTES(keys->device.pub));
		write_as(h, others[i], buffer_all(&payload), NULL);
	}
	for (i = 0; i < sizeof(misplaced) / sizeof(misplaced[0]); i++) {
		assert_int_equal(store_begin(h->store), 0);
		assert_int_equal(group_write_event(account_group(h->account),
		    misplaced[i], buffer_all(&payload), NULL, NULL, NULL),
		    -ERR_GROUP_INVALID_TYPE);
		store_rollback(h->store);
		group_forget(account_group(h->account));
	}
	buffer_free(&payload);
}

static void
check_others(enum network_id id)
{
	const struct network * network = network_get(id);
	struct sim * sim = sim_new(1);
	struct group_counts counts;
	struct home a, b;
	uint64_t dice = 1;
	size_t i;

	device_new(&a, sim, id);
	device_new(&b, sim, id);
	write_others(&a, network);
	carry(&b, &a, &dice);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		unsigned known = event_rule(others[i], network) != NULL;

		assert_int_equal(listed(&a, others[i]), known);
		assert_int_equal(listed(&b, others[i]), known);
	}
	group_counts(account_group(b.account), &counts);
	assert_int_equal(counts.bad_events, 0);
	assert_false(account_requests_enabled(b.account));
	device_free(&a);
	device_free(&b);
	sim_free(sim);
}

static void
events_that_are_not_the_accounts_are_listed_and_change_nothing(void ** state)
{
	(void)state;
	check_others(NETWORK_BERTY_V1);
	check_others(NETWORK_BERTY);
	check_others(NETWORK_WESH);
}

/* --- equality --- */

struct bench {
	struct sim * sim;
	struct home homes[DEVICES];
	struct ed25519_key contacts[CONTACTS];
	struct group_info groups[GROUPS];
	uint64_t dice;
};

static unsigned
roll(struct bench * b, unsigned n)
{
	b->dice = b->dice * 6364136223846793005U + 1442695040888963407U;
	return ((unsigned)(b->dice >> 33) % n);
}

/* What a user may do; many a thing is refused, as it should be. */
static int
act(struct bench * b, struct account * a)
{
	const uint8_t * pk = b->contacts[roll(b, CONTACTS)].pub;
	const struct group_info * g = &b->groups[roll(b, GROUPS)];
	const uint8_t seed[32] = {(uint8_t)roll(b, 250)};
	char text[2] = {(char)('a' + roll(b, 26)), '\0'};

	switch (roll(b, 12)) {
	case 0:
	case 1:
		return (account_contact_enqueue(a, pk, seed, slice_text(text),
		    slice_text(text), NULL, NULL));
	case 2:
		return (account_contact_sent(a, pk, NULL));
	case 3:
		return (account_contact_received(a, pk, BYTES(seed),
		    slice_text(text), NULL, NULL));
	case 4:
		return (account_contact_accept(a, pk, NULL));
	case 5:
		return (account_contact_discard(a, pk, NULL));
	case 6:
		return (account_contact_block(a, pk, NULL));
	case 7:
		return (account_contact_unblock(a, pk, NULL));
	case 8:
		return (account_enable_requests(a, NULL));
	case 9:
		return (roll(b, 2) == 0 ? account_disable_requests(a, NULL)
		                        : account_reset_reference(a, NULL));
	case 10:
		return (account_join_group(a, g, NULL, NULL));
	default:
		return (account_leave_group(a, g->pk, NULL));
	}
}

static void
act_once(struct bench * b, struct home * h)
{
	assert_int_equal(store_begin(h->store), 0);
	if (act(b, h->account) == 0)
		assert_int_equal(store_commit(h->store, NULL), 0);
	else {
		store_rollback(h->store);
		account_forget(h->account);
	}
}

static int
write_group(void * user, const struct group_info * g,
    const struct network * network)
{
	uint8_t * joined = user;

	(void)network;
	joined[g->secret[0]] = 1;
	return (0);
}

/* The whole state as bytes. */
static void
dump(struct bench * b, struct account * a, struct buffer * out)
{
	uint8_t seed[32] = {0}, joined[GROUPS] = {0};
	struct contact c;
	unsigned i;

	buffer_byte(out, account_requests_enabled(a));
	buffer_byte(out, account_seed(a, seed));
	buffer_append(out, seed, 32);
	for (i = 0; i < CONTACTS; i++) {
		if (account_contact(a, b->contacts[i].pub, &c) != 0) {
			buffer_byte(out, 0);
			continue;
		}
		buffer_byte(out, (uint8_t)c.state);
		buffer_append(out, c.seed, c.has_seed ? 32 : 0);
		buffer_byte(out, (uint8_t)c.metadata.n);
		buffer_slice(out, buffer_all(&c.metadata));
		buffer_byte(out, (uint8_t)c.own_metadata.n);
		buffer_slice(out, buffer_all(&c.own_metadata));
		contact_free(&c);
	}
	assert_int_equal(account_each_group(a, write_group, joined), 0);
	buffer_append(out, joined, sizeof(joined));
}

static void
check_equal(struct bench * b)
{
	struct buffer first = {0}, other = {0};
	unsigned i;

	dump(b, b->homes[0].account, &first);
	for (i = 1; i < DEVICES; i++) {
		buffer_clear(&other);
		dump(b, b->homes[i].account, &other);
		assert_int_equal(first.n, other.n);
		assert_memory_equal(first.p, other.p, first.n);
	}
	buffer_free(&first);
	buffer_free(&other);
}

static void
bench_new(struct bench * b)
{
	uint8_t seed[32] = {3}, secret[32] = {0};
	struct ed25519_key key;
	unsigned i;

	*b = (struct bench){.dice = sim_seed_wanted(1)};
	b->sim = sim_new(b->dice);
	for (i = 0; i < DEVICES; i++)
		device_new(&b->homes[i], b->sim, NETWORK_BERTY);
	for (i = 0; i < CONTACTS; i++)
		b->contacts[i] = key_of((char)('a' + i));
	for (i = 0; i < GROUPS; i++) {
		seed[1] = secret[0] = (uint8_t)i;
		group_of_members(&b->groups[i], &key, seed, secret);
	}
}

/* All hear all, each in an order of its own. */
static void
meet(struct bench * b)
{
	unsigned i, j, from;

	for (i = 0; i < DEVICES; i++) {
		from = roll(b, DEVICES);
		for (j = 0; j < DEVICES; j++, from++)
			if (from % DEVICES != i)
				carry(&b->homes[i],
				    &b->homes[from % DEVICES], &b->dice);
	}
	/* The first ones have heard of what the last ones had. */
	for (i = 0; i < DEVICES; i++)
		for (j = 0; j < DEVICES; j++)
			if (i != j)
				carry(&b->homes[i], &b->homes[j], &b->dice);
}

static void
devices_that_heard_the_same_are_equal_whatever_the_order(void ** state)
{
	struct bench b;
	unsigned round, i, n;

	(void)state;
	bench_new(&b);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < DEVICES; i++)
			for (n = roll(&b, 8); n > 0; n--)
				act_once(&b, &b.homes[i]);
		/* Some rounds two talk, and the third learns it later. */
		if (roll(&b, 3) == 0)
			carry(&b.homes[0], &b.homes[1], &b.dice);
		else {
			meet(&b);
			check_equal(&b);
		}
	}
	meet(&b);
	check_equal(&b);
	home_reopen(&b.homes[1]);
	check_equal(&b);
	for (i = 0; i < DEVICES; i++)
		device_free(&b.homes[i]);
	sim_free(b.sim);
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
		    what_a_device_says_counts_once_it_is_announced),
		cmocka_unit_test(
		    events_that_are_not_the_accounts_are_listed_and_change_nothing),
		cmocka_unit_test(
		    devices_that_heard_the_same_are_equal_whatever_the_order),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
