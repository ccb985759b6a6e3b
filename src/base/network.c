#include "base/network.h"

/* Go's largest duration in whole seconds: the static rotation of wesh. */
#define STATIC_ROTATION 9223372036U
#define DAY 86400U

static const struct network networks[NETWORK_COUNT] = {
	[NETWORK_BERTY_V1] = {
		.id = NETWORK_BERTY_V1,
		.name = "berty-v1",
		.metadata_store = "berty_group_metadata",
		.message_store = "berty_group_messages",
		.contact_protocol = "/berty/contact_req/1.0.0",
		.localrecord_protocol = "berty/p2p/localrecord",
		.rotation_s = DAY,
		.contact_rotation_s = DAY,
		.rotation_text = false,
		.heads_name_sender = false,
		.direct_channel_max = 2048,
		.random_counter = true,
		.group_discovery = false,
		.push_events = true,
		.credential_events = false,
		.attachments = true,
		.reference_field = 4,
	},
	[NETWORK_BERTY] = {
		.id = NETWORK_BERTY,
		.name = "berty",
		.metadata_store = "berty_group_metadata",
		.message_store = "berty_group_messages",
		.contact_protocol = "/wesh/contact_req/1.0.0",
		.localrecord_protocol = "wesh/p2p/localrecord",
		.rotation_s = DAY,
		.contact_rotation_s = DAY,
		.rotation_text = true,
		.heads_name_sender = true,
		.direct_channel_max = 4U << 20,
		.random_counter = false,
		.group_discovery = true,
		.push_events = false,
		.credential_events = true,
		.attachments = false,
		.reference_field = 3,
	},
	[NETWORK_WESH] = {
		.id = NETWORK_WESH,
		.name = "wesh",
		.metadata_store = "wesh_group_metadata",
		.message_store = "wesh_group_messages",
		.contact_protocol = "/wesh/contact_req/1.0.0",
		.localrecord_protocol = "wesh/p2p/localrecord",
		.rotation_s = STATIC_ROTATION,
		.contact_rotation_s = STATIC_ROTATION,
		.rotation_text = true,
		.heads_name_sender = true,
		.direct_channel_max = 4U << 20,
		.random_counter = false,
		.group_discovery = true,
		.push_events = false,
		.credential_events = true,
		.attachments = false,
		.reference_field = 3,
	},
};

const struct network *
network_get(enum network_id id)
{
	return (&networks[id]);
}

const struct network *
network_find(const char * name)
{
	size_t i;

	for (i = 0; i < NETWORK_COUNT; i++)
		if (strcmp(networks[i].name, name) == 0)
			return (&networks[i]);
	return (NULL);
}

uint64_t
network_period(uint64_t unix_s, uint64_t rotation_s)
{
	return (unix_s / rotation_s * rotation_s);
}
