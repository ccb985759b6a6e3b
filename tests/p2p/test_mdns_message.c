/* DNS messages: read strictly, written so that they can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "p2p/mdns_message.h"

/* What a message told. */
struct told {
	size_t questions, records;
	struct mdns_question question;    /* the last one */
	struct mdns_record record;        /* the last one */
};

static void
on_question(void * user, const struct mdns_question * q)
{
	struct told * t = user;

	t->questions++;
	t->question = *q;
}

static void
on_record(void * user, const struct mdns_record * r)
{
	struct told * t = user;

	t->records++;
	t->record = *r;
}

static int
read_it(const void * bytes, size_t n, struct told * t)
{
	struct mdns_reader reader = {on_question, on_record, t};
	uint8_t * exact = malloc(n > 0 ? n : 1);
	int status;

	/* A copy of that very size, so that reading on is seen. */
	assert_non_null(exact);
	memcpy(exact, bytes, n);
	*t = (struct told){0};
	status = mdns_message_read(slice_of(exact, n), &reader);
	t->record.data = (struct slice){0};
	free(exact);
	return (status);
}

#define READ(text, told) read_it(text, sizeof(text) - 1, told)

/* A header with these counts. */
#define QUESTIONS(n) "\0\0\0\0\0" n "\0\0\0\0\0\0"
#define ANSWERS(n) "\0\0\x84\0\0\0\0" n "\0\0\0\0"
#define SERVICE "\4_p2p\4_udp\5local\0"

static struct mdns_name
name(const char * text)
{
	struct mdns_name n;

	assert_int_equal(mdns_name_of(&n, text), 0);
	return (n);
}

static void
a_question_is_read(void ** state)
{
	struct mdns_name service = name("_p2p._udp.local");
	struct told t;

	(void)state;
	assert_int_equal(READ(QUESTIONS("\1") SERVICE "\0\x0c\0\1", &t), 0);
	assert_int_equal(t.questions, 1);
	assert_true(mdns_name_equal(&t.question.name, &service));
	assert_int_equal(t.question.type, MDNS_PTR);
	assert_false(t.question.unicast);
	assert_int_equal(READ(QUESTIONS("\1") SERVICE "\0\x0c\x80\1", &t), 0);
	assert_true(t.question.unicast);
}

static void
names_are_the_same_in_either_case(void ** state)
{
	struct mdns_name service = name("_p2p._udp.local");
	struct told t;

	(void)state;
	assert_int_equal(READ(QUESTIONS("\1") "\4_P2P\4_uDp\5LOCAL\0"
	    "\0\x0c\0\1", &t), 0);
	assert_true(mdns_name_equal(&t.question.name, &service));
}

static void
a_name_may_point_back(void ** state)
{
	struct mdns_name service = name("_p2p._udp.local"),
	    instance = name("x._p2p._udp.local");
	struct told t;

	(void)state;
	/* PTR: the owner is spelled out at 12, the target points there. */
	assert_int_equal(READ(ANSWERS("\1") SERVICE
	    "\0\x0c\0\1\0\0\x0c\x80\0\4" "\1x\xc0\x0c", &t), 0);
	assert_int_equal(t.records, 1);
	assert_true(mdns_name_equal(&t.record.name, &service));
	assert_true(mdns_name_equal(&t.record.target, &instance));
	assert_true(mdns_name_within(&t.record.target, &service));
	assert_int_equal(t.record.ttl, 3200);
}

static void
a_name_that_points_at_itself_or_on_is_refused(void ** state)
{
	struct told t;

	(void)state;
	assert_int_equal(READ(QUESTIONS("\1") "\xc0\x0c" "\0\x0c\0\1", &t),
	    -ERR_DESERIALIZATION);
	assert_int_equal(READ(QUESTIONS("\1") "\xc0\x0e" "\1x\0\0\x0c\0\1",
	    &t), -ERR_DESERIALIZATION);
	/* a → b → a, each a label longer. */
	assert_int_equal(READ(QUESTIONS("\2") "\1a\0\0\x0c\0\1"
	    "\1b\xc0\x13" "\0\x0c\0\1", &t), -ERR_DESERIALIZATION);
	/* Into the header. */
	assert_int_equal(READ(QUESTIONS("\1") "\xc0\0" "\0\x0c\0\1", &t),
	    -ERR_DESERIALIZATION);
	assert_int_equal(t.questions, 0);
}

