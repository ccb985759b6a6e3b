/*
 * proto_json_read.c: JSON as the encoding of a message.  The bytes are made,
 * not the message: what decodes them has the caps that hold for every carrier.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/multibase.h"
#include "json/proto_json.h"
#include "codec/utf8.h"

/* Beyond it, a number of JSON does not say which integer it is. */
#define EXACT_MAX 9007199254740992.0

/* Fields that a message may have, for the one that comes twice. */
#define FIELDS_MAX 64

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static int message(struct buffer * out,
    const ProtobufCMessageDescriptor * type, const cJSON * object,
    struct error * err);

static int
wrong(const ProtobufCFieldDescriptor * f, const char * wanted,
    struct error * err)
{
	return (error_set(err, ERR_DESERIALIZATION, "the field %.60s is %s",
	    f->name, wanted));
}

static void
tag(struct buffer * out, const ProtobufCFieldDescriptor * f, enum wire wire)
{
	buffer_uvarint(out, (uint64_t)f->id << 3 | wire);
}

static void
little(struct buffer * out, uint64_t v, unsigned n)
{
	for (; n > 0; n--, v >>= 8)
		buffer_byte(out, (uint8_t)v);
}

/* --- numbers -------------------------------------------------------------- */

/* Digits, with a sign or without, and nothing else. */
static bool
read_digits(const char * text, bool * negative, uint64_t * v)
{
	*negative = *text == '-';
	*v = 0;
	text += *negative;
	if (*text == '\0' || (*text == '0' && text[1] != '\0'))
		return (false);
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || *v > (UINT64_MAX -
		    (uint64_t)(*text - '0')) / 10)
			return (false);
		*v = *v * 10 + (uint64_t)(*text - '0');
	}
	return (true);
}

/* A whole number, as a number or as text. */
static bool
read_whole(const cJSON * value, bool * negative, uint64_t * v)
{
	double number = value->valuedouble;

	if (cJSON_IsString(value))
		return (read_digits(value->valuestring, negative, v));
	if (!cJSON_IsNumber(value) || !(number >= -EXACT_MAX) ||
	    !(number <= EXACT_MAX) || (double)(int64_t)number != number)
		return (false);
	*negative = number < 0;
	*v = (uint64_t)(number < 0 ? -number : number);
	return (true);
}

static bool
read_signed(const cJSON * value, unsigned bits, int64_t * v)
{
	uint64_t limit = (uint64_t)1 << (bits - 1), size;
	bool negative;

	if (!read_whole(value, &negative, &size) ||
	    size > (negative ? limit : limit - 1))
		return (false);
	*v = negative ? (int64_t)(0 - size) : (int64_t)size;
	return (true);
}

static bool
read_unsigned(const cJSON * value, unsigned bits, uint64_t * v)
{
	bool negative;

	return (read_whole(value, &negative, v) && (!negative || *v == 0) &&
	    (bits == 64 || *v >> bits == 0));
}

static int
integer(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	unsigned bits = f->type == PROTOBUF_C_TYPE_INT64 ||
	    f->type == PROTOBUF_C_TYPE_SINT64 ||
	    f->type == PROTOBUF_C_TYPE_SFIXED64 ? 64 : 32;
	int64_t v;

	if (!read_signed(value, bits, &v))
		return (wrong(f, "a whole number; a long one as text", err));
	switch (f->type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_SFIXED64:
		tag(out, f, bits == 64 ? WIRE_64 : WIRE_32);
		little(out, (uint64_t)v, bits / 8);
		break;
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SINT64:
		tag(out, f, WIRE_VARINT);
		buffer_uvarint(out, v < 0 ? ~((uint64_t)v << 1)
		    : (uint64_t)v << 1);
		break;
	default:
		tag(out, f, WIRE_VARINT);
		buffer_uvarint(out, (uint64_t)v);
	}
	return (0);
}

static int
natural(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	unsigned bits = f->type == PROTOBUF_C_TYPE_UINT64 ||
	    f->type == PROTOBUF_C_TYPE_FIXED64 ? 64 : 32;
	uint64_t v;

	if (!read_unsigned(value, bits, &v))
		return (wrong(f, "a whole number that is not negative; a long "
		    "one as text", err));
	if (f->type == PROTOBUF_C_TYPE_FIXED32 ||
	    f->type == PROTOBUF_C_TYPE_FIXED64) {
		tag(out, f, bits == 64 ? WIRE_64 : WIRE_32);
		little(out, v, bits / 8);
	} else {
		tag(out, f, WIRE_VARINT);
		buffer_uvarint(out, v);
	}
	return (0);
}

