/* One log in a store: what is appended, received, joined and listed. */
#include "log_fixture.h"

/* --- writing ------------------------------------------------------------- */

static void
an_appended_value_comes_back_in_every_order(void ** state)
{
	struct sim * sim = sim_new(1);
	struct log_item item;
	struct buffer value = {0};
	struct place p;
	struct cid cid;

	(void)state;
	place_new(&p, sim, 'a');
	cid = place_append(&p, "one");
	(void)place_append(&p, "two");
	assert_int_equal(log_find(p.log, &cid, &item), 0);
	assert_int_equal(item.join, 1);
	assert_int_equal(item.arrival, 1);
	assert_int_equal(item.entry.time, 1);
	assert_int_equal(operation_value(&value, item.entry.payload), 0);
	assert_true(slice_equal(buffer_all(&value), slice_text("one")));
	assert_memory_equal(item.note, "abc", 3);
	log_item_free(&item);
	assert_int_equal(log_at_join(p.log, 2, &item), 0);
	assert_int_equal(item.entry.n_next, 1);
	assert_true(cid_equal(&item.entry.next[0], &cid));
	log_item_free(&item);
	assert_int_equal(log_at_arrival(p.log, 2, &item), 0);
	log_item_free(&item);
	assert_int_equal(log_at_arrival(p.log, 3, &item), -ERR_NOT_FOUND);
	assert_int_equal(p.owner.own, 2);
	buffer_free(&value);
	place_free(&p);
	sim_free(sim);
}

static void
a_reopened_log_goes_on_where_it_was(void ** state)
{
	struct sim * sim = sim_new(2);
	struct log_status s;
	struct place p;
	struct cid cid, head;

	(void)state;
	place_new(&p, sim, 'a');
	(void)place_append(&p, "one");
	cid = place_append(&p, "two");
	place_reopen(&p);
	assert_int_equal(log_heads(p.log, &head, 1), 1);
	assert_true(cid_equal(&head, &cid));
	(void)place_append(&p, "three");
	log_status(p.log, &s);
	assert_int_equal(s.time, 3);
	assert_int_equal(s.joined, 3);
	assert_int_equal(s.arrivals, 3);
	assert_int_equal(s.waiting, 0);
	place_free(&p);
	sim_free(sim);
}

/* Index of the entry that a CID names, by its join number. */
static size_t
index_of(struct place * p, const struct cid * cid)
{
	struct log_item item;
	size_t at;

	assert_int_equal(log_find(p->log, cid, &item), 0);
	at = (size_t)item.join - 1;
	log_item_free(&item);
	return (at);
}

/* Source: refs_skiplist of the known answers, its entries 63, 64 and 69. */
static void
references_double_their_distance(void ** state)
{
	static const struct {
		size_t at, n, refs[6];
	} expected[] = {{63, 6, {61, 59, 55, 47, 31, 0}},
	    {64, 6, {62, 60, 56, 48, 32, 0}}, {69, 6, {67, 65, 61, 53, 37, 5}}};
	struct sim * sim = sim_new(3);
	struct log_item item;
	struct place p;
	size_t i, j;

	(void)state;
	place_new(&p, sim, 'a');
	for (i = 0; i < 70; i++) {
		/* Also from a log that has just been opened. */
		if (i % 9 == 0)
			place_reopen(&p);
		(void)place_append(&p, "x");
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(log_at_join(p.log, expected[i].at + 1,
		    &item), 0);
		assert_int_equal(item.entry.n_refs, expected[i].n);
		for (j = 0; j < expected[i].n; j++)
			assert_int_equal(index_of(&p, &item.entry.refs[j]),
			    expected[i].refs[j]);
		log_item_free(&item);
	}
	place_free(&p);
	sim_free(sim);
}

static void
a_log_without_the_signing_key_is_not_written(void ** state)
{
	struct sim * sim = sim_new(4);
	struct place p;
	struct cid cid;

	(void)state;
	place_new(&p, sim, 'a');
	log_close(p.log);
	log_identity_from_public(&p.identity, p.identity.pub);
	place_open_log(&p);
	assert_int_equal(store_begin(p.store), 0);
	assert_int_equal(log_append(p.log, slice_text("x"), &cid, NULL),
	    -ERR_ORBIT_DB_APPEND);
	store_rollback(p.store);
	place_free(&p);
	sim_free(sim);
}

