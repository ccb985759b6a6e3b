#include "group/setting.h"

#include "codec/utf8.h"
#include "group/wire.h"

enum { FIELD_TYPE = 2, FIELD_KEY = 3, FIELD_VALUE = 4 };

/* AppMetadata { message = 2 } */
enum { FIELD_MESSAGE = 2 };

static const uint8_t magic[] = {'B', 'R', 'T', 'Y', 'S', 'E', 'T', '1'};

/*
 * A key with a NUL would be another one to those who read it as C reads text.
 */
static bool
is_valid(const struct setting * s)
{
	return ((s->type == SETTING_GROUP || s->type == SETTING_MEMBER) &&
	    s->key.n > 0 && s->key.n <= SETTING_KEY_MAX &&
	    memchr(s->key.p, 0, s->key.n) == NULL && utf8_valid(s->key) &&
	    s->value.n <= SETTING_VALUE_MAX);
}

int
setting_encode(struct buffer * out, const struct setting * s)
{
	if (!is_valid(s))
		return (-ERR_INVALID_INPUT);
	buffer_append(out, magic, sizeof(magic));
	wire_put_varint(out, FIELD_TYPE, s->type);
	wire_put_bytes(out, FIELD_KEY, s->key);
	wire_put_bytes(out, FIELD_VALUE, s->value);
	return (0);
}

int
setting_decode(struct setting * s, struct slice message)
{
	struct setting found = {0};
	struct wire_field f;
	struct reader r;

	if (message.n < sizeof(magic) ||
	    memcmp(message.p, magic, sizeof(magic)) != 0)
		return (-ERR_NOT_FOUND);
	r = reader_of(slice_of(message.p + sizeof(magic),
	    message.n - sizeof(magic)));
	while (wire_next(&r, &f)) {
		if (f.number == FIELD_TYPE && f.type == WIRE_VARINT)
			found.type = f.value <= SETTING_MEMBER
			    ? (enum setting_type)f.value : 0;
		else if (wire_is_bytes(&f, FIELD_KEY))
			found.key = f.bytes;
		else if (wire_is_bytes(&f, FIELD_VALUE))
			found.value = f.bytes;
	}
	if (r.failed || !is_valid(&found))
		return (-ERR_DESERIALIZATION);
	*s = found;
	return (0);
}

int
setting_of(struct setting * s, const struct metadata_event * e)
{
	struct slice message;

	if (e->type != EVENT_APP_METADATA)
		return (-ERR_NOT_FOUND);
	if (wire_find(e->payload, FIELD_MESSAGE, &message) != 0)
		return (-ERR_DESERIALIZATION);
	return (setting_decode(s, message));
}
