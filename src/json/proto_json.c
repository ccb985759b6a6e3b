/* proto_json.c: a message as JSON. */
#include "json/proto_json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/multibase.h"
#include "codec/utf8.h"

void
proto_json_camel(char * to, size_t size, const char * name)
{
	size_t n = 0;

	for (; *name != '\0' && n + 1 < size; name++) {
		if (*name == '_' && name[1] != '\0') {
			name++;
			to[n++] = (char)toupper((unsigned char)*name);
		} else
			to[n++] = *name;
	}
	to[n] = '\0';
}

static cJSON *
whole_number(bool negative, uint64_t v, enum proto_json_form form)
{
	char text[24];

	if (form == PROTO_JSON_FIELDS)
		return (cJSON_CreateNumber(negative ? -(double)v : (double)v));
	(void)snprintf(text, sizeof(text), "%s%" PRIu64, negative ? "-" : "",
	    v);
	return (cJSON_CreateString(text));
}

static cJSON *
string_json(struct buffer * text)
{
	cJSON * item;

	buffer_byte(text, 0);
	item = text->failed ? NULL : cJSON_CreateString((char *)text->p);
	buffer_free(text);
	return (item);
}

static cJSON *
bytes_json(const ProtobufCBinaryData * bytes)
{
	struct buffer text = {0};

	base64_encode(&text, slice_of(bytes->data, bytes->len));
	return (string_json(&text));
}

/* The bytes of a character, or 0 for one that is none. */
static size_t
character(struct slice text)
{
	size_t n;

	for (n = 1; n <= 4 && n <= text.n; n++)
		if (utf8_valid(slice_of(text.p, n)))
			return (n);
	return (0);
}

/* JSON escapes control characters; only bad UTF-8 cannot be said. */
static cJSON *
text_json(const char * string)
{
	struct slice rest = slice_text(string);
	struct buffer text = {0};
	size_t n;

	while (rest.n > 0) {
		n = utf8_valid(rest) ? rest.n : character(rest);
		if (n == 0)
			buffer_byte(&text, '?');
		else
			buffer_append(&text, rest.p, n);
		n += n == 0;
		rest = slice_of(rest.p + n, rest.n - n);
	}
	return (string_json(&text));
}

static cJSON *
enum_json(const ProtobufCEnumDescriptor * type, int v)
{
	const ProtobufCEnumValue * value =
	    protobuf_c_enum_descriptor_get_value(type, v);

	return (value != NULL ? cJSON_CreateString(value->name)
	    : cJSON_CreateNumber(v));
}

static cJSON *
value_json(const ProtobufCFieldDescriptor * f, const void * at,
    enum proto_json_form form)
{
	int64_t v;

	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return (proto_json(*(const ProtobufCMessage * const *)at,
		    form));
	case PROTOBUF_C_TYPE_STRING:
		return (text_json(*(const char * const *)at));
	case PROTOBUF_C_TYPE_BYTES:
		return (bytes_json(at));
	case PROTOBUF_C_TYPE_BOOL:
		return (cJSON_CreateBool(*(const protobuf_c_boolean *)at));
	case PROTOBUF_C_TYPE_ENUM:
		return (enum_json(f->descriptor, *(const int *)at));
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return (cJSON_CreateNumber(*(const int32_t *)at));
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return (cJSON_CreateNumber(*(const uint32_t *)at));
	case PROTOBUF_C_TYPE_FLOAT:
		return (cJSON_CreateNumber((double)*(const float *)at));
	case PROTOBUF_C_TYPE_DOUBLE:
		return (cJSON_CreateNumber(*(const double *)at));
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return (whole_number(false, *(const uint64_t *)at, form));
	default:
		v = *(const int64_t *)at;
		return (whole_number(v < 0, v < 0 ? 0 - (uint64_t)v
		    : (uint64_t)v, form));
	}
}

static size_t
value_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return (sizeof(void *));
	case PROTOBUF_C_TYPE_BYTES:
		return (sizeof(ProtobufCBinaryData));
	case PROTOBUF_C_TYPE_BOOL:
		return (sizeof(protobuf_c_boolean));
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return (8);
	default:
		return (4);
	}
}

