#include "support/bytes.h"

#include "crypto/crypto.h"
#include "crypto/secret.h"

static void
a_secret_is_zero_aligned_and_its_own(void ** state)
{
	struct secret_arena * arena = secret_arena_new();
	uint8_t *a, *b;
	size_t i;

	(void)state;
	assert_non_null(arena);
	a = secret_new(arena, 32);
	b = secret_new(arena, 33);
	assert_int_equal((uintptr_t)a % 16, 0);
	assert_int_equal((uintptr_t)b % 16, 0);
	for (i = 0; i < 33; i++)
		assert_int_equal(b[i], 0);
	memset(a, 0xaa, 32);
	for (i = 0; i < 33; i++)
		assert_int_equal(b[i], 0);
	secret_arena_free(arena);
}

static void
a_place_given_back_is_wiped_and_used_again(void ** state)
{
	struct secret_arena * arena = secret_arena_new();
	uint8_t *a, *b;
	size_t i;

	(void)state;
	a = secret_new(arena, 100);
	memset(a, 0xaa, 100);
	secret_free(arena, a, 100);
	for (i = sizeof(void *); i < 100; i++)
		assert_int_equal(a[i], 0);
	b = secret_new(arena, 128);
	assert_ptr_equal(a, b);
	for (i = 0; i < 128; i++)
		assert_int_equal(b[i], 0);
	secret_free(arena, NULL, 10);
	secret_arena_free(arena);
}

static void
many_secrets_share_few_mappings(void ** state)
{
	struct secret_arena * arena = secret_arena_new();
	uint8_t * p;
	int i;

	(void)state;
	/* A mapping each would meet the system's limit of 65,530. */
	for (i = 0; i < 100000; i++) {
		p = secret_new(arena, 32);
		assert_non_null(p);
		p[0] = 1;
	}
	secret_arena_free(arena);
}

static void
sizes_end_at_4096(void ** state)
{
	struct secret_arena * arena = secret_arena_new();

	(void)state;
	assert_non_null(secret_new(arena, 4096));
	assert_null(secret_new(arena, 4097));
	assert_non_null(secret_new(arena, 0));
	secret_arena_free(arena);
	secret_arena_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_is_zero_aligned_and_its_own),
	    cmocka_unit_test(a_place_given_back_is_wiped_and_used_again),
	    cmocka_unit_test(many_secrets_share_few_mappings),
	    cmocka_unit_test(sizes_end_at_4096),
	};

	if (crypto_setup() != 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
