/* app.c: application data: messages and metadata. */
#include <stdlib.h>

#include "api/v1/v1.h"

/* Attachments of a request, with their secrets. */
struct attachments_of {
	struct event_attachment * list;
	size_t n;
	struct buffer secrets;
};

/* Bytes of a secret: prefix, private key, and room to spare. */
enum { SECRET_ROOM = 128 };

static void
attachments_drop(struct attachments_of * a)
{
	free(a->list);
	buffer_wipe(&a->secrets);
}

static int
add_secret(struct change * c, struct attachments_of * a,
    ProtobufCBinaryData bytes)
{
	struct attachment_register r;
	size_t start = a->secrets.n;
	struct cid cid;

	if (cid_parse(&cid, protobuf_slice(bytes)) != 0) {
		(void)error_set(&c->err, ERR_DESERIALIZATION,
		    "an attachment's CID is malformed");
		return (error_wrap(&c->err, ERR_KEYSTORE_GET));
	}
	if (attachment_register_load(node_store(c->node), &cid, &r) != 0)
		return (error_set(&c->err, ERR_KEYSTORE_GET,
		    "an attachment's key is not here"));
	attachment_secret_write(&a->secrets, r.cipher, r.key);
	crypto_wipe(&r, sizeof(r));
	a->list[a->n++] = (struct event_attachment){protobuf_slice(bytes),
	    slice_of(a->secrets.p + start, a->secrets.n - start)};
	return (0);
}

/*
 * Each attachment must have its secret here: it was prepared, or came with an
 * event.  Source: api-v1 spec §5.
 */
static int
attachments_find(struct change * c, struct attachments_of * a,
    const ProtobufCBinaryData * cids, size_t n)
{
	size_t i;
	int rc = 0;

	*a = (struct attachments_of){.n = 0};
	if (n == 0)
		return (0);
	if (n > ATTACHMENT_EVENT_MAX) {
		(void)error_set(&c->err, ERR_INVALID_INPUT,
		    "an event has at most %d attachments",
		    ATTACHMENT_EVENT_MAX);
		return (error_wrap(&c->err, ERR_ORBIT_DB_APPEND));
	}
	a->list = calloc(n, sizeof(*a->list));
	if (a->list == NULL ||
	    buffer_reserve(&a->secrets, n * SECRET_ROOM) != 0)
		rc = error_set(&c->err, ERR_INTERNAL, "out of memory");
	for (i = 0; i < n && rc == 0; i++)
		rc = add_secret(c, a, cids[i]);
	if (rc == 0)
		return (0);
	attachments_drop(a);
	(void)error_wrap(&c->err, ERR_MAP);
	(void)error_wrap(&c->err, ERR_KEYSTORE_GET);
	return (error_wrap(&c->err, ERR_ORBIT_DB_APPEND));
}

static int
send_message(struct change * c)
{
	const V1(AppMessageSend__Request) * request = c->call->request;
	struct attachments_of attachments;
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk, ERR_GROUP_MISSING, &g,
	    &c->err)) != 0)
		return (rc);
	if ((rc = attachments_find(c, &attachments, request->attachment_cids,
	    request->n_attachment_cids)) != 0)
		return (rc);
	node_touch(c->tx, g);
	rc = group_write_attached_message(node_group_of(g),
	    protobuf_slice(request->payload), attachments.list, attachments.n,
	    &c->cid, &c->err);
	attachments_drop(&attachments);
	return (rc);
}

static void
answer_message(struct change * c)
{
	V1(AppMessageSend__Reply) reply = V1_INIT(APP_MESSAGE_SEND__REPLY);

	reply.cid = protobuf_bytes(cid_slice(&c->cid));
	api_answer(c->call, &reply);
}

void
v1_app_message_send(struct api_call * call)
{
	v1_change(call, send_message, answer_message);
}

static int
write_metadata(struct change * c, struct node_group * g, struct slice message,
    const struct attachments_of * attachments)
{
	V1(AppMetadata) event = V1_INIT(APP_METADATA);
	struct group * group = node_group_of(g);
	struct buffer payload = {0};
	int rc;

	node_touch(c->tx, g);
	event.device_pk =
	    protobuf_bytes(slice_of(group_device_pk(group), KEY_SIZE));
	event.message = protobuf_bytes(message);
	protobuf_encode(&payload, &event);
	rc = payload.failed
	    ? error_set(&c->err, ERR_INTERNAL, "out of memory")
	    : group_write_attached_event(group, EVENT_APP_METADATA,
	          buffer_all(&payload), NULL, attachments->list,
	          attachments->n, &c->cid, &c->err);
	buffer_free(&payload);
	return (rc);
}

int
v1_write_app_metadata(struct change * c, struct node_group * g,
    struct slice message)
{
	const struct attachments_of none = {.n = 0};

	return (write_metadata(c, g, message, &none));
}

static int
send_metadata(struct change * c)
{
	const V1(AppMetadataSend__Request) * request = c->call->request;
	struct attachments_of attachments;
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk, ERR_GROUP_MISSING, &g,
	    &c->err)) != 0)
		return (rc);
	if ((rc = attachments_find(c, &attachments, request->attachment_cids,
	    request->n_attachment_cids)) != 0)
		return (rc);
	rc = write_metadata(c, g, protobuf_slice(request->payload),
	    &attachments);
	attachments_drop(&attachments);
	return (rc);
}

static void
answer_metadata(struct change * c)
{
	V1(AppMetadataSend__Reply) reply = V1_INIT(APP_METADATA_SEND__REPLY);

	reply.cid = protobuf_bytes(cid_slice(&c->cid));
	api_answer(c->call, &reply);
}

void
v1_app_metadata_send(struct api_call * call)
{
	v1_change(call, send_metadata, answer_metadata);
}
