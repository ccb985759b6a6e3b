#include "contact/link_codec.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "codec/utf8.h"
#include "crypto/crypto.h"

/*
 * Links have their own small protobuf reader because they tell a field of
 * length 0 from an absent one, which generated code does not.
 */
enum field_kind { FIELD_END, FIELD_BYTES, FIELD_TEXT, FIELD_ENUM,
	FIELD_MESSAGE, FIELD_ADDRESSES };

/* Every message's struct begins with `bool present`. */
struct field {
	unsigned number;
	enum field_kind kind;
	size_t offset;
	const struct field * fields; /* of a message */
};

#define BYTES(number, type, member) \
	{(number), FIELD_BYTES, offsetof(struct type, member), NULL}
#define TEXT(number, type, member) \
	{(number), FIELD_TEXT, offsetof(struct type, member), NULL}
#define ENUM(number, type, member) \
	{(number), FIELD_ENUM, offsetof(struct type, member), NULL}
#define MESSAGE(number, type, member, fields) \
	{(number), FIELD_MESSAGE, offsetof(struct type, member), (fields)}

static const struct field contact_fields[] = {
	BYTES(1, berty_link_contact, seed),
	BYTES(2, berty_link_contact, account_pk),
	TEXT(3, berty_link_contact, name),
	{0},
};

static const struct field keys_fields[] = {
	BYTES(1, berty_link_keys, public_key),
	BYTES(2, berty_link_keys, secret),
	BYTES(3, berty_link_keys, secret_sig),
	ENUM(4, berty_link_keys, group_type),
	BYTES(5, berty_link_keys, sign_pub),
	BYTES(6, berty_link_keys, link_key),
	BYTES(7, berty_link_keys, link_key_sig),
	{0},
};

static const struct field group_fields[] = {
	MESSAGE(1, berty_link_group, keys, keys_fields),
	TEXT(2, berty_link_group, name),
	{0},
};

static const struct field encrypted_fields[] = {
	ENUM(1, berty_link_encrypted, kind),
	BYTES(2, berty_link_encrypted, nonce),
	TEXT(3, berty_link_encrypted, name),
	BYTES(4, berty_link_encrypted, checksum),
	BYTES(10, berty_link_encrypted, seed),
	BYTES(11, berty_link_encrypted, account_pk),
	BYTES(20, berty_link_encrypted, public_key),
	BYTES(21, berty_link_encrypted, secret),
	BYTES(22, berty_link_encrypted, secret_sig),
	ENUM(23, berty_link_encrypted, group_type),
	BYTES(24, berty_link_encrypted, sign_pub),
	BYTES(25, berty_link_encrypted, link_key_sig),
	{0},
};

static const struct field message_fields[] = {
	TEXT(1, berty_link_message, account_id),
	TEXT(2, berty_link_message, group_pk),
	TEXT(3, berty_link_message, message_id),
	{0},
};

static const struct field link_fields[] = {
	ENUM(1, berty_link, kind),
	MESSAGE(2, berty_link, contact, contact_fields),
	MESSAGE(3, berty_link, group, group_fields),
	MESSAGE(4, berty_link, encrypted, encrypted_fields),
	MESSAGE(5, berty_link, message, message_fields),
	{7000, FIELD_ADDRESSES, offsetof(struct berty_link, addresses), NULL},
	TEXT(7001, berty_link, network),
	{0},
};

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* A copy that the link owns. */
struct kept {
	struct kept * next;
	size_t n;
	unsigned char bytes[];
};

struct berty_link_bytes
link_keep(struct berty_link * link, struct slice s)
{
	struct kept * kept = malloc(sizeof(*kept) + s.n + 1);

	if (kept == NULL)
		return ((struct berty_link_bytes){NULL, 0});
	kept->next = link->memory;
	kept->n = s.n;
	if (s.n > 0)
		memcpy(kept->bytes, s.p, s.n);
	link->memory = kept;
	return ((struct berty_link_bytes){kept->bytes, s.n});
}

void
berty_link_free(struct berty_link * link)
{
	struct kept * kept;

	while ((kept = link->memory) != NULL) {
		link->memory = kept->next;
		crypto_wipe(kept->bytes, kept->n);
		free(kept);
	}
	*link = (struct berty_link){0};
}

static void
skip_field(struct reader * r, unsigned wire)
{
	switch (wire) {
	case WIRE_VARINT:
		(void)reader_uvarint(r);
		break;
	case WIRE_64:
		(void)reader_take(r, 8);
		break;
	case WIRE_BYTES:
		(void)reader_prefixed(r, r->n);
		break;
	case WIRE_32:
		(void)reader_take(r, 4);
		break;
	default:
		reader_fail(r);
	}
}

static void read_message(struct reader * r, const struct field * fields,
    unsigned char * message);

