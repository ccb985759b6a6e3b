/* methods.c: the calls of berty.protocol.v1.ProtocolService. */
#include "api/v1/v1.h"

#define SERVICE "berty.protocol.v1.ProtocolService"

/* A call's name, the prefix of its messages in C, its streams, its handler. */
#define METHOD(name, type, client, server, handler) \
	{SERVICE, name, \
	 &berty__protocol__v1__##type##__request__descriptor, \
	 &berty__protocol__v1__##type##__reply__descriptor, client, server, \
	 handler}

/* The lists answer with events, not with a message named Reply. */
#define LIST(name, type, event, handler) \
	{SERVICE, name, \
	 &berty__protocol__v1__##type##__request__descriptor, \
	 &berty__protocol__v1__##event##__descriptor, false, true, handler}

#define UNARY(name, type, handler) METHOD(name, type, false, false, handler)
#define STREAM(name, type, handler) METHOD(name, type, false, true, handler)

static const struct api_method methods[] = {
	STREAM("InstanceExportData", instance_export_data,
	    v1_instance_export_data),
	UNARY("InstanceGetConfiguration", instance_get_configuration,
	    v1_instance_get_configuration),
	UNARY("ContactRequestReference", contact_request_reference,
	    v1_contact_request_reference),
	UNARY("ContactRequestDisable", contact_request_disable,
	    v1_contact_request_disable),
	UNARY("ContactRequestEnable", contact_request_enable,
	    v1_contact_request_enable),
	UNARY("ContactRequestResetReference", contact_request_reset_reference,
	    v1_contact_request_reset_reference),
	UNARY("ContactRequestSend", contact_request_send,
	    v1_contact_request_send),
	UNARY("ContactRequestAccept", contact_request_accept,
	    v1_contact_request_accept),
	UNARY("ContactRequestDiscard", contact_request_discard,
	    v1_contact_request_discard),
	UNARY("ContactBlock", contact_block, v1_contact_block),
	UNARY("ContactUnblock", contact_unblock, v1_contact_unblock),
	UNARY("ContactAliasKeySend", contact_alias_key_send,
	    v1_contact_alias_key_send),
	UNARY("MultiMemberGroupCreate", multi_member_group_create,
	    v1_multi_member_group_create),
	UNARY("MultiMemberGroupJoin", multi_member_group_join,
	    v1_multi_member_group_join),
	UNARY("MultiMemberGroupLeave", multi_member_group_leave,
	    v1_multi_member_group_leave),
	UNARY("MultiMemberGroupAliasResolverDisclose",
	    multi_member_group_alias_resolver_disclose,
	    v1_multi_member_group_alias_resolver_disclose),
	UNARY("MultiMemberGroupAdminRoleGrant",
	    multi_member_group_admin_role_grant,
	    v1_multi_member_group_admin_role_grant),
	UNARY("MultiMemberGroupInvitationCreate",
	    multi_member_group_invitation_create,
	    v1_multi_member_group_invitation_create),
	UNARY("AppMetadataSend", app_metadata_send, v1_app_metadata_send),
	UNARY("AppMessageSend", app_message_send, v1_app_message_send),
	LIST("GroupMetadataList", group_metadata_list, group_metadata_event,
	    v1_group_metadata_list),
	LIST("GroupMessageList", group_message_list, group_message_event,
	    v1_group_message_list),
	UNARY("GroupInfo", group_info, v1_group_info),
	UNARY("ActivateGroup", activate_group, v1_activate_group),
	UNARY("DeactivateGroup", deactivate_group, v1_deactivate_group),
	STREAM("MonitorGroup", monitor_group, v1_monitor_group),
	STREAM("DebugListGroups", debug_list_groups, v1_debug_list_groups),
	STREAM("DebugInspectGroupStore", debug_inspect_group_store,
	    v1_debug_inspect_group_store),
	UNARY("DebugGroup", debug_group, v1_debug_group),
	UNARY("DebugAuthServiceSetToken", debug_auth_service_set_token,
	    v1_debug_auth_service_set_token),
	UNARY("SystemInfo", system_info, v1_system_info),
	UNARY("AuthServiceInitFlow", auth_service_init_flow,
	    v1_auth_service_init_flow),
	UNARY("AuthServiceCompleteFlow", auth_service_complete_flow,
	    v1_auth_service_complete_flow),
	STREAM("ServicesTokenList", services_token_list,
	    v1_services_token_list),
	UNARY("ReplicationServiceRegisterGroup",
	    replication_service_register_group,
	    v1_replication_service_register_group),
	UNARY("PeerList", peer_list, v1_peer_list),
	METHOD("AttachmentPrepare", attachment_prepare, true, false,
	    v1_attachment_prepare),
	STREAM("AttachmentRetrieve", attachment_retrieve,
	    v1_attachment_retrieve),
	UNARY("PushReceive", push_receive, v1_push_receive),
	UNARY("PushSend", push_send, v1_push_send),
	UNARY("PushShareToken", push_share_token, v1_push_share_token),
	UNARY("PushSetDeviceToken", push_set_device_token,
	    v1_push_set_device_token),
	UNARY("PushSetServer", push_set_server, v1_push_set_server),
};

const struct api_method *
api_v1_methods(size_t * n)
{
	*n = sizeof(methods) / sizeof(methods[0]);
	return (methods);
}