static bool
read_real(const cJSON * value, double * v)
{
	char * end;

	if (cJSON_IsNumber(value)) {
		*v = value->valuedouble;
		return (true);
	}
	if (!cJSON_IsString(value))
		return (false);
	if (strcmp(value->valuestring, "NaN") == 0)
		*v = (double)NAN;
	else if (strcmp(value->valuestring, "Infinity") == 0)
		*v = (double)INFINITY;
	else if (strcmp(value->valuestring, "-Infinity") == 0)
		*v = -(double)INFINITY;
	else {
		if (*value->valuestring == '\0' || strspn(value->valuestring,
		    "0123456789+-.eE") != strlen(value->valuestring))
			return (false);
		*v = strtod(value->valuestring, &end);
		return (*end == '\0');
	}
	return (true);
}

static int
real(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	uint64_t bits = 0;
	uint32_t half;
	float narrow;
	double v;

	if (!read_real(value, &v))
		return (wrong(f, "a number", err));
	if (f->type == PROTOBUF_C_TYPE_FLOAT) {
		narrow = (float)v;
		memcpy(&half, &narrow, sizeof(half));
		tag(out, f, WIRE_32);
		little(out, half, 4);
	} else {
		memcpy(&bits, &v, sizeof(bits));
		tag(out, f, WIRE_64);
		little(out, bits, 8);
	}
	return (0);
}

/* --- the rest ------------------------------------------------------------- */

static int
choice(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	const ProtobufCEnumValue * known;
	int64_t v;

	if (cJSON_IsString(value) &&
	    (known = protobuf_c_enum_descriptor_get_value_by_name(
	    f->descriptor, value->valuestring)) != NULL)
		v = known->value;
	else if (!cJSON_IsNumber(value) || !read_signed(value, 32, &v))
		return (wrong(f, "one of the names of its type, or a number",
		    err));
	tag(out, f, WIRE_VARINT);
	buffer_uvarint(out, (uint64_t)v);
	return (0);
}

/* Either alphabet of base64, padded or not. */
static int
read_base64(struct buffer * out, const char * text)
{
	struct slice all = slice_text(text);

	if (strpbrk(text, "-_") != NULL) {
		while (all.n > 0 && all.p[all.n - 1] == '=')
			all.n--;
		return (base64url_decode(out, all));
	}
	if (all.n % 4 == 0)
		return (base64_decode(out, all));
	if (strpbrk(text, "+/") == NULL)
		return (base64url_decode(out, all));
	return (-ERR_INVALID_INPUT);
}

static int
bytes(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	struct buffer raw = {0};
	int rc = 0;

	if (!cJSON_IsString(value) ||
	    read_base64(&raw, value->valuestring) != 0)
		rc = wrong(f, "text in base64", err);
	else {
		tag(out, f, WIRE_BYTES);
		buffer_uvarint(out, raw.n);
		buffer_slice(out, buffer_all(&raw));
	}
	out->failed |= raw.failed;
	buffer_free(&raw);
	return (rc);
}

static int
string(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	if (!cJSON_IsString(value))
		return (wrong(f, "text", err));
	tag(out, f, WIRE_BYTES);
	buffer_uvarint(out, strlen(value->valuestring));
	buffer_text(out, value->valuestring);
	return (0);
}

static int
embedded(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	struct buffer inner = {0};
	int rc;

	if (!cJSON_IsObject(value))
		return (wrong(f, "an object", err));
	if ((rc = message(&inner, f->descriptor, value, err)) == 0) {
		tag(out, f, WIRE_BYTES);
		buffer_uvarint(out, inner.n);
		buffer_slice(out, buffer_all(&inner));
	}
	out->failed |= inner.failed;
	buffer_free(&inner);
	return (rc);
}

static int
one(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * value, struct error * err)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return (embedded(out, f, value, err));
	case PROTOBUF_C_TYPE_STRING:
		return (string(out, f, value, err));
	case PROTOBUF_C_TYPE_BYTES:
		return (bytes(out, f, value, err));
	case PROTOBUF_C_TYPE_BOOL:
		if (!cJSON_IsBool(value))
			return (wrong(f, "true or false", err));
		tag(out, f, WIRE_VARINT);
		buffer_byte(out, cJSON_IsTrue(value) ? 1 : 0);
		return (0);
	case PROTOBUF_C_TYPE_ENUM:
		return (choice(out, f, value, err));
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return (real(out, f, value, err));
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FIXED64:
		return (natural(out, f, value, err));
	default:
		return (integer(out, f, value, err));
	}
}

