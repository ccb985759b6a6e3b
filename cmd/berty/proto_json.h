/*
 * proto_json.h: messages in protobuf's own JSON mapping, as Berty prints them:
 * names in camelCase, 64-bit integers as text, nothing that has its default.
 */
#ifndef BERTY_CMD_PROTO_JSON_H
#define BERTY_CMD_PROTO_JSON_H

#include <cjson/cJSON.h>
#include <protobuf-c/protobuf-c.h>

cJSON * proto_json(const ProtobufCMessage * message);

#endif /* !BERTY_CMD_PROTO_JSON_H */
