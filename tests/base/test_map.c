#include <stdio.h>

#include "support/bytes.h"

#include "base/list.h"
#include "base/map.h"

static struct slice
key_of(char text[16], int i)
{
	(void)snprintf(text, 16, "key %d", i);
	return (slice_text(text));
}

static void
a_value_is_found_under_its_key_only(void ** state)
{
	struct map m = {.seed = 7};
	int a = 1, b = 2;

	(void)state;
	assert_null(map_get(&m, slice_text("x")));
	assert_int_equal(map_set(&m, slice_text("x"), &a), 0);
	assert_int_equal(map_set(&m, slice_text(""), &b), 0);
	assert_ptr_equal(map_get(&m, slice_text("x")), &a);
	assert_ptr_equal(map_get(&m, slice_text("")), &b);
	assert_int_equal(map_set(&m, slice_text("x"), &b), 0);
	assert_ptr_equal(map_get(&m, slice_text("x")), &b);
	assert_int_equal(m.n, 2);
	assert_ptr_equal(map_remove(&m, slice_text("x")), &b);
	assert_null(map_remove(&m, slice_text("x")));
	assert_null(map_get(&m, slice_text("x")));
	map_free(&m);
}

static void
many_keys_come_and_go_without_loss(void ** state)
{
	static int values[1000];
	struct map m = {0};
	char text[16];
	int round, i;

	(void)state;
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 1000; i++)
			assert_int_equal(map_set(&m, key_of(text, i),
			    &values[i]), 0);
		for (i = 0; i < 1000; i += 2)
			assert_ptr_equal(map_remove(&m, key_of(text, i)),
			    &values[i]);
		assert_int_equal(m.n, 500);
		for (i = 1; i < 1000; i += 2)
			assert_ptr_equal(map_get(&m, key_of(text, i)),
			    &values[i]);
	}
	/* Slots of removed keys are used again: the map does not grow. */
	assert_true(m.size <= 4096);
	map_free(&m);
}

static void
a_walk_meets_each_key_once_and_may_remove_it(void ** state)
{
	int values[100] = {0}, i;
	struct map m = {0};
	struct slice key;
	char text[16];
	size_t at = 0;
	void * v;

	(void)state;
	for (i = 0; i < 100; i++)
		(void)map_set(&m, key_of(text, i), &values[i]);
	while (map_next(&m, &at, &key, &v)) {
		++*(int *)v;
		assert_ptr_equal(map_remove(&m, key), v);
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(values[i], 1);
	assert_int_equal(m.n, 0);
	map_free(&m);
}

struct thing {
	int id;
	struct list place;
};

static void
a_list_keeps_its_order_while_things_leave(void ** state)
{
	struct thing t[3] = {{.id = 0}, {.id = 1}, {.id = 2}};
	struct list l, other, *place, *following;
	int i, next = 0;

	(void)state;
	list_init(&l);
	list_init(&other);
	for (i = 0; i < 3; i++)
		list_append(&l, &t[i].place);
	list_each(place, following, &l) {
		assert_int_equal(list_entry(place, struct thing, place)->id,
		    next++);
		if (next == 2)
			list_remove(place);
	}
	assert_int_equal(next, 3);
	list_remove(&t[1].place);
	list_splice(&other, &l);
	assert_true(list_empty(&l));
	assert_ptr_equal(other.next, &t[0].place);
	assert_ptr_equal(other.prev, &t[2].place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_is_found_under_its_key_only),
	    cmocka_unit_test(many_keys_come_and_go_without_loss),
	    cmocka_unit_test(a_walk_meets_each_key_once_and_may_remove_it),
	    cmocka_unit_test(a_list_keeps_its_order_while_things_leave),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
