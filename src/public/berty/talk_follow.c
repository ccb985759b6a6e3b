/*
 * talk_follow.c: all conversations of a node, as they come and go.
 *
 * First the account's history is read to its end, to know who still waits for
 * an answer and which conversations there are; then what comes is followed.
 */
#include "public/berty/talk.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "public/world/public_config.h"

/* Types of the account's events (EventType of the protocol). */
enum {
	GROUP_JOINED = 101, GROUP_LEFT = 102, REQUEST_ENQUEUED = 106,
	REQUEST_SENT = 107, REQUEST_RECEIVED = 108, REQUEST_DISCARDED = 109,
	REQUEST_ACCEPTED = 110, BLOCKED = 111, UNBLOCKED = 112,
};

/* A contact or group of the history. */
struct known {
	struct list place;
	uint8_t key[32];
	unsigned type;            /* of its newest event */
	struct buffer about;
};

/* One run of berty_talk_begin; each call that stands on it counts. */
struct talk {
	struct berty * b;
	berty_id node;
	struct berty_talk_handler handler;
	void * user;
	bool only_new;
	unsigned calls;
	uint8_t account[32];      /* the account group's key */
	struct buffer last;       /* id of the last event read */
	struct list known;        /* until the history is read */
	bool live;
};

/* A conversation: on its way to be open, or open. */
struct conversation {
	struct talk * talk;
	uint8_t group[32], contact[32], device[32];
	bool with_contact;
};

static void
forget_known(struct talk * t)
{
	struct list * at, * next;

	list_each(at, next, &t->known) {
		struct known * k = list_entry(at, struct known, place);

		list_remove(&k->place);
		buffer_wipe(&k->about);
		free(k);
	}
}

static void
talk_release(struct talk * t)
{
	if (--t->calls > 0)
		return;
	forget_known(t);
	buffer_free(&t->last);
	free(t);
}

/* The node closed, or what was followed was left: that is no failure. */
static bool
is_failure(const struct berty_error * err)
{
	return (err != NULL && err->code[0] != BERTY_ERR_BRIDGE_NOT_RUNNING &&
	    err->code[0] != BERTY_ERR_BRIDGE_INTERRUPTED);
}

static void
report(struct talk * t, const struct berty_error * err)
{
	if (is_failure(err) && t->handler.failed != NULL)
		t->handler.failed(t->user, err);
}

static void
report_code(struct talk * t, int rc)
{
	struct berty_error err = {.n = 1, .code = {-rc}};

	report(t, &err);
}

/* --- a conversation ------------------------------------------------------- */

static void
conversation_end(void * user, berty_id call, const struct berty_error * err)
{
	struct conversation * c = user;
	struct talk * t = c->talk;

	(void)call;
	report(t, err);
	free(c);
	talk_release(t);
}

/* Its next call; without one it is over. */
static void
conversation_call(struct conversation * c, const char * method,
    struct buffer * request, const struct berty_handler * handler)
{
	int rc = talk_call(c->talk->b, c->talk->node, method, request, handler,
	    c);

	if (rc != 0) {
		struct berty_error err = {.n = 1, .code = {-rc}};

		conversation_end(c, 0, rc == -BERTY_ERR_NOT_FOUND ? NULL : &err);
	}
}

static int
heard(void * user, berty_id call, const void * event, size_t n)
{
	struct conversation * c = user;
	struct berty_field context = berty_get(event, n, 1);
	struct berty_field headers = berty_get(event, n, 2);
	struct berty_field text = berty_get(event, n, 3);
	struct berty_field id = berty_get(context.p, context.n, 1);
	struct berty_field device = berty_get(headers.p, headers.n, 2);
	struct berty_talk_message m = {.group = c->group, .device = device.p,
	    .bytes = text.p, .n = text.n, .id = id.p, .id_n = id.n};

	(void)call;
	if (device.n != 32 || c->talk->handler.said == NULL)
		return (BERTY_MORE);
	m.mine = memcmp(device.p, c->device, 32) == 0;
	c->talk->handler.said(c->talk->user, &m);
	return (BERTY_MORE);
}

