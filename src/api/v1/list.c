/* list.c: the two list streams: a feed, read as fast as the client reads. */
#include <stdlib.h>

#include "api/v1/v1.h"

struct list_call {
	struct api_call * call;
	struct feed * feed;
	enum feed_log which;
	uint8_t group_pk[32];
};

/* The context of an entry; *parents, and the attachments that stand behind
 * them, are the caller's to free. */
static int
fill_context(V1(EventContext) * to, ProtobufCBinaryData ** parents,
    const uint8_t group_pk[32], const struct log_item * item,
    const struct attached * attached)
{
	size_t i, n = item->entry.n_next;

	*parents = calloc(n + attached->n + 1, sizeof(**parents));
	if (*parents == NULL)
		return (-ERR_INTERNAL);
	for (i = 0; i < n; i++)
		(*parents)[i] =
		    protobuf_bytes(cid_slice(&item->entry.next[i]));
	for (i = 0; i < attached->n; i++)
		(*parents)[n + i] = protobuf_bytes(attached->cids[i]);
	to->n_attachment_cids = attached->n;
	to->attachment_cids = *parents + n;
	to->id = protobuf_bytes(cid_slice(&item->cid));
	to->n_parent_ids = item->entry.n_next;
	to->parent_ids = *parents;
	to->group_pk = protobuf_bytes(slice_of(group_pk, KEY_SIZE));
	return (0);
}

int
v1_event_fill(struct v1_event * to, const uint8_t group_pk[32],
    const struct group_event * e)
{
	*to = (struct v1_event){V1_INIT(GROUP_METADATA_EVENT),
	    V1_INIT(EVENT_CONTEXT), V1_INIT(GROUP_METADATA),
	    V1_INIT(PROTOCOL_METADATA), NULL};
	if (fill_context(&to->context, &to->parents, group_pk, &e->item,
	    &e->event.attached) != 0)
		return (-ERR_INTERNAL);
	to->metadata.event_type = (V1(EventType))e->event.type;
	to->metadata.payload = protobuf_bytes(e->event.payload);
	to->metadata.sig = protobuf_bytes(e->event.sig);
	to->metadata.protocol_metadata = &to->protocol;
	to->event.event_context = &to->context;
	to->event.metadata = &to->metadata;
	to->event.event = protobuf_bytes(e->event.payload);
	return (0);
}

static bool
reply_event(struct list_call * l, const struct group_event * e)
{
	struct v1_event event;
	bool full;

	if (v1_event_fill(&event, l->group_pk, e) != 0)
		return (true);
	full = l->call->transport->reply(l->call, &event.event);
	free(event.parents);
	return (full);
}

static bool
reply_message(struct list_call * l, const struct group_message * m)
{
	V1(GroupMessageEvent) reply = V1_INIT(GROUP_MESSAGE_EVENT);
	V1(EventContext) context = V1_INIT(EVENT_CONTEXT);
	V1(MessageHeaders) headers = V1_INIT(MESSAGE_HEADERS);
	ProtobufCBinaryData * parents;
	bool full;

	if (fill_context(&context, &parents, l->group_pk, &m->item,
	    &m->message.attached) != 0)
		return (true);
	headers.counter = m->headers.counter;
	headers.device_pk =
	    protobuf_bytes(slice_of(m->headers.device_pk, KEY_SIZE));
	headers.sig = protobuf_bytes(slice_of(m->headers.sig, SIGNATURE_SIZE));
	reply.event_context = &context;
	reply.headers = &headers;
	reply.message = protobuf_bytes(m->message.plaintext);
	full = l->call->transport->reply(l->call, &reply);
	free(parents);
	return (full);
}

static void
end(struct list_call * l)
{
	struct api_call * call = l->call;

	feed_close(l->feed);
	free(l);
	call->transport->finish(call, NULL);
}

/* Give what the client can take; the feed or the transport calls again. */
static void
pump(struct list_call * l)
{
	struct group_event e = {0};
	struct group_message m = {0};
	bool full = false;
	int rc;

	while (!full) {
		rc = feed_next(l->feed, &e, &m);
		if (rc == 0)
			return;
		if (rc == 2) {
			end(l);
			return;
		}
		if (l->which == FEED_METADATA) {
			full = reply_event(l, &e);
			group_event_free(&e);
		} else {
			full = reply_message(l, &m);
			group_message_free(&m);
		}
	}
}

static void
wake(void * user)
{
	pump(user);
}

static void
on_writable(struct api_call * call)
{
	pump(call->data);
}

static void
on_cancelled(struct api_call * call)
{
	end(call->data);
}

/* The two requests have the same fields. */
static void
list_open(struct api_call * call, enum feed_log which,
    ProtobufCBinaryData group_pk, const struct feed_range * range)
{
	struct error err = {0};
	struct node_group * g;
	struct list_call * l;

	if (v1_group(call, group_pk, ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID, &g,
	    &err) != 0)
		goto err0;
	if ((l = calloc(1, sizeof(*l))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	l->call = call;
	l->which = which;
	memcpy(l->group_pk, group_pk.data, KEY_SIZE);
	if (feed_open(g, which, range, wake, l, &l->feed, &err) != 0)
		goto err1;
	call->data = l;
	call->on_writable = on_writable;
	call->on_cancelled = on_cancelled;
	call->transport->begin(call);
	pump(l);
	return;

err1:
	free(l);
err0:
	api_fail(call, &err);
}

#define RANGE_OF(request) \
	{protobuf_slice((request)->since_id), \
	 protobuf_slice((request)->until_id), (request)->since_now, \
	 (request)->until_now, (request)->reverse_order}

void
v1_group_metadata_list(struct api_call * call)
{
	const V1(GroupMetadataList__Request) * request = call->request;
	struct feed_range range = RANGE_OF(request);

	list_open(call, FEED_METADATA, request->group_pk, &range);
}

void
v1_group_message_list(struct api_call * call)
{
	const V1(GroupMessageList__Request) * request = call->request;
	struct feed_range range = RANGE_OF(request);

	list_open(call, FEED_MESSAGES, request->group_pk, &range);
}