/* The first ones are the best: those beyond the limit are left out. */
static void
keep_address(struct berty_link_addresses * addresses, struct slice s)
{
	if (addresses->n < BERTY_LINK_ADDRESSES_MAX)
		addresses->at[addresses->n++] =
		    (struct berty_link_bytes){s.p, s.n};
}

static void
read_field(struct reader * r, const struct field * field,
    unsigned char * message, unsigned wire)
{
	void * at = message + field->offset;
	struct reader inner;
	struct slice s;

	if (wire != (field->kind == FIELD_ENUM ? WIRE_VARINT : WIRE_BYTES)) {
		reader_fail(r);
		return;
	}
	if (field->kind == FIELD_ENUM) {
		*(int *)at = (int)(uint32_t)reader_uvarint(r);
		return;
	}
	s = reader_prefixed(r, r->n);
	if (r->failed)
		return;
	if (field->kind == FIELD_MESSAGE) {
		*(bool *)at = true;
		inner = reader_of(s);
		read_message(&inner, field->fields, at);
		if (inner.failed)
			reader_fail(r);
		return;
	}
	if (field->kind == FIELD_ADDRESSES) {
		keep_address(at, s);
		return;
	}
	if (field->kind == FIELD_TEXT && !utf8_valid(s))
		reader_fail(r);
	*(struct berty_link_bytes *)at = (struct berty_link_bytes){s.p, s.n};
}

static void
read_message(struct reader * r, const struct field * fields,
    unsigned char * message)
{
	const struct field * f;
	uint64_t key;

	while (r->n > 0) {
		key = reader_uvarint(r);
		if (key >> 3 == 0 || key > UINT32_MAX)
			reader_fail(r);
		if (r->failed)
			return;
		for (f = fields; f->kind != FIELD_END; f++)
			if (f->number == key >> 3)
				break;
		if (f->kind == FIELD_END)
			skip_field(r, key & 7);
		else
			read_field(r, f, message, key & 7);
	}
}

int
link_decode(struct berty_link * link, struct slice bytes)
{
	struct berty_link made = {0};
	struct berty_link_bytes copy = link_keep(&made, bytes);
	struct reader r = reader_of(link_slice(copy));

	if (copy.p == NULL)
		return (-ERR_INTERNAL);
	read_message(&r, link_fields, (unsigned char *)&made);
	if (!reader_done(&r)) {
		berty_link_free(&made);
		return (-ERR_INVALID_INPUT);
	}
	*link = made;
	return (0);
}

static int write_message(struct buffer * out, const struct field * fields,
    const unsigned char * message);

static int
write_inner(struct buffer * out, const struct field * field,
    const unsigned char * message)
{
	struct buffer inner = {0};
	int status;

	status = write_message(&inner, field->fields, message);
	buffer_uvarint(out, field->number << 3 | WIRE_BYTES);
	buffer_uvarint(out, inner.n);
	buffer_slice(out, buffer_all(&inner));
	buffer_wipe(&inner);
	return (status);
}

static void
write_bytes(struct buffer * out, unsigned number,
    const struct berty_link_bytes * bytes)
{
	if (bytes->n == 0)
		return;
	buffer_uvarint(out, (uint64_t)number << 3 | WIRE_BYTES);
	buffer_uvarint(out, bytes->n);
	buffer_slice(out, link_slice(*bytes));
}

static void
write_addresses(struct buffer * out, unsigned number,
    const struct berty_link_addresses * addresses)
{
	size_t i;

	for (i = 0; i < addresses->n; i++)
		write_bytes(out, number, &addresses->at[i]);
}

static int
write_field(struct buffer * out, const struct field * field, const void * at)
{
	const struct berty_link_bytes * bytes = at;
	const int * number = at;

	switch (field->kind) {
	case FIELD_ENUM:
		if (*number == 0)
			return (0);
		buffer_uvarint(out, field->number << 3 | WIRE_VARINT);
		buffer_uvarint(out, (uint64_t)(int64_t)*number);
		return (0);
	case FIELD_MESSAGE:
		return (*(const bool *)at ? write_inner(out, field, at) : 0);
	case FIELD_ADDRESSES:
		write_addresses(out, field->number, at);
		return (0);
	case FIELD_TEXT:
		if (!utf8_valid(link_slice(*bytes)))
			return (-ERR_INVALID_INPUT);
		break;
	case FIELD_BYTES:
	case FIELD_END:
	default:
		break;
	}
	write_bytes(out, field->number, bytes);
	return (0);
}

static int
write_message(struct buffer * out, const struct field * fields,
    const unsigned char * message)
{
	const struct field * f;
	int status;

	for (f = fields; f->kind != FIELD_END; f++)
		if ((status = write_field(out, f, message + f->offset)) != 0)
			return (status);
	return (out->failed ? -ERR_INTERNAL : 0);
}

int
link_encode(struct buffer * out, const struct berty_link * link)
{
	size_t start = out->n;
	int status;

	status = write_message(out, link_fields, (const unsigned char *)link);
	if (status != 0)
		out->n = start;
	return (status);
}
