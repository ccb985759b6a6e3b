#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "world/sim/sim.h"
#include "world/store.h"

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t other_key[32] = {3, 2, 1};

struct fixture {
	struct sim * sim;
	struct world * w;
	struct store * s;
};

/* A commit that remembers how it ended. */
struct ended {
	struct store_commit commit;
	int status;
	bool done;
};

static void
note(struct store_commit * commit, int status)
{
	struct ended * e = list_entry(commit, struct ended, commit);

	assert_false(e->done);
	e->done = true;
	e->status = status;
}

static int
open_with(struct fixture * f, const uint8_t * with, struct error * err)
{
	struct store_config config = {
	    .path = "store", .vfs = sim_disk(f->w), .key = with};

	return (store_open(f->w, &config, &f->s, err));
}

static void
reopen(struct fixture * f)
{
	struct error err = {0};

	store_close(f->s);
	f->s = NULL;
	if (!sim_alive(f->w))
		sim_start(f->w);
	assert_int_equal(open_with(f, key, &err), 0);
}

static int
setup(void ** state)
{
	struct fixture * f = calloc(1, sizeof(*f));
	struct error err = {0};

	assert_non_null(f);
	f->sim = sim_new(sim_seed_wanted(7));
	f->w = sim_node(f->sim);
	assert_int_equal(open_with(f, key, &err), 0);
	*state = f;
	return (0);
}

static int
teardown(void ** state)
{
	struct fixture * f = *state;

	store_close(f->s);
	sim_free(f->sim);
	free(f);
	return (0);
}

static struct slice
text(const char * s)
{
	return (slice_text(s));
}

static void
put(struct fixture * f, uint64_t scope, const char * name, const char * value)
{
	assert_int_equal(store_put(f->s, STORE_GROUP, scope, text(name),
	    text(value)), 0);
}

static void
assert_value(struct fixture * f, uint64_t scope, const char * name,
    const char * value)
{
	struct buffer b = {0};

	assert_int_equal(store_get(f->s, STORE_GROUP, scope, text(name), &b),
	    value == NULL ? -ERR_NOT_FOUND : 0);
	if (value != NULL)
		assert_true(slice_equal(buffer_all(&b), text(value)));
	buffer_free(&b);
}

static void
begin(struct fixture * f)
{
	assert_int_equal(store_begin(f->s), 0);
}

static void
commit(struct fixture * f)
{
	struct ended e = {.commit.done = note};

	assert_int_equal(store_commit(f->s, &e.commit), 0);
	assert_false(e.done);
	sim_run_for(f->sim, 100);
	assert_true(e.done);
	assert_int_equal(e.status, 0);
}

static void
what_was_put_is_read_back_after_reopening(void ** state)
{
	struct fixture * f = *state;
	struct buffer b = {0};
	uint64_t id, found;

	begin(f);
	put(f, 3, "a", "one");
	put(f, 3, "empty", "");
	assert_int_equal(store_block_put(f->s, text("cid"), text("block"),
	    &id), 0);
	assert_value(f, 3, "a", "one");
	commit(f);
	reopen(f);
	assert_value(f, 3, "a", "one");
	assert_value(f, 3, "empty", "");
	assert_value(f, 4, "a", NULL);
	assert_int_equal(store_block_find(f->s, text("cid"), &found), 0);
	assert_int_equal(found, id);
	assert_int_equal(store_block_get(f->s, id, &b), 0);
	assert_true(slice_equal(buffer_all(&b), text("block")));
	buffer_free(&b);
}

