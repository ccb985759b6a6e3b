#include "group/role.h"

#include <stdlib.h>

#include "group/alias.h"
#include "group/role_rows.h"
#include "group/wire.h"

/* --- what follows from a new administrator -------------------------------- */

/* Members who are administrators from a place on, still to be looked at. */
struct offers {
	struct role_admin * at;
	size_t n, room;
};

static int
offer(struct offers * o, const uint8_t member_pk[32],
    const struct event_place * since)
{
	struct role_admin * more;
	size_t room;

	if (o->n == o->room) {
		room = o->room == 0 ? 8 : 2 * o->room;
		if ((more = realloc(o->at, room * sizeof(*more))) == NULL)
			return (-ERR_INTERNAL);
		o->at = more;
		o->room = room;
	}
	memcpy(o->at[o->n].member_pk, member_pk, KEY_SIZE);
	o->at[o->n++].since = *since;
	return (0);
}

/* The first grant of a pair that counts, if the granter is one since then. */
static const struct event_place *
first_after(const struct role_grants * grants,
    const struct event_place * since)
{
	size_t i;

	for (i = 0; i < grants->n; i++)
		if (event_place_compare(&grants->places[i], since) > 0)
			return (&grants->places[i]);
	return (NULL);
}

static int
offer_grantees(struct group * g, struct offers * o,
    const struct role_admin * granter)
{
	const struct event_place * place;
	struct role_grants grants;
	uint8_t grantee[32];
	uint64_t i, n;
	int status;

	if ((status = role_grantees(g, granter->member_pk, &n)) != 0)
		return (status);
	for (i = 0; i < n && status == 0; i++) {
		if ((status = role_grantee(g, granter->member_pk, i,
		         grantee)) != 0 ||
		    (status = role_grants_load(g, granter->member_pk, grantee,
		         &grants)) != 0)
			return (status);
		if ((place = first_after(&grants, &granter->since)) != NULL)
			status = offer(o, grantee, place);
	}
	return (status);
}

