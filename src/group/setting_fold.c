/* setting_fold.c: which settings count, by who may set them when. */
#include "group/event_place.h"
#include "group/group_impl.h"
#include "group/setting.h"

/* An event that set "admin_only". */
struct restriction {
	struct event_place place;
	bool on;
};

/* Those of a device, ascending by place; a row in the store. */
struct restrictions {
	uint8_t device_pk[32];
	size_t n;
	struct restriction at[SETTING_SWITCHES_KEPT];
};

static int
decode_row(struct restrictions * c, struct slice value)
{
	struct reader r = reader_of(value);
	struct slice device = reader_take(&r, KEY_SIZE);

	c->n = 0;
	while (r.n > 0 && c->n < SETTING_SWITCHES_KEPT) {
		c->at[c->n].on = reader_byte(&r) != 0;
		if (!event_place_read(&c->at[c->n++].place, &r))
			return (-ERR_DB_READ);
	}
	if (!reader_done(&r))
		return (-ERR_DB_READ);
	memcpy(c->device_pk, device.p, KEY_SIZE);
	return (0);
}

static int
load(struct group * g, const uint8_t device_pk[32], struct restrictions * c)
{
	struct buffer value = {0};
	int status;

	status = store_get(g->context.store, STORE_SETTING, g->scope,
	    slice_of(device_pk, KEY_SIZE), &value);
	if (status == 0)
		status = decode_row(c, buffer_all(&value));
	else if (status == -ERR_NOT_FOUND) {
		memcpy(c->device_pk, device_pk, KEY_SIZE);
		c->n = 0;
		status = 0;
	}
	buffer_free(&value);
	return (status);
}

static int
save(struct group * g, const struct restrictions * c)
{
	struct buffer value = {0};
	int status;
	size_t i;

	buffer_append(&value, c->device_pk, KEY_SIZE);
	for (i = 0; i < c->n; i++) {
		buffer_byte(&value, c->at[i].on);
		event_place_encode(&value, &c->at[i].place);
	}
	status = value.failed ? -ERR_INTERNAL : store_put(g->context.store,
	    STORE_SETTING, g->scope, slice_of(c->device_pk, KEY_SIZE),
	    buffer_all(&value));
	buffer_free(&value);
	return (status);
}

/* Put one in its place; false: it is there, or older than all that is kept. */
static bool
insert(struct restrictions * c, const struct restriction * one)
{
	size_t i = c->n;
	int order = 1;

	while (i > 0 && (order = event_place_compare(&c->at[i - 1].place,
	    &one->place)) > 0)
		i--;
	if (i > 0 && order == 0)
		return (false);
	if (c->n == SETTING_SWITCHES_KEPT) {
		if (i == 0)
			return (false);
		memmove(&c->at[0], &c->at[1], (i - 1) * sizeof(c->at[0]));
		c->at[i - 1] = *one;
		return (true);
	}
	memmove(&c->at[i + 1], &c->at[i], (c->n - i) * sizeof(c->at[0]));
	c->at[i] = *one;
	c->n++;
	return (true);
}

static bool
is_restriction(const struct setting * s)
{
	return (s->type == SETTING_GROUP &&
	    slice_equal(s->key, slice_text("admin_only")));
}

int
setting_fold(struct group * g, const struct metadata_event * e,
    const struct event_place * place)
{
	struct restriction one = {.place = *place};
	struct restrictions c;
	struct setting s;
	int status;

	if (!e->has_device || setting_of(&s, e) != 0 || !is_restriction(&s))
		return (0);
	one.on = slice_equal(s.value, slice_text("1"));
	if ((status = load(g, e->device_pk, &c)) != 0)
		return (status);
	return (insert(&c, &one) ? save(g, &c) : 0);
}

/* --- reading ------------------------------------------------------------- */

/* Looks for the last change of an administrator before a place. */
struct search {
	struct group * g;
	const struct event_place * before;  /* NULL: the end */
	struct restriction last;
	bool found;
};

static bool
is_admin(struct group * g, const uint8_t device_pk[32],
    const struct event_place * place, int * status)
{
	uint8_t member_pk[32];

	*status = group_member_of(g, device_pk, member_pk);
	if (*status == -ERR_NOT_FOUND) {
		*status = 0;
		return (false);
	}
	if (*status == 0)
		*status = group_is_admin_at(g, member_pk, place);
	if (*status < 0)
		return (false);
	return (*status > 0);
}

static int
look_at(void * user, struct slice value)
{
	struct search * search = user;
	struct restrictions c;
	size_t i;
	int status;

	if ((status = decode_row(&c, value)) != 0)
		return (status);
	for (i = c.n; i > 0; i--) {
		const struct restriction * one = &c.at[i - 1];

		if (search->before != NULL && event_place_compare(&one->place,
		    search->before) >= 0)
			continue;
		if (search->found && event_place_compare(&one->place,
		    &search->last.place) <= 0)
			return (0);
		if (!is_admin(search->g, c.device_pk, &one->place, &status)) {
			if (status < 0)
				return (status);
			continue;
		}
		search->last = *one;
		search->found = true;
		return (0);
	}
	return (0);
}

int
setting_counts(struct group * g, const struct setting * s,
    const uint8_t member_pk[32], const struct event_place * place)
{
	struct search search = {.g = g, .before = place};
	int status;

	if (s->type == SETTING_MEMBER)
		return (1);
	status = place == NULL ? group_is_admin(g, member_pk)
	    : group_is_admin_at(g, member_pk, place);
	if (status != 0)
		return (status);
	status = store_each(g->context.store, STORE_SETTING, g->scope, look_at,
	    &search);
	if (status != 0)
		return (status);
	return (search.found && search.last.on ? 0 : 1);
}
