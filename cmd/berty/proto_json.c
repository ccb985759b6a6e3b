#include "proto_json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

/* uptime_ms: uptimeMs, in the mapped form */
static void
camel_case(char * to, size_t size, const char * name)
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
bytes_json(const ProtobufCBinaryData * bytes)
{
	cJSON * box = cJSON_CreateObject();
	cJSON * item;

	output_add_bytes(box, "x", slice_of(bytes->data, bytes->len));
	item = cJSON_DetachItemFromObject(box, "x");
	cJSON_Delete(box);
	return (item);
}

static cJSON *
text_json(const char * text)
{
	cJSON * box = cJSON_CreateObject();
	cJSON * item;

	output_add_text(box, "x", slice_text(text));
	item = cJSON_DetachItemFromObject(box, "x");
	cJSON_Delete(box);
	return (item);
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
		return (proto_json(*(const ProtobufCMessage * const *)at, form));
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

/* Does the form leave this field out? */
static bool
is_left_out(const ProtobufCFieldDescriptor * f, const void * at,
    enum proto_json_form form)
{
	if (form == PROTO_JSON_MAPPED)
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
	const char * name;
	char camel[64];
	size_t n;
	unsigned i;

	for (i = 0; i < message->descriptor->n_fields; i++) {
		f = &message->descriptor->fields[i];
		camel_case(camel, sizeof(camel), f->name);
		name = form == PROTO_JSON_MAPPED ? camel : f->name;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			memcpy(&n, base + f->quantifier_offset, sizeof(n));
			if (n > 0 || form == PROTO_JSON_FIELDS)
				cJSON_AddItemToObject(object, name,
				    list_json(f, *(const char * const *)
				        (const void *)(base + f->offset), n,
				        form));
		} else if (!is_left_out(f, base + f->offset, form))
			cJSON_AddItemToObject(object, name,
			    value_json(f, base + f->offset, form));
	}
	return (object);
}
