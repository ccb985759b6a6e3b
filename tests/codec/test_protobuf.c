#include "support/bytes.h"

#include "codec/protobuf.h"
#include "tinder/records.pb-c.h"

static void
what_was_written_is_decoded(void ** state)
{
	Tinder__Record record = TINDER__RECORD__INIT;
	Tinder__Record * list[1] = {&record};
	Tinder__Records out = TINDER__RECORDS__INIT, *in;
	struct buffer b = {0};

	(void)state;
	record.cid = protobuf_bytes(slice_text("topic"));
	record.expire = 5;
	out.n_records = 1;
	out.records = list;
	protobuf_encode_prefixed(&b, &out);
	assert_hex(buffer_all(&b), "0b0a090a05746f7069631005");
	in = protobuf_decode(&tinder__records__descriptor,
	    slice_of(b.p + 1, b.n - 1), protobuf_cap(b.n));
	assert_non_null(in);
	assert_int_equal(in->n_records, 1);
	assert_text(protobuf_slice(in->records[0]->cid), "topic");
	protobuf_free(in);
	protobuf_free(NULL);
	buffer_free(&b);
}

static void
malformed_bytes_are_refused(void ** state)
{
	static const char * const table[] = {"0a", "0a05", "0a0209ff", "0b",
	    "00", "0a010a", "ff"};
	struct buffer b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buffer_clear(&b);
		(void)bytes_hex(&b, table[i]);
		assert_null(protobuf_decode(&tinder__records__descriptor,
		    buffer_all(&b), protobuf_cap(b.n)));
	}
	buffer_free(&b);
}

static void
many_empty_entries_meet_the_cap(void ** state)
{
	struct buffer b = {0};
	void * message;
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		buffer_append(&b, "\x0a\x00", 2);
	assert_null(protobuf_decode(&tinder__records__descriptor,
	    buffer_all(&b), protobuf_cap(b.n)));
	/* The same bytes fit a cap that is large enough. */
	message = protobuf_decode(&tinder__records__descriptor,
	    buffer_all(&b), (size_t)1 << 28);
	assert_non_null(message);
	protobuf_free(message);
	buffer_free(&b);
}

static void
nothing_at_all_is_an_empty_message(void ** state)
{
	Tinder__Records * in = protobuf_decode(&tinder__records__descriptor,
	    slice_of(NULL, 0), protobuf_cap(0));

	(void)state;
	assert_non_null(in);
	assert_int_equal(in->n_records, 0);
	protobuf_free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_is_decoded),
	    cmocka_unit_test(malformed_bytes_are_refused),
	    cmocka_unit_test(many_empty_entries_meet_the_cap),
	    cmocka_unit_test(nothing_at_all_is_an_empty_message),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
