/* group.c: groups, and what is written into them. */
#include "api/legacy/legacy.h"

struct node_group *
legacy_group_ready(struct node * n, ProtobufCBinaryData group_pk)
{
	struct node_group * g = node_find(n, protobuf_slice(group_pk));

	if (g == NULL || (g != node_account_group(n) &&
	    !node_group_on_topic(g, FEED_METADATA)))
		return (NULL);
	return (g);
}

/* Of a contact who was removed, discarded or blocked: such a group was closed
 * on purpose, and is not opened by the way. */
static bool
is_given_up(struct change * c, const uint8_t group_pk[32])
{
	struct group_config config = {0};
	struct contact contact;
	bool given_up = false;

	if (account_group_config(c->account, group_pk, &config, NULL) == 0 &&
	    config.info.type == GROUP_CONTACT &&
	    account_contact(c->account, config.contact_pk, &contact) == 0) {
		given_up = contact.state == CONTACT_REMOVED ||
		    contact.state == CONTACT_DISCARDED ||
		    contact.state == CONTACT_BLOCKED;
		contact_free(&contact);
	}
	crypto_wipe(&config, sizeof(config));
	return (given_up);
}

int
legacy_group(struct change * c, ProtobufCBinaryData group_pk, int outer,
    struct node_group ** g)
{
	int rc;

	if ((*g = legacy_group_ready(c->node, group_pk)) != NULL)
		return (0);
	if (group_pk.len == KEY_SIZE && !is_given_up(c, group_pk.data)) {
		rc = node_activate(c->tx, protobuf_slice(group_pk), false, g,
		    &c->err);
		if (rc != -ERR_INTERNAL)
			return (rc);
	}
	(void)error_set(&c->err, ERR_INTERNAL, group_pk.len == 0
	    ? "no group id provided" : "no group of that key is known");
	return (error_wrap(&c->err, outer));
}

void
legacy_answer_cid(struct change * c)
{
	api_trailer(c->call, "berty-cid-bin", cid_slice(&c->cid));
	v1_answer_empty(c);
}

void
legacy_answer_group(struct change * c)
{
	api_trailer(c->call, "berty-group-pk-bin", slice_of(c->key, KEY_SIZE));
	v1_answer_empty(c);
}

/* --- the life of a group ------------------------------------------------- */

static int
create(struct change * c)
{
	struct node_group * g;
	int rc;

	if ((rc = node_create_group(c->tx, NULL, &g, &c->err)) == 0)
		memcpy(c->key, group_info_of(node_group_of(g))->pk, KEY_SIZE);
	return (rc);
}

void
legacy_group_create(struct api_call * call)
{
	v1_change(call, create, legacy_answer_group);
}

static int
join(struct change * c)
{
	const LEGACY(GroupJoin__Request) * request = c->call->request;
	struct node_group * g;
	int rc;

	rc = legacy_use_group(c, protobuf_slice(request->reference));
	if (rc == 0)
		rc = node_activate(c->tx, slice_of(c->key, KEY_SIZE), false,
		    &g, &c->err);
	if (rc == 0 && request->meta.len > 0)
		rc = legacy_set(c, g, SETTING_MEMBER, "meta",
		    protobuf_slice(request->meta));
	return (rc);
}

void
legacy_group_join(struct api_call * call)
{
	v1_change(call, join, legacy_answer_group);
}

static int
leave(struct change * c)
{
	const LEGACY(GroupLeave__Request) * request = c->call->request;

	return (v1_leave_group(c, request->group_pub_key));
}

void
legacy_group_leave(struct api_call * call)
{
	v1_change(call, leave, v1_answer_empty);
}

static int
invite(struct change * c)
{
	const LEGACY(GroupInvite__Request) * request = c->call->request;
	struct node_group * g;
	int rc;

	if ((rc = legacy_group(c, request->group_pub_key,
	    ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID, &g)) != 0)
		return (rc);
	if (group_info_of(node_group_of(g))->type != GROUP_MULTI_MEMBER)
		return (error_set(&c->err, ERR_GROUP_INVALID_TYPE,
		    "only a multi-member group has invitations"));
	memcpy(c->key, group_info_of(node_group_of(g))->pk, KEY_SIZE);
	return (0);
}

