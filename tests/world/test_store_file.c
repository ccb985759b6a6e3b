/* What a store makes of files that are not quite its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/error.h"
#include "world/sim/sim.h"
#include "world/store.h"

struct fixture {
	struct sim * sim;
	struct world * w;
};

static int
setup(void ** state)
{
	struct fixture * f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->sim = sim_new(sim_seed_wanted(11));
	f->w = sim_node(f->sim);
	*state = f;
	return (0);
}

static int
teardown(void ** state)
{
	struct fixture * f = *state;

	sim_free(f->sim);
	free(f);
	return (0);
}

static struct store *
open_store(struct fixture * f, struct error * err, int status)
{
	struct store_config config = {.path = "store",
	    .vfs = sim_disk(f->w), .key = (uint8_t[32]){5}};
	struct store * s = NULL;

	assert_int_equal(store_open(f->w, &config, &s, err), status);
	return (s);
}

/* Behind the store's back. */
static void
sql(struct fixture * f, const char * text)
{
	sqlite3 * db;

	assert_int_equal(sqlite3_open_v2("store", &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, sim_disk(f->w)), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE",
	    NULL, NULL, NULL), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
fill(struct fixture * f)
{
	struct store * s = open_store(f, NULL, 0);
	uint64_t id;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, STORE_KEY, 0, slice_text("a"),
	    slice_text("secret of a")), 0);
	assert_int_equal(store_put(s, STORE_KEY, 0, slice_text("b"),
	    slice_text("secret of b")), 0);
	assert_int_equal(store_block_put(s, slice_text("one"),
	    slice_text("first"), &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(store_block_put(s, slice_text("two"),
	    slice_text("second"), &id), 0);
	assert_int_equal(store_commit(s, NULL), 0);
	store_close(s);
}

static void
a_newer_store_is_refused_and_left_alone(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};

	fill(f);
	sql(f, "PRAGMA user_version=1000");
	(void)open_store(f, &err, -ERR_DB_MIGRATE);
	assert_string_equal(err.text, "the store was made by a newer version");
	sql(f, "PRAGMA user_version=1");
	store_close(open_store(f, &err, 0));
}

static void
another_programs_database_is_refused_and_left_alone(void ** state)
{
	struct fixture * f = *state;
	struct error err = {0};
	struct sim_disk_stats before, after;

	sql(f, "CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
	sim_disk_stats(f->w, &before);
	(void)open_store(f, &err, -ERR_DB_OPEN);
	assert_string_equal(err.text, "not a store");
	sim_disk_stats(f->w, &after);
	assert_int_equal(before.writes, after.writes);
}

static void
a_value_moved_to_another_row_does_not_open(void ** state)
{
	struct fixture * f = *state;
	struct buffer b = {0};
	struct store * s;

	fill(f);
	sql(f, "UPDATE named SET value = (SELECT value FROM named WHERE "
	    "seq = 1) WHERE seq = 2; "
	    "UPDATE blocks SET value = (SELECT value FROM blocks WHERE "
	    "id = 1) WHERE id = 2");
	s = open_store(f, NULL, 0);
	assert_int_equal(store_get(s, STORE_KEY, 0, slice_text("a"), &b), 0);
	buffer_clear(&b);
	assert_int_equal(store_get(s, STORE_KEY, 0, slice_text("b"), &b),
	    -ERR_DB_READ);
	assert_int_equal(store_block_get(s, 2, &b), -ERR_DB_READ);
	assert_int_equal(b.n, 0);
	assert_int_equal(store_block_get(s, 1, &b), 0);
	buffer_free(&b);
	store_close(s);
}

static void
a_name_moved_to_another_row_does_not_open(void ** state)
{
	struct fixture * f = *state;
	struct buffer b = {0};
	struct store * s;

	fill(f);
	sql(f, "UPDATE blocks SET name = x'00' WHERE id = 1; "
	    "UPDATE blocks SET name = zeroblob(16) WHERE id = 2");
	s = open_store(f, NULL, 0);
	assert_int_equal(store_block_get(s, 1, &b), -ERR_DB_READ);
	assert_int_equal(store_block_get(s, 2, &b), -ERR_DB_READ);
	buffer_free(&b);
	store_close(s);
}

/* In how many rows the bytes stand, of the store and of a table in clear. */
static int
rows_with(struct fixture * f, const char * where)
{
	sqlite3_stmt * statement;
	sqlite3 * db;
	char text[200];
	int n;

	assert_int_equal(sqlite3_open_v2("store", &db, SQLITE_OPEN_READWRITE,
	    sim_disk(f->w)), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE",
	    NULL, NULL, NULL), SQLITE_OK);
	(void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s", where);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	n = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return (n);
}

static void
no_value_or_name_stands_in_the_file_in_clear(void ** state)
{
	struct fixture * f = *state;

	fill(f);
	assert_int_equal(rows_with(f, "named"), 2);
	assert_int_equal(rows_with(f, "named WHERE length(name) = 16 AND "
	    "length(value) = 24 + length('secret of a') + 16"), 2);
	assert_int_equal(rows_with(f, "named WHERE "
	    "instr(value, CAST('secret' AS BLOB)) > 0"), 0);
	assert_int_equal(rows_with(f, "blocks WHERE "
	    "instr(value, CAST('first' AS BLOB)) > 0 OR "
	    "instr(name, CAST('one' AS BLOB)) > 0"), 0);
	/* The search does find what is in clear. */
	sql(f, "UPDATE blocks SET value = CAST('the first' AS BLOB) "
	    "WHERE id = 1");
	assert_int_equal(rows_with(f, "blocks WHERE "
	    "instr(value, CAST('first' AS BLOB)) > 0"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_newer_store_is_refused_and_left_alone),
	    TEST(another_programs_database_is_refused_and_left_alone),
	    TEST(a_value_moved_to_another_row_does_not_open),
	    TEST(a_name_moved_to_another_row_does_not_open),
	    TEST(no_value_or_name_stands_in_the_file_in_clear),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
