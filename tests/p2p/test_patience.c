#include "support/budgets.h"

#include "p2p/patience.h"

static struct peer_id
peer(unsigned i)
{
	uint8_t key[32] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
	struct peer_id id;

	peer_id_from_ed25519(&id, key);
	return (id);
}

static void
each_peer_has_its_own_and_only_so_many_are_kept(void ** state)
{
	static const struct bucket_size size = {.burst = 2, .rate = 1};
	struct peer_id first = peer(0), id;
	struct patience p;
	unsigned i;

	(void)state;
	patience_init(&p, "test.patience", &size, 1);
	for (i = 0; i < PATIENCE_PEERS; i++) {
		id = peer(i);
		assert_true(patience_has(&p, &id, 1000));
		patience_lose(&p, &id, 1000);
		patience_lose(&p, &id, 1000);
		assert_false(patience_has(&p, &id, 1000));
	}
	assert_int_equal(PATIENCE_PEERS, p.peers.n);
	assert_int_equal(PATIENCE_PEERS, p.shown.refused);
	assert_false(patience_has(&p, &first, 1000));
	/* One more, and the first is forgotten. */
	id = peer(PATIENCE_PEERS);
	patience_lose(&p, &id, 1000);
	assert_int_equal(PATIENCE_PEERS, p.peers.n);
	assert_true(patience_has(&p, &first, 1000));
	id = peer(1);
	assert_false(patience_has(&p, &id, 1999));
	assert_true(patience_has(&p, &id, 2000));
	patience_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_peer_has_its_own_and_only_so_many_are_kept),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
