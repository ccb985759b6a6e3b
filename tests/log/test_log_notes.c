/* Notes are keys: they stay nowhere but in the store and with their reader. */
#include "log/log_impl.h"
#include "log_fixture.h"

static bool
holds(struct slice bytes, const char * text)
{
	size_t n = strlen(text), i;

	for (i = 0; i + n <= bytes.n; i++)
		if (memcmp(bytes.p + i, text, n) == 0)
			return (true);
	return (false);
}

/* The note stands in the row alone, not in the bytes it was read from. */
static void
reading_a_row_wipes_the_note_in_its_bytes(void ** state)
{
	struct sim * sim = sim_new(61);
	struct buffer value = {0}, stored = {0};
	struct slice block, again;
	struct log_row row;
	struct place p;
	struct cid cid;
	uint64_t id;

	(void)state;
	place_new(&p, sim, 'a');
	cid = place_append(&p, "value");
	assert_int_equal(store_block_find(p.store, cid_slice(&cid), &id), 0);
	assert_int_equal(store_block_get(p.store, id, &stored), 0);
	assert_int_equal(log_row_decode(&row, buffer_all(&stored), &again), 0);
	assert_true(holds(slice_of(stored.p, stored.n - again.n), "abc"));
	assert_int_equal(log_row_read(p.store, id, &row, &value, &block), 0);
	assert_int_equal(row.note_n, 3);
	assert_memory_equal(row.note, "abc", 3);
	assert_true(slice_equal(block, again));
	assert_false(holds(slice_of(value.p, value.n - block.n), "abc"));
	buffer_free(&value);
	buffer_free(&stored);
	place_free(&p);
	sim_free(sim);
}

static void
a_freed_item_holds_no_note(void ** state)
{
	struct sim * sim = sim_new(62);
	struct log_item item;
	struct place p;
	struct cid cid;

	(void)state;
	place_new(&p, sim, 'a');
	cid = place_append(&p, "value");
	assert_int_equal(log_find(p.log, &cid, &item), 0);
	assert_memory_equal(item.note, "abc", 3);
	log_item_free(&item);
	assert_false(holds(slice_of(item.note, sizeof(item.note)), "abc"));
	place_free(&p);
	sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reading_a_row_wipes_the_note_in_its_bytes),
	    cmocka_unit_test(a_freed_item_holds_no_note),
	};

	crypto_setup();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
