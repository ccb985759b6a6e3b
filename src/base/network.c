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
		/* Keeps a peer's addresses as it knows them when it is told. */
		.localrecord_again_ms = 5000,
		.localrecord_max = 4U << 20,
		.protocol_version = "ipfs/0.1.0",
		.unsubscribe_backoff_s = 60,
		.rotation_s = DAY,
		.contact_rotation_s = DAY,
		.rotation_text = false,
		.heads_name_sender = false,
		.direct_channel_max = 2048,
		.random_counter = true,
		.group_discovery = false,
		.push_events = true,
		.credential_events = false,
		.creator_by_device = false,
		.attachments = true,
		.identify_delta = true,
		.reference_field = 4,
	},
	[NETWORK_BERTY] = {
		.id = NETWORK_BERTY,
		.name = "berty",
		.metadata_store = "berty_group_metadata",
		.message_store = "berty_group_messages",
		.contact_protocol = "/wesh/contact_req/1.0.0",
		.localrecord_protocol = "wesh/p2p/localrecord",
		.localrecord_max = 2048,
		.protocol_version = "",
		.unsubscribe_backoff_s = 10,
		.rotation_s = DAY,
		.contact_rotation_s = DAY,
		.rotation_text = true,
		.heads_name_sender = true,
		.direct_channel_max = 4U << 20,
		.random_counter = false,
		.group_discovery = true,
		.push_events = false,
		.credential_events = true,
		.creator_by_device = true,
		.attachments = false,
		.identify_delta = false,
		.reference_field = 3,
	},
	[NETWORK_WESH] = {
		.id = NETWORK_WESH,
		.name = "wesh",
		.metadata_store = "wesh_group_metadata",
		.message_store = "wesh_group_messages",
		.contact_protocol = "/wesh/contact_req/1.0.0",
		.localrecord_protocol = "wesh/p2p/localrecord",
		.localrecord_max = 2048,
		.protocol_version = "",
		.unsubscribe_backoff_s = 10,
		.rotation_s = STATIC_ROTATION,
		.contact_rotation_s = STATIC_ROTATION,
		.rotation_text = true,
		.heads_name_sender = true,
		.direct_channel_max = 4U << 20,
		.random_counter = false,
		.group_discovery = true,
		.push_events = false,
		.credential_events = true,
		.creator_by_device = true,
		.attachments = false,
		.identify_delta = false,
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

bool
network_is_ambiguous(const struct network * network)
{
	size_t i;

	for (i = 0; i < NETWORK_COUNT; i++)
		if (&networks[i] != network &&
		    strcmp(networks[i].contact_protocol,
		        network->contact_protocol) == 0)
			return (true);
	return (false);
}

/* The network of the name that stands before the next comma. */
static const struct network *
take_name(struct slice * text)
{
	size_t i, n = 0;

	while (n < text->n && text->p[n] != ',')
		n++;
	for (i = 0; i < NETWORK_COUNT; i++)
		if (slice_equal(slice_text(networks[i].name),
		    slice_of(text->p, n)))
			break;
	/* A comma at the end names nothing. */
	*text = n == text->n ? slice_of(NULL, 0) :
	    slice_of(text->p + n + 1, text->n - n - 1);
	return (i < NETWORK_COUNT ? &networks[i] : NULL);
}

bool
network_list_parse(struct network_list * list, struct slice text)
{
	struct network_list made = {0};
	const struct network * network;

	do {
		network = take_name(&text);
		if (network == NULL || network_list_has(&made, network))
			return (false);
		network_list_add(&made, network);
	} while (text.p != NULL);
	*list = made;
	return (true);
}

bool
network_list_has(const struct network_list * list,
    const struct network * network)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->at[i] == network)
			return (true);
	return (false);
}

void
network_list_add(struct network_list * list, const struct network * network)
{

	if (!network_list_has(list, network))
		list->at[list->n++] = network;
}

void
network_list_prefer(struct network_list * list, const struct network * network)
{
	struct network_list made = {1, {network}};
	size_t i;

	for (i = 0; i < list->n; i++)
		network_list_add(&made, list->at[i]);
	*list = made;
}

uint64_t
network_period(uint64_t unix_s, uint64_t rotation_s)
{
	return (unix_s / rotation_s * rotation_s);
}
