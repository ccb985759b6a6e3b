/* A power failure at every write of a workload, in every way a disk can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "world/sim/sim.h"
#include "world/store.h"

enum { CALLS = 24, ROWS = 3, SMALL = 2500, LARGE = 300000 };

/* What the workload was told of each of its calls. */
struct call {
	struct store_commit commit;
	bool asked;
	bool kept;
};

struct run {
	struct sim * sim;
	struct world * w;
	struct store * s;
	struct call calls[CALLS];
	bool opened;
	size_t block;             /* bytes of each call's block */
};

static const uint8_t key[32] = {5};

static int
open_store(struct run * r)
{
	struct store_config config = {
	    .path = "store", .vfs = sim_disk(r->w), .key = key};

	return (store_open(r->w, &config, &r->s, NULL));
}

static void
ended(struct store_commit * commit, int status)
{
	struct call * call = list_entry(commit, struct call, commit);

	call->kept = status == 0;
}

static void
name_row(char name[48], int call, int row)
{
	(void)snprintf(name, 48, "call %d row %d", call, row);
}

/* Each call changes a block, some named rows and a number, or nothing. */
static int
write_rows(struct run * r, int at)
{
	static uint8_t value[300000];
	struct store * s = r->s;
	char name[48];
	uint64_t id;
	int i, status;

	for (i = 0; i < ROWS; i++) {
		name_row(name, at, i);
		status = store_put(s, STORE_GROUP, 1, slice_text(name),
		    slice_of(value, (size_t)(100 + 300 * i)));
		if (status != 0)
			return (status);
	}
	name_row(name, at, ROWS);
	if ((status = store_block_put(s, slice_text(name),
	    slice_of(value, r->block), &id)) != 0)
		return (status);
	return (store_number_put(s, STORE_ARRIVAL, 1, (uint64_t)at, id));
}

static void
call(struct run * r, int at)
{
	r->calls[at].asked = true;
	r->calls[at].commit.done = ended;
	if (store_begin(r->s) != 0)
		return;
	if (write_rows(r, at) != 0)
		store_rollback(r->s);
	else
		(void)store_commit(r->s, &r->calls[at].commit);
}

static void
work(struct run * r)
{
	int i;

	if (open_store(r) != 0)
		return;
	r->opened = true;
	for (i = 0; i < CALLS && sim_alive(r->w); i++) {
		call(r, i);
		/* Some share a sync, some come during one, some are alone. */
		sim_run_for(r->sim, i % 4 == 0 ? 20 : i % 4 == 1 ? 1 : 0);
	}
	sim_run_for(r->sim, 100);
}

static int
rows_of(struct run * r, int at)
{
	struct buffer b = {0};
	struct store_number row;
	char name[48];
	int i, found = 0;
	uint64_t id;
	size_t n;

	for (i = 0; i < ROWS; i++) {
		name_row(name, at, i);
		found += store_get(r->s, STORE_GROUP, 1, slice_text(name),
		    &b) == 0;
	}
	name_row(name, at, ROWS);
	if (store_block_find(r->s, slice_text(name), &id) == 0) {
		assert_int_equal(store_block_get(r->s, id, &b), 0);
		found++;
	}
	buffer_free(&b);
	assert_int_equal(store_number_range(r->s, STORE_ARRIVAL, 1,
	    (uint64_t)at, (uint64_t)at, false, &row, 1, &n), 0);
	return (found + (int)n);
}

static void
check(struct run * r)
{
	bool missing = false;
	int i, rows;

	sim_assert(r->sim, open_store(r) == 0);
	for (i = 0; i < CALLS; i++) {
		rows = rows_of(r, i);
		sim_assert(r->sim, rows == 0 || rows == ROWS + 2);
		sim_assert(r->sim, !r->calls[i].kept || rows != 0);
		sim_assert(r->sim, r->calls[i].asked || rows == 0);
		/* What was lost is the end, never the middle. */
		sim_assert(r->sim, rows == 0 || !missing);
		missing = rows == 0;
	}
	/* The store works on. */
	sim_assert(r->sim, store_begin(r->s) == 0);
	sim_assert(r->sim, store_put(r->s, STORE_META, 0, slice_text("x"),
	    slice_text("y")) == 0);
	sim_assert(r->sim, store_commit(r->s, NULL) == 0);
	store_close(r->s);
}

/* How many calls were acknowledged; -1: the crash came too late to happen. */
static int
crash_at(uint64_t n, enum sim_crash left, size_t block)
{
	struct run r = {.block = block};
	int i, kept = 0;
	bool crashed;

	r.sim = sim_new(sim_seed_wanted(1000 * n + left));
	r.w = sim_node(r.sim);
	if (n > 0)
		sim_disk_crash_at(r.w, n, left);
	work(&r);
	crashed = !sim_alive(r.w);
	if (!crashed)
		sim_crash(r.w, left);
	for (i = 0; i < CALLS; i++)
		kept += r.calls[i].kept;
	if (r.opened)
		store_close(r.s);
	sim_start(r.w);
	check(&r);
	sim_free(r.sim);
	return (crashed || n == 0 ? kept : -1);
}

