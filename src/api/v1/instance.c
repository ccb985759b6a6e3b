/* instance.c: who this node is. */
#include <stdlib.h>

#include "account/account_push.h"
#include "api/v1/v1.h"
#include "base/reader.h"

/* Own addresses as texts; how many.  The caller frees text and list. */
static size_t
listeners(struct host * h, struct buffer * text, char *** list)
{
	struct buffer all = {0};
	struct reader r;
	size_t n = 0, i, at = 0;

	host_addresses(h, &all, false);
	r = reader_of(buffer_all(&all));
	while (r.n > 0 && !r.failed)
		if (multiaddr_encode(text,
		    reader_prefixed(&r, MULTIADDR_MAX)) == 0) {
			buffer_byte(text, 0);
			n++;
		}
	buffer_free(&all);
	*list = calloc(n + 1, sizeof(**list));
	if (*list == NULL || text->failed)
		return (0);
	for (i = 0; i < n; i++) {
		(*list)[i] = (char *)text->p + at;
		at += strlen((*list)[i]) + 1;
	}
	return (n);
}

static V1(InstanceGetConfiguration__SettingState)
setting(enum node_switch s)
{
	switch (s) {
	case NODE_ON:
		return (BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Enabled);
	case NODE_OFF:
		return (BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Disabled);
	default:
		return (BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Unavailable);
	}
}

void
v1_configuration(struct node * n, struct v1_configuration * to)
{
	struct host * h = node_host(n);

	*to = (struct v1_configuration){.peer_id = (char *)""};
	peer_id_encode(&to->peer, host_id(h));
	buffer_byte(&to->peer, 0);
	if (!to->peer.failed)
		to->peer_id = (char *)to->peer.p;
	to->n_listeners = listeners(h, &to->text, &to->listeners);
	/* None of these is in this build yet. */
	to->ble = to->wifi_p2p = to->relay =
	    BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Unavailable;
	to->mdns = setting(node_mdns(n));
}

void
v1_configuration_free(struct v1_configuration * of)
{
	free(of->listeners);
	buffer_free(&of->text);
	buffer_free(&of->peer);
}

/* A message that this device registered, or NULL; freed by the caller. */
static void *
registered(struct account * a,
    int (*read)(struct account * a, struct buffer * value),
    const ProtobufCMessageDescriptor * type)
{
	struct buffer value = {0};
	void * message = NULL;

	if (read(a, &value) == 0)
		message = protobuf_decode(type, buffer_all(&value), 1 << 17);
	buffer_free(&value);
	return (message);
}

void
v1_instance_get_configuration(struct api_call * call)
{
	V1(InstanceGetConfiguration__Reply) reply =
	    V1_INIT(INSTANCE_GET_CONFIGURATION__REPLY);
	const struct account_keys * keys =
	    account_keys(node_account(call->node));
	struct v1_configuration own;

	v1_configuration(call->node, &own);
	reply.account_pk =
	    protobuf_bytes(slice_of(keys->account.pub, KEY_SIZE));
	reply.device_pk = protobuf_bytes(slice_of(keys->device.pub, KEY_SIZE));
	reply.account_group_pk = reply.account_pk;
	reply.peer_id = own.peer_id;
	reply.n_listeners = own.n_listeners;
	reply.listeners = own.listeners;
	reply.ble_enabled = own.ble;
	reply.wifi_p2p_enabled = own.wifi_p2p;
	reply.mdns_enabled = own.mdns;
	reply.relay_enabled = own.relay;
	reply.device_push_token = registered(node_account(call->node),
	    account_push_token,
	    &berty__protocol__v1__push_service_receiver__descriptor);
	reply.device_push_server = registered(node_account(call->node),
	    account_push_server, &berty__protocol__v1__push_server__descriptor);
	api_answer(call, &reply);
	protobuf_free(reply.device_push_token);
	protobuf_free(reply.device_push_server);
	v1_configuration_free(&own);
}
