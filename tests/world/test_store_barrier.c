/* What a sync is spent on, and what waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "world/sim/sim.h"
#include "world/store.h"

static const uint8_t key[32] = {1, 2, 3};

struct fixture {
	struct sim * sim;
	struct world * w;
	struct store * s;
};

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

static void
open_store(struct fixture * f)
{
	struct store_config config = {
	    .path = "store", .vfs = sim_disk(f->w), .key = key};

	assert_int_equal(store_open(f->w, &config, &f->s, NULL), 0);
}

static int
setup(void ** state)
{
	struct fixture * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->sim = sim_new(sim_seed_wanted(7));
	f->w = sim_node(f->sim);
	open_store(f);
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

static void
put(struct fixture * f, const char * name, struct store_commit * commit)
{
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_put(f->s, STORE_GROUP, 1, slice_text(name),
	    slice_text("v")), 0);
	assert_int_equal(store_commit(f->s, commit), 0);
}

static bool
has(struct fixture * f, const char * name)
{
	struct buffer b = {0};
	bool found = store_get(f->s, STORE_GROUP, 1, slice_text(name),
	    &b) == 0;

	buffer_free(&b);
	return (found);
}

static uint64_t
syncs(struct fixture * f)
{
	struct store_stats stats;

	store_stats(f->s, &stats);
	return (stats.syncs);
}

static void
a_barrier_with_nothing_pending_costs_no_sync(void ** state)
{
	struct fixture * f = *state;
	struct ended e = {.commit.done = note};
	uint64_t before = syncs(f);

	sim_disk_sync_ms(f->w, 500);
	assert_int_equal(store_barrier(f->s, &e.commit), 0);
	assert_false(e.done);
	sim_run_for(f->sim, 1);
	assert_true(e.done && e.status == 0);
	assert_int_equal(syncs(f), before);
}

static void
a_barrier_waits_for_what_nobody_else_waits_for(void ** state)
{
	struct fixture * f = *state;
	struct ended e = {.commit.done = note};

	sim_disk_sync_ms(f->w, 500);
	put(f, "a", NULL);
	sim_run_for(f->sim, 10);
	assert_int_equal(store_barrier(f->s, &e.commit), 0);
	sim_run_for(f->sim, 490);
	assert_false(e.done);
	sim_run_for(f->sim, 20);
	assert_true(e.done && e.status == 0);
	sim_crash(f->w, SIM_CRASH_NOTHING);
	store_close(f->s);
	sim_start(f->w);
	open_store(f);
	assert_true(has(f, "a"));
}

static void
a_barrier_during_a_sync_ends_with_it(void ** state)
{
	struct fixture * f = *state;
	struct ended first = {.commit.done = note};
	struct ended e = {.commit.done = note};
	uint64_t before = syncs(f);

	sim_disk_sync_ms(f->w, 100);
	put(f, "a", &first.commit);
	sim_run_for(f->sim, 50);
	assert_int_equal(store_barrier(f->s, &e.commit), 0);
	sim_run_for(f->sim, 40);
	assert_false(e.done);
	sim_run_for(f->sim, 20);
	assert_true(first.done && e.done && e.status == 0);
	assert_int_equal(syncs(f) - before, 1);
}

static void
a_barrier_during_a_sync_waits_for_what_was_written_since(void ** state)
{
	struct fixture * f = *state;
	struct ended first = {.commit.done = note};
	struct ended e = {.commit.done = note};

	sim_disk_sync_ms(f->w, 100);
	put(f, "a", &first.commit);
	sim_run_for(f->sim, 50);
	put(f, "b", NULL);
	assert_int_equal(store_barrier(f->s, &e.commit), 0);
	sim_run_for(f->sim, 100);
	assert_true(first.done && !e.done);
	sim_run_for(f->sim, 100);
	assert_true(e.done && e.status == 0);
}

static void
a_barrier_inside_a_transaction_waits_for_it(void ** state)
{
	struct fixture * f = *state;
	struct ended e = {.commit.done = note};
	struct ended undone = {.commit.done = note};
	uint64_t before;

	sim_disk_sync_ms(f->w, 100);
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_put(f->s, STORE_GROUP, 1, slice_text("a"),
	    slice_text("v")), 0);
	assert_int_equal(store_barrier(f->s, &e.commit), 0);
	assert_int_equal(store_commit(f->s, NULL), 0);
	sim_run_for(f->sim, 90);
	assert_false(e.done);
	sim_run_for(f->sim, 20);
	assert_true(e.done && e.status == 0);
	before = syncs(f);
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_put(f->s, STORE_GROUP, 1, slice_text("b"),
	    slice_text("v")), 0);
	assert_int_equal(store_barrier(f->s, &undone.commit), 0);
	store_rollback(f->s);
	sim_run_for(f->sim, 1);
	assert_true(undone.done && undone.status == 0);
	assert_int_equal(syncs(f), before);
}

static void
a_barrier_fails_with_the_sync_it_waits_for(void ** state)
{
	struct fixture * f = *state;
	struct ended e = {.commit.done = note};
	struct ended late = {.commit.done = note};

	put(f, "a", NULL);
	sim_disk_fail_sync(f->w, 1);
	assert_int_equal(store_barrier(f->s, &e.commit), 0);
	sim_run_for(f->sim, 100);
	assert_true(e.done);
	assert_int_equal(e.status, -ERR_DB_WRITE);
	assert_int_equal(store_barrier(f->s, &late.commit), -ERR_DB_WRITE);
	sim_run_for(f->sim, 100);
	assert_false(late.done);
}

static void
closing_ends_barriers(void ** state)
{
	struct fixture * f = *state;
	struct ended passed = {.commit.done = note};
	struct ended waits = {.commit.done = note};

	assert_int_equal(store_barrier(f->s, &passed.commit), 0);
	put(f, "a", NULL);
	assert_int_equal(store_barrier(f->s, &waits.commit), 0);
	store_close(f->s);
	assert_true(passed.done && passed.status == 0);
	assert_true(waits.done && waits.status == 0);
	open_store(f);
	assert_true(has(f, "a"));
}

static void
a_commit_that_wrote_nothing_costs_no_sync(void ** state)
{
	struct fixture * f = *state;
	struct ended e = {.commit.done = note};
	uint64_t before = syncs(f);

	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_commit(f->s, &e.commit), 0);
	sim_run_for(f->sim, 1);
	assert_true(e.done && e.status == 0);
	assert_int_equal(store_begin(f->s), 0);
	assert_int_equal(store_delete(f->s, STORE_GROUP, 1,
	    slice_text("none")), -ERR_NOT_FOUND);
	assert_int_equal(store_commit(f->s, NULL), 0);
	sim_run_for(f->sim, 5000);
	assert_int_equal(syncs(f), before);
}

/* A process that dies loses none of it; a power cut a second at most. */
static void
what_nobody_waits_for_is_written_at_once_and_synced_in_a_second(void ** state)
{
	struct fixture * f = *state;
	uint64_t before = syncs(f);
	char name[16];
	int i;

	for (i = 0; i < 9; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		put(f, name, NULL);
		sim_run_for(f->sim, 100);
	}
	assert_int_equal(syncs(f), before);
	sim_run_for(f->sim, 200);
	assert_int_equal(syncs(f) - before, 1);
	put(f, "last", NULL);
	sim_run_for(f->sim, 1);
	sim_kill(f->w);
	store_close(f->s);
	sim_start(f->w);
	open_store(f);
	assert_true(has(f, "0") && has(f, "8") && has(f, "last"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_barrier_with_nothing_pending_costs_no_sync),
	    TEST(a_barrier_waits_for_what_nobody_else_waits_for),
	    TEST(a_barrier_during_a_sync_ends_with_it),
	    TEST(a_barrier_during_a_sync_waits_for_what_was_written_since),
	    TEST(a_barrier_inside_a_transaction_waits_for_it),
	    TEST(a_barrier_fails_with_the_sync_it_waits_for),
	    TEST(closing_ends_barriers),
	    TEST(a_commit_that_wrote_nothing_costs_no_sync),
	    TEST(
	        what_nobody_waits_for_is_written_at_once_and_synced_in_a_second),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