static void
blocks_have_growing_ids_and_unique_names(void ** state)
{
	struct fixture * f = *state;
	struct buffer b = {0};
	uint64_t first, second, third, id = 77;

	begin(f);
	assert_int_equal(store_block_put(f->s, text("1"), text("x"), &first),
	    0);
	assert_int_equal(store_block_put(f->s, text("2"), text("y"), &second),
	    0);
	assert_true(first > 0 && second > first);
	assert_int_equal(store_block_put(f->s, text("1"), text("z"), &id),
	    -ERR_MAP);
	assert_int_equal(id, 77);
	assert_int_equal(store_block_set(f->s, second, text("new")), 0);
	assert_int_equal(store_block_get(f->s, second, &b), 0);
	assert_true(slice_equal(buffer_all(&b), text("new")));
	assert_int_equal(store_block_delete(f->s, second), 0);
	assert_int_equal(store_block_delete(f->s, second), -ERR_NOT_FOUND);
	assert_int_equal(store_block_find(f->s, text("2"), &id),
	    -ERR_NOT_FOUND);
	assert_int_equal(store_block_get(f->s, second, &b), -ERR_NOT_FOUND);
	assert_int_equal(store_block_set(f->s, second, text("")),
	    -ERR_NOT_FOUND);
	assert_int_equal(store_block_put(f->s, text("3"), text("z"), &third),
	    0);
	assert_true(third > second);
	buffer_free(&b);
	commit(f);
}

static void
a_rollback_undoes_its_own_transaction_alone(void ** state)
{
	struct fixture * f = *state;
	struct ended e = {.commit.done = note};

	begin(f);
	put(f, 0, "a", "kept");
	assert_int_equal(store_commit(f->s, &e.commit), 0);
	begin(f);
	put(f, 0, "a", "lost");
	put(f, 0, "b", "lost");
	store_rollback(f->s);
	assert_value(f, 0, "a", "kept");
	assert_value(f, 0, "b", NULL);
	sim_run_for(f->sim, 100);
	assert_true(e.done && e.status == 0);
	reopen(f);
	assert_value(f, 0, "a", "kept");
	assert_value(f, 0, "b", NULL);
}

static void
nothing_is_written_outside_a_transaction(void ** state)
{
	struct fixture * f = *state;
	uint64_t scope;

	assert_int_equal(store_put(f->s, STORE_GROUP, 0, text("a"),
	    text("b")), -ERR_INTERNAL);
	assert_int_equal(store_scope(f->s, text("new"), &scope),
	    -ERR_INTERNAL);
	assert_int_equal(store_commit(f->s, NULL), -ERR_INTERNAL);
	begin(f);
	assert_int_equal(store_begin(f->s), -ERR_INTERNAL);
	store_rollback(f->s);
	assert_value(f, 0, "a", NULL);
}

struct walk {
	struct fixture * f;
	char seen[64];
	int stop_at;
	int n;
	bool nested;
};

static int
see(void * user, struct slice value)
{
	struct walk * walk = user;
	struct walk inner = {.f = walk->f};
	size_t n = strlen(walk->seen);

	memcpy(walk->seen + n, value.p, value.n);
	if (walk->nested)
		assert_int_equal(store_each(walk->f->s, STORE_GROUP, 1, see,
		    &inner), 0);
	return (++walk->n == walk->stop_at ? 42 : 0);
}

static void
a_walk_follows_the_order_of_first_puts(void ** state)
{
	struct fixture * f = *state;
	struct walk walk = {.f = f};
	uint64_t n;

	begin(f);
	put(f, 1, "z", "1");
	put(f, 2, "q", "no");
	put(f, 1, "a", "2");
	put(f, 1, "m", "3");
	put(f, 1, "z", "4");
	assert_int_equal(store_delete(f->s, STORE_GROUP, 1, text("a")), 0);
	assert_int_equal(store_delete(f->s, STORE_GROUP, 1, text("a")),
	    -ERR_NOT_FOUND);
	put(f, 1, "a", "5");
	commit(f);
	assert_int_equal(store_each(f->s, STORE_GROUP, 1, see, &walk), 0);
	assert_string_equal(walk.seen, "435");
	assert_int_equal(store_count(f->s, STORE_GROUP, 1, &n), 0);
	assert_int_equal(n, 3);
}

static void
a_walk_ends_when_its_callback_says_so(void ** state)
{
	struct fixture * f = *state;
	struct walk walk = {.f = f, .stop_at = 2};

	begin(f);
	put(f, 1, "a", "1");
	put(f, 1, "b", "2");
	put(f, 1, "c", "3");
	commit(f);
	assert_int_equal(store_each(f->s, STORE_GROUP, 1, see, &walk), 42);
	assert_string_equal(walk.seen, "12");
}

