/* RPCs of gossipsub: decoded, each message checked and its bytes covered. */
#include "codec/protobuf.h"
#include "fuzz/fuzz.h"
#include "p2p/gossipsub_message.h"

static void
check(const Libp2p__Pubsub__Message * m)
{
	struct buffer covered = {0};
	struct gossipsub_id id;
	struct peer_id from;

	if (gossipsub_message_check(m, &from, &id) != 0)
		return;
	FUZZ_CHECK(id.n == from.n + GOSSIPSUB_SEQNO_SIZE);
	gossipsub_message_signed(&covered, m);
	FUZZ_CHECK(!covered.failed);
	buffer_free(&covered);
	(void)gossipsub_message_verify(m, &from);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	Libp2p__Pubsub__RPC * rpc = gossipsub_message_decode(slice_of(data, n));
	size_t i;

	if (rpc == NULL)
		return (0);
	for (i = 0; i < rpc->n_publish; i++)
		check(rpc->publish[i]);
	protobuf_free(rpc);
	return (0);
}
