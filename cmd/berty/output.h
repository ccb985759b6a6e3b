/* output.h: what the commands print, for people and as JSON. */
#ifndef BERTY_CMD_OUTPUT_H
#define BERTY_CMD_OUTPUT_H

#include <cjson/cJSON.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* One line on stderr: what went wrong, with its codes. */
void output_error(const struct error * err);

/* Text of others: control and direction characters become `?`. */
void output_safe(struct slice text);

/* Print one JSON object on a line, flush, and free it. */
void output_json(cJSON * object);

/* Members of a JSON object: bytes in standard base64, text made valid. */
void output_add_bytes(cJSON * object, const char * name, struct slice bytes);
void output_add_text(cJSON * object, const char * name, struct slice text);

/* A CID as its base32 text, which is what links and messages use. */
void output_add_cid(cJSON * object, const char * name, struct slice cid);
void output_cid(struct slice cid);
void output_hex(struct slice bytes);

#endif /* !BERTY_CMD_OUTPUT_H */
