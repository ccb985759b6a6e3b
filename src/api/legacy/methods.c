/* methods.c: the calls of berty.protocol.ProtocolService. */
#include "api/legacy/legacy.h"

#define SERVICE "berty.protocol.ProtocolService"

/* A call's name, the prefix of its messages in C, its stream, its handler. */
#define METHOD(name, type, server, handler) \
	{SERVICE, name, \
	 &berty__protocol__##type##__request__descriptor, \
	 &berty__protocol__##type##__reply__descriptor, false, server, \
	 handler}

#define UNARY(name, type) METHOD(name, type, false, legacy_##type)
#define STREAM(name, type) METHOD(name, type, true, legacy_##type)

static const struct api_method methods[] = {
	UNARY("InstanceExportData", instance_export_data),
	UNARY("InstanceGetConfiguration", instance_get_configuration),
	UNARY("GroupCreate", group_create),
	UNARY("GroupJoin", group_join),
	UNARY("GroupLeave", group_leave),
	UNARY("GroupInvite", group_invite),
	UNARY("DevicePair", device_pair),
	UNARY("ContactRequestReference", contact_request_reference),
	UNARY("ContactRequestDisable", contact_request_disable),
	UNARY("ContactRequestEnable", contact_request_enable),
	METHOD("ContactRequestResetReference", contact_request_reset_link,
	    false, legacy_contact_request_reset_reference),
	UNARY("ContactRequestEnqueue", contact_request_enqueue),
	UNARY("ContactRequestAccept", contact_request_accept),
	UNARY("ContactRemove", contact_remove),
	UNARY("ContactBlock", contact_block),
	UNARY("ContactUnblock", contact_unblock),
	UNARY("GroupSettingSetGroup", group_setting_set_group),
	UNARY("GroupSettingSetMember", group_setting_set_member),
	UNARY("GroupMessageSend", group_message_send),
	UNARY("AccountAppendAppSpecificEvent",
	    account_append_app_specific_event),
	STREAM("AccountSubscribe", account_subscribe),
	METHOD("GroupSettingSubscribe", group_setting_store_subscribe, true,
	    legacy_group_setting_subscribe),
	STREAM("GroupMessageSubscribe", group_message_subscribe),
	STREAM("GroupMemberSubscribe", group_member_subscribe),
};

const struct api_method *
api_legacy_methods(size_t * n)
{
	*n = sizeof(methods) / sizeof(methods[0]);
	return (methods);
}
