/* attachment.c: files beside messages: in, by a client stream, and out. */
#include <stdlib.h>

#include "api/v1/v1.h"

/* Pieces given in one go, so that a long file does not hold the loop. */
enum { PIECES = 32 };

/* --- AttachmentPrepare ------------------------------------------------------ */

struct prepare {
	struct api_call * call;
	struct attachment_writer * writer;  /* NULL: no header yet */
	struct node_watcher watcher;
	struct cid cid;
	bool ended;               /* the CID is known; on its way to disk */
};

static void
prepare_end(struct prepare * p, const struct error * err)
{
	struct api_call * call = p->call;

	if (p->writer != NULL)
		attachment_writer_free(p->writer);
	node_unwatch(call->node, &p->watcher);
	free(p);
	call->transport->finish(call, err);
}

static void
prepare_answer(struct prepare * p)
{
	V1(AttachmentPrepare__Reply) reply = V1_INIT(ATTACHMENT_PREPARE__REPLY);

	reply.attachment_cid = protobuf_bytes(cid_slice(&p->cid));
	(void)p->call->transport->reply(p->call, &reply);
	prepare_end(p, NULL);
}

static void
prepare_settled(void * user, int status)
{
	struct prepare * p = user;
	struct error err = {0};

	if (status != 0) {
		(void)error_from(&err, ERR_IPFS_ADD, status,
		    store_failure(node_store(p->call->node)));
		prepare_end(p, &err);
	} else if (p->ended)
		prepare_answer(p);
	else
		api_pause(p->call, false);
}

static int
prepare_header(struct prepare * p,
    const V1(AttachmentPrepare__Request) * request, struct error * err)
{
	if (request->block.len > 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "the first message is the header and has no block"));
	return (attachment_writer_new(node_attachments(p->call->node),
	    request->disable_encryption ? ATTACHMENT_PLAIN :
	    request->berty_cipher ? ATTACHMENT_BERTY : ATTACHMENT_LONG,
	    prepare_settled, p, &p->writer, err));
}

static void
prepare_message(struct api_call * call, const void * message)
{
	const V1(AttachmentPrepare__Request) * request = message;
	struct prepare * p = call->data;
	struct error err = {0};
	bool busy = false;
	int rc;

	if (p->writer == NULL)
		rc = prepare_header(p, request, &err);
	else
		rc = attachment_writer_add(p->writer,
		    protobuf_slice(request->block), &busy, &err);
	if (rc != 0)
		prepare_end(p, &err);
	else if (busy)
		api_pause(call, true);
}

static void
prepare_last(struct api_call * call)
{
	struct prepare * p = call->data;
	struct error err = {0};

	if (p->writer == NULL) {
		(void)error_set(&err, ERR_STREAM_HEADER_READ,
		    "there was no header");
		prepare_end(p, &err);
	} else if (attachment_writer_finish(p->writer, &p->cid, &err) != 0)
		prepare_end(p, &err);
	else
		p->ended = true;
}

static void
prepare_cancelled(struct api_call * call)
{
	prepare_end(call->data, NULL);
}

static void
prepare_closed(void * user)
{
	struct error err = {0};

	(void)error_from(&err, ERR_STREAM_READ, -ERR_INTERNAL,
	    "the node is closing");
	prepare_end(user, &err);
}

static void
no_memory(struct api_call * call)
{
	struct error err = {0};

	(void)error_set(&err, ERR_INTERNAL, "out of memory");
	api_fail(call, &err);
}

void
v1_attachment_prepare(struct api_call * call)
{
	struct prepare * p;

	if ((p = calloc(1, sizeof(*p))) == NULL) {
		no_memory(call);
		return;
	}
	p->call = call;
	p->watcher = (struct node_watcher){.closed = prepare_closed,
	    .user = p};
	node_watch(call->node, &p->watcher);
	call->data = p;
	call->on_message = prepare_message;
	call->on_end = prepare_last;
	call->on_cancelled = prepare_cancelled;
}

/* --- AttachmentRetrieve ----------------------------------------------------- */

struct retrieve {
	struct api_call * call;
	struct attachment_reader * reader;
	struct node_watcher watcher;
	struct world_timer again; /* after so many pieces */
	bool full;                /* the client is to read first */
};

static void
retrieve_end(struct retrieve * r, const struct error * err)
{
	struct api_call * call = r->call;

	attachment_reader_free(r->reader);
	world_timer_stop(node_world(call->node), &r->again);
	node_unwatch(call->node, &r->watcher);
	free(r);
	call->transport->finish(call, err);
}

static bool
retrieve_reply(struct retrieve * r, const struct buffer * piece)
{
	V1(AttachmentRetrieve__Reply) reply =
	    V1_INIT(ATTACHMENT_RETRIEVE__REPLY);

	reply.block = protobuf_bytes(buffer_all(piece));
	return (r->call->transport->reply(r->call, &reply));
}

static void
retrieve_pump(struct retrieve * r)
{
	struct buffer piece = {0};
	struct error err = {0};
	unsigned n;
	int rc = 1;

	for (n = 0; n < PIECES && !r->full && rc == 1; n++) {
		buffer_clear(&piece);
		rc = attachment_reader_next(r->reader, &piece, &err);
		if (rc == 1)
			r->full = retrieve_reply(r, &piece);
	}
	buffer_wipe(&piece);
	if (rc < 0)
		retrieve_end(r, &err);
	else if (rc == 2)
		retrieve_end(r, NULL);
	else if (rc == 1 && !r->full)
		(void)world_timer_start(node_world(r->call->node), &r->again,
		    0);
}

static void
retrieve_again(struct world_timer * timer)
{
	retrieve_pump(list_entry(timer, struct retrieve, again));
}

static void
retrieve_wake(void * user)
{
	struct retrieve * r = user;

	if (!r->full)
		retrieve_pump(r);
}

static void
retrieve_writable(struct api_call * call)
{
	struct retrieve * r = call->data;

	r->full = false;
	retrieve_pump(r);
}

static void
retrieve_cancelled(struct api_call * call)
{
	struct error err = {0};

	(void)error_set(&err, ERR_IPFS_GET,
	    "not all of the attachment came in time");
	retrieve_end(call->data, &err);
}

static void
retrieve_closed(void * user)
{
	struct error err = {0};

	(void)error_set(&err, ERR_IPFS_GET, "the node is closing");
	retrieve_end(user, &err);
}

void
v1_attachment_retrieve(struct api_call * call)
{
	const V1(AttachmentRetrieve__Request) * request = call->request;
	struct error err = {0};
	struct retrieve * r;
	struct cid cid;

	if (cid_parse(&cid, protobuf_slice(request->attachment_cid)) != 0) {
		(void)error_set(&err, ERR_DESERIALIZATION,
		    "the attachment's CID is malformed");
		api_fail(call, &err);
		return;
	}
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		no_memory(call);
		return;
	}
	r->call = call;
	r->again.fire = retrieve_again;
	if (attachment_reader_new(node_attachments(call->node), &cid,
	    retrieve_wake, r, &r->reader, &err) != 0) {
		free(r);
		api_fail(call, &err);
		return;
	}
	r->watcher = (struct node_watcher){.closed = retrieve_closed,
	    .user = r};
	node_watch(call->node, &r->watcher);
	call->data = r;
	call->on_writable = retrieve_writable;
	call->on_cancelled = retrieve_cancelled;
	call->transport->begin(call);
	retrieve_pump(r);
}