static void
answer_invitation(struct change * c)
{
	LEGACY(GroupInvite__Reply) reply = LEGACY_INIT(GROUP_INVITE__REPLY);
	struct node_group * g = node_find(c->node,
	    slice_of(c->key, KEY_SIZE));
	struct buffer out = {0};

	if (g != NULL)
		legacy_group_reference(&out, g, c->node);
	if (g == NULL || out.failed) {
		(void)error_set(&c->err, ERR_INTERNAL, g == NULL
		    ? "the group was closed meanwhile" : "out of memory");
		api_fail(c->call, &c->err);
	} else {
		reply.reference = protobuf_bytes(buffer_all(&out));
		api_answer(c->call, &reply);
	}
	buffer_wipe(&out);
}

void
legacy_group_invite(struct api_call * call)
{
	v1_change(call, invite, answer_invitation);
}

/* --- settings ------------------------------------------------------------ */

/* Others would skip a setting that does not count: it is not written. */
static int
check_right(struct change * c, struct group * g, const struct setting * s)
{
	int counts = setting_counts(g, s, group_member_pk(g), NULL);

	if (counts > 0)
		return (0);
	if (counts < 0)
		return (error_from(&c->err, ERR_ORBIT_DB_APPEND, counts,
		    "the group's settings cannot be read"));
	(void)error_set(&c->err, ERR_INVALID_INPUT,
	    "only administrators set what this group has");
	return (error_wrap(&c->err, ERR_ORBIT_DB_APPEND));
}

int
legacy_set(struct change * c, struct node_group * g, enum setting_type type,
    const char * key, struct slice value)
{
	struct setting s = {type, slice_text(key), value};
	struct buffer message = {0};
	int rc;

	if (setting_encode(&message, &s) != 0)
		return (error_set(&c->err, ERR_INVALID_INPUT,
		    "a setting has a key of 1 to %d bytes of UTF-8 and at most "
		    "%d bytes", SETTING_KEY_MAX, SETTING_VALUE_MAX));
	rc = check_right(c, node_group_of(g), &s);
	if (rc == 0 && message.failed)
		rc = error_set(&c->err, ERR_INTERNAL, "out of memory");
	if (rc == 0)
		rc = v1_write_app_metadata(c, g, buffer_all(&message));
	buffer_free(&message);
	return (rc);
}

static int
set_group(struct change * c)
{
	const LEGACY(GroupSettingSetGroup__Request) * request =
	    c->call->request;
	struct node_group * g;
	int rc;

	rc = legacy_group(c, request->group_pub_key, ERR_GROUP_MISSING, &g);
	return (rc != 0 ? rc : legacy_set(c, g, SETTING_GROUP, request->key,
	    protobuf_slice(request->value)));
}

void
legacy_group_setting_set_group(struct api_call * call)
{
	v1_change(call, set_group, legacy_answer_cid);
}

static int
set_member(struct change * c)
{
	const LEGACY(GroupSettingSetMember__Request) * request =
	    c->call->request;
	struct node_group * g;
	int rc;

	rc = legacy_group(c, request->group_pub_key, ERR_GROUP_MISSING, &g);
	return (rc != 0 ? rc : legacy_set(c, g, SETTING_MEMBER, request->key,
	    protobuf_slice(request->value)));
}

void
legacy_group_setting_set_member(struct api_call * call)
{
	v1_change(call, set_member, legacy_answer_cid);
}

/* --- what the app writes ------------------------------------------------- */

static int
send_message(struct change * c)
{
	const LEGACY(GroupMessageSend__Request) * request = c->call->request;
	struct node_group * g;
	int rc;

	rc = legacy_group(c, request->group_pub_key, ERR_GROUP_MISSING, &g);
	if (rc != 0)
		return (rc);
	node_touch(c->tx, g);
	return (group_write_message(node_group_of(g),
	    protobuf_slice(request->payload), &c->cid, &c->err));
}

void
legacy_group_message_send(struct api_call * call)
{
	v1_change(call, send_message, legacy_answer_cid);
}

static int
append_event(struct change * c)
{
	const LEGACY(AccountAppendAppSpecificEvent__Request) * request =
	    c->call->request;

	return (v1_write_app_metadata(c, node_account_group(c->node),
	    protobuf_slice(request->payload)));
}

void
legacy_account_append_app_specific_event(struct api_call * call)
{
	v1_change(call, append_event, legacy_answer_cid);
}
