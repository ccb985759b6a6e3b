/* attachment.c: which attachments are kept here. */
#include <stdlib.h>

#include "api/extension/extension.h"
#include "base/reader.h"

/* --- AttachmentList --------------------------------------------------------- */

/* CIDs are few bytes each; a row is read when the client can take it. */
struct listing {
	struct api_call * call;
	struct buffer cids;       /* one struct cid after the other */
	size_t at;
};

static int
note_cid(void * user, const struct attachment_register * r)
{
	struct listing * l = user;

	buffer_append(&l->cids, &r->cid, sizeof(r->cid));
	return (l->cids.failed ? -ERR_INTERNAL : 0);
}

static void
list_end(struct listing * l)
{
	struct api_call * call = l->call;

	buffer_free(&l->cids);
	free(l);
	call->transport->finish(call, NULL);
}

static bool
list_reply(struct listing * l, const struct cid * cid)
{
	EXT(AttachmentList__Reply) reply = EXT_INIT(ATTACHMENT_LIST__REPLY);
	struct attachment_register r;
	bool full = false;

	if (attachment_register_load(node_store(l->call->node), cid, &r) == 0) {
		reply.cid = protobuf_bytes(cid_slice(cid));
		reply.bytes = r.bytes;
		reply.pinned = r.pinned;
		reply.complete = r.complete;
		reply.held = r.held;
		reply.since_unix_s = r.since;
		full = l->call->transport->reply(l->call, &reply);
	}
	crypto_wipe(&r, sizeof(r));
	return (full);
}

static void
list_pump(struct listing * l)
{
	struct cid cid;
	bool full = false;

	while (!full && l->at < l->cids.n) {
		memcpy(&cid, l->cids.p + l->at, sizeof(cid));
		l->at += sizeof(cid);
		full = list_reply(l, &cid);
	}
	if (!full)
		list_end(l);
}

static void
list_writable(struct api_call * call)
{
	list_pump(call->data);
}

static void
list_cancelled(struct api_call * call)
{
	list_end(call->data);
}

void
extension_attachment_list(struct api_call * call)
{
	struct error err = {0};
	struct listing * l;
	int status = -ERR_INTERNAL;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		goto err0;
	l->call = call;
	status = attachment_register_each(node_store(call->node), note_cid, l);
	if (status != 0)
		goto err1;
	call->data = l;
	call->on_writable = list_writable;
	call->on_cancelled = list_cancelled;
	call->transport->begin(call);
	list_pump(l);
	return;

err1:
	buffer_free(&l->cids);
	free(l);
err0:
	(void)error_from(&err, ERR_KEYSTORE_GET, status,
	    "the attachments could not be listed");
	api_fail(call, &err);
}

/* --- AttachmentPin, AttachmentUnpin ----------------------------------------- */

static int
parse(struct cid * cid, ProtobufCBinaryData bytes, struct error * err)
{
	if (cid_parse(cid, protobuf_slice(bytes)) != 0)
		return (error_set(err, ERR_DESERIALIZATION,
		    "the attachment's CID is malformed"));
	return (0);
}

static int
explain(struct error * err, int status)
{
	if (status == 0)
		return (0);
	return (error_from(err, ERR_KEYSTORE_GET,
	    status == -ERR_NOT_FOUND ? -ERR_KEYSTORE_GET : status,
	    "the attachment's key is not here"));
}

static int
write_pin(struct change * c)
{
	const EXT(AttachmentPin__Request) * request = c->call->request;
	struct cid cid;
	int rc;

	if ((rc = parse(&cid, request->attachment_cid, &c->err)) != 0)
		return (rc);
	return (explain(&c->err,
	    attachments_pin(node_attachments(c->node), &cid)));
}

static void
answer_pin(struct change * c)
{
	attachments_changed(node_attachments(c->node));
	v1_answer_empty(c);
}

void
extension_attachment_pin(struct api_call * call)
{
	v1_change(call, write_pin, answer_pin);
}

static int
write_unpin(struct change * c)
{
	const EXT(AttachmentUnpin__Request) * request = c->call->request;
	uint64_t held = 0;
	struct cid cid;
	int i, rc;

	if ((rc = parse(&cid, request->attachment_cid, &c->err)) != 0 ||
	    (rc = explain(&c->err, attachments_unpin(
	        node_attachments(c->node), &cid, &held))) != 0)
		return (rc);
	for (i = 0; i < 8; i++)
		c->key[i] = (uint8_t)(held >> (56 - 8 * i));
	return (0);
}

static void
answer_unpin(struct change * c)
{
	EXT(AttachmentUnpin__Reply) reply = EXT_INIT(ATTACHMENT_UNPIN__REPLY);
	struct reader r = reader_of(slice_of(c->key, 8));

	attachments_changed(node_attachments(c->node));
	reply.freed = reader_be64(&r);
	api_answer(c->call, &reply);
}

void
extension_attachment_unpin(struct api_call * call)
{
	v1_change(call, write_unpin, answer_unpin);
}