static void
crash_everywhere(enum sim_crash left, size_t block, unsigned step)
{
	uint64_t n;
	int kept, before = 0;

	for (n = 1; (kept = crash_at(n, left, block)) >= 0; n += step) {
		assert_true(kept >= before);
		before = kept;
	}
	print_message("%u writes\n", (unsigned)n - 1);
	assert_true(n > 100);
	assert_true(before > CALLS / 2);
}

static void
a_crash_at_any_write_keeps_what_was_acknowledged(void ** state)
{
	(void)state;
	crash_everywhere(SIM_CRASH_NOTHING, SMALL, 1);
}

static void
so_does_one_that_leaves_the_first_of_the_unsynced_writes(void ** state)
{
	(void)state;
	crash_everywhere(SIM_CRASH_PREFIX, SMALL, 1);
}

static void
so_does_one_that_leaves_any_sectors_of_them(void ** state)
{
	(void)state;
	crash_everywhere(SIM_CRASH_SOME, SMALL, 1);
}

/* Enough to have the log copied into the file on the way. */
static void
a_crash_around_a_checkpoint_keeps_it_too(void ** state)
{
	(void)state;
	crash_everywhere(SIM_CRASH_PREFIX, LARGE, 31);
	crash_everywhere(SIM_CRASH_SOME, LARGE, 37);
}

static void
a_crash_when_all_is_quiet_loses_nothing(void ** state)
{
	(void)state;
	assert_int_equal(crash_at(0, SIM_CRASH_NOTHING, SMALL), CALLS);
}

/* A write or sync that fails, at each place where it can. */
static void
fail_everywhere(void (*plan)(struct world * w, uint64_t n))
{
	struct sim_disk_stats stats;
	bool happened = true;
	struct run r;
	uint64_t n;

	for (n = 1; happened; n++) {
		r = (struct run){.block = SMALL};
		r.sim = sim_new(sim_seed_wanted(n));
		r.w = sim_node(r.sim);
		plan(r.w, n);
		work(&r);
		happened = !r.opened || store_read_only(r.s);
		if (r.opened)
			store_close(r.s);
		sim_disk_stats(r.w, &stats);
		sim_crash(r.w, SIM_CRASH_NOTHING);
		sim_start(r.w);
		check(&r);
		sim_free(r.sim);
	}
	assert_true(n > 10);
}

static void
a_failed_write_anywhere_loses_nothing_acknowledged(void ** state)
{
	(void)state;
	fail_everywhere(sim_disk_fail_write);
}

static void
a_failed_sync_anywhere_loses_nothing_acknowledged(void ** state)
{
	(void)state;
	fail_everywhere(sim_disk_fail_sync);
}

/*
 * The process begins anew after a failed sync, and the machine does not: what
 * it reads is still in memory, and may never have reached the disk.
 */
static void
what_a_failed_sync_lost_is_not_built_upon(void ** state)
{
	bool happened = true;
	struct run r;
	uint64_t n;

	(void)state;
	for (n = 1; happened; n++) {
		r = (struct run){.block = SMALL};
		r.sim = sim_new(sim_seed_wanted(n));
		r.w = sim_node(r.sim);
		sim_disk_fail_sync(r.w, n);
		work(&r);
		happened = !r.opened || store_read_only(r.s);
		if (r.opened)
			store_close(r.s);
		r.opened = false;
		work(&r);
		assert_true(r.opened);
		sim_assert(r.sim, !store_read_only(r.s));
		sim_crash(r.w, SIM_CRASH_NOTHING);
		store_close(r.s);
		sim_start(r.w);
		check(&r);
		sim_free(r.sim);
	}
	assert_true(n > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_crash_at_any_write_keeps_what_was_acknowledged),
	    cmocka_unit_test(
	        so_does_one_that_leaves_the_first_of_the_unsynced_writes),
	    cmocka_unit_test(so_does_one_that_leaves_any_sectors_of_them),
	    cmocka_unit_test(a_crash_around_a_checkpoint_keeps_it_too),
	    cmocka_unit_test(a_crash_when_all_is_quiet_loses_nothing),
	    cmocka_unit_test(
	        a_failed_write_anywhere_loses_nothing_acknowledged),
	    cmocka_unit_test(a_failed_sync_anywhere_loses_nothing_acknowledged),
	    cmocka_unit_test(what_a_failed_sync_lost_is_not_built_upon),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