static void
an_undone_transaction_leaves_the_log_as_it_was(void ** state)
{
	struct sim * sim = sim_new(5);
	struct place p, q;
	struct cid first, cid, head;
	struct log_status s;

	(void)state;
	place_new(&p, sim, 'a');
	place_new(&q, sim, 'a');
	first = place_append(&p, "one");
	cid = place_append(&q, "other");
	assert_int_equal(store_begin(p.store), 0);
	assert_int_equal(log_append(p.log, slice_text("two"), &head, NULL), 0);
	assert_int_equal(place_copy(&p, &q, &cid), 0);
	assert_int_equal(log_settle(p.log, 10), 1);
	store_rollback(p.store);
	log_forget(p.log);
	log_status(p.log, &s);
	assert_int_equal(s.joined, 1);
	assert_int_equal(s.time, 1);
	assert_int_equal(log_heads(p.log, &head, 1), 1);
	assert_true(cid_equal(&head, &first));
	assert_false(log_has(p.log, &cid));
	place_receive(&p, &q, &cid);
	assert_int_equal(log_heads_count(p.log), 2);
	place_free(&p);
	place_free(&q);
	sim_free(sim);
}

static void
an_owner_that_refuses_undoes_the_transaction(void ** state)
{
	struct sim * sim = sim_new(6);
	struct place p;
	struct cid cid;

	(void)state;
	place_new(&p, sim, 'a');
	p.owner.fail_at = 1;
	assert_int_equal(store_begin(p.store), 0);
	assert_int_not_equal(log_append(p.log, slice_text("x"), &cid, NULL),
	    0);
	store_rollback(p.store);
	log_forget(p.log);
	assert_int_equal(log_heads_count(p.log), 0);
	(void)place_append(&p, "x");
	assert_int_equal(log_heads_count(p.log), 1);
	place_free(&p);
	sim_free(sim);
}

static void
what_was_not_delivered_is_delivered_later_once(void ** state)
{
	struct sim * sim = sim_new(7);
	struct log_item item;
	struct place p;
	struct cid cid;

	(void)state;
	place_new(&p, sim, 'a');
	p.owner.silent = true;
	cid = place_append(&p, "late");
	p.owner.silent = false;
	(void)place_append(&p, "early");
	assert_int_equal(log_arrivals(p.log), 1);
	assert_int_equal(store_begin(p.store), 0);
	assert_int_equal(log_deliver(p.log, &cid, (const uint8_t *)"n", 1), 0);
	assert_int_equal(log_deliver(p.log, &cid, NULL, 0),
	    -ERR_INVALID_INPUT);
	assert_int_equal(store_commit(p.store, NULL), 0);
	place_reopen(&p);
	assert_int_equal(log_at_arrival(p.log, 2, &item), 0);
	assert_true(cid_equal(&item.cid, &cid));
	assert_int_equal(item.note_n, 1);
	assert_int_equal(item.join, 1);
	log_item_free(&item);
	place_free(&p);
	sim_free(sim);
}

/* --- joining ------------------------------------------------------------- */

/* A root, a fork of three and four, a merge, and one after it. */
static size_t
make_fork(struct place * a, struct place * b, struct cid * cids)
{
	size_t n = 0, i;

	cids[n++] = place_append(a, "root");
	place_receive(b, a, &cids[0]);
	for (i = 0; i < 3; i++)
		cids[n++] = place_append(a, "a");
	for (i = 0; i < 4; i++)
		cids[n++] = place_append(b, "b");
	for (i = 4; i < 8; i++)
		place_receive(a, b, &cids[i]);
	for (i = 1; i < 4; i++)
		place_receive(b, a, &cids[i]);
	cids[n++] = place_append(a, "merge");
	cids[n++] = place_append(a, "after");
	return (n);
}