/* n names, each of which is a pointer to the one before. */
static int
read_chain(unsigned n)
{
	struct buffer b = {0};
	struct told t;
	size_t at = 12;
	unsigned i;
	int status;

	buffer_be32(&b, 0);
	buffer_be16(&b, (uint16_t)(n + 1));
	buffer_append(&b, "\0\0\0\0\0\0", 6);
	buffer_append(&b, "\1a\0\0\x0c\0\1", 7);
	for (i = 0; i < n; i++) {
		buffer_be16(&b, (uint16_t)(0xc000 | at));
		at = b.n - 2;
		buffer_append(&b, "\0\x0c\0\1", 4);
	}
	status = read_it(b.p, b.n, &t);
	buffer_free(&b);
	return (status);
}

static void
a_long_chain_of_pointers_is_refused(void ** state)
{
	(void)state;
	assert_int_equal(read_chain(32), 0);
	assert_int_equal(read_chain(33), -ERR_DESERIALIZATION);
}

/* A question whose name has labels of 63 bytes, `last` in the last one. */
static int
read_long_name(unsigned last)
{
	struct buffer b = {0};
	struct told t;
	unsigned i;
	int status;

	buffer_append(&b, QUESTIONS("\1"), 12);
	for (i = 0; i < 3; i++) {
		buffer_byte(&b, 63);
		memset(buffer_grow(&b, 63), 'x', 63);
	}
	buffer_byte(&b, (uint8_t)last);
	memset(buffer_grow(&b, last), 'x', last);
	buffer_append(&b, "\0\0\x0c\0\1", 5);
	status = read_it(b.p, b.n, &t);
	buffer_free(&b);
	return (status);
}

static void
a_name_of_255_bytes_is_read_and_one_of_256_is_not(void ** state)
{
	(void)state;
	/* 3 * 64, the length, the label, the end. */
	assert_int_equal(read_long_name(61), 0);
	assert_int_equal(read_long_name(62), -ERR_DESERIALIZATION);
}

static void
a_message_cut_anywhere_is_refused(void ** state)
{
	static const char whole[] = ANSWERS("\2") SERVICE
	    "\0\x0c\0\1\0\0\x0c\x80\0\4" "\1x\xc0\x0c"
	    "\xc0\x27\0\x10\x80\1\0\0\x0c\x80\0\4" "\3a=b";
	struct told t;
	size_t n;

	(void)state;
	assert_int_equal(READ(whole, &t), 0);
	assert_int_equal(t.records, 2);
	for (n = 0; n < sizeof(whole) - 1; n++) {
		assert_int_equal(read_it(whole, n, &t), -ERR_DESERIALIZATION);
		assert_int_equal(t.records, 0);
	}
}

static void
bytes_after_a_message_are_refused(void ** state)
{
	struct told t;

	(void)state;
	assert_int_equal(READ(QUESTIONS("\1") SERVICE "\0\x0c\0\1" "x", &t),
	    -ERR_DESERIALIZATION);
	assert_int_equal(t.questions, 0);
}

static void
a_string_that_runs_past_its_record_is_refused(void ** state)
{
	struct told t;

	(void)state;
	assert_int_equal(READ(ANSWERS("\1") "\0\0\x10\0\1\0\0\0\1\0\3"
	    "\3ab", &t), -ERR_DESERIALIZATION);
	assert_int_equal(READ(ANSWERS("\1") "\0\0\x10\0\1\0\0\0\1\0\3"
	    "\2ab", &t), 0);
}

