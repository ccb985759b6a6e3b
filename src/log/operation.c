/* The payload of an entry.  Source: go-orbit-db stores/operation. */
#include "base/error.h"
#include "codec/multibase.h"
#include "log/entry.h"
#include "log/json.h"

void
operation_encode(struct buffer * out, struct slice value)
{
	buffer_text(out, "{\"op\":\"ADD\"");
	if (value.n > 0) {
		buffer_text(out, ",\"value\":\"");
		base64_encode(out, value);
		buffer_byte(out, '"');
	}
	buffer_byte(out, '}');
}

/* The member's value: is the operation an ADD, and what does it add? */
static void
read_member(struct reader * r, struct slice key, bool * add,
    struct buffer * value)
{
	struct buffer text = {0};

	if (slice_equal(key, slice_text("op"))) {
		json_text(r, &text);
		*add = slice_equal(buffer_all(&text), slice_text("ADD"));
	} else if (slice_equal(key, slice_text("value")) && !json_null(r)) {
		json_text(r, &text);
		buffer_clear(value);
		if (base64_decode(value, buffer_all(&text)) != 0)
			reader_fail(r);
	} else if (!slice_equal(key, slice_text("value"))) {
		(void)json_skip(r);
	}
	buffer_free(&text);
}

int
operation_value(struct buffer * out, struct slice payload)
{
	struct reader r = reader_of(payload);
	struct buffer value = {0};
	struct slice key;
	bool first = true, add = false;
	int status = -ERR_DESERIALIZATION;

	while (json_member(&r, &first, &key))
		read_member(&r, key, &add, &value);
	if (json_done(&r) && add && !value.failed) {
		buffer_slice(out, buffer_all(&value));
		status = 0;
	}
	buffer_free(&value);
	return (status);
}
