#include "account/contact_moves.h"
#include "account/registers.h"
#include "base/reader.h"
#include "group/wire.h"

/*
 * A contact is four registers in one row: the event that decides its state,
 * the newest seed and metadata that a 106 or 108 gave, and the newest 106's
 * own metadata.  Seed and metadata come each from the newest event that has
 * one: a newer event without it does not take it away.
 */
#define FORM 1

/* Largest metadata in a row: entries are larger than what peers may send. */
#define METADATA_MAX (1U << 20)

struct field {
	struct event_place place;
	struct slice bytes;
};

struct row {
	uint8_t pk[32];
	struct event_place place; /* of the deciding event */
	unsigned type;            /* and its type */
	struct field seed, metadata, own;
	struct buffer held;       /* what slices borrow from */
};

/* What an event says. */
struct said {
	struct slice pk, seed, metadata, own;
};

static void
put_field(struct buffer * out, const struct field * f)
{

	registers_put_place(out, &f->place);
	registers_put_bytes(out, f->bytes);
}

static void
take_field(struct reader * r, struct field * f)
{

	registers_take_place(r, &f->place);
	f->bytes = reader_prefixed(r, METADATA_MAX);
}

static int
row_parse(struct row * row, struct slice stored)
{
	struct reader r = reader_of(stored);
	uint8_t form = reader_byte(&r);
	struct slice pk = reader_take(&r, sizeof(row->pk));

	if (r.failed || form != FORM)
		return (-ERR_DB_READ);
	memcpy(row->pk, pk.p, sizeof(row->pk));
	registers_take_place(&r, &row->place);
	row->type = reader_be16(&r);
	take_field(&r, &row->seed);
	take_field(&r, &row->metadata);
	take_field(&r, &row->own);
	return (reader_done(&r) ? 0 : -ERR_DB_READ);
}

/* Free row->held in every case. */
static int
row_get(const struct registers * r, const uint8_t pk[32], struct row * row)
{
	int status;

	memset(row, 0, sizeof(*row));
	if ((status = store_get(r->store, STORE_CONTACT, r->scope,
	    slice_of(pk, KEY_SIZE), &row->held)) != 0)
		return (status);
	return (row_parse(row, buffer_all(&row->held)));
}

static int
row_put(const struct registers * r, const struct row * row)
{
	struct buffer stored = {0};
	int status;

	buffer_byte(&stored, FORM);
	buffer_append(&stored, row->pk, sizeof(row->pk));
	registers_put_place(&stored, &row->place);
	buffer_be16(&stored, (uint16_t)row->type);
	put_field(&stored, &row->seed);
	put_field(&stored, &row->metadata);
	put_field(&stored, &row->own);
	status = stored.failed ? -ERR_INTERNAL : store_put(r->store,
	    STORE_CONTACT, r->scope, slice_of(row->pk, sizeof(row->pk)),
	    buffer_all(&stored));
	buffer_wipe(&stored);
	return (status);
}

/* Read an event's payload; false when it is no proper one. */
static bool
listen(struct said * said, unsigned type, struct slice payload)
{
	struct slice contact;

	memset(said, 0, sizeof(*said));
	if (type == EVENT_CONTACT_REQUEST_ENQUEUED) {
		if (wire_find(payload, 3, &contact) != 0 ||
		    wire_find(contact, 1, &said->pk) != 0 ||
		    wire_find(contact, 2, &said->seed) != 0 ||
		    wire_find(contact, 3, &said->metadata) != 0 ||
		    wire_find(payload, 4, &said->own) != 0)
			return (false);
	} else if (wire_find(payload, 2, &said->pk) != 0)
		return (false);
	if (type == EVENT_CONTACT_REQUEST_RECEIVED &&
	    (wire_find(payload, 3, &said->seed) != 0 ||
	        wire_find(payload, 4, &said->metadata) != 0))
		return (false);
	return (said->pk.n == KEY_SIZE && said->metadata.n <= METADATA_MAX &&
	    said->own.n <= METADATA_MAX);
}

static void
field_offer(struct field * f, const struct event_place * place,
    struct slice bytes)
{

	if (!registers_later(place, &f->place))
		return;
	f->place = *place;
	f->bytes = bytes;
}