static void
a_target_ends_with_its_record(void ** state)
{
	struct told t;

	(void)state;
	/* The name goes on behind the data; or the data behind the name. */
	assert_int_equal(READ(ANSWERS("\1") "\0\0\x0c\0\1\0\0\0\1\0\2"
	    "\1x\0", &t), -ERR_DESERIALIZATION);
	assert_int_equal(READ(ANSWERS("\1") "\0\0\x0c\0\1\0\0\0\1\0\4"
	    "\1x\0y", &t), -ERR_DESERIALIZATION);
	assert_int_equal(READ(ANSWERS("\1") "\0\0\x0c\0\1\0\0\0\1\0\3"
	    "\1x\0", &t), 0);
}

static void
other_classes_are_left_out(void ** state)
{
	struct told t;

	(void)state;
	assert_int_equal(READ(QUESTIONS("\1") SERVICE "\0\x0c\0\3", &t), 0);
	assert_int_equal(t.questions, 0);
	/* Not an address of four bytes: but not of the Internet either. */
	assert_int_equal(READ(ANSWERS("\1") "\0\0\1\0\3\0\0\0\1\0\1x", &t),
	    0);
	assert_int_equal(t.records, 0);
	assert_int_equal(READ(ANSWERS("\1") "\0\0\1\0\1\0\0\0\1\0\1x", &t),
	    -ERR_DESERIALIZATION);
}

static void
operations_and_errors_are_not_for_us(void ** state)
{
	struct told t;

	(void)state;
	assert_int_equal(READ("\0\0\x08\0\0\0\0\0\0\0\0\0", &t),
	    -ERR_INVALID_INPUT);
	assert_int_equal(READ("\0\0\x84\3\0\0\0\0\0\0\0\0", &t),
	    -ERR_INVALID_INPUT);
}

/* A response of n empty TXT records of the root. */
static int
read_many(unsigned n)
{
	struct buffer b = {0};
	struct told t;
	unsigned i;
	int status;

	buffer_append(&b, "\0\0\x84\0\0\0", 6);
	buffer_be16(&b, (uint16_t)n);
	buffer_be32(&b, 0);
	for (i = 0; i < n; i++)
		buffer_append(&b, "\0\0\x10\0\1\0\0\0\1\0\0", 11);
	status = read_it(b.p, b.n, &t);
	assert_int_equal(t.records, status == 0 ? n : 0);
	buffer_free(&b);
	return (status);
}

static void
a_message_of_512_records_is_read_and_one_of_513_is_not(void ** state)
{
	(void)state;
	assert_int_equal(read_many(MDNS_RECORDS_MAX), 0);
	assert_int_equal(read_many(MDNS_RECORDS_MAX + 1),
	    -ERR_DESERIALIZATION);
}

/* One TXT record that fills the message to n bytes. */
static int
read_sized(size_t n)
{
	struct buffer b = {0};
	struct told t;
	int status;

	buffer_append(&b, ANSWERS("\1") "\0\0\x63\0\1\0\0\0\1", 21);
	buffer_be16(&b, (uint16_t)(n - b.n - 2));
	memset(buffer_grow(&b, n - b.n), 0, n - b.n);
	assert_int_equal(b.n, n);
	status = read_it(b.p, b.n, &t);
	buffer_free(&b);
	return (status);
}

static void
a_message_of_9000_bytes_is_read_and_one_of_9001_is_not(void ** state)
{
	(void)state;
	assert_int_equal(read_sized(MDNS_MESSAGE_MAX), 0);
	assert_int_equal(read_sized(MDNS_MESSAGE_MAX + 1),
	    -ERR_DESERIALIZATION);
}

