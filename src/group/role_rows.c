#include "group/role_rows.h"

#include "group/event_place.h"
#include "group/row_list.h"

/*
 * Administrators stand in the group's first scope of STORE_ROLE, where they are
 * walked; in the second one all else, each kind under names of its own length.
 */
#define NAME_CREATOR "creator"
#define NAME_FOLDED "folded"

/* To be raised when what is folded of a log becomes more. */
#define FOLDED "2"

/* First byte of a row of grants. */
#define GRANTS 'G'

static int
put(struct group * g, uint64_t scope, struct slice name, struct buffer * value)
{
	int status = value->failed ? -ERR_INTERNAL :
	    store_put(g->context.store, STORE_ROLE, scope, name,
	        buffer_all(value));

	buffer_free(value);
	return (status);
}

static bool
take_key(struct reader * r, uint8_t key[32])
{
	struct slice bytes = reader_take(r, KEY_SIZE);

	if (r->failed)
		return (false);
	memcpy(key, bytes.p, KEY_SIZE);
	return (true);
}

/* A key and a place: creator and administrator alike. */
static int
load_keyed(struct group * g, uint64_t scope, struct slice name, uint8_t key[32],
    struct event_place * place)
{
	struct buffer value = {0};
	struct reader r;
	int status;

	status = store_get(g->context.store, STORE_ROLE, scope, name, &value);
	r = reader_of(buffer_all(&value));
	if (status == 0 && (!take_key(&r, key) ||
	    !event_place_read(place, &r) || !reader_done(&r)))
		status = -ERR_DB_READ;
	buffer_free(&value);
	return (status);
}

static int
save_keyed(struct group * g, uint64_t scope, struct slice name,
    const uint8_t key[32], const struct event_place * place)
{
	struct buffer value = {0};

	buffer_append(&value, key, KEY_SIZE);
	event_place_encode(&value, place);
	return (put(g, scope, name, &value));
}

int
role_creator_load(struct group * g, struct role_creator * c)
{
	return (load_keyed(g, g->todo, slice_text(NAME_CREATOR), c->key,
	    &c->place));
}

int
role_creator_save(struct group * g, const struct role_creator * c)
{
	return (save_keyed(g, g->todo, slice_text(NAME_CREATOR), c->key,
	    &c->place));
}

int
role_admin_load(struct group * g, const uint8_t member_pk[32],
    struct role_admin * a)
{
	return (load_keyed(g, g->scope, slice_of(member_pk, KEY_SIZE),
	    a->member_pk, &a->since));
}

int
role_admin_save(struct group * g, const struct role_admin * a)
{
	return (save_keyed(g, g->scope, slice_of(a->member_pk, KEY_SIZE),
	    a->member_pk, &a->since));
}

/* --- grants --------------------------------------------------------------- */

struct grants_name {
	uint8_t bytes[2 * KEY_SIZE];
};

static struct slice
name_grants(struct grants_name * name, const uint8_t granter[32],
    const uint8_t grantee[32])
{
	memcpy(name->bytes, granter, KEY_SIZE);
	memcpy(name->bytes + KEY_SIZE, grantee, KEY_SIZE);
	return (slice_of(name->bytes, sizeof(name->bytes)));
}

static int
grants_decode(struct role_grants * grants, struct slice value)
{
	struct reader r = reader_of(value);
	size_t i, n;

	if (reader_byte(&r) != GRANTS || !take_key(&r, grants->granter) ||
	    !take_key(&r, grants->grantee))
		return (-ERR_DB_READ);
	n = reader_byte(&r);
	for (i = 0; i < n; i++)
		if (i == ROLE_GRANTS_KEPT ||
		    !event_place_read(&grants->places[i], &r))
			return (-ERR_DB_READ);
	grants->n = n;
	return (reader_done(&r) ? 0 : -ERR_DB_READ);
}