static int
map(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * object, struct error * err)
{
	const ProtobufCMessageDescriptor * type = f->descriptor;
	struct buffer entry = {0};
	const cJSON * member;
	int rc = 0;

	if (!cJSON_IsObject(object))
		return (wrong(f, "an object", err));
	for (member = object->child; member != NULL && rc == 0;
	     member = member->next) {
		buffer_clear(&entry);
		tag(&entry, &type->fields[0], WIRE_BYTES);
		buffer_uvarint(&entry, strlen(member->string));
		buffer_text(&entry, member->string);
		rc = one(&entry, &type->fields[1], member, err);
		tag(out, f, WIRE_BYTES);
		buffer_uvarint(out, entry.n);
		buffer_slice(out, buffer_all(&entry));
	}
	out->failed |= entry.failed;
	buffer_free(&entry);
	return (rc);
}

static int
many(struct buffer * out, const ProtobufCFieldDescriptor * f,
    const cJSON * array, struct error * err)
{
	const cJSON * value;
	int rc = 0;

	if (proto_json_is_map(f))
		return (map(out, f, array, err));
	if (!cJSON_IsArray(array))
		return (wrong(f, "a list", err));
	for (value = array->child; value != NULL && rc == 0;
	     value = value->next)
		rc = one(out, f, value, err);
	return (rc);
}

static const ProtobufCFieldDescriptor *
find(const ProtobufCMessageDescriptor * type, const char * name)
{
	const ProtobufCFieldDescriptor * f;
	char camel[64];
	unsigned i;

	f = protobuf_c_message_descriptor_get_field_by_name(type, name);
	for (i = 0; i < type->n_fields && f == NULL; i++) {
		proto_json_camel(camel, sizeof(camel), type->fields[i].name);
		if (strcmp(camel, name) == 0)
			f = &type->fields[i];
	}
	return (f);
}

static int
message(struct buffer * out, const ProtobufCMessageDescriptor * type,
    const cJSON * object, struct error * err)
{
	const ProtobufCFieldDescriptor * f;
	bool seen[FIELDS_MAX] = {false};
	const cJSON * value;
	size_t i;
	int rc;

	for (value = object->child; value != NULL; value = value->next) {
		if ((f = find(type, value->string)) == NULL)
			continue;
		i = (size_t)(f - type->fields);
		if (i >= FIELDS_MAX || seen[i])
			return (wrong(f, "there twice", err));
		seen[i] = true;
		if (cJSON_IsNull(value))
			continue;
		rc = f->label == PROTOBUF_C_LABEL_REPEATED ?
		    many(out, f, value, err) : one(out, f, value, err);
		if (rc != 0)
			return (rc);
	}
	return (0);
}

/* --- the text ------------------------------------------------------------- */

/*
 * What cJSON would take and cannot say: a NUL inside of text, or more values
 * than there is memory for.
 */
static int
look_over(struct slice text, struct error * err)
{
	size_t i, values = 1;
	bool quoted = false;

	if (!utf8_valid(text) || memchr(text.p, 0, text.n) != NULL)
		return (error_set(err, ERR_DESERIALIZATION,
		    "JSON is UTF-8; this is not"));
	for (i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\') {
			if (text.n - i >= 6 &&
			    memcmp(text.p + i, "\\u0000", 6) == 0)
				return (error_set(err, ERR_DESERIALIZATION,
				    "text has no character \\u0000"));
			i++;
		} else if (!quoted && (c == ',' || c == '[' || c == '{'))
			values++;
	}
	return (values <= PROTO_JSON_VALUES ? 0 : error_set(err,
	    ERR_DESERIALIZATION, "that are over %d values of JSON",
	    PROTO_JSON_VALUES));
}

static struct slice
without_space(struct slice text)
{
	while (text.n > 0 && memchr(" \t\r\n", text.p[text.n - 1], 4) != NULL)
		text.n--;
	return (text);
}

int
proto_json_read(struct buffer * out, const ProtobufCMessageDescriptor * type,
    struct slice text, struct error * err)
{
	size_t before = out->n;
	const char * end = NULL;
	cJSON * object;
	int rc;

	text = without_space(text);
	if (text.n == 0)
		return (0);
	if ((rc = look_over(text, err)) != 0)
		return (rc);
	object = cJSON_ParseWithLengthOpts((const char *)text.p, text.n, &end,
	    0);
	if (object == NULL || end != (const char *)text.p + text.n)
		rc = error_set(err, ERR_DESERIALIZATION, "this is no JSON");
	else if (cJSON_IsObject(object))
		rc = message(out, type, object, err);
	else if (!cJSON_IsNull(object))
		rc = error_set(err, ERR_DESERIALIZATION,
		    "a message is an object of JSON");
	cJSON_Delete(object);
	if (rc == 0 && out->failed)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	if (rc != 0)
		out->n = before;
	return (rc);
}
