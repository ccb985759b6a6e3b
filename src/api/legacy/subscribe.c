/*
 * subscribe.c: the four streams: a feed of a group, of which each gives what it
 * is about.  Entries that are not are passed over a few at a time, so that a
 * long history does not hold up the loop.
 */
#include <stdlib.h>

#include "api/legacy/legacy.h"

/* Entries that are looked at in a turn of the loop. */
enum { ENTRIES_A_TURN = 64 };

struct subscription {
	struct legacy_stream s;
	struct feed * feed;
	enum feed_log which;
	/* What a stream gives of an event, or of a message. */
	bool (*event)(struct legacy_stream * s, const struct group_event * e);
	bool (*message)(struct legacy_stream * s,
	    const struct group_message * m);
	struct world_timer turn;
};

static void
end(struct subscription * sub)
{
	struct api_call * call = sub->s.call;

	world_timer_stop(node_world(call->node), &sub->turn);
	feed_close(sub->feed);
	free(sub);
	call->transport->finish(call, NULL);
}

/* One entry given; true: enough for now. */
static bool
give(struct subscription * sub, struct group_event * e,
    struct group_message * m)
{
	bool full;

	if (sub->which == FEED_METADATA) {
		full = sub->event(&sub->s, e);
		group_event_free(e);
	} else {
		full = sub->message(&sub->s, m);
		group_message_free(m);
	}
	return (full);
}

/* Give what the client can take; the feed, the transport or the next turn of
 * the loop calls again. */
static void
pump(struct subscription * sub)
{
	struct group_event e = {0};
	struct group_message m = {0};
	unsigned i;
	int rc;

	world_timer_stop(node_world(sub->s.call->node), &sub->turn);
	for (i = 0; i < ENTRIES_A_TURN; i++) {
		rc = feed_next(sub->feed, &e, &m);
		if (rc == 2)
			end(sub);
		if (rc != 1 || give(sub, &e, &m))
			return;
	}
	(void)world_timer_start(node_world(sub->s.call->node), &sub->turn, 0);
}

static void
wake(void * user)
{
	pump(user);
}

static void
turn(struct world_timer * timer)
{
	pump(list_entry(timer, struct subscription, turn));
}

static void
on_writable(struct api_call * call)
{
	pump(call->data);
}

static void
on_cancelled(struct api_call * call)
{
	end(call->data);
}

static const struct account_keys *
own_keys(const struct legacy_stream * s)
{
	return (account_keys(node_account(s->call->node)));
}