int
role_grants_load(struct group * g, const uint8_t granter[32],
    const uint8_t grantee[32], struct role_grants * grants)
{
	struct buffer value = {0};
	struct grants_name name;
	int status;

	status = store_get(g->context.store, STORE_ROLE, g->todo,
	    name_grants(&name, granter, grantee), &value);
	if (status == 0)
		status = grants_decode(grants, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
role_grants_save(struct group * g, const struct role_grants * grants)
{
	struct buffer value = {0};
	struct grants_name name;
	size_t i;

	buffer_byte(&value, GRANTS);
	buffer_append(&value, grants->granter, KEY_SIZE);
	buffer_append(&value, grants->grantee, KEY_SIZE);
	buffer_byte(&value, (uint8_t)grants->n);
	for (i = 0; i < grants->n; i++)
		event_place_encode(&value, &grants->places[i]);
	/* The list by granter follows a pair's first row. */
	if (grants->n == 1) {
		struct row_list l = {g->context.store, STORE_ROLE, g->todo,
		    slice_of(grants->granter, KEY_SIZE)};
		int status = row_list_append(&l,
		    slice_of(grants->grantee, KEY_SIZE));

		if (status != 0) {
			buffer_free(&value);
			return (status);
		}
	}
	return (put(g, g->todo, name_grants(&name, grants->granter,
	    grants->grantee), &value));
}

int
role_grantees(struct group * g, const uint8_t granter[32], uint64_t * n)
{
	struct row_list l = {g->context.store, STORE_ROLE, g->todo,
	    slice_of(granter, KEY_SIZE)};

	return (row_list_count(&l, n));
}

int
role_grantee(struct group * g, const uint8_t granter[32], uint64_t i,
    uint8_t grantee[32])
{
	struct row_list l = {g->context.store, STORE_ROLE, g->todo,
	    slice_of(granter, KEY_SIZE)};
	struct buffer value = {0};
	int status;

	status = row_list_get(&l, i, &value);
	if (status == 0 && value.n != KEY_SIZE)
		status = -ERR_DB_READ;
	if (status == 0)
		memcpy(grantee, value.p, KEY_SIZE);
	buffer_free(&value);
	return (status);
}

/* --- beginning anew ------------------------------------------------------- */

/* Nothing may be written while rows are walked: their names come first. */
static int
note_admin(void * user, struct slice value)
{
	struct buffer * names = user;

	if (value.n < KEY_SIZE)
		return (-ERR_DB_READ);
	buffer_append(names, value.p, KEY_SIZE);
	return (names->failed ? -ERR_INTERNAL : 0);
}

static int
note_grants(void * user, struct slice value)
{
	struct buffer * names = user;

	if (value.n <= 2 * KEY_SIZE || value.p[0] != GRANTS)
		return (0);
	buffer_append(names, value.p + 1, 2 * KEY_SIZE);
	return (names->failed ? -ERR_INTERNAL : 0);
}

static int
clear_grants(struct group * g, const uint8_t * name)
{
	struct row_list l = {g->context.store, STORE_ROLE, g->todo,
	    slice_of(name, KEY_SIZE)};
	int status;

	status = store_delete(g->context.store, STORE_ROLE, g->todo,
	    slice_of(name, 2 * KEY_SIZE));
	return (status == 0 ? row_list_clear(&l) : status);
}

int
role_admins_clear(struct group * g)
{
	struct buffer admins = {0};
	size_t i;
	int status;

	status = store_each(g->context.store, STORE_ROLE, g->scope, note_admin,
	    &admins);
	for (i = 0; i < admins.n && status == 0; i += KEY_SIZE)
		status = store_delete(g->context.store, STORE_ROLE, g->scope,
		    slice_of(admins.p + i, KEY_SIZE));
	buffer_free(&admins);
	return (status);
}

int
role_rows_clear(struct group * g)
{
	struct buffer grants = {0};
	size_t i;
	int status;

	status = role_admins_clear(g);
	if (status == 0)
		status = store_each(g->context.store, STORE_ROLE, g->todo,
		    note_grants, &grants);
	for (i = 0; i < grants.n && status == 0; i += 2 * KEY_SIZE)
		status = clear_grants(g, grants.p + i);
	buffer_free(&grants);
	return (status);
}

int
role_folded(struct group * g, bool * folded)
{
	struct buffer value = {0};
	int status;

	status = store_get(g->context.store, STORE_ROLE, g->todo,
	    slice_text(NAME_FOLDED), &value);
	*folded = status == 0 &&
	    slice_equal(buffer_all(&value), slice_text(FOLDED));
	buffer_free(&value);
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

int
role_set_folded(struct group * g)
{
	return (store_put(g->context.store, STORE_ROLE, g->todo,
	    slice_text(NAME_FOLDED), slice_text(FOLDED)));
}
