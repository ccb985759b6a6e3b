/* account_event.c: what events of the account group are in the API of 2019. */
#include <stdlib.h>

#include "api/legacy/legacy.h"
#include "group/wire.h"

#define TYPE(name) \
	BERTY__PROTOCOL__ACCOUNT_EVENT_TYPE__AccountEventType_##name

/* One event may say two things: a new contact has a group. */
enum { MEANINGS_MAX = 2 };

struct meaning {
	LEGACY(AccountEventType) type;
	uint8_t subject[32];
};

struct meanings {
	size_t n;
	struct meaning at[MEANINGS_MAX];
};

/* A key that is none says nothing. */
static void
add(struct meanings * m, LEGACY(AccountEventType) type, struct slice subject)
{
	if (!wire_copy(m->at[m->n].subject, KEY_SIZE, subject))
		return;
	m->at[m->n++].type = type;
}

static struct slice
field(struct slice message, unsigned number)
{
	struct slice found = {NULL, 0};

	(void)wire_find(message, number, &found);
	return (found);
}

/* --- devices ------------------------------------------------------------- */

/* The first event 1 of a log. */
struct first {
	struct group * group;
	struct cid cid;
};

static int
look_at(void * user, const struct log_item * item)
{
	struct first * first = user;
	struct group_event e = {0};
	bool found;

	if (item->arrival == 0 ||
	    group_event_at(first->group, item->arrival, &e) != 0)
		return (0);
	found = e.event.type == EVENT_MEMBER_DEVICE_ADDED;
	group_event_free(&e);
	if (!found)
		return (0);
	first->cid = item->cid;
	return (1);
}

/* The device that the account began with was not paired. */
static bool
is_first_device(struct group * g, const struct group_event * e)
{
	struct first first = {.group = g};

	return (log_each_causal(group_metadata_log(g), 0, look_at,
	    &first) == 1 && slice_equal(cid_slice(&first.cid),
	    cid_slice(&e->item.cid)));
}

/* --- contacts ------------------------------------------------------------ */

static bool
is_removal(struct slice payload)
{
	struct reader r = reader_of(payload);
	struct wire_field f;
	bool removal = false;

	while (wire_next(&r, &f))
		if (f.number == 7000 && f.type == WIRE_VARINT)
			removal = f.value != 0;
	return (removal && !r.failed);
}

static void
add_contact_group(struct meanings * m, const struct account_keys * own,
    struct slice contact_pk)
{
	struct group_info g;

	if (contact_pk.n != KEY_SIZE ||
	    group_of_contact(&g, NULL, &own->account, contact_pk.p) != 0)
		return;
	add(m, TYPE(GroupJoined), slice_of(g.pk, KEY_SIZE));
	crypto_wipe(&g, sizeof(g));
}

static void
translate_contact(struct meanings * m, const struct account_keys * own,
    const struct metadata_event * e)
{
	struct slice pk = field(e->payload, 2);

	switch (e->type) {
	case EVENT_CONTACT_REQUEST_ENQUEUED:
		add(m, TYPE(ContactRequestEnqueued),
		    field(field(e->payload, 3), 1));
		break;
	case EVENT_CONTACT_REQUEST_SENT:
		add(m, TYPE(ContactRequested), pk);
		add_contact_group(m, own, pk);
		break;
	case EVENT_CONTACT_REQUEST_RECEIVED:
		add(m, TYPE(ContactRequested), pk);
		break;
	case EVENT_CONTACT_REQUEST_ACCEPTED:
		add(m, TYPE(ContactAccepted), pk);
		add_contact_group(m, own, pk);
		break;
	case EVENT_CONTACT_REQUEST_DISCARDED:
		add(m, TYPE(ContactRemoved), pk);
		break;
	case EVENT_CONTACT_BLOCKED:
		if (!is_removal(e->payload))
			add(m, TYPE(ContactBlocked), pk);
		break;
	case EVENT_CONTACT_UNBLOCKED:
		add(m, is_removal(e->payload) ? TYPE(ContactRemoved)
		    : TYPE(ContactUnblocked), pk);
		break;
	default:
		break;
	}
}

/* --- all of them --------------------------------------------------------- */

static void
translate(struct meanings * m, struct legacy_stream * s,
    const struct group_event * event)
{
	const struct metadata_event * e = &event->event;
	const struct account_keys * own =
	    account_keys(node_account(s->call->node));
	struct slice account_pk = slice_of(own->account.pub, KEY_SIZE);
	struct setting setting;

	switch (e->type) {
	case EVENT_MEMBER_DEVICE_ADDED:
		if (!is_first_device(s->group, event))
			add(m, TYPE(DevicePaired),
			    slice_of(e->device_pk, KEY_SIZE));
		break;
	case EVENT_GROUP_JOINED:
		add(m, TYPE(GroupJoined), field(field(e->payload, 2), 1));
		break;
	case EVENT_GROUP_LEFT:
		add(m, TYPE(GroupLeft), field(e->payload, 2));
		break;
	case EVENT_CONTACT_REQUEST_DISABLED:
		add(m, TYPE(ContactRequestDisabled), account_pk);
		break;
	case EVENT_CONTACT_REQUEST_ENABLED:
		add(m, TYPE(ContactRequestEnabled), account_pk);
		break;
	case EVENT_CONTACT_REQUEST_REFERENCE_RESET:
		add(m, TYPE(ContactRequestReferenceReset), account_pk);
		break;
	case EVENT_APP_METADATA:
		/* Settings have a stream of their own. */
		if (setting_of(&setting, e) == -ERR_NOT_FOUND)
			add(m, TYPE(AppSpecified), account_pk);
		break;
	default:
		translate_contact(m, own, e);
		break;
	}
}

static bool
give_meaning(struct legacy_stream * s, const struct meaning * meaning,
    LEGACY(AccountStoreEvent) * event)
{
	LEGACY(AccountSubscribe__Reply) reply =
	    LEGACY_INIT(ACCOUNT_SUBSCRIBE__REPLY);

	event->type = meaning->type;
	event->subject_public_key_bytes =
	    protobuf_bytes(slice_of(meaning->subject, KEY_SIZE));
	reply.event = event;
	return (s->call->transport->reply(s->call, &reply));
}

bool
legacy_give_account(struct legacy_stream * s, const struct group_event * e)
{
	LEGACY(AccountStoreEvent) event = LEGACY_INIT(ACCOUNT_STORE_EVENT);
	LEGACY(EventBase) base = LEGACY_INIT(EVENT_BASE);
	struct meanings m = {0};
	struct buffer data = {0};
	struct v1_event v1;
	bool full = false;
	size_t i;

	translate(&m, s, e);
	if (m.n == 0)
		return (false);
	if (v1_event_fill(&v1, group_info_of(s->group)->pk, e) != 0)
		return (true);
	protobuf_encode(&data, &v1.event);
	base.id = v1.context.id;
	base.n_parent_ids = v1.context.n_parent_ids;
	base.parent_ids = v1.parents;
	event.event_base = &base;
	event.data = protobuf_bytes(buffer_all(&data));
	for (i = 0; i < m.n; i++)
		full |= give_meaning(s,
		    &m.at[s->backwards ? m.n - 1 - i : i], &event);
	buffer_free(&data);
	free(v1.parents);
	return (full);
}
