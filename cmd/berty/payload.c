#include "payload.h"

#include "berty/messenger/v1/messages.pb-c.h"
#include "codec/protobuf.h"
#include "codec/utf8.h"

#define MSG(name) Berty__Messenger__V1__##name
#define MSG_INIT(name) BERTY__MESSENGER__V1__##name##__INIT
#define MSG_TYPE(name) (&berty__messenger__v1__##name##__descriptor)
#define MSG_KIND(name) BERTY__MESSENGER__V1__APP_MESSAGE__TYPE__##name

static void
encode(struct buffer * out, int type, const void * inner, uint64_t now_ms)
{
	MSG(AppMessage) m = MSG_INIT(APP_MESSAGE);
	struct buffer payload = {0};

	protobuf_encode(&payload, inner);
	m.type = type;
	m.payload = protobuf_bytes(buffer_all(&payload));
	m.sent_date = (int64_t)now_ms;
	protobuf_encode(out, &m);
	out->failed |= payload.failed;
	buffer_free(&payload);
}

/* A copy with a NUL, which protobuf-c's strings need. */
static char *
text_of(struct buffer * copy, struct slice s)
{
	buffer_slice(copy, s);
	buffer_byte(copy, 0);
	return (copy->failed ? (char *)(uintptr_t)"" : (char *)copy->p);
}

void
payload_encode_text(struct buffer * out, struct slice body, uint64_t now_ms)
{
	MSG(AppMessage__UserMessage) m = MSG_INIT(APP_MESSAGE__USER_MESSAGE);
	struct buffer copy = {0};

	m.body = text_of(&copy, body);
	encode(out, MSG_KIND(TypeUserMessage), &m, now_ms);
	out->failed |= copy.failed;
	buffer_free(&copy);
}

void
payload_encode_group_name(struct buffer * out, struct slice name,
    uint64_t now_ms)
{
	MSG(AppMessage__SetGroupInfo) m =
	    MSG_INIT(APP_MESSAGE__SET_GROUP_INFO);
	struct buffer copy = {0};

	m.display_name = text_of(&copy, name);
	encode(out, MSG_KIND(TypeSetGroupInfo), &m, now_ms);
	out->failed |= copy.failed;
	buffer_free(&copy);
}

/* The one text field of a payload: its place in the descriptor is 0. */
static bool
read_field(struct buffer * out, const ProtobufCMessageDescriptor * type,
    ProtobufCBinaryData payload)
{
	ProtobufCMessage * m = protobuf_decode(type, protobuf_slice(payload),
	    protobuf_cap(payload.len));

	if (m == NULL)
		return (false);
	buffer_text(out, *(char **)(void *)((char *)m +
	    type->fields[0].offset));
	protobuf_free(m);
	return (true);
}

static const struct {
	int type;
	const char * name;
	const ProtobufCMessageDescriptor * descriptor;
} kinds[] = {
	{MSG_KIND(TypeUserMessage), "text",
	    MSG_TYPE(app_message__user_message)},
	{MSG_KIND(TypeGroupInvitation), "invitation",
	    MSG_TYPE(app_message__group_invitation)},
	{MSG_KIND(TypeSetGroupInfo), "group-name",
	    MSG_TYPE(app_message__set_group_info)},
	{MSG_KIND(TypeSetUserInfo), "user-name",
	    MSG_TYPE(app_message__set_user_info)},
	{MSG_KIND(TypeUserReaction), "reaction", NULL},
	{MSG_KIND(TypeAcknowledge), "acknowledge", NULL},
	{MSG_KIND(TypeReplyOptions), "reply-options", NULL},
};

static bool
read_known(struct payload * message, const MSG(AppMessage) * m)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].type != (int)m->type)
			continue;
		if (kinds[i].descriptor != NULL && !read_field(&message->text,
		    kinds[i].descriptor, m->payload))
			return (false);
		message->type = kinds[i].name;
		message->is_text = kinds[i].descriptor != NULL;
		message->sent_date =
		    m->sent_date > 0 ? (uint64_t)m->sent_date : 0;
		buffer_text(&message->target, m->target_cid);
		return (true);
	}
	return (false);
}

void
payload_decode(struct payload * message, struct slice payload)
{
	MSG(AppMessage) * m = protobuf_decode(MSG_TYPE(app_message), payload,
	    protobuf_cap(payload.n));
	bool known = m != NULL && read_known(message, m);

	protobuf_free(m);
	if (known)
		return;
	message->is_text = utf8_valid(payload);
	message->type = message->is_text ? "plain" : "bytes";
	buffer_slice(&message->text, payload);
}

void
payload_free(struct payload * message)
{
	buffer_free(&message->text);
	buffer_free(&message->target);
}

void
payload_contact_name_encode(struct buffer * out, struct slice name)
{
	MSG(ContactMetadata) m = MSG_INIT(CONTACT_METADATA);
	struct buffer copy = {0};

	if (name.n == 0)
		return;
	m.display_name = text_of(&copy, name);
	protobuf_encode(out, &m);
	out->failed |= copy.failed;
	buffer_free(&copy);
}

void
payload_contact_name_decode(struct buffer * out, struct slice payload)
{
	MSG(ContactMetadata) * m = protobuf_decode(MSG_TYPE(contact_metadata),
	    payload, protobuf_cap(payload.n));
	size_t i;

	if (m != NULL)
		buffer_text(out, m->display_name);
	protobuf_free(m);
	if (out->n > 0 || !utf8_valid(payload))
		return;
	for (i = 0; i < payload.n; i++)
		if (payload.p[i] < 0x20)
			return;
	buffer_slice(out, payload);
}
