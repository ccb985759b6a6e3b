/*
 * proto_json.h: protobuf messages as JSON and back.  Source: proto3 language
 * guide, "JSON mapping"; golang/protobuf jsonpb for what Berty's gateway does.
 */
#ifndef BERTY_JSON_PROTO_JSON_H
#define BERTY_JSON_PROTO_JSON_H

#include <cjson/cJSON.h>
#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"
#include "base/error.h"

enum proto_json_form {
	/* Every field, named as in the .proto; numbers are numbers. */
	PROTO_JSON_FIELDS,
	/* protobuf's own mapping, as Berty prints it: names in camelCase,
	 * 64-bit integers as text, nothing that has its default. */
	PROTO_JSON_MAPPED,
	/* The same with names as in the .proto, as Berty's gateway answers. */
	PROTO_JSON_GATEWAY
};

/* Enums by name, bytes in base64; NULL or less of it without memory. */
cJSON * proto_json(const ProtobufCMessage * message, enum proto_json_form form);

/* Values in one text of JSON that is read: each costs memory. */
#define PROTO_JSON_VALUES 65536

/*
 * Append the encoding of the message that a text of JSON gives, in either
 * spelling of its names.  An empty text, or `null`, is an empty message; names
 * that the message has not are passed over.  -ERR_DESERIALIZATION with a
 * sentence for what is no JSON, has a value of the wrong kind or the same field
 * twice, or has over PROTO_JSON_VALUES values; then out is as it was.  Whoever
 * decodes the result has the message.
 */
int proto_json_read(struct buffer * out,
    const ProtobufCMessageDescriptor * type, struct slice text,
    struct error * err);

/* Are these the entries of a map<>, of this type? */
bool proto_json_is_map(const ProtobufCFieldDescriptor * field);

/* The name of a field in camelCase, cut to size. */
void proto_json_camel(char * to, size_t size, const char * name);

#endif /* !BERTY_JSON_PROTO_JSON_H */