/* Open the stream of `sub`, which is a template, on a group that is open. */
static void
open_stream(struct api_call * call, const struct subscription * template,
    ProtobufCBinaryData group_pk, const struct feed_range * range)
{
	struct error err = {0};
	struct subscription * sub;
	struct node_group * g;

	if (call->cancelled) {
		call->transport->finish(call, NULL);
		return;
	}
	if (v1_group(call, group_pk, ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID, &g,
	    &err) != 0)
		goto err0;
	if ((sub = malloc(sizeof(*sub))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	*sub = *template;
	sub->s = (struct legacy_stream){call, node_group_of(g),
	    range->reverse};
	sub->turn.fire = turn;
	if (feed_open(g, sub->which, range, wake, sub, &sub->feed, &err) != 0)
		goto err1;
	call->data = sub;
	call->on_writable = on_writable;
	call->on_cancelled = on_cancelled;
	call->transport->begin(call);
	pump(sub);
	return;

err1:
	free(sub);
err0:
	api_fail(call, &err);
}

/* Without an end, what goes backwards begins now. */
#define RANGE_OF(request) \
	{protobuf_slice((request)->since), protobuf_slice((request)->until), \
	 false, (request)->go_backwards && (request)->until.len == 0, \
	 (request)->go_backwards}

static int
activate(struct change * c, ProtobufCBinaryData group_pk)
{
	struct node_group * g;

	return (legacy_group(c, group_pk, ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID,
	    &g));
}

/* --- the account --------------------------------------------------------- */

void
legacy_account_subscribe(struct api_call * call)
{
	static const struct subscription sub = {.which = FEED_METADATA,
	    .event = legacy_give_account};
	const LEGACY(AccountSubscribe__Request) * request = call->request;
	struct feed_range range = RANGE_OF(request);
	const struct account_keys * own =
	    account_keys(node_account(call->node));

	open_stream(call, &sub, protobuf_bytes(slice_of(own->account.pub,
	    KEY_SIZE)), &range);
}

/* --- settings ------------------------------------------------------------ */

/* Does it count, of whoever wrote it? */
static bool
is_accepted(struct group * g, const struct setting * setting,
    const struct group_event * e)
{
	struct event_place place = {e->item.entry.time, e->item.cid};
	uint8_t member_pk[32];

	return (group_member_of(g, e->event.device_pk, member_pk) == 0 &&
	    setting_counts(g, setting, member_pk, &place) > 0);
}

static bool
give_setting(struct legacy_stream * s, const struct group_event * e)
{
	LEGACY(GroupSettingStoreSubscribe__Reply) reply =
	    LEGACY_INIT(GROUP_SETTING_STORE_SUBSCRIBE__REPLY);
	LEGACY(GroupSettingStoreEvent) event =
	    LEGACY_INIT(GROUP_SETTING_STORE_EVENT);
	char key[SETTING_KEY_MAX + 1];
	struct legacy_event filled;
	struct setting setting;
	bool full;

	if (setting_of(&setting, &e->event) != 0 ||
	    !is_accepted(s->group, &setting, e))
		return (false);
	if (legacy_event_fill(&filled, s->group, own_keys(s), &e->item,
	    e->event.device_pk) != 0)
		return (true);
	memcpy(key, setting.key.p, setting.key.n);
	key[setting.key.n] = '\0';
	event.group_store_event = &filled.event;
	event.setting_type =
	    (LEGACY(GroupSettingStoreSettingType))setting.type;
	event.key = key;
	event.value = protobuf_bytes(setting.value);
	reply.event = &event;
	full = s->call->transport->reply(s->call, &reply);
	legacy_event_free(&filled);
	return (full);
}

static void
open_settings(struct api_call * call)
{
	static const struct subscription sub = {.which = FEED_METADATA,
	    .event = give_setting};
	const LEGACY(GroupSettingStoreSubscribe__Request) * request =
	    call->request;
	struct feed_range range = RANGE_OF(request);

	open_stream(call, &sub, request->group_pub_key, &range);
}

static int
activate_for_settings(struct change * c)
{
	const LEGACY(GroupSettingStoreSubscribe__Request) * request =
	    c->call->request;

	return (activate(c, request->group_pub_key));
}

static void
settings_ready(struct change * c)
{
	open_settings(c->call);
}

void
legacy_group_setting_subscribe(struct api_call * call)
{
	const LEGACY(GroupSettingStoreSubscribe__Request) * request =
	    call->request;

	if (legacy_group_ready(call->node, request->group_pub_key) != NULL)
		open_settings(call);
	else
		v1_change(call, activate_for_settings, settings_ready);
}

/* --- messages ------------------------------------------------------------ */

static bool
give_message(struct legacy_stream * s, const struct group_message * m)
{
	LEGACY(GroupMessageSubscribe__Reply) reply =
	    LEGACY_INIT(GROUP_MESSAGE_SUBSCRIBE__REPLY);
	LEGACY(GroupMessageStoreEvent) event =
	    LEGACY_INIT(GROUP_MESSAGE_STORE_EVENT);
	struct legacy_event filled;
	bool full;

	if (legacy_event_fill(&filled, s->group, own_keys(s), &m->item,
	    m->headers.device_pk) != 0)
		return (true);
	event.group_store_event = &filled.event;
	event.payload = protobuf_bytes(m->message.plaintext);
	reply.event = &event;
	full = s->call->transport->reply(s->call, &reply);
	legacy_event_free(&filled);
	return (full);
}

static void
open_messages(struct api_call * call)
{
	static const struct subscription sub = {.which = FEED_MESSAGES,
	    .message = give_message};
	const LEGACY(GroupMessageSubscribe__Request) * request = call->request;
	struct feed_range range = RANGE_OF(request);

	open_stream(call, &sub, request->group_pub_key, &range);
}

static int
activate_for_messages(struct change * c)
{
	const LEGACY(GroupMessageSubscribe__Request) * request =
	    c->call->request;

	return (activate(c, request->group_pub_key));
}

static void
messages_ready(struct change * c)
{
	open_messages(c->call);
}

void
legacy_group_message_subscribe(struct api_call * call)
{
	const LEGACY(GroupMessageSubscribe__Request) * request = call->request;

	if (legacy_group_ready(call->node, request->group_pub_key) != NULL)
		open_messages(call);
	else
		v1_change(call, activate_for_messages, messages_ready);
}

/* --- members ------------------------------------------------------------- */

static bool
give_member(struct legacy_stream * s, const struct group_event * e)
{
	LEGACY(GroupMemberSubscribe__Reply) reply =
	    LEGACY_INIT(GROUP_MEMBER_SUBSCRIBE__REPLY);
	LEGACY(GroupMemberStoreEvent) event =
	    LEGACY_INIT(GROUP_MEMBER_STORE_EVENT);
	struct legacy_event filled;
	bool full;

	if (e->event.type != EVENT_MEMBER_DEVICE_ADDED)
		return (false);
	if (legacy_event_fill(&filled, s->group, own_keys(s), &e->item,
	    e->event.device_pk) != 0)
		return (true);
	event.group_store_event = &filled.event;
	reply.event = &event;
	full = s->call->transport->reply(s->call, &reply);
	legacy_event_free(&filled);
	return (full);
}

static void
open_members(struct api_call * call)
{
	static const struct subscription sub = {.which = FEED_METADATA,
	    .event = give_member};
	const LEGACY(GroupMemberSubscribe__Request) * request = call->request;
	struct feed_range range = RANGE_OF(request);

	open_stream(call, &sub, request->group_pub_key, &range);
}

static int
activate_for_members(struct change * c)
{
	const LEGACY(GroupMemberSubscribe__Request) * request =
	    c->call->request;

	return (activate(c, request->group_pub_key));
}

static void
members_ready(struct change * c)
{
	open_members(c->call);
}

void
legacy_group_member_subscribe(struct api_call * call)
{
	const LEGACY(GroupMemberSubscribe__Request) * request = call->request;

	if (legacy_group_ready(call->node, request->group_pub_key) != NULL)
		open_members(call);
	else
		v1_change(call, activate_for_members, members_ready);
}
