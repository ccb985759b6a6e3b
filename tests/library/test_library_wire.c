/* wire.h against protobuf-c: what one writes the other reads. */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "library/library_fixture.h"

static void
what_is_written_by_hand_is_a_message(void ** state)
{
	Berty__Protocol__V1__GroupMessageList__Request * request;
	uint8_t bytes[100], pk[32] = {5};
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	(void)state;
	berty_put_bytes(&w, 1, pk, 32);
	berty_put_text(&w, 2, "since");
	berty_put_number(&w, 5, 1);
	request = protobuf_decode(
	    &berty__protocol__v1__group_message_list__request__descriptor,
	    slice_of(bytes, w.n), 4096);
	assert_non_null(request);
	assert_int_equal(request->group_pk.len, 32);
	assert_memory_equal(request->group_pk.data, pk, 32);
	assert_int_equal(request->since_id.len, 5);
	assert_true(request->until_now);
	protobuf_free(request);
}

static void
what_does_not_fit_is_counted_and_not_written(void ** state)
{
	uint8_t bytes[8];
	struct berty_writer w = {bytes, 4, 0};

	(void)state;
	memset(bytes, 0xee, sizeof(bytes));
	berty_put_text(&w, 1, "longer than four");
	assert_int_equal(w.n, 18);
	assert_true(w.n > w.size);
	assert_int_equal(bytes[4], 0xee);
	berty_put_number(&w, 2, UINT64_MAX);
	assert_int_equal(w.n, 18 + 11);
	assert_int_equal(bytes[4], 0xee);
}

static void
fields_are_read_and_malformed_bytes_are_not(void ** state)
{
	/* 1: 150, 2: "ab", 3: fixed32 1, 4: fixed64 2, 1: 7 */
	static const uint8_t good[] = {8, 150, 1, 18, 2, 'a', 'b', 29, 1, 0, 0,
	    0, 33, 2, 0, 0, 0, 0, 0, 0, 0, 8, 7};
	static const uint8_t long_text[] = {18, 3, 'a', 'b'};
	static const uint8_t endless[] = {8, 0x80, 0x80, 0x80, 0x80, 0x80,
	    0x80, 0x80, 0x80, 0x80, 0x80, 1};
	static const uint8_t group[] = {11, 12};
	static const uint8_t zero[] = {0, 1};
	static const uint8_t short_fixed[] = {33, 1, 2};
	struct berty_field f = berty_get(good, sizeof(good), 2);

	(void)state;
	assert_int_equal(f.n, 2);
	assert_memory_equal(f.p, "ab", 2);
	/* The last one counts. */
	assert_int_equal(berty_get(good, sizeof(good), 1).number, 7);
	assert_int_equal(berty_get(good, sizeof(good), 3).number, 1);
	assert_int_equal(berty_get(good, sizeof(good), 4).number, 2);
	assert_int_equal(berty_get(good, sizeof(good), 9).field, 0);
	assert_int_equal(berty_get(NULL, 0, 1).field, 0);
	assert_int_equal(berty_get(long_text, 4, 2).field, 0);
	assert_int_equal(berty_get(endless, sizeof(endless), 1).field, 0);
	assert_int_equal(berty_get(group, 2, 1).field, 0);
	assert_int_equal(berty_get(zero, 2, 0).field, 0);
	assert_int_equal(berty_get(short_fixed, 3, 4).field, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_by_hand_is_a_message),
		cmocka_unit_test(what_does_not_fit_is_counted_and_not_written),
		cmocka_unit_test(fields_are_read_and_malformed_bytes_are_not),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
