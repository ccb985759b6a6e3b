/*
 * setting.c: what a group and its members have set, now.  The log is walked in
 * causal order, some of it a turn of the loop, and the last event of each
 * setting remembered by its number; then those are read and given.
 */
#include <stdlib.h>

#include "api/extension/extension.h"
#include "base/list.h"
#include "base/map.h"
#include "group/setting.h"

/* Entries that are walked over in a turn. */
enum { ENTRIES_A_TURN = 256 };

/* Settings of a group that are told; what they are is up to its members. */
enum { SETTINGS_MAX = 10000 };

/* The last event of a setting. */
struct last {
	struct list place;
	uint64_t arrival;
};

struct setting_call {
	struct api_call * call;
	struct node_watcher watcher;
	struct world_timer turn;
	uint8_t group_pk[32];
	bool walked;
	uint64_t from;            /* Lamport time to go on from */
	unsigned in_turn;
	struct map found;         /* type, member, key -> struct last */
	struct list order;        /* of struct last, as they appeared */
};

static void
end(struct setting_call * l, const struct error * err)
{
	struct api_call * call = l->call;

	world_timer_stop(node_world(call->node), &l->turn);
	node_unwatch(call->node, &l->watcher);
	while (!list_empty(&l->order)) {
		struct last * last =
		    list_entry(l->order.next, struct last, place);

		list_remove(&last->place);
		free(last);
	}
	map_free(&l->found);
	free(l);
	call->transport->finish(call, err);
}

static void
fail(struct setting_call * l, int code, const char * text)
{
	struct error err = {0};

	(void)error_set(&err, code, "%s", text);
	end(l, &err);
}

/* --- walking -------------------------------------------------------------- */

static int
remember(struct setting_call * l, struct slice name, uint64_t arrival)
{
	struct last * last = map_get(&l->found, name);

	if (last != NULL) {
		last->arrival = arrival;
		return (0);
	}
	if (l->found.n == SETTINGS_MAX)
		return (-ERR_INVALID_RANGE);
	if ((last = calloc(1, sizeof(*last))) == NULL)
		return (-ERR_INTERNAL);
	if (map_set(&l->found, name, last) != 0) {
		free(last);
		return (-ERR_INTERNAL);
	}
	last->arrival = arrival;
	list_append(&l->order, &last->place);
	return (0);
}

/* One event; what does not count is passed over. */
static int
take(struct setting_call * l, struct group * g, const struct group_event * e)
{
	struct event_place place = {e->item.entry.time, e->item.cid};
	struct buffer name = {0};
	uint8_t member_pk[32];
	struct setting s;
	int counts, rc;

	if (setting_of(&s, &e->event) != 0 ||
	    group_member_of(g, e->event.device_pk, member_pk) != 0)
		return (0);
	if ((counts = setting_counts(g, &s, member_pk, &place)) <= 0)
		return (counts);
	buffer_byte(&name, (uint8_t)s.type);
	if (s.type == SETTING_MEMBER)
		buffer_append(&name, member_pk, KEY_SIZE);
	buffer_slice(&name, s.key);
	rc = name.failed ? -ERR_INTERNAL
	    : remember(l, buffer_all(&name), e->item.arrival);
	buffer_free(&name);
	return (rc);
}

struct walk {
	struct setting_call * l;
	struct group * group;
};

/* 1: enough for this turn.  A turn takes all entries of a Lamport time: those
 * that the next one begins with again say the same again. */
static int
look_at(void * user, const struct log_item * item)
{
	struct walk * walk = user;
	struct setting_call * l = walk->l;
	struct group_event e = {0};
	int rc;

	if (l->in_turn >= ENTRIES_A_TURN && item->entry.time > l->from) {
		l->from = item->entry.time;
		return (1);
	}
	l->in_turn++;
	l->from = item->entry.time;
	if (item->arrival == 0 ||
	    group_event_at(walk->group, item->arrival, &e) != 0)
		return (0);
	rc = take(l, walk->group, &e);
	group_event_free(&e);
	return (rc);
}

/* --- giving --------------------------------------------------------------- */