static void
forks_join_to_the_same_heads(void ** state)
{
	struct sim * sim = sim_new(8);
	struct log_item item;
	struct cid cids[16];
	struct place a, b;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	(void)make_fork(&a, &b, cids);
	assert_int_equal(log_heads_count(b.log), 2);
	assert_int_equal(log_find(a.log, &cids[8], &item), 0);
	/* The later head last: a's third entry is of time 4, b's fourth of 5. */
	assert_int_equal(item.entry.time, 6);
	assert_int_equal(item.entry.n_next, 2);
	assert_true(cid_equal(&item.entry.next[0], &cids[3]));
	assert_true(cid_equal(&item.entry.next[1], &cids[7]));
	log_item_free(&item);
	place_receive(&b, &a, &cids[8]);
	place_receive(&b, &a, &cids[9]);
	assert_true(same_heads(&a, &b));
	assert_true(same_causal_order(&a, &b));
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

static void
shuffle(struct cid * cids, size_t n, unsigned * seed)
{
	struct cid t;
	size_t i, j;

	for (i = n; i > 1; i--) {
		*seed = *seed * 1103515245U + 12345U;
		j = (*seed >> 8) % i;
		t = cids[i - 1];
		cids[i - 1] = cids[j];
		cids[j] = t;
	}
}

/* Parents come before their children. */
static void
check_parents_first(struct place * p)
{
	struct log_item item;
	uint64_t number;
	size_t i;

	for (number = 1; log_at_join(p->log, number, &item) == 0; number++) {
		for (i = 0; i < item.entry.n_next; i++)
			assert_true(index_of(p, &item.entry.next[i]) + 1 <
			    number);
		log_item_free(&item);
	}
}

static void
any_order_of_arrival_gives_the_same_log(void ** state)
{
	struct sim * sim = sim_new(9);
	struct cid cids[16];
	struct place a, b, c;
	struct log_status s;
	unsigned seed = 1, round;
	size_t n, i;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	n = make_fork(&a, &b, cids);
	for (round = 0; round < 40; round++) {
		shuffle(cids, n, &seed);
		place_new(&c, sim, 'a');
		assert_int_equal(store_begin(c.store), 0);
		for (i = 0; i < n; i++) {
			assert_int_equal(place_copy(&c, &a, &cids[i]), 0);
			/* Batches of different size, and reopened between. */
			if ((seed >> (8 + i)) % 3 != 0)
				continue;
			assert_true(log_settle(c.log, 1 + round % 3) >= 0);
			assert_int_equal(store_commit(c.store, NULL), 0);
			if (round % 4 == 0)
				place_reopen(&c);
			assert_int_equal(store_begin(c.store), 0);
		}
		assert_true(log_settle(c.log, 1) >= 0);
		while (log_ready(c.log))
			assert_true(log_settle(c.log, 1) >= 0);
		assert_int_equal(store_commit(c.store, NULL), 0);
		log_status(c.log, &s);
		assert_int_equal(s.joined, n);
		assert_int_equal(s.waiting, 0);
		assert_true(same_heads(&a, &c));
		assert_true(same_causal_order(&a, &c));
		check_parents_first(&c);
		place_free(&c);
	}
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

static void
what_is_ready_is_joined_in_causal_order(void ** state)
{
	struct sim * sim = sim_new(10);
	struct place a, b;
	struct reader r;
	struct cid cids[10];
	uint64_t last = 0, time;
	size_t i;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	for (i = 0; i < 10; i++)
		cids[i] = place_append(&a, "x");
	assert_int_equal(store_begin(b.store), 0);
	for (i = 10; i > 0; i--)
		assert_int_equal(place_copy(&b, &a, &cids[i - 1]), 0);
	assert_int_equal(log_settle(b.log, 100), 10);
	assert_int_equal(store_commit(b.store, NULL), 0);
	r = reader_of(buffer_all(&b.owner.order));
	while (r.n > 0) {
		time = reader_be64(&r);
		assert_true(time > last);
		last = time;
	}
	assert_int_equal(last, 10);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

static int
count_missing(void * user, const struct cid * cid)
{
	(void)cid;
	(*(unsigned *)user)++;
	return (0);
}

static void
an_entry_waits_for_its_parent_across_a_restart(void ** state)
{
	struct sim * sim = sim_new(11);
	struct log_status s;
	struct place a, b;
	struct cid cids[3];
	unsigned missing = 0;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	cids[0] = place_append(&a, "1");
	cids[1] = place_append(&a, "2");
	cids[2] = place_append(&a, "3");
	place_receive(&b, &a, &cids[2]);
	place_reopen(&b);
	log_status(b.log, &s);
	assert_int_equal(s.waiting, 1);
	assert_int_equal(s.joined, 0);
	assert_int_equal(log_heads_count(b.log), 0);
	assert_true(log_has(b.log, &cids[2]));
	assert_false(log_joined(b.log, &cids[2]));
	assert_int_equal(log_missing(b.log, count_missing, &missing), 0);
	assert_int_equal(missing, 1);
	place_receive(&b, &a, &cids[1]);
	place_reopen(&b);
	missing = 0;
	assert_int_equal(log_missing(b.log, count_missing, &missing), 0);
	assert_int_equal(missing, 1);
	place_receive(&b, &a, &cids[0]);
	log_status(b.log, &s);
	assert_int_equal(s.waiting, 0);
	assert_int_equal(s.joined, 3);
	missing = 0;
	assert_int_equal(log_missing(b.log, count_missing, &missing), 0);
	assert_int_equal(missing, 0);
	assert_true(same_heads(&a, &b));
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

static void
what_a_settle_left_ready_is_found_after_a_restart(void ** state)
{
	struct sim * sim = sim_new(12);
	struct place a, b;
	struct cid cids[8];
	size_t i;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	for (i = 0; i < 8; i++)
		cids[i] = place_append(&a, "x");
	assert_int_equal(store_begin(b.store), 0);
	for (i = 8; i > 0; i--)
		assert_int_equal(place_copy(&b, &a, &cids[i - 1]), 0);
	assert_int_equal(log_settle(b.log, 3), 3);
	assert_int_equal(store_commit(b.store, NULL), 0);
	assert_true(log_ready(b.log));
	place_reopen(&b);
	assert_true(log_ready(b.log));
	place_settle(&b);
	assert_false(log_ready(b.log));
	assert_true(same_heads(&a, &b));
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* Make an entry with links of our choice. */
static struct cid
forge(struct place * p, struct buffer * block, uint64_t time,
    const struct cid * next, size_t n)
{
	struct cid cid;

	assert_int_equal(entry_make(block, &cid, &p->identity,
	    buffer_all(&p->address), time, next, n, NULL, 0,
	    slice_text("{\"op\":\"ADD\",\"value\":\"eA==\"}")), 0);
	return (cid);
}

static void
a_parent_that_never_comes_holds_up_only_its_descendants(void ** state)
{
	struct sim * sim = sim_new(13);
	struct buffer block = {0};
	struct log_status s;
	struct cid nowhere, cid, orphan;
	struct place a, b;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	cid_of(&nowhere, CID_DAG_CBOR, slice_text("nowhere"));
	orphan = forge(&a, &block, 9, &nowhere, 1);
	assert_int_equal(store_begin(a.store), 0);
	assert_int_equal(log_receive(a.log, &orphan, buffer_all(&block)), 0);
	assert_int_equal(log_settle(a.log, 10), 0);
	assert_int_equal(store_commit(a.store, NULL), 0);
	cid = place_append(&b, "fine");
	place_receive(&a, &b, &cid);
	(void)place_append(&a, "also");
	log_status(a.log, &s);
	assert_int_equal(s.joined, 2);
	assert_int_equal(s.waiting, 1);
	assert_int_equal(s.time, 2);
	buffer_free(&block);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* More children than one row holds, each with a second parent. */
static void
many_children_wait_for_one_parent(void ** state)
{
	enum { N = 100 };
	struct sim * sim = sim_new(14);
	struct buffer block = {0}, parents[2] = {{0}, {0}};
	struct cid parent[2], cid;
	struct log_status s;
	struct place p;
	unsigned missing = 0;
	uint64_t i;

	(void)state;
	place_new(&p, sim, 'a');
	parent[0] = forge(&p, &parents[0], 1, NULL, 0);
	parent[1] = forge(&p, &parents[1], 2, &parent[0], 1);
	for (i = 0; i < N; i++) {
		buffer_clear(&block);
		cid = forge(&p, &block, 10 + i, parent, 2);
		assert_int_equal(store_begin(p.store), 0);
		assert_int_equal(log_receive(p.log, &cid, buffer_all(&block)),
		    0);
		assert_int_equal(log_settle(p.log, 10), 0);
		assert_int_equal(store_commit(p.store, NULL), 0);
	}
	assert_int_equal(log_missing(p.log, count_missing, &missing), 0);
	assert_int_equal(missing, 2);
	place_reopen(&p);
	assert_int_equal(store_begin(p.store), 0);
	assert_int_equal(log_receive(p.log, &parent[0],
	    buffer_all(&parents[0])), 0);
	assert_int_equal(log_settle(p.log, 1000), 1);
	assert_int_equal(log_receive(p.log, &parent[1],
	    buffer_all(&parents[1])), 0);
	assert_int_equal(log_settle(p.log, 1000), N + 1);
	assert_int_equal(store_commit(p.store, NULL), 0);
	log_status(p.log, &s);
	assert_int_equal(s.waiting, 0);
	assert_int_equal(log_heads_count(p.log), N);
	/* An append names all heads, and is then the only one. */
	(void)place_append(&p, "merge");
	assert_int_equal(log_heads_count(p.log), 1);
	buffer_free(&block);
	buffer_free(&parents[0]);
	buffer_free(&parents[1]);
	place_free(&p);
	sim_free(sim);
}

static void
an_entry_of_another_log_is_refused(void ** state)
{
	struct sim * sim = sim_new(15);
	struct buffer block = {0};
	struct place a, b;
	struct cid cid;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'b');
	cid = place_append(&b, "x");
	assert_int_equal(log_block(b.store, &cid, &block), 0);
	assert_int_equal(entry_check(&a.identity, buffer_all(&a.address), &cid,
	    buffer_all(&block)), -ERR_INVALID_INPUT);
	assert_int_equal(store_begin(a.store), 0);
	assert_int_equal(log_receive(a.log, &cid, buffer_all(&block)),
	    -ERR_INVALID_INPUT);
	store_rollback(a.store);
	log_forget(a.log);
	buffer_free(&block);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

static void
what_is_here_is_not_taken_twice(void ** state)
{
	struct sim * sim = sim_new(16);
	struct place a, b;
	struct cid cid;

	(void)state;
	place_new(&a, sim, 'a');
	place_new(&b, sim, 'a');
	cid = place_append(&a, "x");
	assert_int_equal(store_begin(b.store), 0);
	assert_int_equal(place_copy(&b, &a, &cid), 0);
	assert_int_equal(place_copy(&b, &a, &cid), 1);
	assert_int_equal(log_settle(b.log, 10), 1);
	assert_int_equal(place_copy(&b, &a, &cid), 1);
	assert_int_equal(log_settle(b.log, 10), 0);
	assert_int_equal(store_commit(b.store, NULL), 0);
	assert_int_equal(b.owner.joined, 1);
	place_free(&a);
	place_free(&b);
	sim_free(sim);
}

/* --- size --------------------------------------------------------------- */

static uint64_t
reads_of_opening(struct place * p)
{
	struct store_stats before, after;

	place_close(p);
	place_open_store(p);
	store_stats(p->store, &before);
	place_open_log(p);
	store_stats(p->store, &after);
	return (after.reads - before.reads);
}

static void
opening_costs_the_same_for_ten_thousand_entries(void ** state)
{
	struct sim * sim = sim_new(18);
	struct place p;
	uint64_t few;
	struct cid cid;
	unsigned i;

	(void)state;
	place_new(&p, sim, 'a');
	(void)place_append(&p, "x");
	few = reads_of_opening(&p);
	assert_int_equal(store_begin(p.store), 0);
	for (i = 0; i < 10000; i++)
		assert_int_equal(log_append(p.log, slice_text("x"), &cid,
		    NULL), 0);
	assert_int_equal(store_commit(p.store, NULL), 0);
	assert_int_equal(reads_of_opening(&p), few);
	assert_true(few <= 4);
	place_free(&p);
	sim_free(sim);
}

static void
an_append_to_a_warm_log_reads_no_blocks(void ** state)
{
	struct sim * sim = sim_new(19);
	struct store_stats before, after;
	struct place p;
	unsigned i;

	(void)state;
	place_new(&p, sim, 'a');
	for (i = 0; i < 300; i++)
		(void)place_append(&p, "x");
	store_stats(p.store, &before);
	for (i = 0; i < 10; i++)
		(void)place_append(&p, "x");
	store_stats(p.store, &after);
	assert_true(after.reads - before.reads <= 10);
	place_free(&p);
	sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_appended_value_comes_back_in_every_order),
	    cmocka_unit_test(a_reopened_log_goes_on_where_it_was),
	    cmocka_unit_test(references_double_their_distance),
	    cmocka_unit_test(a_log_without_the_signing_key_is_not_written),
	    cmocka_unit_test(an_undone_transaction_leaves_the_log_as_it_was),
	    cmocka_unit_test(an_owner_that_refuses_undoes_the_transaction),
	    cmocka_unit_test(what_was_not_delivered_is_delivered_later_once),
	    cmocka_unit_test(forks_join_to_the_same_heads),
	    cmocka_unit_test(any_order_of_arrival_gives_the_same_log),
	    cmocka_unit_test(what_is_ready_is_joined_in_causal_order),
	    cmocka_unit_test(an_entry_waits_for_its_parent_across_a_restart),
	    cmocka_unit_test(what_a_settle_left_ready_is_found_after_a_restart),
	    cmocka_unit_test(
	        a_parent_that_never_comes_holds_up_only_its_descendants),
	    cmocka_unit_test(many_children_wait_for_one_parent),
	    cmocka_unit_test(an_entry_of_another_log_is_refused),
	    cmocka_unit_test(what_is_here_is_not_taken_twice),
	    cmocka_unit_test(opening_costs_the_same_for_ten_thousand_entries),
	    cmocka_unit_test(an_append_to_a_warm_log_reads_no_blocks),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
