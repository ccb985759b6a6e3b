/* instance.c: the node itself. */
#include "api/legacy/legacy.h"

void
legacy_instance_get_configuration(struct api_call * call)
{
	LEGACY(InstanceGetConfiguration__Reply) reply =
	    LEGACY_INIT(INSTANCE_GET_CONFIGURATION__REPLY);
	struct v1_configuration own;

	v1_configuration(call->node, &own);
	reply.peer_id = own.peer_id;
	reply.n_listeners = own.n_listeners;
	reply.listeners = own.listeners;
	/* The states have the same names and numbers. */
	reply.ble_enabled =
	    (LEGACY(InstanceGetConfiguration__SettingState))own.ble;
	reply.wifi_p2p_enabled =
	    (LEGACY(InstanceGetConfiguration__SettingState))own.wifi_p2p;
	reply.mdns_enabled =
	    (LEGACY(InstanceGetConfiguration__SettingState))own.mdns;
	reply.relay_enabled =
	    (LEGACY(InstanceGetConfiguration__SettingState))own.relay;
	api_answer(call, &reply);
	v1_configuration_free(&own);
}

void
legacy_device_pair(struct api_call * call)
{
	struct error err = {0};

	(void)error_set(&err, ERR_NOT_IMPLEMENTED,
	    "%s is not part of this version", call->method->name);
	api_fail(call, &err);
}
