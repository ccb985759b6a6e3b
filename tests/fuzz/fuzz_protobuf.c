/* Messages from peers: decoded within their cap, written and freed again. */
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "fuzz/fuzz.h"
#include "tinder/records.pb-c.h"

static void
check(const ProtobufCMessageDescriptor * type, struct slice in)
{
	void * message = protobuf_decode(type, in, protobuf_cap(in.n));
	struct buffer out = {0};

	if (message == NULL)
		return;
	protobuf_encode(&out, message);
	FUZZ_CHECK(!out.failed);
	protobuf_free(message);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct slice in = slice_of(data, n);

	check(&berty__protocol__v1__group_metadata__descriptor, in);
	check(&berty__protocol__v1__message_envelope__descriptor, in);
	check(&berty__protocol__v1__group__descriptor, in);
	check(&tinder__records__descriptor, in);
	return (0);
}
