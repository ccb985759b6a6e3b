/* JSON as a message: what is taken can be decoded, written, and read again. */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "json/proto_json.h"

#include "fuzz/fuzz.h"

static void
again(const ProtobufCMessageDescriptor * type, const ProtobufCMessage * m)
{
	cJSON * json = proto_json(m, PROTO_JSON_GATEWAY);
	char * text = cJSON_PrintUnformatted(json);
	struct buffer out = {0};
	struct error err;

	FUZZ_CHECK(text != NULL);
	FUZZ_CHECK(proto_json_read(&out, type, slice_text(text), &err) == 0);
	buffer_free(&out);
	cJSON_free(text);
	cJSON_Delete(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	static const ProtobufCMessageDescriptor * const types[] = {
	    &berty__protocol__v1__system_info__reply__descriptor,
	    &berty__protocol__v1__group_message_event__descriptor,
	    &berty__protocol__v1__out_of_store_message__descriptor,
	    &berty__protocol__v1__push_send__request__descriptor};
	const ProtobufCMessageDescriptor * type;
	struct buffer out = {0};
	struct error err;
	void * message;

	if (n == 0)
		return (0);
	type = types[p[0] % 4];
	if (proto_json_read(&out, type, slice_of(p + 1, n - 1), &err) == 0) {
		/* The cap may be less than many empty messages take. */
		message = protobuf_decode(type, buffer_all(&out),
		    protobuf_cap(out.n) * 16);
		FUZZ_CHECK(message != NULL);
		again(type, message);
		protobuf_free(message);
	} else
		FUZZ_CHECK(out.n == 0);
	buffer_free(&out);
	return (0);
}