/* The group is open: say so, and read. */
static void
activated(void * user, berty_id call, const struct berty_error * err)
{
	struct berty_handler h = {.size = sizeof(h), .reply = heard,
	    .end = conversation_end};
	struct conversation * c = user;
	struct talk * t = c->talk;
	struct buffer request = {0};

	if (err != NULL) {
		conversation_end(c, call, err);
		return;
	}
	if (t->handler.opened != NULL)
		t->handler.opened(t->user, c->group,
		    c->with_contact ? c->contact : NULL);
	talk_field(&request, 1, c->group, 32);
	if (t->only_new) {
		buffer_uvarint(&request, 3 << 3);
		buffer_uvarint(&request, 1);
	}
	conversation_call(c, "GroupMessageList", &request, &h);
}

static int
informed(void * user, berty_id call, const void * info, size_t n)
{
	struct conversation * c = user;
	struct berty_field group = berty_get(info, n, 1);
	struct berty_field key = berty_get(group.p, group.n, 1);
	struct berty_field device = berty_get(info, n, 3);

	(void)call;
	if (key.n == 32 && device.n == 32) {
		memcpy(c->group, key.p, 32);
		memcpy(c->device, device.p, 32);
	}
	return (BERTY_MORE);
}

static void
informed_end(void * user, berty_id call, const struct berty_error * err)
{
	struct berty_handler h = {.size = sizeof(h), .end = activated};
	struct conversation * c = user;
	struct buffer request = {0};

	if (err != NULL) {
		conversation_end(c, call, err);
		return;
	}
	talk_field(&request, 1, c->group, 32);
	conversation_call(c, "ActivateGroup", &request, &h);
}

/* Open the conversation with a contact, or of a group. */
static void
converse(struct talk * t, const uint8_t key[32], bool with_contact)
{
	struct berty_handler h = {.size = sizeof(h), .reply = informed,
	    .end = informed_end};
	struct conversation * c = calloc(1, sizeof(*c));
	struct buffer request = {0};

	if (c == NULL) {
		report_code(t, -BERTY_ERR_INTERNAL);
		return;
	}
	c->talk = t;
	c->with_contact = with_contact;
	memcpy(c->contact, key, 32);
	t->calls++;
	talk_field(&request, with_contact ? 2 : 1, key, 32);
	conversation_call(c, "GroupInfo", &request, &h);
}

/* --- the account's events ------------------------------------------------- */

/* What an event means, as it happens or as the end of a history. */
static void
act(struct talk * t, unsigned type, const uint8_t key[32], const void * about,
    size_t n)
{
	switch (type) {
	case REQUEST_RECEIVED:
		if (t->handler.asked != NULL)
			t->handler.asked(t->user, key, about, n);
		break;
	case REQUEST_SENT:
	case REQUEST_ACCEPTED:
		converse(t, key, true);
		break;
	case GROUP_JOINED:
		converse(t, key, false);
		break;
	default:
		break;
	}
}

/* Keep the newest of what the history says of somebody. */
static void
remember(struct talk * t, unsigned type, const uint8_t key[32],
    const void * about, size_t n)
{
	struct known * k = NULL;
	struct list * at, * next;

	list_each(at, next, &t->known) {
		k = list_entry(at, struct known, place);
		if (memcmp(k->key, key, 32) == 0)
			break;
	}
	if (at == &t->known) {
		if ((k = calloc(1, sizeof(*k))) == NULL) {
			report_code(t, -BERTY_ERR_INTERNAL);
			return;
		}
		memcpy(k->key, key, 32);
		list_append(&t->known, &k->place);
	}
	k->type = type;
	buffer_clear(&k->about);
	buffer_append(&k->about, about, n);
}

/* Whom or what an event is about; n is 32 if it is of interest here. */
static struct berty_field
subject(unsigned type, struct berty_field event)
{
	struct berty_field f = berty_get(event.p, event.n,
	    type == REQUEST_ENQUEUED ? 3 : 2);

	if (type < GROUP_JOINED || type > UNBLOCKED)
		f.n = 0;
	else if (type == GROUP_JOINED || type == REQUEST_ENQUEUED)
		f = berty_get(f.p, f.n, 1);
	return (f);
}

