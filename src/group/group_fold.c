#include "group/alias.h"
#include "group/chain_store.h"
#include "group/group_impl.h"
#include "group/member_store.h"
#include "group/parked.h"
#include "group/role.h"
#include "group/setting.h"
#include "group/push_store.h"
#include "group/replicating.h"
#include "group/waiting.h"
#include "group/wire.h"

/* The metadata event being folded. */
struct fold {
	struct group * g;
	const struct metadata_event * event;
	const struct event_place * place;
	struct slice envelope;
	bool refused;             /* well-formed, but not allowed here */
	bool held;                /* until its device is announced */
};

static int register_secret(struct group * g, const struct metadata_event * e);

/* --- event 1: a device is announced --------------------------------------- */

/*
 * Who may be a member.  Go takes anybody who holds the secret: a signature of
 * event 1 says nothing about the group, so it can come from another one.
 */
static bool
member_allowed(const struct group * g, const uint8_t member_pk[32])
{
	const struct group_secrets * s = g->secrets;
	uint8_t converted[32];

	switch (s->info.type) {
	case GROUP_ACCOUNT:
		return (memcmp(member_pk, s->info.pk, 32) == 0);
	case GROUP_CONTACT:
		return (memcmp(member_pk, s->member.pub, 32) == 0 ||
		    memcmp(member_pk, g->contact_pk, 32) == 0);
	default:
		/* No chain key could ever be sealed for such a key. */
		return (x25519_public_of(converted, member_pk) == 0);
	}
}

/* Registers: the same event twice changes nothing. */
static int
take_registers(struct group * g, const struct metadata_event * e,
    const struct event_place * place)
{
	int status;

	if ((status = setting_fold(g, e, place)) != 0 ||
	    (status = replicating_fold(g->context.store, g->scope, e,
	        place)) != 0)
		return (status);
	return (push_store_fold(g->context.store, g->scope, e, place));
}

/* What its own business is for the group, then for the owner. */
static int
take_known(struct group * g, const struct metadata_event * e,
    const struct event_place * place, const uint8_t member_pk[32])
{
	int status;

	if ((status = role_fold(g, e, place, member_pk)) != 0 ||
	    (status = alias_fold(g, e, place, member_pk)) != 0 ||
	    (status = take_registers(g, e, place)) != 0 ||
	    g->handler.event == NULL)
		return (status);
	return (g->handler.event(g->handler.user, g, e, place, true));
}

/* An event whose device is announced at last; it joins the list later, for
 * nothing can be delivered while another entry is being joined. */
static int
give_again(void * user, const struct event_place * place, struct slice envelope)
{
	struct group * g = user;
	struct metadata_event e;
	uint8_t member_pk[32];
	int status;

	if (metadata_reopen(&e, envelope, &g->secrets->info, g->network,
	        NULL) != 0)
		return (-ERR_DB_READ);
	if (e.type == EVENT_DEVICE_CHAIN_KEY_ADDED)
		status = register_secret(g, &e);
	else if ((status = group_member_of(g, e.device_pk, member_pk)) == 0 &&
	    (status = take_known(g, &e, place, member_pk)) == 0)
		status = store_put(g->context.store, STORE_PARKED, g->todo,
		    cid_slice(&place->cid), cid_slice(&place->cid));
	metadata_event_free(&e);
	return (status);
}

/* A member who has no chain key of ours is something to do. */
static int
note_member(struct group * g, const uint8_t member_pk[32])
{
	int sent = group_secret_sent(g, member_pk);

	if (sent != 0)
		return (sent < 0 ? sent : 0);
	return (store_put(g->context.store, STORE_SECRET_SENT, g->todo,
	    slice_of(member_pk, 32), slice_of(member_pk, 32)));
}