static void
what_is_written_can_be_read(void ** state)
{
	struct mdns_name service = name("_p2p._udp.local"),
	    instance = name("abc._p2p._udp.local");
	struct buffer b = {0}, text = {0};
	struct mdns_header header;
	struct mdns_writer w;
	struct told t;

	(void)state;
	assert_true(mdns_write_text(&text, slice_text("a=b")));
	mdns_write_begin(&w, &b, 7, true);
	mdns_write_question(&w, &service, MDNS_PTR);
	mdns_write_record(&w, MDNS_ANSWER, &service, MDNS_PTR, false, 3200,
	    slice_of(instance.bytes, instance.n));
	mdns_write_record(&w, MDNS_ADDITIONAL, &instance, MDNS_TXT, true, 3200,
	    buffer_all(&text));
	mdns_write_end(&w);
	assert_false(b.failed);
	/* The two names that stand there already take two bytes each. */
	assert_int_equal(b.n, 12 + service.n + 4 + 2 + 10 + instance.n + 2 +
	    10 + 4);
	assert_int_equal(mdns_message_check(buffer_all(&b), &header), 0);
	assert_int_equal(header.id, 7);
	assert_true(header.response);
	assert_int_equal(read_it(b.p, b.n, &t), 0);
	assert_int_equal(t.questions, 1);
	assert_int_equal(t.records, 2);
	assert_int_equal(t.record.section, MDNS_ADDITIONAL);
	assert_true(mdns_name_equal(&t.record.name, &instance));
	buffer_free(&b);
	buffer_free(&text);
}

static void
a_name_does_not_point_into_itself(void ** state)
{
	/* The first label holds what comes behind it. */
	static const struct mdns_name odd = {.n = 7,
	    .bytes = "\3\1x\0\1x"};
	struct buffer b = {0};
	struct mdns_writer w;
	struct told t;

	(void)state;
	mdns_write_begin(&w, &b, 0, false);
	mdns_write_question(&w, &odd, MDNS_PTR);
	mdns_write_question(&w, &odd, MDNS_PTR);
	mdns_write_end(&w);
	assert_int_equal(read_it(b.p, b.n, &t), 0);
	assert_int_equal(t.questions, 2);
	assert_true(mdns_name_equal(&t.question.name, &odd));
	buffer_free(&b);
}

static void
a_string_of_256_bytes_is_not_written(void ** state)
{
	uint8_t bytes[256] = {0};
	struct buffer text = {0};

	(void)state;
	assert_true(mdns_write_text(&text, slice_of(bytes, 255)));
	assert_int_equal(text.n, 256);
	assert_false(mdns_write_text(&text, slice_of(bytes, 256)));
	assert_int_equal(text.n, 256);
	buffer_free(&text);
}

static void
bad_names_are_refused(void ** state)
{
	struct mdns_name n;
	char text[300];

	(void)state;
	assert_int_equal(mdns_name_of(&n, "a..b"), -ERR_INVALID_INPUT);
	memset(text, 'x', 64);
	text[64] = '\0';
	assert_int_equal(mdns_name_of(&n, text), -ERR_INVALID_INPUT);
	text[63] = '\0';
	assert_int_equal(mdns_name_of(&n, text), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read),
		cmocka_unit_test(names_are_the_same_in_either_case),
		cmocka_unit_test(a_name_may_point_back),
		cmocka_unit_test(a_name_that_points_at_itself_or_on_is_refused),
		cmocka_unit_test(a_long_chain_of_pointers_is_refused),
		cmocka_unit_test(
		    a_name_of_255_bytes_is_read_and_one_of_256_is_not),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(bytes_after_a_message_are_refused),
		cmocka_unit_test(a_string_that_runs_past_its_record_is_refused),
		cmocka_unit_test(a_target_ends_with_its_record),
		cmocka_unit_test(other_classes_are_left_out),
		cmocka_unit_test(operations_and_errors_are_not_for_us),
		cmocka_unit_test(
		    a_message_of_512_records_is_read_and_one_of_513_is_not),
		cmocka_unit_test(
		    a_message_of_9000_bytes_is_read_and_one_of_9001_is_not),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(a_name_does_not_point_into_itself),
		cmocka_unit_test(a_string_of_256_bytes_is_not_written),
		cmocka_unit_test(bad_names_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
