/*
 * Messages from peers: decoded within their cap, written and freed again; what
 * was written says the same when it can be read.
 */
#include "berty/extension/v1/reference.pb-c.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "fuzz/fuzz.h"
#include "handshake/handshake.pb-c.h"
#include "ipfs/bitswap.pb-c.h"
#include "libp2p/crypto.pb-c.h"
#include "libp2p/dht.pb-c.h"
#include "libp2p/identify.pb-c.h"
#include "libp2p/noise.pb-c.h"
#include "libp2p/pubsub.pb-c.h"
#include "libp2p/record.pb-c.h"
#include "libp2p/rendezvous.pb-c.h"
#include "tinder/records.pb-c.h"

static const ProtobufCMessageDescriptor * const types[] = {
	&berty__protocol__v1__group_metadata__descriptor,
	&berty__protocol__v1__message_envelope__descriptor,
	&berty__protocol__v1__group__descriptor,
	&handshake__box_envelope__descriptor,
	&handshake__hello_payload__descriptor,
	&handshake__requester_authenticate_payload__descriptor,
	&handshake__responder_accept_payload__descriptor,
	&handshake__requester_acknowledge_payload__descriptor,
	&ipfs__bitswap__message__descriptor,
	&libp2p__crypto__public_key__descriptor,
	&libp2p__crypto__private_key__descriptor,
	&libp2p__dht__message__descriptor,
	&libp2p__identify__identify__descriptor,
	&libp2p__noise__noise_handshake_payload__descriptor,
	&libp2p__pubsub__rpc__descriptor,
	&libp2p__record__envelope__descriptor,
	&libp2p__record__peer_record__descriptor,
	&libp2p__record__record__descriptor,
	&libp2p__rendezvous__message__descriptor,
	&tinder__records__descriptor,
	&berty__extension__v1__contact_reference__descriptor,
	&berty__extension__v1__group_reference__descriptor,
};

static void
check_again(const ProtobufCMessageDescriptor * type, const struct buffer * first,
    size_t cap)
{
	void * message = protobuf_decode(type, buffer_all(first), cap);
	struct buffer second = {0};

	/* protobuf-c takes a field of number 0 if its tag is longer than need
	 * be, and writes it short. */
	if (message == NULL)
		return;
	protobuf_encode(&second, message);
	FUZZ_CHECK(slice_equal(buffer_all(first), buffer_all(&second)));
	protobuf_free(message);
	buffer_free(&second);
}

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
	check_again(type, &out, protobuf_cap(in.n) + protobuf_cap(out.n));
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		check(types[i], slice_of(data, n));
	return (0);
}
