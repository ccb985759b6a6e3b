#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/heap.h"

enum { N = 500 };

static void
items_leave_by_key_then_in_the_order_they_came(void ** state)
{
	struct heap_item items[N];
	struct heap heap = {0};
	struct heap_item * first;
	uint64_t key = 0, order = 0;
	int i;

	(void)state;
	assert_null(heap_top(&heap));
	for (i = 0; i < N; i++)
		assert_int_equal(heap_push(&heap, &items[i],
		    (uint64_t)(i * 7919 % 50)), 0);
	for (i = 0; i < N; i++) {
		first = heap_top(&heap);
		assert_non_null(first);
		assert_true(first->key > key || (first->key == key &&
		    (i == 0 || first->order > order)));
		key = first->key;
		order = first->order;
		heap_remove(&heap, first);
	}
	assert_null(heap_top(&heap));
	heap_free(&heap);
}

static void
an_item_can_be_taken_out_of_the_middle(void ** state)
{
	struct heap_item items[N];
	struct heap heap = {0};
	uint64_t key = 0;
	int i, left = 0;

	(void)state;
	for (i = 0; i < N; i++)
		assert_int_equal(heap_push(&heap, &items[i],
		    (uint64_t)(i * 31 % 101)), 0);
	for (i = 0; i < N; i += 3)
		heap_remove(&heap, &items[i]);
	while (heap_top(&heap) != NULL) {
		assert_true(heap_top(&heap)->key >= key);
		assert_int_not_equal((heap_top(&heap) - items) % 3, 0);
		key = heap_top(&heap)->key;
		heap_remove(&heap, heap_top(&heap));
		left++;
	}
	assert_int_equal(left, N - (N + 2) / 3);
	heap_free(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_leave_by_key_then_in_the_order_they_came),
	    cmocka_unit_test(an_item_can_be_taken_out_of_the_middle),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