static void
a_walk_may_walk_inside(void ** state)
{
	struct fixture * f = *state;
	struct walk walk = {.f = f, .nested = true};

	begin(f);
	put(f, 1, "a", "1");
	put(f, 1, "b", "2");
	commit(f);
	assert_int_equal(store_each(f->s, STORE_GROUP, 1, see, &walk), 0);
	assert_string_equal(walk.seen, "12");
}

static void
ranges_are_ordered_both_ways_and_bounded(void ** state)
{
	struct fixture * f = *state;
	struct store_number rows[8];
	uint64_t last, i;
	size_t n;

	assert_int_equal(store_number_last(f->s, STORE_CAUSAL, 1, &last),
	    -ERR_NOT_FOUND);
	begin(f);
	for (i = 1; i <= 5; i++)
		assert_int_equal(store_number_put(f->s, STORE_CAUSAL, 1,
		    i / 2, 100 - i), 0);
	assert_int_equal(store_number_put(f->s, STORE_CAUSAL, 2, 9, 9), 0);
	assert_int_equal(store_number_put(f->s, STORE_CAUSAL, 1, UINT64_MAX,
	    1), -ERR_INVALID_INPUT);
	commit(f);
	assert_int_equal(store_number_last(f->s, STORE_CAUSAL, 1, &last), 0);
	assert_int_equal(last, 2);
	assert_int_equal(store_number_range(f->s, STORE_CAUSAL, 1, 1,
	    UINT64_MAX, false, rows, 8, &n), 0);
	assert_int_equal(n, 4);
	assert_true(rows[0].number == 1 && rows[0].id == 97);
	assert_true(rows[1].number == 1 && rows[1].id == 98);
	assert_true(rows[3].number == 2 && rows[3].id == 96);
	assert_int_equal(store_number_range(f->s, STORE_CAUSAL, 1, 0, 2, true,
	    rows, 2, &n), 0);
	assert_int_equal(n, 2);
	assert_true(rows[0].number == 2 && rows[0].id == 96);
	assert_true(rows[1].number == 2 && rows[1].id == 95);
	begin(f);
	assert_int_equal(store_number_delete(f->s, STORE_CAUSAL, 1, 2, 96), 0);
	assert_int_equal(store_number_delete(f->s, STORE_CAUSAL, 1, 2, 96),
	    -ERR_NOT_FOUND);
	commit(f);
}

static void
a_scope_is_small_and_stays(void ** state)
{
	struct fixture * f = *state;
	uint64_t a, b, again;

	begin(f);
	assert_int_equal(store_scope(f->s, text("a"), &a), 0);
	assert_int_equal(store_scope(f->s, text("b"), &b), 0);
	commit(f);
	assert_true(a > 0 && b > 0 && a != b && a < 10 && b < 10);
	reopen(f);
	assert_int_equal(store_scope(f->s, text("a"), &again), 0);
	assert_int_equal(again, a);
}

static void
a_wrong_key_is_refused_and_harms_nothing(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};

	begin(f);
	put(f, 0, "a", "1");
	commit(f);
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(open_with(f, other_key, &err), -ERR_DB_OPEN);
	assert_string_equal(err.text, "wrong store key: give the one that the store was made with");
	assert_int_equal(open_with(f, key, &err), 0);
	assert_value(f, 0, "a", "1");
}

static void
a_second_opener_is_refused(void ** state)
{
	struct fixture * f = *state;
	struct fixture second = {f->sim, f->w, NULL};
	struct error err = {0};

	assert_int_equal(open_with(&second, key, &err), -ERR_DB_OPEN);
	assert_string_equal(err.text, "the store is held by another process: stop that one, or use another store");
	begin(f);
	put(f, 0, "a", "1");
	commit(f);
}

