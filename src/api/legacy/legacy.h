/*
 * legacy.h: what the files of berty.protocol.ProtocolService share: the API of
 * December 2019 as a thin translation onto the same node.  It keeps nothing of
 * its own; docs/api-2019.md tells what each call means.
 */
#ifndef BERTY_API_LEGACY_LEGACY_H
#define BERTY_API_LEGACY_LEGACY_H

#include "api/v1/v1.h"
#include "berty/protocol/bertyprotocol.pb-c.h"
#include "group/setting.h"

/* The generated names, without their prefix. */
#define LEGACY(name) Berty__Protocol__##name
#define LEGACY_INIT(name) BERTY__PROTOCOL__##name##__INIT

/* --- changes ------------------------------------------------------------- */

/*
 * Inside a change: the group of that key, activated if it is not on the network
 * yet; else 888 under `outer`, or what activation failed with.
 */
int legacy_group(struct change * c, ProtobufCBinaryData group_pk, int outer,
    struct node_group ** g);

/* The group, if nothing has to be done for it; else NULL. */
struct node_group * legacy_group_ready(struct node * n,
    ProtobufCBinaryData group_pk);

/* Write a setting; its id is in c->cid.  100: over a limit; 1002 over 100: not
 * ours to set. */
int legacy_set(struct change * c, struct node_group * g,
    enum setting_type type, const char * key, struct slice value);

/* The empty reply, with the id that it has no field for in a trailer:
 * berty-cid-bin of c->cid, or berty-group-pk-bin of c->key. */
void legacy_answer_cid(struct change * c);
void legacy_answer_group(struct change * c);

/* --- references ---------------------------------------------------------- */

/* Longer ones are refused. */
#define LEGACY_REFERENCE_MAX 16384

/* Append how to become a contact of ours, or a member of a group. */
void legacy_contact_reference(struct buffer * out, struct node * n);
void legacy_group_reference(struct buffer * out, struct node_group * g,
    struct node * n);

/*
 * Inside a change: what the calls of v1 do with the same, and their errors;
 * 1002 over 104: it is no reference.  group: its key is in c->key.
 */
int legacy_use_contact(struct change * c, struct slice reference,
    struct slice meta);
int legacy_use_group(struct change * c, struct slice reference);

/* --- streams ------------------------------------------------------------- */

/* What a stream gives of an entry: where it happened and who did it. */
struct legacy_event {
	LEGACY(GroupStoreEvent) event;
	LEGACY(EventBase) base;
	ProtobufCBinaryData * parents;
	uint8_t member_pk[32], account_pk[32];
};

/*
 * Fill it; borrows from the item, the device's key (NULL: nobody's) and itself.
 * -ERR_INTERNAL without memory; legacy_event_free then is not needed.
 */
int legacy_event_fill(struct legacy_event * to, struct group * g,
    const struct account_keys * own, const struct log_item * item,
    const uint8_t * device_pk);
void legacy_event_free(struct legacy_event * e);

/* The id and the parents alone. */
int legacy_base_fill(LEGACY(EventBase) * to, ProtobufCBinaryData ** parents,
    const struct log_item * item);

/* An open stream, as those see it who translate what it reads. */
struct legacy_stream {
	struct api_call * call;
	struct group * group;
	bool backwards;
};

/* Give what the event is in the API of 2019, which may be nothing.  True: the
 * client has enough for now. */
bool legacy_give_account(struct legacy_stream * s,
    const struct group_event * e);

/* --- handlers ------------------------------------------------------------ */

void legacy_instance_export_data(struct api_call * call);
void legacy_instance_get_configuration(struct api_call * call);
void legacy_device_pair(struct api_call * call);

void legacy_group_create(struct api_call * call);
void legacy_group_join(struct api_call * call);
void legacy_group_leave(struct api_call * call);
void legacy_group_invite(struct api_call * call);
void legacy_group_setting_set_group(struct api_call * call);
void legacy_group_setting_set_member(struct api_call * call);
void legacy_group_message_send(struct api_call * call);
void legacy_account_append_app_specific_event(struct api_call * call);

void legacy_contact_request_reference(struct api_call * call);
void legacy_contact_request_disable(struct api_call * call);
void legacy_contact_request_enable(struct api_call * call);
void legacy_contact_request_reset_reference(struct api_call * call);
void legacy_contact_request_enqueue(struct api_call * call);
void legacy_contact_request_accept(struct api_call * call);
void legacy_contact_remove(struct api_call * call);
void legacy_contact_block(struct api_call * call);
void legacy_contact_unblock(struct api_call * call);

void legacy_account_subscribe(struct api_call * call);
void legacy_group_setting_subscribe(struct api_call * call);
void legacy_group_message_subscribe(struct api_call * call);
void legacy_group_member_subscribe(struct api_call * call);

#endif /* !BERTY_API_LEGACY_LEGACY_H */
