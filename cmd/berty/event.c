#include "event.h"

#include <stdio.h>
#include <string.h>

#include "payload.h"
#include "json/proto_json.h"

#define TYPE(name) berty__protocol__v1__##name##__descriptor

static const struct {
	int number;
	const ProtobufCMessageDescriptor * type;
} events[] = {
	{1, &TYPE(group_add_member_device)},
	{2, &TYPE(group_add_device_secret)},
	{101, &TYPE(account_group_joined)},
	{102, &TYPE(account_group_left)},
	{103, &TYPE(account_contact_request_disabled)},
	{104, &TYPE(account_contact_request_enabled)},
	{105, &TYPE(account_contact_request_reference_reset)},
	{106, &TYPE(account_contact_request_enqueued)},
	{107, &TYPE(account_contact_request_sent)},
	{108, &TYPE(account_contact_request_received)},
	{109, &TYPE(account_contact_request_discarded)},
	{110, &TYPE(account_contact_request_accepted)},
	{111, &TYPE(account_contact_blocked)},
	{112, &TYPE(account_contact_unblocked)},
	{201, &TYPE(contact_add_alias_key)},
	{301, &TYPE(multi_member_group_add_alias_resolver)},
	{302, &TYPE(multi_member_initial_member)},
	{303, &TYPE(multi_member_grant_admin_role)},
	{401, &TYPE(account_service_token_added)},
	{402, &TYPE(account_service_token_removed)},
	{403, &TYPE(group_replicating)},
	{1001, &TYPE(app_metadata)},
};

/* Members that only the node needs, and that open a group or a service. */
static void
hide_secrets(cJSON * object)
{
	static const char * const names[] = {"secret", "secret_sig",
	    "link_key", "token"};
	cJSON * item;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cJSON_DeleteItemFromObject(object, names[i]);
	cJSON_ArrayForEach(item, object)
		if (cJSON_IsObject(item))
			hide_secrets(item);
}

/* What an app wrote, as text where it is one. */
static void
add_app_text(cJSON * fields, const ProtobufCMessage * m)
{
	const PB(AppMetadata) * app = (const void *)m;
	struct payload said = {0};

	payload_decode(&said, protobuf_slice(app->message));
	cJSON_AddStringToObject(fields, "app_type", said.type);
	if (said.is_text)
		output_add_text(fields, "text", buffer_all(&said.text));
	payload_free(&said);
}

static cJSON *
fields_of(int number, struct slice payload)
{
	ProtobufCMessage * m;
	cJSON * fields;
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].number == number)
			break;
	if (i == sizeof(events) / sizeof(events[0]) ||
	    (m = protobuf_decode(events[i].type, payload,
	        protobuf_cap(payload.n))) == NULL)
		return (cJSON_CreateObject());
	fields = proto_json(m, PROTO_JSON_FIELDS);
	hide_secrets(fields);
	if (number == 1001)
		add_app_text(fields, m);
	protobuf_free(m);
	return (fields);
}

void
event_add_attachments(cJSON * object, const PB(EventContext) * context)
{
	cJSON * list, * one;
	size_t i;

	if (context->n_attachment_cids == 0)
		return;
	list = cJSON_AddArrayToObject(object, "attachments");
	for (i = 0; i < context->n_attachment_cids; i++) {
		one = cJSON_CreateObject();
		output_add_cid(one, "cid",
		    protobuf_slice(context->attachment_cids[i]));
		cJSON_AddItemToArray(list,
		    cJSON_DetachItemFromObject(one, "cid"));
		cJSON_Delete(one);
	}
}

cJSON *
event_json(const PB(GroupMetadataEvent) * event)
{
	int number = (int)event->metadata->event_type;
	const ProtobufCEnumValue * value =
	    protobuf_c_enum_descriptor_get_value(&TYPE(event_type), number);
	cJSON * object = cJSON_CreateObject();

	output_add_cid(object, "cid", protobuf_slice(event->event_context->id));
	output_add_bytes(object, "group_pk",
	    protobuf_slice(event->event_context->group_pk));
	cJSON_AddStringToObject(object, "type", value == NULL ? "Unknown"
	    : value->name + strlen("EventType"));
	cJSON_AddNumberToObject(object, "number", number);
	cJSON_AddItemToObject(object, "event",
	    fields_of(number, protobuf_slice(event->event)));
	event_add_attachments(object, event->event_context);
	return (object);
}