/* Has it the value that is not written? */
static bool
is_default(const ProtobufCFieldDescriptor * f, const void * at)
{
	static const char zeros[16];
	const char * text;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		text = *(const char * const *)at;
		return (text == NULL || *text == '\0');
	case PROTOBUF_C_TYPE_BYTES:
		return (((const ProtobufCBinaryData *)at)->len == 0);
	default:
		return (memcmp(at, zeros, value_size(f->type)) == 0);
	}
}

static cJSON *
list_json(const ProtobufCFieldDescriptor * f, const char * values, size_t n,
    enum proto_json_form form)
{
	cJSON * list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(list,
		    value_json(f, values + i * value_size(f->type), form));
	return (list);
}

bool
proto_json_is_map(const ProtobufCFieldDescriptor * f)
{
	const ProtobufCMessageDescriptor * entry = f->descriptor;
	size_t n;

	if (f->label != PROTOBUF_C_LABEL_REPEATED ||
	    f->type != PROTOBUF_C_TYPE_MESSAGE || entry->n_fields != 2)
		return (false);
	n = strlen(entry->short_name);
	return (n > 5 && strcmp(entry->short_name + n - 5, "Entry") == 0 &&
	    strcmp(entry->fields[0].name, "key") == 0 &&
	    entry->fields[0].type == PROTOBUF_C_TYPE_STRING &&
	    strcmp(entry->fields[1].name, "value") == 0);
}

/* Entries of a map from text, as members of an object. */
static cJSON *
map_json(const ProtobufCFieldDescriptor * f, const void * values, size_t n,
    enum proto_json_form form)
{
	const ProtobufCMessageDescriptor * type = f->descriptor;
	const ProtobufCMessage * const * entries = values;
	cJSON * object = cJSON_CreateObject();
	const char * entry;
	cJSON * key;
	size_t i;

	for (i = 0; i < n; i++) {
		entry = (const char *)entries[i];
		key = text_json(*(const char * const *)(const void *)(entry +
		    type->fields[0].offset));
		if (key != NULL)
			cJSON_AddItemToObject(object, key->valuestring,
			    value_json(&type->fields[1], entry +
			        type->fields[1].offset, form));
		cJSON_Delete(key);
	}
	return (object);
}

static cJSON *
repeated_json(const ProtobufCFieldDescriptor * f, const char * base,
    enum proto_json_form form)
{
	const void * values;
	size_t n;

	memcpy(&n, base + f->quantifier_offset, sizeof(n));
	memcpy(&values, base + f->offset, sizeof(values));
	if (n == 0 && form != PROTO_JSON_FIELDS)
		return (NULL);
	if (form != PROTO_JSON_FIELDS && proto_json_is_map(f))
		return (map_json(f, values, n, form));
	return (list_json(f, values, n, form));
}

/* Does the form leave this field out? */
static bool
is_left_out(const ProtobufCFieldDescriptor * f, const char * base,
    enum proto_json_form form)
{
	const void * at = base + f->offset;
	uint32_t chosen;

	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		memcpy(&chosen, base + f->quantifier_offset, sizeof(chosen));
		return (chosen != f->id);
	}
	if (form != PROTO_JSON_FIELDS)
		return (is_default(f, at));
	return (f->type == PROTOBUF_C_TYPE_MESSAGE &&
	    *(void * const *)at == NULL);
}

cJSON *
proto_json(const ProtobufCMessage * message, enum proto_json_form form)
{
	const char * base = (const char *)message;
	cJSON * object = cJSON_CreateObject();
	const ProtobufCFieldDescriptor * f;
	cJSON * value = NULL;
	char camel[64];
	unsigned i;

	for (i = 0; i < message->descriptor->n_fields; i++, value = NULL) {
		f = &message->descriptor->fields[i];
		proto_json_camel(camel, sizeof(camel), f->name);
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			value = repeated_json(f, base, form);
		else if (!is_left_out(f, base, form))
			value = value_json(f, base + f->offset, form);
		if (value != NULL)
			cJSON_AddItemToObject(object, form ==
			    PROTO_JSON_MAPPED ? camel : f->name, value);
	}
	return (object);
}
