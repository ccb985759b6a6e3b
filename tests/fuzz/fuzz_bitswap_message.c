/* Bitswap messages: decoded; each block's CID fits the block. */
#include "codec/protobuf.h"
#include "fuzz/fuzz.h"
#include "p2p/bitswap_message.h"

static void
check(const Ipfs__Bitswap__Message__Block * block)
{
	struct slice data = protobuf_slice(block->data);
	struct bitswap_writer w = {.version = BITSWAP_12};
	struct buffer out = {0};
	struct cid cid;

	if (bitswap_message_cid(&cid, protobuf_slice(block->prefix), data) != 0)
		return;
	FUZZ_CHECK(cid_matches(&cid, data));
	bitswap_message_block(&w, &cid, data);
	bitswap_message_finish(&w, &out, false);
	FUZZ_CHECK(!out.failed);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(slice_of(data, n));
	struct cid cid;
	size_t i;

	if (m == NULL)
		return (0);
	for (i = 0; i < m->n_payload; i++)
		check(m->payload[i]);
	for (i = 0; i < m->n_block_presences; i++)
		(void)cid_parse(&cid,
		    protobuf_slice(m->block_presences[i]->cid));
	protobuf_free(m);
	return (0);
}
