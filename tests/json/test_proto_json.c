/* Messages as JSON, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "json/proto_json.h"

#define LIST &berty__protocol__v1__group_message_list__request__descriptor
#define GROUP &berty__protocol__v1__group__descriptor
#define DEVICE &berty__protocol__v1__out_of_store_message__descriptor
#define TOKEN &berty__protocol__v1__message_headers__descriptor
#define SYSTEM &berty__protocol__v1__system_info__reply__descriptor

/* Read a text; the message that it encodes, or NULL. */
static void *
read_text(const ProtobufCMessageDescriptor * type, const char * text)
{
	struct buffer out = {0};
	struct error err = {0};
	void * message = NULL;

	if (proto_json_read(&out, type, slice_text(text), &err) == 0) {
		message = protobuf_decode(type, buffer_all(&out),
		    protobuf_cap(out.n));
		assert_non_null(message);
	} else {
		assert_int_equal(ERR_DESERIALIZATION, err.code[0]);
		assert_int_equal(0, out.n);
	}
	buffer_free(&out);
	return (message);
}

/* What a text becomes when it is read and written. */
static void
expect(const ProtobufCMessageDescriptor * type, const char * text,
    enum proto_json_form form, const char * wanted)
{
	ProtobufCMessage * message = read_text(type, text);
	cJSON * json;
	char * got;

	assert_non_null(message);
	json = proto_json(message, form);
	got = cJSON_PrintUnformatted(json);
	assert_string_equal(wanted, got);
	cJSON_free(got);
	cJSON_Delete(json);
	protobuf_free(message);
}

static void
refuse(const ProtobufCMessageDescriptor * type, const char * text)
{
	void * message = read_text(type, text);

	if (message != NULL)
		print_error("taken: %.60s\n", text);
	assert_null(message);
}

static void
names_are_taken_in_both_spellings_and_written_as_asked(void ** state)
{
	(void)state;
	expect(LIST, "{\"group_pk\":\"AAE=\",\"until_now\":true}",
	    PROTO_JSON_MAPPED, "{\"groupPk\":\"AAE=\",\"untilNow\":true}");
	expect(LIST, "{\"groupPk\":\"AAE=\",\"untilNow\":true}",
	    PROTO_JSON_GATEWAY, "{\"group_pk\":\"AAE=\",\"until_now\":true}");
}

static void
bytes_are_taken_in_both_alphabets_padded_or_not(void ** state)
{
	static const char * const all[] = {"+/8=", "-_8=", "-_8"};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), "{\"group_pk\":\"%s\"}",
		    all[i]);
		expect(LIST, text, PROTO_JSON_GATEWAY,
		    "{\"group_pk\":\"+/8=\"}");
	}
	refuse(LIST, "{\"group_pk\":\"+_8=\"}");
	refuse(LIST, "{\"group_pk\":\"A\"}");
	refuse(LIST, "{\"group_pk\":\"AB==\"}");
	refuse(LIST, "{\"group_pk\":1}");
}

static void
an_enum_is_a_name_or_a_number(void ** state)
{
	(void)state;
	expect(GROUP, "{\"group_type\":\"GroupTypeMultiMember\"}",
	    PROTO_JSON_GATEWAY, "{\"group_type\":\"GroupTypeMultiMember\"}");
	expect(GROUP, "{\"group_type\":3}", PROTO_JSON_GATEWAY,
	    "{\"group_type\":\"GroupTypeMultiMember\"}");
	expect(GROUP, "{\"group_type\":77}", PROTO_JSON_GATEWAY,
	    "{\"group_type\":77}");
	refuse(GROUP, "{\"group_type\":\"NoSuchType\"}");
	refuse(GROUP, "{\"group_type\":3.5}");
	refuse(GROUP, "{\"group_type\":true}");
}

static void
long_integers_are_text_and_none_is_rounded(void ** state)
{
	(void)state;
	expect(TOKEN, "{\"counter\":\"18446744073709551615\"}",
	    PROTO_JSON_GATEWAY, "{\"counter\":\"18446744073709551615\"}");
	expect(TOKEN, "{\"counter\":9007199254740992}", PROTO_JSON_GATEWAY,
	    "{\"counter\":\"9007199254740992\"}");
	refuse(TOKEN, "{\"counter\":9007199254740994}");
	refuse(TOKEN, "{\"counter\":\"18446744073709551616\"}");
	refuse(TOKEN, "{\"counter\":-1}");
	refuse(TOKEN, "{\"counter\":1.5}");
	refuse(TOKEN, "{\"counter\":\"01\"}");
	refuse(TOKEN, "{\"counter\":\"\"}");
	refuse(TOKEN, "{\"counter\":\"1 \"}");
	refuse(TOKEN, "{\"counter\":1e999}");
	expect(SYSTEM, "{\"process\":{\"uptime_ms\":\"-9223372036854775808\"}}",
	    PROTO_JSON_GATEWAY,
	    "{\"process\":{\"uptime_ms\":\"-9223372036854775808\"}}");
	refuse(SYSTEM, "{\"process\":{\"uptime_ms\":\"9223372036854775808\"}}");
}

