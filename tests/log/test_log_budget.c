/* How much may wait for parents that did not come. */
#include "log/log_fixture.h"

/* A signed entry whose parent is nowhere; its block's size. */
static size_t
receive_orphan(struct place * p, unsigned n, const struct cid * parent,
    struct cid * made)
{
	struct buffer block = {0};
	struct cid nowhere;
	char text[16];
	size_t size;

	(void)snprintf(text, sizeof(text), "nowhere %05u", n);
	cid_of(&nowhere, CID_DAG_CBOR, slice_text(text));
	assert_int_equal(entry_make(&block, made, &p->identity,
	    buffer_all(&p->address), 1000 + n,
	    parent == NULL ? &nowhere : parent, 1, NULL, 0,
	    slice_text("{\"op\":\"ADD\"}")), 0);
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(log_receive(p->log, made, buffer_all(&block)), 0);
	assert_true(log_settle(p->log, 100) >= 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
	size = block.n;
	buffer_free(&block);
	return (size);
}

static struct log_status
status_of(struct place * p)
{
	struct log_status s;

	log_status(p->log, &s);
	return (s);
}

static void
as_many_wait_as_the_budget_allows_and_the_oldest_goes_for_one_more(
    void ** state)
{
	struct sim * sim = sim_new(1);
	struct cid cids[4];
	struct place p;
	unsigned i;

	(void)state;
	place_new(&p, sim, 'a');
	log_budget(p.log, 3, LOG_WAITING_BYTES_MAX);
	for (i = 0; i < 3; i++)
		(void)receive_orphan(&p, i, NULL, &cids[i]);
	for (i = 0; i < 3; i++)
		assert_true(log_has(p.log, &cids[i]));
	assert_int_equal(status_of(&p).waiting, 3);
	assert_int_equal(status_of(&p).evicted, 0);
	(void)receive_orphan(&p, 3, NULL, &cids[3]);
	assert_int_equal(status_of(&p).waiting, 3);
	assert_int_equal(status_of(&p).evicted, 1);
	assert_int_equal(status_of(&p).refused, 0);
	assert_false(log_has(p.log, &cids[0]));
	for (i = 1; i < 4; i++)
		assert_true(log_has(p.log, &cids[i]));
	place_free(&p);
	sim_free(sim);
}

static void
bytes_that_wait_are_bounded_across_reopening(void ** state)
{
	struct sim * sim = sim_new(2);
	struct cid first, cid;
	struct place p;
	size_t size;

	(void)state;
	place_new(&p, sim, 'a');
	size = receive_orphan(&p, 0, NULL, &first);
	assert_int_equal(status_of(&p).waiting_bytes, size);
	place_reopen(&p);
	assert_int_equal(status_of(&p).waiting_bytes, size);
	log_budget(p.log, 100, 2 * size);
	assert_int_equal(receive_orphan(&p, 1, NULL, &cid), size);
	assert_true(log_has(p.log, &first) && log_has(p.log, &cid));
	log_budget(p.log, 100, 3 * size - 1);
	(void)receive_orphan(&p, 2, NULL, &cid);
	assert_true(log_has(p.log, &cid));
	assert_false(log_has(p.log, &first));
	assert_int_equal(status_of(&p).waiting_bytes, 2 * size);
	log_budget(p.log, 100, 3 * size);
	(void)receive_orphan(&p, 3, NULL, &cid);
	assert_true(log_has(p.log, &cid));
	assert_int_equal(status_of(&p).waiting_bytes, 3 * size);
	/* One that is larger than all that may wait does not empty it. */
	log_budget(p.log, 100, size - 1);
	(void)receive_orphan(&p, 4, NULL, &cid);
	assert_false(log_has(p.log, &cid));
	assert_int_equal(status_of(&p).refused, 1);
	assert_int_equal(status_of(&p).waiting, 3);
	place_free(&p);
	sim_free(sim);
}

/* A history longer than the budget, newest first, ends joined all the same. */
static void
what_others_wait_for_is_taken_over_the_budget(void ** state)
{
	struct sim * sim = sim_new(3);
	struct cid cids[20], cid;
	struct place a, b;
	unsigned i;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	for (i = 0; i < 20; i++)
		cids[i] = place_append(&a, "x");
	log_budget(b.log, 4, LOG_WAITING_BYTES_MAX);
	for (i = 20; i-- > 0;)
		place_receive(&b, &a, &cids[i]);
	assert_int_equal(status_of(&b).joined, 20);
	assert_int_equal(status_of(&b).waiting, 0);
	assert_int_equal(status_of(&b).waiting_bytes, 0);
	/* What joined made room. */
	for (i = 0; i < 4; i++)
		(void)receive_orphan(&b, i, NULL, &cid);
	assert_true(log_has(b.log, &cid));
	assert_int_equal(status_of(&b).refused, 0);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* Of one batch, what has no room goes, and the rest is joined. */
static void
what_can_be_joined_is_never_refused(void ** state)
{
	struct sim * sim = sim_new(4);
	struct cid first, second, orphan;
	struct place a, b;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	first = place_append(&a, "x");
	second = place_append(&a, "y");
	log_budget(b.log, 0, 0);
	(void)receive_orphan(&b, 0, NULL, &orphan);
	assert_false(log_has(b.log, &orphan));
	assert_int_equal(store_begin(b.store), 0);
	assert_int_equal(place_copy(&b, &a, &second), 0);
	assert_int_equal(place_copy(&b, &a, &first), 0);
	/* One now, the other in the next transaction. */
	assert_int_equal(log_settle(b.log, 1), 1);
	assert_int_equal(store_commit(b.store, NULL), 0);
	place_settle(&b);
	assert_int_equal(status_of(&b).joined, 2);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* A liar has filled the log for good: who comes later still catches up. */
static void
orphans_do_not_keep_others_from_catching_up(void ** state)
{
	struct sim * sim = sim_new(10);
	struct cid cids[10], cid;
	struct place a, b;
	unsigned i;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	for (i = 0; i < 10; i++)
		cids[i] = place_append(&a, "x");
	log_budget(b.log, 20, LOG_WAITING_BYTES_MAX);
	for (i = 0; i < 50; i++)
		(void)receive_orphan(&b, i, NULL, &cid);
	assert_int_equal(status_of(&b).waiting, 20);
	for (i = 10; i-- > 0;) {
		place_receive(&b, &a, &cids[i]);
		(void)receive_orphan(&b, 100 + i, NULL, &cid);
	}
	assert_int_equal(status_of(&b).joined, 10);
	assert_true(status_of(&b).waiting <= 20);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* --- chains that never end -------------------------------------------------- */

/* The n-th link from the end of a chain: its parent is the next one. */
static void
make_link(struct place * p, struct cid * cid, struct buffer * block,
    const struct cid * parent, unsigned time)
{
	buffer_clear(block);
	assert_int_equal(entry_make(block, cid, &p->identity,
	    buffer_all(&p->address), time, parent, 1, NULL, 0,
	    slice_text("{\"op\":\"ADD\"}")), 0);
}

/* A chain without a beginning, given from its end on. */
struct chain {
	unsigned n;
	struct cid * cids;
	struct buffer * blocks;
};

static void
chain_new(struct chain * c, struct place * p, unsigned n)
{
	struct cid nowhere;
	unsigned i;

	*c = (struct chain){n, calloc(n, sizeof(*c->cids)),
	    calloc(n, sizeof(*c->blocks))};
	cid_of(&nowhere, CID_DAG_CBOR, slice_text("no beginning"));
	for (i = 0; i < n; i++)
		make_link(p, &c->cids[i], &c->blocks[i],
		    i == 0 ? &nowhere : &c->cids[i - 1], 100 + i);
}

static void
chain_free(struct chain * c)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		buffer_free(&c->blocks[i]);
	free(c->blocks);
	free(c->cids);
}

static void
chain_give(struct chain * c, struct place * p, unsigned i)
{
	assert_int_equal(store_begin(p->store), 0);
	assert_int_equal(log_receive(p->log, &c->cids[i],
	    buffer_all(&c->blocks[i])), 0);
	assert_true(log_settle(p->log, 100) >= 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

static int
count_missing(void * user, const struct cid * cid)
{
	(void)cid;
	++*(unsigned *)user;
	return (0);
}

static void
a_chain_waits_up_to_its_budget_and_then_its_end_goes(void ** state)
{
	struct sim * sim = sim_new(5);
	struct chain c;
	struct place p;
	unsigned i, missing = 0;

	(void)state;
	place_new(&p, sim, 'a');
	chain_new(&c, &p, 400);
	log_budget(p.log, 4, LOG_WAITING_BYTES_MAX);
	log_budget_chain(p.log, 64, LOG_CHAIN_BYTES_MAX);
	for (i = 399; i >= 400 - 64; i--)
		chain_give(&c, &p, i);
	assert_int_equal(status_of(&p).waiting, 64);
	assert_int_equal(status_of(&p).evicted, 0);
	chain_give(&c, &p, i);
	assert_true(status_of(&p).evicted > 0);
	assert_true(status_of(&p).waiting <= 64);
	/* The one that came, and not the one that waited longest. */
	assert_true(log_has(p.log, &c.cids[i]));
	assert_false(log_has(p.log, &c.cids[399]));
	while (i-- > 0) {
		chain_give(&c, &p, i);
		assert_true(status_of(&p).waiting <= 64);
	}
	assert_int_equal(status_of(&p).joined, 0);
	assert_int_equal(status_of(&p).refused, 0);
	/* Nothing but the one parent is asked for, also after reopening. */
	assert_int_equal(log_missing(p.log, count_missing, &missing), 0);
	assert_int_equal(missing, 1);
	place_reopen(&p);
	assert_true(status_of(&p).waiting <= 64);
	assert_true(status_of(&p).waiting > 0);
	chain_free(&c);
	place_free(&p);
	sim_free(sim);
}

static void
bytes_of_a_chain_are_bounded_too(void ** state)
{
	struct sim * sim = sim_new(6);
	struct chain c;
	struct place p;
	size_t size;
	unsigned i;

	(void)state;
	place_new(&p, sim, 'a');
	chain_new(&c, &p, 60);
	size = c.blocks[59].n;
	log_budget_chain(p.log, LOG_CHAIN_MAX, 20 * size);
	for (i = 60; i-- > 0;) {
		chain_give(&c, &p, i);
		assert_true(status_of(&p).waiting_bytes <= 20 * size);
	}
	assert_true(status_of(&p).evicted > 0);
	assert_int_equal(status_of(&p).refused, 0);
	chain_free(&c);
	place_free(&p);
	sim_free(sim);
}

/* An honest history, longer than what may wait, comes in pieces. */
static void
a_history_longer_than_all_that_may_wait_is_joined_in_pieces(void ** state)
{
	struct sim * sim = sim_new(7);
	struct cid cids[200];
	struct place a, b;
	unsigned i, rounds;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	for (i = 0; i < 200; i++)
		cids[i] = place_append(&a, "x");
	log_budget(b.log, 4, LOG_WAITING_BYTES_MAX);
	log_budget_chain(b.log, 32, LOG_CHAIN_BYTES_MAX);
	for (rounds = 0; rounds < 20 && status_of(&b).joined < 200; rounds++)
		for (i = 200; i-- > 0;)
			if (!log_has(b.log, &cids[i]))
				place_receive(&b, &a, &cids[i]);
	assert_int_equal(status_of(&b).joined, 200);
	assert_int_equal(status_of(&b).waiting, 0);
	assert_int_equal(status_of(&b).waiting_bytes, 0);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* While a liar's chain fills the log, somebody else's short one is joined. */
static void
who_catches_up_beside_a_liar_is_not_evicted(void ** state)
{
	struct sim * sim = sim_new(8);
	struct place a, b;
	struct cid cids[10];
	struct chain c;
	unsigned i, lie = 300;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	chain_new(&c, &b, 300);
	for (i = 0; i < 10; i++)
		cids[i] = place_append(&a, "x");
	log_budget_chain(b.log, 64, LOG_CHAIN_BYTES_MAX);
	while (lie > 100)
		chain_give(&c, &b, --lie);
	for (i = 10; i-- > 0;) {
		place_receive(&b, &a, &cids[i]);
		chain_give(&c, &b, --lie);
		chain_give(&c, &b, --lie);
	}
	assert_int_equal(status_of(&b).joined, 10);
	assert_true(status_of(&b).waiting <= 64);
	chain_free(&c);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* An entry with two parents: one comes, the other's row goes with the old. */
static void
a_fork_survives_the_eviction_of_one_branch(void ** state)
{
	struct sim * sim = sim_new(9);
	struct cid left, right, top, cids[3];
	struct place a, b, other;
	unsigned i, rounds;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&other, sim, 'a');
	place_new(&b, sim, 'a');
	left = place_append(&a, "left");
	right = place_append(&other, "right");
	place_receive(&a, &other, &right);
	top = place_append(&a, "top");
	log_budget_chain(b.log, 1, LOG_CHAIN_BYTES_MAX);
	cids[0] = top;
	cids[1] = right;
	cids[2] = left;
	for (rounds = 0; rounds < 4; rounds++)
		for (i = 0; i < 3; i++)
			if (!log_has(b.log, &cids[i]))
				place_receive(&b, &a, &cids[i]);
	assert_int_equal(status_of(&b).joined, 3);
	assert_int_equal(status_of(&b).waiting, 0);
	place_free(&a);
	place_free(&other);
	place_free(&b);
	sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        as_many_wait_as_the_budget_allows_and_the_oldest_goes_for_one_more),
	    cmocka_unit_test(bytes_that_wait_are_bounded_across_reopening),
	    cmocka_unit_test(what_others_wait_for_is_taken_over_the_budget),
	    cmocka_unit_test(what_can_be_joined_is_never_refused),
	    cmocka_unit_test(
	        a_chain_waits_up_to_its_budget_and_then_its_end_goes),
	    cmocka_unit_test(bytes_of_a_chain_are_bounded_too),
	    cmocka_unit_test(
	        a_history_longer_than_all_that_may_wait_is_joined_in_pieces),
	    cmocka_unit_test(who_catches_up_beside_a_liar_is_not_evicted),
	    cmocka_unit_test(a_fork_survives_the_eviction_of_one_branch),
	    cmocka_unit_test(orphans_do_not_keep_others_from_catching_up),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
