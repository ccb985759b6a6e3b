/* instance.c: who this node is. */
#include <stdlib.h>

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
v1_instance_get_configuration(struct api_call * call)
{
	V1(InstanceGetConfiguration__Reply) reply =
	    V1_INIT(INSTANCE_GET_CONFIGURATION__REPLY);
	const struct account_keys * keys =
	    account_keys(node_account(call->node));
	struct host * h = node_host(call->node);
	struct buffer peer = {0}, text = {0};
	char ** list;

	reply.account_pk =
	    protobuf_bytes(slice_of(keys->account.pub, KEY_SIZE));
	reply.device_pk = protobuf_bytes(slice_of(keys->device.pub, KEY_SIZE));
	reply.account_group_pk = reply.account_pk;
	peer_id_encode(&peer, host_id(h));
	buffer_byte(&peer, 0);
	if (!peer.failed)
		reply.peer_id = (char *)peer.p;
	reply.n_listeners = listeners(h, &text, &list);
	reply.listeners = list;
	/* None of these is in this build yet. */
	reply.ble_enabled = reply.wifi_p2p_enabled = reply.relay_enabled =
	    BERTY__PROTOCOL__V1__INSTANCE_GET_CONFIGURATION__SETTING_STATE__Unavailable;
	reply.mdns_enabled = setting(node_mdns(call->node));
	api_answer(call, &reply);
	free(list);
	buffer_free(&text);
	buffer_free(&peer);
}