static bool
reply(struct setting_call * l, const struct setting * s,
    const struct group_event * e, const uint8_t member_pk[32])
{
	EXT(GroupSettingList__Reply) message =
	    EXT_INIT(GROUP_SETTING_LIST__REPLY);
	char key[SETTING_KEY_MAX + 1];

	memcpy(key, s->key.p, s->key.n);
	key[s->key.n] = '\0';
	message.type = (EXT(GroupSettingList__Type))s->type;
	message.key = key;
	message.value = protobuf_bytes(s->value);
	message.member_pk = protobuf_bytes(slice_of(member_pk, KEY_SIZE));
	message.event_id = protobuf_bytes(cid_slice(&e->item.cid));
	return (l->call->transport->reply(l->call, &message));
}

/* The next one; an empty value is none.  True: enough for now. */
static bool
give(struct setting_call * l, struct group * g)
{
	struct last * last = list_entry(l->order.next, struct last, place);
	struct group_event e = {0};
	uint8_t member_pk[32];
	struct setting s;
	bool full = false;

	list_remove(&last->place);
	if (group_event_at(g, last->arrival, &e) == 0) {
		if (setting_of(&s, &e.event) == 0 && s.value.n > 0 &&
		    group_member_of(g, e.event.device_pk, member_pk) == 0)
			full = reply(l, &s, &e, member_pk);
		group_event_free(&e);
	}
	free(last);
	return (full);
}

/* --- going on ------------------------------------------------------------- */

static void
go_on(struct setting_call * l)
{
	struct node_group * g = node_find(l->call->node,
	    slice_of(l->group_pk, KEY_SIZE));
	struct walk walk = {l, NULL};
	unsigned i;
	int rc;

	if (g == NULL) {
		fail(l, ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID,
		    "the group was closed meanwhile");
		return;
	}
	walk.group = node_group_of(g);
	l->in_turn = 0;
	if (!l->walked) {
		rc = log_each_causal(group_metadata_log(walk.group), l->from,
		    look_at, &walk);
		if (rc < 0) {
			fail(l, -rc, rc == -ERR_INVALID_RANGE
			    ? "the group has too many settings to list"
			    : "the group's settings cannot be read");
			return;
		}
		l->walked = rc == 0;
	}
	for (i = 0; l->walked && i < ENTRIES_A_TURN; i++) {
		if (list_empty(&l->order)) {
			end(l, NULL);
			return;
		}
		if (give(l, walk.group))
			return;
	}
	(void)world_timer_start(node_world(l->call->node), &l->turn, 0);
}

static void
turn(struct world_timer * timer)
{
	go_on(list_entry(timer, struct setting_call, turn));
}

static void
on_writable(struct api_call * call)
{
	struct setting_call * l = call->data;

	if (!l->turn.armed)
		go_on(l);
}

static void
on_cancelled(struct api_call * call)
{
	end(call->data, NULL);
}

static void
on_closed(void * user)
{
	fail(user, ERR_BRIDGE_NOT_RUNNING, "the node was closed");
}

void
extension_group_setting_list(struct api_call * call)
{
	const EXT(GroupSettingList__Request) * request = call->request;
	struct error err = {0};
	struct setting_call * l;
	struct node_group * g;

	if (v1_group(call, request->group_pk,
	    ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID, &g, &err) != 0)
		goto err0;
	if ((l = calloc(1, sizeof(*l))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	l->call = call;
	l->watcher = (struct node_watcher){.closed = on_closed, .user = l};
	l->turn.fire = turn;
	list_init(&l->order);
	/* Members choose the keys. */
	world_random(node_world(call->node), (uint8_t *)&l->found.seed,
	    sizeof(l->found.seed));
	memcpy(l->group_pk, group_info_of(node_group_of(g))->pk, KEY_SIZE);
	node_watch(call->node, &l->watcher);
	call->data = l;
	call->on_writable = on_writable;
	call->on_cancelled = on_cancelled;
	call->transport->begin(call);
	go_on(l);
	return;

err0:
	api_fail(call, &err);
}