static int
fold_member(struct fold * f)
{
	struct group * g = f->g;
	struct member_row row = {.place = *f->place}, known;
	struct slice member;
	int found, status;

	if (wire_find(f->event->payload, 1, &member) != 0 ||
	    !wire_copy(row.member_pk, 32, member) ||
	    !member_allowed(g, row.member_pk)) {
		f->refused = true;
		return (0);
	}
	memcpy(row.device_pk, f->event->device_pk, 32);
	found = member_store_load(g->context.store, g->scope, row.device_pk,
	    &known);
	if (found != 0 && found != -ERR_NOT_FOUND)
		return (found);
	if (found == 0 && event_place_compare(&known.place, &row.place) <= 0)
		return (0);
	if ((status = member_store_save(g->context.store, g->scope,
	         &row)) != 0 ||
	    (status = note_member(g, row.member_pk)) != 0)
		return (status);
	status = role_device_known(g, row.device_pk, found == 0 &&
	    memcmp(known.member_pk, row.member_pk, KEY_SIZE) != 0);
	if (status != 0 || found == 0)
		return (status);
	return (parked_take(g->context.store, g->scope, row.device_pk,
	    give_again, g));
}

/* --- event 2: a chain key for a member ------------------------------------ */

int
group_secret_sent(struct group * g, const uint8_t member_pk[32])
{
	struct buffer value = {0};
	int status;

	status = store_get(g->context.store, STORE_SECRET_SENT, g->scope,
	    slice_of(member_pk, 32), &value);
	buffer_free(&value);
	if (status == -ERR_NOT_FOUND)
		return (0);
	return (status == 0 ? 1 : status);
}

