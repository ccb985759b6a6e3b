/* References of pushes, and the tokens that devices gave a group. */
#include <time.h>

#include "group/chain_store.h"
#include "group/out_of_store.h"
#include "group/push_store.h"
#include "group/reference_search.h"
#include "group/wire.h"
#include "group_fixture.h"

/* --- references ------------------------------------------------------------ */

static void
a_series_of_references_is_what_each_alone_is(void ** state)
{
	static const uint8_t secret[32] = {1}, device[32] = {2};
	uint8_t many[70][32], one[32];
	uint64_t first = UINT64_MAX - 30;
	uint64_t i;

	(void)state;
	out_of_store_references(many, 70, secret, device, first);
	for (i = 0; i < 70; i++) {
		out_of_store_reference(one, secret, device, first + i);
		assert_memory_equal(many[i], one, 32);
	}
}

static int
search(const uint8_t reference[32], unsigned groups, unsigned devices,
    uint64_t counter, struct reference_found * found, unsigned * steps)
{
	struct reference_search * s =
	    reference_search_new(slice_of(reference, 32));
	uint8_t secret[32] = {3}, key[32] = {0};
	unsigned i, j;
	int rc;

	assert_non_null(s);
	for (i = 0; i < groups; i++) {
		secret[1] = key[0] = (uint8_t)i;
		assert_int_equal(reference_search_group(s, key, secret), 0);
		for (j = 0; j < devices; j++) {
			key[1] = (uint8_t)j;
			assert_int_equal(reference_search_chain(s, key,
			    counter), 0);
		}
		key[1] = 0;
	}
	*steps = 0;
	do
		(*steps)++;
	while ((rc = reference_search_run(s, 4096, found)) == 0);
	reference_search_free(s);
	return (rc);
}

static void
a_reference_is_found_around_where_the_chain_stands(void ** state)
{
	static const int64_t offsets[] = {1, 0, -1, 99, -100, 33, 100,
	    REFERENCE_AHEAD, -REFERENCE_BEHIND, -16};
	const uint8_t secret[32] = {3, 6}, device[32] = {6, 2};
	uint8_t reference[32];
	struct reference_found found;
	unsigned steps;
	uint64_t base = 5;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		out_of_store_reference(reference, secret, device,
		    base + (uint64_t)offsets[i]);
		assert_int_equal(search(reference, 8, 3, base, &found,
		    &steps), 1);
		assert_true(found.counter == base + (uint64_t)offsets[i]);
		assert_memory_equal(found.device_pk, device, 32);
		assert_int_equal(found.group_pk[0], 6);
	}
}

static void
a_reference_beyond_the_windows_is_not_found(void ** state)
{
	static const int64_t offsets[] = {REFERENCE_AHEAD + 1,
	    -REFERENCE_BEHIND - 1};
	const uint8_t secret[32] = {3, 6}, device[32] = {6, 2};
	uint8_t reference[32];
	struct reference_found found;
	unsigned steps;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		out_of_store_reference(reference, secret, device,
		    7 + (uint64_t)offsets[i]);
		assert_int_equal(search(reference, 8, 3, 7, &found, &steps),
		    -ERR_NOT_FOUND);
	}
	/* One that is none, and nobody to ask. */
	assert_int_equal(search(reference, 0, 0, 7, &found, &steps),
	    -ERR_NOT_FOUND);
}

static double
milliseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

static void
a_search_among_1000_chains_is_bounded_and_finds_the_next_message_first(
    void ** state)
{
	const uint8_t secret[32] = {3, 99}, device[32] = {99, 9};
	uint8_t reference[32];
	struct reference_found found;
	unsigned near, all;
	double begun = milliseconds(), between;

	(void)state;
	out_of_store_reference(reference, secret, device, 8);
	assert_int_equal(search(reference, 100, 10, 7, &found, &near), 1);
	/* 8 references of each chain at most. */
	assert_true(near <= 1 + 1000 * 8 / 4096);
	between = milliseconds();
	reference[0] ^= 1;
	assert_int_equal(search(reference, 100, 10, 7, &found, &all),
	    -ERR_NOT_FOUND);
	assert_true(all <= 2 + REFERENCE_LOOKS_MAX / 4096);
	print_message("the next message of the last of 1000 chains: %.1f ms; "
	    "nobody's: %.1f ms\n", between - begun, milliseconds() - between);
}

/* --- chains ----------------------------------------------------------------- */

