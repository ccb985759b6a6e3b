/* v1.h: what the files of berty.protocol.v1.ProtocolService share. */
#ifndef BERTY_API_V1_V1_H
#define BERTY_API_V1_V1_H

#include "api/call.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "node/node.h"

/* The generated names, without their prefix. */
#define V1(name) Berty__Protocol__V1__##name
#define V1_INIT(name) BERTY__PROTOCOL__V1__##name##__INIT

/* --- checks of requests --------------------------------------------------- */

/* A key of 32 bytes, else the code. */
int v1_key(struct slice * key, ProtobufCBinaryData bytes, int code,
    struct error * err);

/* The open group of that key, else 888 under `outer`. */
int v1_group(struct api_call * call, ProtobufCBinaryData group_pk, int outer,
    struct node_group ** g, struct error * err);

/* --- calls that write ----------------------------------------------------- */

/* A change that a unary call makes; its answer waits until it is durable. */
struct change {
	struct api_call * call;
	struct node * node;
	struct account * account;
	struct node_tx * tx;
	struct error err;
	struct cid cid;           /* for answers that give one */
	uint8_t key[32];          /* for answers that give a key */
	void (*answer)(struct change * c);
};

/*
 * Run a change: `write` does its work inside the transaction (a code undoes
 * it and is the call's error), `answer` replies once it is durable.
 */
void v1_change(struct api_call * call, int (*write)(struct change * c),
    void (*answer)(struct change * c));

/*
 * Remember addresses that came with a link; malformed ones are left out.  Fails
 * only when the store is read-only.
 */
int v1_learn(struct change * c, const ProtobufCBinaryData * addresses,
    size_t n);

/* The names of the networks that the node speaks, with commas; fills names. */
#define V1_NETWORKS 64
char * v1_networks(struct node * n, char names[V1_NETWORKS]);

/* --- steps that the services of 2019 and ours take, too -------------------- */

/*
 * Inside a change; the errors are those of the calls that they belong to.
 * move: an operation on the contact of that key.  block: also closes the
 * contact's group, as shut does.
 */
int v1_request_contact(struct change * c,
    const V1(ContactRequestSend__Request) * request);
int v1_move_contact(struct change * c, ProtobufCBinaryData pk,
    int (*operation)(struct account * a, const uint8_t pk[32],
        struct error * err));
int v1_block_contact(struct change * c, ProtobufCBinaryData pk);
int v1_shut_contact_group(struct change * c, const uint8_t pk[32]);
int v1_join_group(struct change * c,
    const V1(MultiMemberGroupJoin__Request) * request);
int v1_leave_group(struct change * c, ProtobufCBinaryData group_pk);

/* Event 1001; its id is in c->cid. */
int v1_write_app_metadata(struct change * c, struct node_group * g,
    struct slice message);

/*
 * An event as GroupMetadataList gives it; borrows from e and group_pk, and from
 * itself.  -ERR_INTERNAL without memory; parents are the caller's to free.
 */
struct v1_event {
	V1(GroupMetadataEvent) event;
	V1(EventContext) context;
	V1(GroupMetadata) metadata;
	V1(ProtocolMetadata) protocol;
	ProtobufCBinaryData * parents;
};
int v1_event_fill(struct v1_event * to, const uint8_t group_pk[32],
    const struct group_event * e);

/* What InstanceGetConfiguration tells; the states are its SettingState. */
struct v1_configuration {
	char * peer_id;
	char ** listeners;
	size_t n_listeners;
	V1(InstanceGetConfiguration__SettingState) ble, wifi_p2p, mdns, relay;
	struct buffer peer, text; /* private */
};
void v1_configuration(struct node * n, struct v1_configuration * to);
void v1_configuration_free(struct v1_configuration * of);

/* The answer of calls whose reply has no fields. */
void v1_answer_empty(struct change * c);

/* --- replies built piece by piece ------------------------------------------ */

/*
 * A message in malloc'd memory, or NULL; one more in a repeated field.  What
 * has no room is left out.  v1_answer_built sends the whole and frees it.
 */
void * v1_new(const ProtobufCMessageDescriptor * type);
void * v1_add(void * field, size_t * n,
    const ProtobufCMessageDescriptor * type);
void v1_add_text(char *** field, size_t * n, struct slice text);

/* Fill a text field that still has its default. */
void v1_set_text(char ** field, struct slice text);
void v1_set_peer(char ** field, const struct peer_id * peer);
void v1_set_address(char ** field, struct slice multiaddr);

void v1_answer_built(struct api_call * call, void * reply);

/* GroupInfo: the members of a group that is open; v1_members_free after. */
void v1_members_fill(V1(GroupInfo__Reply) * reply, struct group * g);
void v1_members_free(V1(GroupInfo__Reply) * reply);

/* The same for the servers that keep it. */
void v1_replicating_fill(V1(GroupInfo__Reply) * reply, struct node * n,
    struct group * g);
void v1_replicating_free(V1(GroupInfo__Reply) * reply);

/* PeerList.Feature bits (1 << value) that an address alone shows. */
unsigned v1_address_features(struct slice address, bool active);

/* --- handlers ------------------------------------------------------------- */

void v1_instance_export_data(struct api_call * call);
void v1_instance_get_configuration(struct api_call * call);

void v1_contact_request_reference(struct api_call * call);
void v1_contact_request_disable(struct api_call * call);
void v1_contact_request_enable(struct api_call * call);
void v1_contact_request_reset_reference(struct api_call * call);
void v1_contact_request_send(struct api_call * call);
void v1_contact_request_accept(struct api_call * call);
void v1_contact_request_discard(struct api_call * call);
void v1_contact_block(struct api_call * call);
void v1_contact_unblock(struct api_call * call);

void v1_multi_member_group_create(struct api_call * call);
void v1_multi_member_group_join(struct api_call * call);
void v1_multi_member_group_leave(struct api_call * call);
void v1_multi_member_group_invitation_create(struct api_call * call);

void v1_contact_alias_key_send(struct api_call * call);
void v1_multi_member_group_alias_resolver_disclose(struct api_call * call);
void v1_multi_member_group_admin_role_grant(struct api_call * call);

void v1_replication_service_register_group(struct api_call * call);

void v1_app_message_send(struct api_call * call);
void v1_app_metadata_send(struct api_call * call);

void v1_group_metadata_list(struct api_call * call);
void v1_group_message_list(struct api_call * call);

void v1_group_info(struct api_call * call);
void v1_activate_group(struct api_call * call);
void v1_deactivate_group(struct api_call * call);

void v1_debug_list_groups(struct api_call * call);
void v1_debug_inspect_group_store(struct api_call * call);
void v1_debug_group(struct api_call * call);

void v1_attachment_prepare(struct api_call * call);
void v1_attachment_retrieve(struct api_call * call);

void v1_push_receive(struct api_call * call);
void v1_push_send(struct api_call * call);
void v1_push_share_token(struct api_call * call);
void v1_push_set_device_token(struct api_call * call);
void v1_push_set_server(struct api_call * call);

void v1_auth_service_init_flow(struct api_call * call);
void v1_auth_service_complete_flow(struct api_call * call);
void v1_services_token_list(struct api_call * call);
void v1_debug_auth_service_set_token(struct api_call * call);

void v1_monitor_group(struct api_call * call);
void v1_peer_list(struct api_call * call);
void v1_system_info(struct api_call * call);

#endif /* !BERTY_API_V1_V1_H */