static int
fold_own_secret(struct group * g, struct slice member)
{
	int status;

	status = store_put(g->context.store, STORE_SECRET_SENT, g->scope,
	    member, member);
	if (status != 0)
		return (status);
	status = store_delete(g->context.store, STORE_SECRET_SENT, g->todo,
	    member);
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

/* The first chain key of a device wins, for ever. */
static int
register_chain(struct group * g, const uint8_t device_pk[32],
    const struct chain_key * c)
{
	const struct waiting w = {g->context.store, g->scope, g->todo};
	struct chain_key known;
	int status;

	status = chain_store_load(g->context.store, g->scope, device_pk,
	    &known);
	crypto_wipe(&known, sizeof(known));
	if (status != -ERR_NOT_FOUND)
		return (status);
	status = chain_store_save(g->context.store, g->scope, device_pk, c);
	if (status == 0)
		status = waiting_look(&w, device_pk, c->counter);
	return (status);
}

static int
register_secret(struct group * g, const struct metadata_event * e)
{
	const struct group_secrets * s = g->secrets;
	struct slice payload;
	struct chain_key c;
	int status = 0;

	if (wire_find(e->payload, 3, &payload) != 0)
		return (0);
	if (chain_key_open(&c, payload, &s->member, e->device_pk,
	        s->info.pk) == 0)
		status = register_chain(g, e->device_pk, &c);
	crypto_wipe(&c, sizeof(c));
	return (status);
}

/*
 * A device's messages open once it is announced, and not before: so its key
 * waits for event 1.  The event itself is listed at once, because it comes first
 * when an honest device meets a contact.
 */
static int
fold_secret(struct fold * f)
{
	struct group * g = f->g;
	const struct group_secrets * s = g->secrets;
	uint8_t member_pk[32];
	struct slice member;
	int status;

	if (wire_find(f->event->payload, 2, &member) != 0 ||
	    member.n != KEY_SIZE)
		return (0);
	if (memcmp(f->event->device_pk, s->device.pub, 32) == 0)
		return (fold_own_secret(g, member));
	if (memcmp(member.p, s->member.pub, 32) != 0)
		return (0);
	status = group_member_of(g, f->event->device_pk, member_pk);
	if (status == 0)
		return (register_secret(g, f->event));
	if (status != -ERR_NOT_FOUND)
		return (status);
	return (parked_add(g->context.store, g->scope, f->event->device_pk,
	    f->place, f->envelope));
}

/* --- all others ----------------------------------------------------------- */

/* The member of the device that signed: 1, 0 for a stranger's, or a code. */
static int
signer_of(struct group * g, const struct metadata_event * e,
    uint8_t member_pk[32])
{
	int status;

	memcpy(member_pk, g->secrets->member.pub, KEY_SIZE);
	if (!e->has_device ||
	    memcmp(e->device_pk, g->secrets->device.pub, 32) == 0)
		return (1);
	status = group_member_of(g, e->device_pk, member_pk);
	if (status == -ERR_NOT_FOUND)
		return (0);
	return (status == 0 ? 1 : status);
}

/*
 * Whoever holds the group's secret can sign with a key of his own making.  What
 * a device says that no member has announced is held: it is neither folded nor
 * listed before event 1 comes.
 */
static int
fold_other(struct fold * f)
{
	struct group * g = f->g;
	uint8_t member_pk[32];
	int known, status = 0;

	if ((known = signer_of(g, f->event, member_pk)) < 0)
		return (known);
	if (known > 0)
		return (take_known(g, f->event, f->place, member_pk));
	f->held = true;
	if (g->handler.event != NULL)
		status = g->handler.event(g->handler.user, g, f->event,
		    f->place, false);
	return (status != 0 ? status : parked_add(g->context.store, g->scope,
	    f->event->device_pk, f->place, f->envelope));
}

/* Does an event of this type belong into such a group? */
static bool
belongs(const struct group * g, unsigned type)
{
	const struct event_rule * rule = event_rule_ours(type, g->network);

	return (rule != NULL &&
	    (rule->groups >> g->secrets->info.type & 1) != 0);
}

static int
fold_event(struct fold * f)
{
	if (!belongs(f->g, f->event->type)) {
		f->refused = true;
		return (0);
	}
	switch (f->event->type) {
	case EVENT_MEMBER_DEVICE_ADDED:
		return (fold_member(f));
	case EVENT_DEVICE_CHAIN_KEY_ADDED:
		return (fold_secret(f));
	default:
		return (fold_other(f));
	}
}

int
group_fold(void * user, struct log * log, const struct entry * e,
    const struct cid * cid, struct slice value, bool own,
    struct log_verdict * verdict)
{
	struct group * g = user;
	struct event_place place = {.time = e->time, .cid = *cid};
	struct metadata_event event;
	struct fold f = {g, &event, &place, value, false, false};
	int status;

	(void)log;
	status = metadata_open_ours(&event, value, &g->secrets->info,
	    g->network, NULL);
	if (status != 0)
		return (own ? status : group_count(g, 1, 0, 0));
	status = fold_event(&f);
	if (status == 0 && !f.refused)
		status = group_learn_attachments(g, &event.attached);
	metadata_event_free(&event);
	if (status != 0)
		return (status);
	if (f.refused)
		return (own ? -ERR_INVALID_INPUT : group_count(g, 1, 0, 0));
	verdict->deliver = !f.held;
	return (0);
}

/* --- once more ------------------------------------------------------------ */

/* Types that an earlier version passed over; the owner's are registers, too. */
static int
fold_passed_over(struct group * g, const struct metadata_event * e,
    const struct event_place * place)
{
	uint8_t member_pk[32];
	int status;

	if (!belongs(g, e->type) ||
	    (status = signer_of(g, e, member_pk)) == 0)
		return (0);
	if (status < 0 || (status = take_registers(g, e, place)) != 0)
		return (status);
	if (e->type < EVENT_SERVICE_TOKEN_ADDED ||
	    e->type > EVENT_PUSH_DEVICE_SERVER_REGISTERED ||
	    g->handler.event == NULL)
		return (0);
	return (g->handler.event(g->handler.user, g, e, place, true));
}

int
group_fold_item(void * user, const struct log_item * item)
{
	struct group * g = user;
	struct event_place place = {item->entry.time, item->cid};
	struct buffer envelope = {0};
	struct metadata_event e;
	int status = 0;

	/* What has an arrival number was checked when it got it. */
	if (operation_value(&envelope, item->entry.payload) == 0 &&
	    (item->arrival != 0 ? metadata_reopen : metadata_open_ours)(&e,
	    buffer_all(&envelope), &g->secrets->info, g->network,
	    NULL) == 0) {
		status = fold_passed_over(g, &e, &place);
		metadata_event_free(&e);
	}
	buffer_free(&envelope);
	return (status);
}
