#include "support/fleet_attachment.h"

#include "support/fleet_impl.h"

enum { PIECE = 100000 };

static uint8_t
byte_at(uint64_t i)
{
	return ((uint8_t)(i + i / 251));
}

struct fleet_call *
fleet_begin_attachment(struct fleet * f, size_t i, uint64_t size)
{
	API(AttachmentPrepare__Request) request =
	    API_INIT(ATTACHMENT_PREPARE__REQUEST);
	struct fleet_call * call;
	uint8_t bytes[PIECE];
	uint64_t at = 0;
	size_t n;

	call = fleet_begin(f, i, "AttachmentPrepare", NULL);
	fleet_push(call, &request);
	while (at < size) {
		for (n = 0; n < PIECE && at < size; at++)
			bytes[n++] = byte_at(at);
		request.block = protobuf_bytes(slice_of(bytes, n));
		fleet_push(call, &request);
	}
	fleet_push_end(call);
	return (call);
}

void
fleet_attach(struct fleet * f, size_t i, uint64_t size, struct cid * cid)
{
	struct fleet_call * call = fleet_begin_attachment(f, i, size);
	const API(AttachmentPrepare__Reply) * reply;

	fleet_must(f, i, call);
	reply = call->replies[0];
	assert_int_equal(cid_parse(cid, protobuf_slice(reply->attachment_cid)),
	    0);
	fleet_end(call);
}

void
fleet_send_attached(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text, const struct cid * cid)
{
	API(AppMessageSend__Request) request =
	    API_INIT(APP_MESSAGE_SEND__REQUEST);
	ProtobufCBinaryData list = protobuf_bytes(cid_slice(cid));

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	request.payload = protobuf_bytes(slice_text(text));
	request.attachment_cids = &list;
	request.n_attachment_cids = 1;
	fleet_tell(f, i, "AppMessageSend", &request);
}

struct fleet_call *
fleet_begin_retrieve(struct fleet * f, size_t i, const struct cid * cid)
{
	API(AttachmentRetrieve__Request) request =
	    API_INIT(ATTACHMENT_RETRIEVE__REQUEST);

	request.attachment_cid = protobuf_bytes(cid_slice(cid));
	return (fleet_begin(f, i, "AttachmentRetrieve", &request));
}

uint64_t
fleet_retrieved(struct fleet * f, const struct fleet_call * call)
{
	const API(AttachmentRetrieve__Reply) * reply;
	uint64_t n = 0;
	size_t i, j;

	for (i = 0; i < call->n; i++) {
		reply = call->replies[i];
		for (j = 0; j < reply->block.len; j++)
			if (reply->block.data[j] != byte_at(n++))
				sim_assert(f->sim, false);
	}
	return (n);
}

bool
fleet_attachment(struct fleet * f, size_t i, const struct cid * cid,
    struct attachment_register * r)
{
	return (attachment_register_load(node_store(f->nodes[i].node), cid,
	    r) == 0);
}

bool
fleet_has_blocks(struct fleet * f, size_t i)
{
	struct store * s = node_store(f->nodes[i].node);
	struct store_number row;
	uint64_t doomed;
	size_t n;

	assert_int_equal(store_number_range(s, STORE_ATTACHMENT_USE, 0, 0,
	    INT64_MAX, false, &row, 1, &n), 0);
	assert_int_equal(store_count(s, STORE_ATTACHMENT, 1, &doomed), 0);
	return (n > 0 || doomed > 0);
}
