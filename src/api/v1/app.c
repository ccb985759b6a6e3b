/* app.c: application data: messages and metadata. */
#include "api/v1/v1.h"

/*
 * An attachment must have its secret here.  None can: attachments are not
 * part of this version.  Source: api-v1 spec §5.
 */
static int
check_attachments(const ProtobufCBinaryData * cids, size_t n,
    struct error * err)
{
	struct cid cid;

	if (n == 0)
		return (0);
	if (cid_parse(&cid, protobuf_slice(cids[0])) != 0) {
		(void)error_set(err, ERR_DESERIALIZATION,
		    "an attachment's CID is malformed");
		(void)error_wrap(err, ERR_KEYSTORE_GET);
	} else
		(void)error_set(err, ERR_KEYSTORE_GET,
		    "an attachment's key is not here");
	(void)error_wrap(err, ERR_MAP);
	(void)error_wrap(err, ERR_KEYSTORE_GET);
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

static int
send_message(struct change * c)
{
	const V1(AppMessageSend__Request) * request = c->call->request;
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk, ERR_GROUP_MISSING, &g,
	    &c->err)) != 0)
		return (rc);
	if ((rc = check_attachments(request->attachment_cids,
	    request->n_attachment_cids, &c->err)) != 0)
		return (rc);
	node_touch(c->tx, g);
	return (group_write_message(node_group_of(g),
	    protobuf_slice(request->payload), &c->cid, &c->err));
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

int
v1_write_app_metadata(struct change * c, struct node_group * g,
    struct slice message)
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
	    : group_write_event(group, EVENT_APP_METADATA,
	          buffer_all(&payload), NULL, &c->cid, &c->err);
	buffer_free(&payload);
	return (rc);
}

static int
send_metadata(struct change * c)
{
	const V1(AppMetadataSend__Request) * request = c->call->request;
	struct node_group * g;
	int rc;

	if ((rc = v1_group(c->call, request->group_pk, ERR_GROUP_MISSING, &g,
	    &c->err)) != 0)
		return (rc);
	if ((rc = check_attachments(request->attachment_cids,
	    request->n_attachment_cids, &c->err)) != 0)
		return (rc);
	return (v1_write_app_metadata(c, g, protobuf_slice(request->payload)));
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
