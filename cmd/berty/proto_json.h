/* proto_json.h: any protobuf message as JSON, enums by name, bytes in base64. */
#ifndef BERTY_CMD_PROTO_JSON_H
#define BERTY_CMD_PROTO_JSON_H

#include <cjson/cJSON.h>
#include <protobuf-c/protobuf-c.h>

enum proto_json_form {
	/* Every field, named as in the .proto; numbers are numbers. */
	PROTO_JSON_FIELDS,
	/* protobuf's own mapping, as Berty prints it: names in camelCase,
	 * 64-bit integers as text, nothing that has its default. */
	PROTO_JSON_MAPPED
};

cJSON * proto_json(const ProtobufCMessage * message, enum proto_json_form form);

#endif /* !BERTY_CMD_PROTO_JSON_H */