/* Name of the row that leads from a contact group to its contact. */
static void
name_group(struct buffer * name, const uint8_t group_pk[32])
{

	buffer_text(name, "contact-of-group:");
	buffer_append(name, group_pk, KEY_SIZE);
}

/* First sight of a contact: 1 when its key makes no group, so it is none. */
static int
row_new(const struct registers * r, struct row * row, struct slice pk)
{
	struct buffer name = {0};
	struct group_info g;
	int status;

	memcpy(row->pk, pk.p, sizeof(row->pk));
	if (memcmp(row->pk, r->account->pub, sizeof(row->pk)) == 0 ||
	    group_of_contact(&g, NULL, r->account, row->pk) != 0)
		return (1);
	name_group(&name, g.pk);
	status = name.failed ? -ERR_INTERNAL : store_put(r->store,
	    STORE_ACCOUNT, r->scope, buffer_all(&name), pk);
	buffer_free(&name);
	crypto_wipe(&g, sizeof(g));
	return (status);
}

int
registers_fold_contact(const struct registers * r, unsigned type,
    struct slice payload, const struct event_place * place)
{
	struct said said;
	struct row row;
	int status;

	if (contact_moves_state(type) == CONTACT_UNDEFINED ||
	    !listen(&said, type, payload))
		return (0);
	status = row_get(r, said.pk.p, &row);
	if (status == -ERR_NOT_FOUND)
		status = row_new(r, &row, said.pk);
	if (status != 0)
		goto done;
	if (registers_later(place, &row.place)) {
		row.place = *place;
		row.type = type;
	}
	if (said.seed.n == SEED_SIZE)
		field_offer(&row.seed, place, said.seed);
	if (said.metadata.n > 0)
		field_offer(&row.metadata, place, said.metadata);
	if (type == EVENT_CONTACT_REQUEST_ENQUEUED)
		field_offer(&row.own, place, said.own);
	status = row_put(r, &row);
done:
	buffer_wipe(&row.held);
	return (status > 0 ? 0 : status);
}

static int
contact_of_row(struct contact * c, const struct row * row)
{

	memset(c, 0, sizeof(*c));
	memcpy(c->pk, row->pk, sizeof(c->pk));
	c->state = contact_moves_state(row->type);
	if ((c->has_seed = row->seed.bytes.n == SEED_SIZE))
		memcpy(c->seed, row->seed.bytes.p, SEED_SIZE);
	buffer_slice(&c->metadata, row->metadata.bytes);
	buffer_slice(&c->own_metadata, row->own.bytes);
	if (!c->metadata.failed && !c->own_metadata.failed)
		return (0);
	contact_free(c);
	return (-ERR_INTERNAL);
}

int
registers_contact(const struct registers * r, const uint8_t pk[32],
    struct contact * c)
{
	struct row row;
	int status;

	if ((status = row_get(r, pk, &row)) == 0)
		status = contact_of_row(c, &row);
	buffer_wipe(&row.held);
	return (status);
}

struct contact_walk {
	int (*each)(void * user, const struct contact * c);
	void * user;
};

static int
each_contact(void * user, struct slice stored)
{
	struct contact_walk * walk = user;
	struct row row = {0};
	struct contact c;
	int status;

	if ((status = row_parse(&row, stored)) != 0 ||
	    (status = contact_of_row(&c, &row)) != 0)
		return (status);
	status = walk->each(walk->user, &c);
	contact_free(&c);
	return (status);
}

int
registers_each_contact(const struct registers * r,
    int (*each)(void * user, const struct contact * c), void * user)
{
	struct contact_walk walk = {each, user};

	return (store_each(r->store, STORE_CONTACT, r->scope, each_contact,
	    &walk));
}

int
registers_contact_of_group(const struct registers * r,
    const uint8_t group_pk[32], uint8_t pk[32])
{
	struct buffer name = {0}, found = {0};
	int status;

	name_group(&name, group_pk);
	status = name.failed ? -ERR_INTERNAL : store_get(r->store,
	    STORE_ACCOUNT, r->scope, buffer_all(&name), &found);
	if (status == 0 && found.n != KEY_SIZE)
		status = -ERR_DB_READ;
	if (status == 0)
		memcpy(pk, found.p, KEY_SIZE);
	buffer_free(&name);
	buffer_free(&found);
	return (status);
}
