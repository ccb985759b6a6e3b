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
as_many_wait_as_the_budget_allows_and_not_one_more(void ** state)
{
	struct sim * sim = sim_new(1);
	struct place p;
	struct cid cid;
	unsigned i;

	(void)state;
	place_new(&p, sim, 'a');
	log_budget(p.log, 3, LOG_WAITING_BYTES_MAX);
	for (i = 0; i < 3; i++)
		(void)receive_orphan(&p, i, NULL, &cid);
	assert_true(log_has(p.log, &cid));
	assert_int_equal(status_of(&p).waiting, 3);
	assert_int_equal(status_of(&p).refused, 0);
	(void)receive_orphan(&p, 3, NULL, &cid);
	assert_false(log_has(p.log, &cid));
	assert_int_equal(status_of(&p).waiting, 3);
	assert_int_equal(status_of(&p).refused, 1);
	place_free(&p);
	sim_free(sim);
}

static void
bytes_that_wait_are_bounded_across_reopening(void ** state)
{
	struct sim * sim = sim_new(2);
	struct place p;
	struct cid cid;
	size_t size;

	(void)state;
	place_new(&p, sim, 'a');
	size = receive_orphan(&p, 0, NULL, &cid);
	assert_int_equal(status_of(&p).waiting_bytes, size);
	place_reopen(&p);
	assert_int_equal(status_of(&p).waiting_bytes, size);
	log_budget(p.log, 100, 2 * size);
	assert_int_equal(receive_orphan(&p, 1, NULL, &cid), size);
	assert_true(log_has(p.log, &cid));
	log_budget(p.log, 100, 3 * size - 1);
	(void)receive_orphan(&p, 2, NULL, &cid);
	assert_false(log_has(p.log, &cid));
	log_budget(p.log, 100, 3 * size);
	(void)receive_orphan(&p, 2, NULL, &cid);
	assert_true(log_has(p.log, &cid));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        as_many_wait_as_the_budget_allows_and_not_one_more),
	    cmocka_unit_test(bytes_that_wait_are_bounded_across_reopening),
	    cmocka_unit_test(what_others_wait_for_is_taken_over_the_budget),
	    cmocka_unit_test(what_can_be_joined_is_never_refused),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