static void
one_sync_serves_all_that_wait(void ** state)
{
	struct fixture * f = *state;
	struct store_stats before, after;
	struct ended e[50] = {0};
	char name[16];
	int i;

	store_stats(f->s, &before);
	for (i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		e[i].commit.done = note;
		begin(f);
		put(f, 0, name, "v");
		assert_int_equal(store_commit(f->s, &e[i].commit), 0);
	}
	sim_run_for(f->sim, 100);
	for (i = 0; i < 50; i++)
		assert_true(e[i].done && e[i].status == 0);
	store_stats(f->s, &after);
	assert_int_equal(after.syncs - before.syncs, 1);
	assert_int_equal(after.commits - before.commits, 50);
}

static void
calls_during_a_sync_wait_for_the_next_one(void ** state)
{
	struct fixture * f = *state;
	struct ended first = {.commit.done = note};
	struct ended second = {.commit.done = note};

	sim_disk_sync_ms(f->w, 20);
	begin(f);
	put(f, 0, "a", "1");
	assert_int_equal(store_commit(f->s, &first.commit), 0);
	sim_run_for(f->sim, 5);
	begin(f);
	put(f, 0, "b", "1");
	assert_int_equal(store_commit(f->s, &second.commit), 0);
	sim_run_for(f->sim, 20);
	assert_true(first.done && !second.done);
	sim_run_for(f->sim, 30);
	assert_true(second.done);
}

static void
a_full_disk_makes_the_store_read_only(void ** state)
{
	static uint8_t big[20000];
	struct fixture * f = *state;
	struct ended e[100] = {0};
	bool refused = false;
	char name[16];
	int i, good = 0;

	sim_disk_limit(f->w, 500000);
	for (i = 0; i < 100 && !refused; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		e[i].commit.done = note;
		if (store_begin(f->s) != 0 ||
		    store_put(f->s, STORE_GROUP, 0, text(name),
		    slice_of(big, sizeof(big))) != 0 ||
		    store_commit(f->s, &e[i].commit) != 0) {
			store_rollback(f->s);
			break;
		}
		sim_run_for(f->sim, 50);
		assert_true(e[i].done);
		refused = e[i].status != 0;
		good += !refused;
	}
	assert_true(store_read_only(f->s));
	assert_true(good > 3);
	assert_non_null(strstr(store_failure(f->s), "disk is full"));
	assert_int_equal(store_begin(f->s), -ERR_DB_WRITE);
	sim_disk_limit(f->w, 0);
	reopen(f);
	assert_false(store_read_only(f->s));
	for (i = 0; i < good; i++) {
		struct buffer b = {0};

		(void)snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(store_get(f->s, STORE_GROUP, 0, text(name),
		    &b), 0);
		assert_int_equal(b.n, sizeof(big));
		buffer_free(&b);
	}
}

static void
count_call(void * user)
{
	++*(int *)user;
}

static void
a_failed_sync_fails_all_that_wait_and_tells(void ** state)
{
	struct fixture * f = *state;
	struct ended first = {.commit.done = note};
	struct ended second = {.commit.done = note};
	int told = 0;

	store_watch(f->s, count_call, &told);
	begin(f);
	put(f, 0, "safe", "1");
	commit(f);
	sim_disk_sync_ms(f->w, 20);
	sim_disk_fail_sync(f->w, 1);
	begin(f);
	put(f, 0, "a", "1");
	assert_int_equal(store_commit(f->s, &first.commit), 0);
	sim_run_for(f->sim, 5);
	begin(f);
	put(f, 0, "b", "1");
	assert_int_equal(store_commit(f->s, &second.commit), 0);
	sim_run_for(f->sim, 100);
	assert_true(first.done && first.status == -ERR_DB_WRITE);
	assert_true(second.done && second.status == -ERR_DB_WRITE);
	assert_true(store_read_only(f->s));
	assert_int_equal(told, 1);
	sim_crash(f->w, SIM_CRASH_NOTHING);
	reopen(f);
	assert_value(f, 0, "safe", "1");
	assert_value(f, 0, "b", NULL);
}

