#include "account/registers.h"
#include "base/reader.h"
#include "group/wire.h"

/* Names in STORE_ACCOUNT; they are on disk. */
#define NAME_SWITCH "switch"
#define NAME_SEED "seed"

/* Form of the values, their first byte. */
#define FORM 1

/* Largest group or seed a value holds. */
#define BYTES_MAX 4096

void
registers_put_place(struct buffer * out, const struct event_place * place)
{

	buffer_be64(out, place->time);
	registers_put_bytes(out, cid_slice(&place->cid));
}

void
registers_take_place(struct reader * r, struct event_place * place)
{
	struct slice cid;

	place->time = reader_be64(r);
	cid = reader_prefixed(r, CID_MAX);
	place->cid.n = (uint8_t)cid.n;
	if (cid.n > 0)
		memcpy(place->cid.bytes, cid.p, cid.n);
}

void
registers_put_bytes(struct buffer * out, struct slice bytes)
{

	buffer_uvarint(out, bytes.n);
	buffer_slice(out, bytes);
}

bool
registers_later(const struct event_place * place,
    const struct event_place * held)
{

	return (held->cid.n == 0 || event_place_compare(place, held) > 0);
}

/* A register as stored: where it comes from, which event, what it says. */
struct value {
	struct event_place place;
	unsigned type;
	struct slice bytes;       /* borrows from held */
	struct buffer held;
};

static int
value_parse(struct value * v, struct slice stored)
{
	struct reader r = reader_of(stored);
	uint8_t form = reader_byte(&r);

	registers_take_place(&r, &v->place);
	v->type = reader_be16(&r);
	v->bytes = reader_prefixed(&r, BYTES_MAX);
	return (reader_done(&r) && form == FORM ? 0 : -ERR_DB_READ);
}

/* Read one; an absent one has no place.  Free v->held in every case. */
static int
value_get(const struct registers * r, enum store_table table,
    struct slice name, struct value * v)
{
	int status;

	memset(v, 0, sizeof(*v));
	status = store_get(r->store, table, r->scope, name, &v->held);
	if (status == -ERR_NOT_FOUND)
		return (0);
	if (status != 0)
		return (status);
	return (value_parse(v, buffer_all(&v->held)));
}

/* Write one, if the place is later than that of what stands there. */
static int
value_put(const struct registers * r, enum store_table table,
    struct slice name, const struct event_place * place, unsigned type,
    struct slice bytes)
{
	struct buffer stored = {0};
	struct value v;
	int status;

	status = value_get(r, table, name, &v);
	if (status != 0 || !registers_later(place, &v.place))
		goto done;
	buffer_byte(&stored, FORM);
	registers_put_place(&stored, place);
	buffer_be16(&stored, (uint16_t)type);
	registers_put_bytes(&stored, bytes);
	status = stored.failed ? -ERR_INTERNAL :
	    store_put(r->store, table, r->scope, name, buffer_all(&stored));
done:
	buffer_wipe(&stored);
	buffer_wipe(&v.held);
	return (status);
}

static int
fold_seed(const struct registers * r, struct slice payload,
    const struct event_place * place)
{
	struct slice seed;

	if (wire_find(payload, 2, &seed) != 0 || seed.n != SEED_SIZE)
		return (0);
	return (value_put(r, STORE_ACCOUNT, slice_text(NAME_SEED), place,
	    EVENT_CONTACT_REQUEST_REFERENCE_RESET, seed));
}

/*
 * Only multi-member groups are joined; Go lets others pass.  A link key that
 * comes with a secret would stand in for the one that follows from it, so
 * what follows from the secret is left out.
 */
static int
fold_joined(const struct registers * r, struct slice payload,
    const struct event_place * place)
{
	struct buffer bytes = {0};
	struct group_info g;
	struct slice group;
	int status;

	if (wire_find(payload, 2, &group) != 0 ||
	    group_info_decode(&g, group) != 0 ||
	    g.type != GROUP_MULTI_MEMBER || !g.has_secret)
		return (0);
	g.has_link_key = g.has_sign_pub = false;
	group_info_encode(&bytes, &g);
	status = bytes.failed ? -ERR_INTERNAL : value_put(r, STORE_JOINED,
	    slice_of(g.pk, sizeof(g.pk)), place, EVENT_GROUP_JOINED,
	    buffer_all(&bytes));
	buffer_wipe(&bytes);
	crypto_wipe(&g, sizeof(g));
	return (status);
}

static int
fold_left(const struct registers * r, struct slice payload,
    const struct event_place * place)
{
	struct slice pk;

	if (wire_find(payload, 2, &pk) != 0 || pk.n != KEY_SIZE)
		return (0);
	return (value_put(r, STORE_JOINED, pk, place, EVENT_GROUP_LEFT,
	    (struct slice){0}));
}

int
registers_fold(const struct registers * r, unsigned type,
    struct slice payload, const struct event_place * place)
{

	switch (type) {
	case EVENT_GROUP_JOINED:
		return (fold_joined(r, payload, place));
	case EVENT_GROUP_LEFT:
		return (fold_left(r, payload, place));
	case EVENT_CONTACT_REQUEST_DISABLED:
	case EVENT_CONTACT_REQUEST_ENABLED:
		return (value_put(r, STORE_ACCOUNT, slice_text(NAME_SWITCH),
		    place, type, (struct slice){0}));
	case EVENT_CONTACT_REQUEST_REFERENCE_RESET:
		return (fold_seed(r, payload, place));
	default:
		return (registers_fold_contact(r, type, payload, place));
	}
}

bool
registers_enabled(const struct registers * r)
{
	struct value v;
	bool enabled;

	enabled = value_get(r, STORE_ACCOUNT, slice_text(NAME_SWITCH),
	    &v) == 0 && v.type == EVENT_CONTACT_REQUEST_ENABLED;
	buffer_free(&v.held);
	return (enabled);
}

bool
registers_seed(const struct registers * r, uint8_t seed[32])
{
	struct value v;
	bool found;

	found = value_get(r, STORE_ACCOUNT, slice_text(NAME_SEED), &v) == 0 &&
	    v.bytes.n == SEED_SIZE;
	if (found)
		memcpy(seed, v.bytes.p, SEED_SIZE);
	buffer_wipe(&v.held);
	return (found);
}

static int
group_of_value(struct group_info * g, const struct value * v)
{

	if (v->type != EVENT_GROUP_JOINED)
		return (-ERR_NOT_FOUND);
	return (group_info_decode(g, v->bytes));
}

int
registers_group(const struct registers * r, const uint8_t pk[32],
    struct group_info * g)
{
	struct value v;
	int status;

	status = value_get(r, STORE_JOINED, slice_of(pk, KEY_SIZE), &v);
	if (status == 0)
		status = group_of_value(g, &v);
	buffer_wipe(&v.held);
	return (status);
}

struct group_walk {
	int (*each)(void * user, const struct group_info * g);
	void * user;
};

static int
each_group(void * user, struct slice stored)
{
	struct group_walk * walk = user;
	struct group_info g;
	struct value v = {0};
	int status;

	if ((status = value_parse(&v, stored)) != 0)
		return (status);
	status = group_of_value(&g, &v);
	if (status == -ERR_NOT_FOUND)
		return (0);
	if (status == 0)
		status = walk->each(walk->user, &g);
	crypto_wipe(&g, sizeof(g));
	return (status);
}

int
registers_each_group(const struct registers * r,
    int (*each)(void * user, const struct group_info * g), void * user)
{
	struct group_walk walk = {each, user};

	return (store_each(r->store, STORE_JOINED, r->scope, each_group,
	    &walk));
}
