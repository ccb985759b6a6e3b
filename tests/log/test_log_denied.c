/* Entries that the owner does not take. */
#include "log_fixture.h"

/* "bad" with a child, and an entry beside them, by three who never met. */
struct story {
	struct sim * sim;
	struct place writer, other, reader;
	struct cid bad, child, fine;
};

static void
story_new(struct story * s, uint64_t seed)
{
	s->sim = sim_new(seed);
	place_new(&s->writer, s->sim, 'a');
	place_new(&s->other, s->sim, 'a');
	place_new(&s->reader, s->sim, 'a');
	s->bad = place_append(&s->writer, "bad");
	s->child = place_append(&s->writer, "child");
	s->fine = place_append(&s->other, "fine");
	s->reader.owner.refuses = "bad";
}

static void
story_free(struct story * s)
{
	place_free(&s->writer);
	place_free(&s->other);
	place_free(&s->reader);
	sim_free(s->sim);
}

/* Offer all three to the reader in a transaction. */
static int
try_all(struct story * s)
{
	struct place * p = &s->reader;
	int status;

	assert_int_equal(store_begin(p->store), 0);
	assert_true(place_copy(p, &s->other, &s->fine) >= 0);
	assert_true(place_copy(p, &s->writer, &s->child) >= 0);
	assert_true(place_copy(p, &s->writer, &s->bad) >= 0);
	if ((status = log_settle(p->log, 100)) >= 0) {
		assert_int_equal(store_commit(p->store, NULL), 0);
	} else {
		store_rollback(p->store);
		log_forget(p->log);
	}
	return (status);
}

static struct log_status
status_of(struct place * p)
{
	struct log_status status;

	log_status(p->log, &status);
	return (status);
}

static void
what_is_always_refused_holds_up_its_descendants_only(void ** state)
{
	struct story s;
	unsigned i;

	(void)state;
	story_new(&s, 71);
	for (i = 0; i < LOG_TRIES; i++) {
		assert_int_equal(status_of(&s.reader).denied, 0);
		assert_int_equal(try_all(&s), -ERR_TODO);
	}
	assert_int_equal(try_all(&s), 1);
	assert_true(log_joined(s.reader.log, &s.fine));
	assert_false(log_joined(s.reader.log, &s.bad));
	assert_false(log_joined(s.reader.log, &s.child));
	assert_int_equal(status_of(&s.reader).denied, 1);
	assert_int_equal(status_of(&s.reader).waiting, 2);
	/* Nothing is left to do, and own entries can be written. */
	assert_false(log_ready(s.reader.log));
	(void)place_append(&s.reader, "own");
	assert_int_equal(status_of(&s.reader).joined, 2);
	assert_false(log_joined(s.reader.log, &s.bad));
	story_free(&s);
}

/* It waited in the store when its parent came. */
static void
a_refused_entry_that_waited_does_not_hold_up_its_parent(void ** state)
{
	struct story s;
	unsigned i;

	(void)state;
	story_new(&s, 72);
	s.reader.owner.refuses = "child";
	place_receive(&s.reader, &s.writer, &s.child);
	for (i = 0; i < LOG_TRIES; i++)
		assert_int_equal(try_all(&s), -ERR_TODO);
	assert_int_equal(try_all(&s), 2);
	assert_true(log_joined(s.reader.log, &s.bad));
	assert_false(log_joined(s.reader.log, &s.child));
	assert_int_equal(status_of(&s.reader).waiting, 1);
	assert_false(log_ready(s.reader.log));
	story_free(&s);
}

static void
what_was_set_aside_is_tried_again_when_the_log_is_opened(void ** state)
{
	struct story s;
	unsigned i;

	(void)state;
	story_new(&s, 73);
	for (i = 0; i <= LOG_TRIES; i++)
		(void)try_all(&s);
	assert_false(log_joined(s.reader.log, &s.bad));
	place_reopen(&s.reader);
	assert_true(log_ready(s.reader.log));
	place_settle(&s.reader);
	assert_true(log_joined(s.reader.log, &s.child));
	assert_int_equal(status_of(&s.reader).joined, 3);
	assert_int_equal(status_of(&s.reader).waiting, 0);
	assert_false(log_ready(s.reader.log));
	story_free(&s);
}

static void
a_refusal_that_passes_leaves_nothing_behind(void ** state)
{
	struct story s;
	unsigned i;

	(void)state;
	story_new(&s, 74);
	for (i = 1; i < LOG_TRIES; i++)
		assert_int_equal(try_all(&s), -ERR_TODO);
	s.reader.owner.refuses = NULL;
	assert_int_equal(try_all(&s), 3);
	assert_int_equal(status_of(&s.reader).denied, 0);
	story_free(&s);
}

static void
a_store_that_cannot_be_written_says_nothing_of_an_entry(void ** state)
{
	struct story s;
	unsigned i;

	(void)state;
	story_new(&s, 75);
	s.reader.owner.code = -ERR_DB_WRITE;
	for (i = 0; i < 3 * LOG_TRIES; i++)
		assert_int_equal(try_all(&s), -ERR_DB_WRITE);
	s.reader.owner.refuses = NULL;
	assert_int_equal(try_all(&s), 3);
	story_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        what_is_always_refused_holds_up_its_descendants_only),
	    cmocka_unit_test(
	        a_refused_entry_that_waited_does_not_hold_up_its_parent),
	    cmocka_unit_test(
	        what_was_set_aside_is_tried_again_when_the_log_is_opened),
	    cmocka_unit_test(a_refusal_that_passes_leaves_nothing_behind),
	    cmocka_unit_test(
	        a_store_that_cannot_be_written_says_nothing_of_an_entry),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