static void
fixed_width_integers_keep_their_bits(void ** state)
{
	(void)state;
	expect(DEVICE, "{\"counter\":\"18446744073709551615\","
	    "\"flags\":4294967295}", PROTO_JSON_GATEWAY,
	    "{\"counter\":\"18446744073709551615\",\"flags\":4294967295}");
	refuse(DEVICE, "{\"flags\":4294967296}");
}

static void
a_map_is_an_object(void ** state)
{
	(void)state;
	expect(TOKEN, "{\"metadata\":{\"a\":\"1\",\"b\":\"\"}}",
	    PROTO_JSON_GATEWAY, "{\"metadata\":{\"a\":\"1\",\"b\":\"\"}}");
	refuse(TOKEN, "{\"metadata\":[]}");
	refuse(TOKEN, "{\"metadata\":{\"a\":1}}");
}

static void
lists_and_messages_nest(void ** state)
{
	(void)state;
	expect(SYSTEM, "{\"warns\":[\"a\",\"\\u00e9\"],\"p2p\":{}}",
	    PROTO_JSON_GATEWAY, "{\"p2p\":{},\"warns\":[\"a\",\"é\"]}");
	refuse(SYSTEM, "{\"warns\":\"a\"}");
	refuse(SYSTEM, "{\"warns\":[null]}");
	refuse(SYSTEM, "{\"p2p\":[]}");
}

static void
nothing_null_and_unknown_names_are_passed_over(void ** state)
{
	static const char * const all[] = {"", " \n", "null", "{}",
	    "{\"group_pk\":null}", "{\"no_such\":{\"x\":[1]}}"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		expect(LIST, all[i], PROTO_JSON_GATEWAY, "{}");
}

static void
what_is_no_message_is_refused(void ** state)
{
	static const char * const bad[] = {"[]", "1", "\"x\"", "{", "{} x",
	    "{\"group_pk\":\"AA==\",\"group_pk\":\"AA==\"}",
	    "{\"group_pk\":\"AA==\",\"groupPk\":\"AA==\"}",
	    "{\"until_now\":1}", "{\"until_now\":\"true\"}",
	    "{\"until_now\":true,}", "{until_now:true}", "\xff"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(LIST, bad[i]);
	refuse(SYSTEM, "{\"warns\":[\"a\\u0000b\"]}");
	expect(SYSTEM, "{\"warns\":[\"a\\\\u0000b\"]}", PROTO_JSON_GATEWAY,
	    "{\"warns\":[\"a\\\\u0000b\"]}");
}

static void
more_values_than_there_is_memory_for_are_refused(void ** state)
{
	struct buffer text = {0};
	size_t i;

	(void)state;
	buffer_text(&text, "{\"warns\":[\"\"");
	for (i = 0; i < PROTO_JSON_VALUES; i++)
		buffer_text(&text, ",\"\"");
	buffer_text(&text, "]}");
	buffer_byte(&text, 0);
	refuse(SYSTEM, (char *)text.p);
	buffer_free(&text);
}

static void
text_that_is_no_utf8_is_shown_as_far_as_it_is(void ** state)
{
	Berty__Protocol__V1__SystemInfo__Reply reply =
	    BERTY__PROTOCOL__V1__SYSTEM_INFO__REPLY__INIT;
	char text[] = "a\xff\xc3\xa9";
	char * warns[] = {text};
	cJSON * json;

	(void)state;
	reply.n_warns = 1;
	reply.warns = warns;
	json = proto_json(&reply.base, PROTO_JSON_GATEWAY);
	assert_string_equal("a?é", cJSON_GetArrayItem(cJSON_GetObjectItem(
	    json, "warns"), 0)->valuestring);
	cJSON_Delete(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        names_are_taken_in_both_spellings_and_written_as_asked),
	    cmocka_unit_test(bytes_are_taken_in_both_alphabets_padded_or_not),
	    cmocka_unit_test(an_enum_is_a_name_or_a_number),
	    cmocka_unit_test(long_integers_are_text_and_none_is_rounded),
	    cmocka_unit_test(fixed_width_integers_keep_their_bits),
	    cmocka_unit_test(a_map_is_an_object),
	    cmocka_unit_test(lists_and_messages_nest),
	    cmocka_unit_test(nothing_null_and_unknown_names_are_passed_over),
	    cmocka_unit_test(what_is_no_message_is_refused),
	    cmocka_unit_test(
	        more_values_than_there_is_memory_for_are_refused),
	    cmocka_unit_test(text_that_is_no_utf8_is_shown_as_far_as_it_is)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