static void
closing_finishes_what_waits(void ** state)
{
	struct fixture * f = *state;
	struct ended first = {.commit.done = note};
	struct ended second = {.commit.done = note};

	begin(f);
	put(f, 0, "a", "1");
	assert_int_equal(store_commit(f->s, &first.commit), 0);
	sim_run_for(f->sim, 1);
	begin(f);
	put(f, 0, "b", "2");
	assert_int_equal(store_commit(f->s, &second.commit), 0);
	reopen(f);
	assert_true(first.done && first.status == 0);
	assert_true(second.done && second.status == 0);
	sim_crash(f->w, SIM_CRASH_NOTHING);
	reopen(f);
	assert_value(f, 0, "a", "1");
	assert_value(f, 0, "b", "2");
}

static void
an_older_copy_can_be_put_back(void ** state)
{
	struct fixture * f = *state;
	struct sim_snapshot * snapshot;

	begin(f);
	put(f, 0, "a", "old");
	commit(f);
	snapshot = sim_disk_snapshot(f->w);
	begin(f);
	put(f, 0, "a", "new");
	commit(f);
	sim_kill(f->w);
	store_close(f->s);
	assert_int_equal(sim_disk_restore(f->w, snapshot), 0);
	sim_snapshot_free(snapshot);
	f->s = NULL;
	reopen(f);
	assert_value(f, 0, "a", "old");
}

static void
a_store_in_memory_needs_no_disk(void ** state)
{
	struct fixture * f = *state;
	struct store_config config = {0};
	struct fixture m = {f->sim, f->w, NULL};

	assert_int_equal(store_open(f->w, &config, &m.s, NULL), 0);
	begin(&m);
	put(&m, 0, "a", "1");
	commit(&m);
	assert_value(&m, 0, "a", "1");
	store_close(m.s);
}

static void
the_log_stays_bounded_and_rows_stay_small(void ** state)
{
	enum { N = 3000 };
	static uint8_t value[1300];
	struct fixture * f = *state;
	struct store_stats stats;
	struct sim_disk_stats disk;
	uint64_t id, most = 0;
	char name[40];
	int i;

	for (i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "block %d", i);
		begin(f);
		assert_int_equal(store_block_put(f->s, text(name),
		    slice_of(value, sizeof(value)), &id), 0);
		assert_int_equal(store_number_put(f->s, STORE_JOIN_ORDER, 1,
		    (uint64_t)i, id), 0);
		assert_int_equal(store_number_put(f->s, STORE_ARRIVAL, 1,
		    (uint64_t)i, id), 0);
		assert_int_equal(store_commit(f->s, NULL), 0);
		sim_run_for(f->sim, 5);
		store_stats(f->s, &stats);
		if (stats.bytes > most)
			most = stats.bytes;
	}
	assert_true(most < N * 1900 + 6 * 1024 * 1024);
	reopen(f);
	store_close(f->s);
	f->s = NULL;
	sim_disk_stats(f->w, &disk);
	print_message("%u bytes a block\n", (unsigned)(disk.bytes / N));
	assert_true(disk.bytes < N * 1900);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_put_is_read_back_after_reopening),
	    TEST(blocks_have_growing_ids_and_unique_names),
	    TEST(a_rollback_undoes_its_own_transaction_alone),
	    TEST(nothing_is_written_outside_a_transaction),
	    TEST(a_walk_follows_the_order_of_first_puts),
	    TEST(a_walk_ends_when_its_callback_says_so),
	    TEST(a_walk_may_walk_inside),
	    TEST(ranges_are_ordered_both_ways_and_bounded),
	    TEST(a_scope_is_small_and_stays),
	    TEST(a_wrong_key_is_refused_and_harms_nothing),
	    TEST(a_second_opener_is_refused),
	    TEST(one_sync_serves_all_that_wait),
	    TEST(calls_during_a_sync_wait_for_the_next_one),
	    TEST(a_full_disk_makes_the_store_read_only),
	    TEST(a_failed_sync_fails_all_that_wait_and_tells),
	    TEST(closing_finishes_what_waits),
	    TEST(an_older_copy_can_be_put_back),
	    TEST(a_store_in_memory_needs_no_disk),
	    TEST(the_log_stays_bounded_and_rows_stay_small),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