static void
looking_at_a_key_moves_no_chain(void ** state)
{
	struct sim * sim = sim_new(1);
	struct group_info info = {.pk = {1}, .secret = {2},
	    .has_secret = true, .type = GROUP_MULTI_MEMBER};
	const uint8_t pk[32] = {7};
	struct chain_key chain = {.key = {4}, .counter = 10}, held, other;
	struct chain_use use;
	uint8_t key[32], expected[32];
	struct party p;
	unsigned i;

	(void)state;
	party_new(&p, sim, &info, network_get(NETWORK_BERTY), 'a', 'b');
	assert_int_equal(store_begin(p.store), 0);
	assert_int_equal(chain_store_save(p.store, 1, pk, &chain), 0);
	other = chain;
	for (i = 0; i < 300; i++)
		chain_key_step(&other, expected, info.pk);
	assert_int_equal(chain_store_peek(p.store, 1, info.pk, pk, 310, 300,
	    key), 0);
	assert_memory_equal(key, expected, 32);
	assert_int_equal(chain_store_peek(p.store, 1, info.pk, pk, 311, 300,
	    key), -ERR_NOT_FOUND);
	assert_int_equal(chain_store_load(p.store, 1, pk, &held), 0);
	assert_true(held.counter == 10);
	/* One that was passed over opens, and again; a used one does not. */
	assert_int_equal(chain_store_find(p.store, 1, info.pk, pk, 12, &use),
	    0);
	assert_int_equal(chain_store_use(p.store, 1, pk, 12, &use), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(chain_store_peek(p.store, 1, info.pk, pk, 11,
		    300, key), 0);
	assert_memory_equal(key, use.skipped[0], 32);
	assert_int_equal(chain_store_peek(p.store, 1, info.pk, pk, 12, 300,
	    key), -ERR_NOT_FOUND);
	store_rollback(p.store);
	store_close(p.store);
	secret_arena_free(p.secrets);
	sim_free(sim);
}

/* --- tokens ------------------------------------------------------------------ */

static const uint8_t device_pk[32] = {7};

static void
fold(struct store * s, uint64_t time, const char * token, size_t key_size)
{
	static const uint8_t server_key[40] = {1};
	struct metadata_event e = {.type = EVENT_PUSH_MEMBER_TOKEN_UPDATE,
	    .has_device = true};
	struct event_place place = {.time = time, .cid.n = 36};
	struct buffer server = {0}, payload = {0};

	memcpy(place.cid.bytes, "\x01\x71\x12\x20", 4);
	memcpy(e.device_pk, device_pk, 32);
	wire_put_bytes(&server, 1, slice_of(server_key, key_size));
	wire_put_bytes(&server, 2, slice_text("host:1"));
	wire_put_bytes(&payload, 1, buffer_all(&server));
	wire_put_bytes(&payload, 2, slice_text(token));
	e.payload = buffer_all(&payload);
	assert_int_equal(push_store_fold(s, 1, &e, &place), 0);
	buffer_free(&server);
	buffer_free(&payload);
}

static void
expect_token(struct store * s, const char * token)
{
	struct push_target t;

	assert_int_equal(push_store_load(s, 1, device_pk, &t), 0);
	assert_true(slice_equal(t.token, slice_text(token)));
	assert_true(slice_equal(t.service_addr, slice_text("host:1")));
	push_target_free(&t);
}

static void
the_token_that_is_newest_in_the_causal_order_stays(void ** state)
{
	struct sim * sim = sim_new(2);
	struct group_info info = {.pk = {1}, .secret = {2},
	    .has_secret = true, .type = GROUP_MULTI_MEMBER};
	struct push_target t;
	struct party p;

	(void)state;
	party_new(&p, sim, &info, network_get(NETWORK_BERTY), 'a', 'b');
	assert_int_equal(store_begin(p.store), 0);
	assert_int_equal(push_store_load(p.store, 1, device_pk, &t),
	    -ERR_NOT_FOUND);
	/* What names no relay or no token is none. */
	fold(p.store, 1, "short key", 31);
	fold(p.store, 1, "long key", 33);
	fold(p.store, 1, "", 32);
	assert_int_equal(push_store_load(p.store, 1, device_pk, &t),
	    -ERR_NOT_FOUND);
	fold(p.store, 5, "five", 32);
	fold(p.store, 3, "three, late", 32);
	expect_token(p.store, "five");
	fold(p.store, 9, "nine", 32);
	fold(p.store, 5, "five", 32);
	fold(p.store, 12, "bad", 31);
	expect_token(p.store, "nine");
	store_rollback(p.store);
	store_close(p.store);
	secret_arena_free(p.secrets);
	sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_of_references_is_what_each_alone_is),
		cmocka_unit_test(
		    a_reference_is_found_around_where_the_chain_stands),
		cmocka_unit_test(a_reference_beyond_the_windows_is_not_found),
		cmocka_unit_test(
a_search_among_1000_chains_is_bounded_and_finds_the_next_message_first),
		cmocka_unit_test(looking_at_a_key_moves_no_chain),
		cmocka_unit_test(
		    the_token_that_is_newest_in_the_causal_order_stays),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
