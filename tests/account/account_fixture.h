/* account_fixture.h: an account on a simulated node, for tests. */
#ifndef BERTY_TESTS_ACCOUNT_FIXTURE_H
#define BERTY_TESTS_ACCOUNT_FIXTURE_H

#include "support/bytes.h"

#include "account/account.h"
#include "world/sim/sim.h"

struct home {
	struct sim * sim;
	struct world * world;
	struct store * store;
	struct secret_arena * secrets;
	struct account * account;
};

static inline void
home_open_store(struct home * h)
{
	static const uint8_t key[32] = {7};
	struct store_config config = {.path = "store",
	    .vfs = sim_disk(h->world), .key = key};

	assert_int_equal(store_open(h->world, &config, &h->store, NULL), 0);
}

static inline int
home_open_with(struct home * h, const struct account_keys * restore,
    struct error * err)
{
	struct group_context context = {h->world, h->store, h->secrets};

	return (account_open(&context, network_get(NETWORK_BERTY), restore,
	    &h->account, err));
}

static inline void
home_new(struct home * h, uint64_t seed)
{
	*h = (struct home){.sim = sim_new(seed)};
	h->world = sim_node(h->sim);
	h->secrets = secret_arena_new();
	home_open_store(h);
	assert_int_equal(home_open_with(h, NULL, NULL), 0);
}

static inline void
home_reopen(struct home * h)
{
	account_close(h->account);
	store_close(h->store);
	home_open_store(h);
	assert_int_equal(home_open_with(h, NULL, NULL), 0);
}

static inline void
home_free(struct home * h)
{
	account_close(h->account);
	store_close(h->store);
	secret_arena_free(h->secrets);
	sim_free(h->sim);
}

/* A key from a letter. */
static inline struct ed25519_key
key_of(char letter)
{
	const uint8_t seed[32] = {(uint8_t)letter, 99};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	return (key);
}

#endif /* !BERTY_TESTS_ACCOUNT_FIXTURE_H */