/* 1: it is one already, since then or earlier; 0; or a code. */
static int
is_admin_since(struct group * g, const struct role_admin * a)
{
	struct role_admin known;
	int status = role_admin_load(g, a->member_pk, &known);

	if (status != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	return (event_place_compare(&known.since, &a->since) <= 0);
}

/* Places only move to the front, and there are finitely many: it ends. */
static int
make_admin(struct group * g, const uint8_t member_pk[32],
    const struct event_place * since)
{
	struct offers o = {0};
	struct role_admin a;
	int status;

	status = offer(&o, member_pk, since);
	while (status == 0 && o.n > 0) {
		a = o.at[--o.n];
		if ((status = is_admin_since(g, &a)) != 0) {
			status = status > 0 ? 0 : status;
			continue;
		}
		if ((status = role_admin_save(g, &a)) == 0)
			status = offer_grantees(g, &o, &a);
	}
	free(o.at);
	return (status);
}

/* --- 302 and 303 ---------------------------------------------------------- */

/* Go's toolkit names the creator's device where Berty names the member. */
static int
make_creator(struct group * g, const struct role_creator * c)
{
	uint8_t member_pk[32];
	int status = -ERR_NOT_FOUND;

	if (g->network->creator_by_device)
		status = group_member_of(g, c->key, member_pk);
	if (status == -ERR_NOT_FOUND)
		memcpy(member_pk, c->key, KEY_SIZE);
	else if (status != 0)
		return (status);
	return (make_admin(g, member_pk, &c->place));
}

/* Keep a place among those of a pair, and say which one went for it (no CID:
 * none); false if it is none of them. */
static bool
keep_place(struct role_grants * grants, const struct event_place * place,
    struct event_place * gone)
{
	struct event_place * places = grants->places;
	size_t at = 0, shifted, last = ROLE_GRANTS_KEPT - 1;
	int order = 1;

	*gone = (struct event_place){.time = 0};
	while (at < grants->n &&
	    (order = event_place_compare(&places[at], place)) < 0)
		at++;
	if (at < grants->n && order == 0)
		return (false);
	if (grants->n < ROLE_GRANTS_KEPT)
		shifted = grants->n++ - at;
	else if (at == last)
		return (false);
	else if (at > last) {
		shifted = 0;
		at = last;
		*gone = places[last];
	} else {
		/* The last stays; the one before it goes. */
		shifted = last - 1 - at;
		*gone = places[last - 1];
	}
	memmove(&places[at + 1], &places[at], shifted * sizeof(*places));
	places[at] = *place;
	return (true);
}

/* Who is one follows from the grants that are kept, and from nothing else. */
static int
judge_again(struct group * g)
{
	struct role_creator c;
	int status;

	if ((status = role_admins_clear(g)) != 0)
		return (status);
	status = role_creator_load(g, &c);
	if (status != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	return (make_creator(g, &c));
}

/* Was it by this grant that the member became one? */
static bool
rests_on(struct group * g, const uint8_t member_pk[32],
    const struct event_place * place)
{
	struct role_admin a;

	return (place->cid.n > 0 && role_admin_load(g, member_pk, &a) == 0 &&
	    event_place_compare(&a.since, place) == 0);
}

static int
fold_grant(struct group * g, struct slice payload,
    const struct event_place * place, const uint8_t granter[32])
{
	struct role_grants grants = {.n = 0};
	struct event_place gone;
	struct role_admin admin;
	struct slice grantee;
	int status;

	if (wire_find(payload, 2, &grantee) != 0 || grantee.n != KEY_SIZE)
		return (0);
	status = role_grants_load(g, granter, grantee.p, &grants);
	if (status == -ERR_NOT_FOUND) {
		memcpy(grants.granter, granter, KEY_SIZE);
		memcpy(grants.grantee, grantee.p, KEY_SIZE);
	} else if (status != 0)
		return (status);
	if (!keep_place(&grants, place, &gone))
		return (0);
	if ((status = role_grants_save(g, &grants)) != 0)
		return (status);
	if (rests_on(g, grants.grantee, &gone))
		return (judge_again(g));
	status = role_admin_load(g, granter, &admin);
	if (status != 0)
		return (status == -ERR_NOT_FOUND ? 0 : status);
	if (event_place_compare(place, &admin.since) <= 0)
		return (0);
	return (make_admin(g, grants.grantee, place));
}

static int
fold_item(void * user, const struct log_item * item)
{
	struct group * g = user;
	struct event_place place = {item->entry.time, item->cid};
	struct buffer envelope = {0};
	struct metadata_event e;
	uint8_t member_pk[32] = {0};
	int status = 0;

	if (operation_value(&envelope, item->entry.payload) != 0)
		goto free;
	/* What has an arrival number was checked when it got it. */
	if ((item->arrival != 0 ? metadata_reopen : metadata_open_ours)(&e,
	    buffer_all(&envelope), &g->secrets->info, g->network, NULL) != 0)
		goto free;
	if (e.has_device)
		status = group_member_of(g, e.device_pk, member_pk);
	if (status == 0 && (status = role_fold(g, &e, &place,
	    member_pk)) == 0)
		status = alias_fold(g, &e, &place, member_pk);
	/* Of a device that is not announced: its time comes with event 1. */
	if (status == -ERR_NOT_FOUND)
		status = 0;
	metadata_event_free(&e);

free:
	buffer_free(&envelope);
	return (status);
}

/* Begin anew from the creator that is noted, or will be met. */
static int
fold_again(struct group * g)
{
	int status;

	if ((status = role_rows_clear(g)) != 0)
		return (status);
	status = judge_again(g);
	return (status == 0 ? log_each_causal(g->metadata, 0, fold_item, g)
	                    : status);
}

static int
fold_creator(struct group * g, struct slice payload,
    const struct event_place * place)
{
	struct role_creator known, c = {.place = *place};
	struct slice key;
	int found;

	if (wire_find(payload, 1, &key) != 0 || !wire_copy(c.key, 32, key))
		return (0);
	found = role_creator_load(g, &known);
	if (found != 0 && found != -ERR_NOT_FOUND)
		return (found);
	if (found == 0 && event_place_compare(&known.place, place) <= 0)
		return (0);
	if (role_creator_save(g, &c) != 0)
		return (-ERR_DB_WRITE);
	/* The one who was taken for it, and all that came of it, goes. */
	return (found == 0 ? fold_again(g) : make_creator(g, &c));
}

int
role_fold(struct group * g, const struct metadata_event * e,
    const struct event_place * place, const uint8_t member_pk[32])
{
	if (g->secrets->info.type != GROUP_MULTI_MEMBER)
		return (0);
	switch (e->type) {
	case EVENT_INITIAL_MEMBER_ANNOUNCED:
		return (fold_creator(g, e->payload, place));
	case EVENT_ADMIN_ROLE_GRANTED:
		return (fold_grant(g, e->payload, place, member_pk));
	default:
		return (0);
	}
}

int
role_device_known(struct group * g, const uint8_t device_pk[32], bool moved)
{
	struct role_creator c;
	int status;

	if (g->secrets->info.type != GROUP_MULTI_MEMBER)
		return (0);
	if (!moved) {
		if (!g->network->creator_by_device)
			return (0);
		status = role_creator_load(g, &c);
		if (status != 0)
			return (status == -ERR_NOT_FOUND ? 0 : status);
		if (memcmp(c.key, device_pk, KEY_SIZE) != 0)
			return (0);
	}
	return (fold_again(g));
}

int
role_fold_log(struct group * g)
{
	struct log_status log;
	bool folded;
	int status;

	if ((status = role_folded(g, &folded)) != 0 || folded)
		return (status);
	log_status(g->metadata, &log);
	if (log.joined > 0 && ((status = fold_again(g)) != 0 ||
	    (status = log_each_causal(g->metadata, 0, group_fold_item,
	        g)) != 0))
		return (status);
	return (role_set_folded(g));
}

/* --- questions ------------------------------------------------------------ */

int
group_is_admin_at(struct group * g, const uint8_t member_pk[32],
    const struct event_place * place)
{
	const struct group_secrets * s = g->secrets;
	struct role_admin a;
	int status;

	switch (s->info.type) {
	case GROUP_MULTI_MEMBER:
		status = role_admin_load(g, member_pk, &a);
		if (status != 0)
			return (status == -ERR_NOT_FOUND ? 0 : status);
		return (place == NULL ||
		    event_place_compare(&a.since, place) < 0);
	case GROUP_CONTACT:
		return (memcmp(member_pk, s->member.pub, KEY_SIZE) == 0 ||
		    memcmp(member_pk, g->contact_pk, KEY_SIZE) == 0);
	default:
		return (memcmp(member_pk, s->member.pub, KEY_SIZE) == 0);
	}
}

int
group_is_admin(struct group * g, const uint8_t member_pk[32])
{
	return (group_is_admin_at(g, member_pk, NULL));
}

/* --- granting ------------------------------------------------------------- */

static int
is_member(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	(void)device_pk;
	return (memcmp(user, member_pk, KEY_SIZE) == 0);
}

static int
refuse(struct error * err, int code, const char * text)
{
	(void)error_set(err, code, "%s", text);
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

/* 1: is one already, 0: may be made one, or refused. */
static int
may_grant(struct group * g, const uint8_t member_pk[32], struct error * err)
{
	uint8_t wanted[32];
	int status;

	memcpy(wanted, member_pk, sizeof(wanted));
	if (g->secrets->info.type != GROUP_MULTI_MEMBER)
		return (refuse(err, ERR_GROUP_INVALID_TYPE,
		    "only a multi-member group has roles"));
	if ((status = group_is_admin(g, g->secrets->member.pub)) == 0)
		return (refuse(err, ERR_INVALID_INPUT,
		    "only an administrator makes others administrators"));
	if (status > 0)
		status = group_each_device(g, is_member, wanted);
	if (status == 0)
		return (refuse(err, ERR_NOT_FOUND,
		    "the group has no member of that key"));
	if (status > 0)
		status = group_is_admin(g, member_pk);
	return (status >= 0 ? status
	                    : refuse(err, -status, "the group's roles"));
}

int
group_grant_admin(struct group * g, const uint8_t member_pk[32],
    struct error * err)
{
	struct buffer payload = {0};
	int status;

	if ((status = may_grant(g, member_pk, err)) != 0)
		return (status > 0 ? 0 : status);
	wire_put_bytes(&payload, 1, slice_of(g->secrets->device.pub, 32));
	wire_put_bytes(&payload, 2, slice_of(member_pk, 32));
	status = payload.failed
	    ? error_set(err, ERR_INTERNAL, "out of memory")
	    : group_write_event(g, EVENT_ADMIN_ROLE_GRANTED,
	          buffer_all(&payload), NULL, NULL, err);
	buffer_free(&payload);
	return (status == 0 ? 0 : error_wrap(err, ERR_ORBIT_DB_APPEND));
}