static int
happened(void * user, berty_id call, const void * bytes, size_t n)
{
	struct talk * t = user;
	struct berty_field context = berty_get(bytes, n, 1);
	struct berty_field metadata = berty_get(bytes, n, 2);
	struct berty_field event = berty_get(bytes, n, 3);
	struct berty_field id = berty_get(context.p, context.n, 1);
	unsigned type = (unsigned)berty_get(metadata.p, metadata.n, 1).number;
	struct berty_field key = subject(type, event);
	struct berty_field about = berty_get(event.p, event.n, 4);

	(void)call;
	/* A list from an id on begins with the event of that id. */
	if (t->live && id.n == t->last.n && id.n > 0 &&
	    memcmp(id.p, t->last.p, id.n) == 0)
		return (BERTY_MORE);
	if (!t->live) {
		buffer_clear(&t->last);
		buffer_append(&t->last, id.p, id.n);
	}
	if (key.n != 32)
		return (BERTY_MORE);
	if (type != REQUEST_RECEIVED)
		about.n = 0;
	if (t->live)
		act(t, type, key.p, about.p, about.n);
	else
		remember(t, type, key.p, about.p, about.n);
	return (BERTY_MORE);
}

static void
live_end(void * user, berty_id call, const struct berty_error * err)
{
	struct talk * t = user;

	(void)call;
	report(t, err);
	talk_release(t);
}

static int
read_account(struct talk * t, unsigned option, const void * p, size_t n,
    void (*end)(void * user, berty_id call, const struct berty_error * err))
{
	struct berty_handler h = {.size = sizeof(h), .reply = happened,
	    .end = end};
	struct buffer request = {0};
	int rc;

	talk_field(&request, 1, t->account, 32);
	if (p != NULL) {
		talk_field(&request, option, p, n);
	} else {
		buffer_uvarint(&request, (uint64_t)option << 3);
		buffer_uvarint(&request, 1);
	}
	t->calls++;
	if ((rc = talk_call(t->b, t->node, "GroupMetadataList", &request, &h,
	    t)) != 0)
		t->calls--;
	return (rc);
}

/* The history is read: act on where it ended, and follow what comes. */
static void
history_end(void * user, berty_id call, const struct berty_error * err)
{
	struct talk * t = user;
	struct list * at, * next;
	int rc = 0;

	(void)call;
	report(t, err);
	if (err == NULL) {
		t->live = true;
		rc = t->last.failed ? -BERTY_ERR_INTERNAL :
		    read_account(t, 2, t->last.p, t->last.n, live_end);
		list_each(at, next, &t->known) {
			struct known * k = list_entry(at, struct known, place);

			act(t, k->type, k->key, k->about.p, k->about.n);
		}
	}
	forget_known(t);
	if (rc != 0 && rc != -BERTY_ERR_NOT_FOUND)
		report_code(t, rc);
	talk_release(t);
}

static int
configured(void * user, berty_id call, const void * reply, size_t n)
{
	struct talk * t = user;
	struct berty_field group = berty_get(reply, n, 3);

	(void)call;
	if (group.n == 32)
		memcpy(t->account, group.p, 32);
	return (BERTY_MORE);
}

static void
configured_end(void * user, berty_id call, const struct berty_error * err)
{
	struct talk * t = user;
	int rc;

	(void)call;
	report(t, err);
	if (err == NULL &&
	    (rc = read_account(t, 5, NULL, 0, history_end)) != 0 &&
	    rc != -BERTY_ERR_NOT_FOUND)
		report_code(t, rc);
	talk_release(t);
}

int
berty_talk_begin(struct berty * b, berty_id node,
    const struct berty_talk_handler * handler, void * user, unsigned flags)
{
	struct berty_handler h = {.size = sizeof(h), .reply = configured,
	    .end = configured_end};
	struct talk * t;
	int rc;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (-BERTY_ERR_INTERNAL);
	if (!public_config(&t->handler, sizeof(t->handler), handler,
	    sizeof(t->handler.size))) {
		free(t);
		return (-BERTY_ERR_INVALID_INPUT);
	}
	t->b = b;
	t->node = node;
	t->user = user;
	t->only_new = (flags & BERTY_TALK_NEW) != 0;
	t->calls = 1;
	list_init(&t->known);
	if ((rc = berty_call(b, node, "InstanceGetConfiguration", NULL, 0, &h,
	    t, NULL)) != 0)
		free(t);
	return (rc);
}
