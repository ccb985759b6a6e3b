#include "p2p/mdns_message.h"

#include "base/error.h"
#include "base/reader.h"

enum {
	HEADER = 12,
	JUMPS_MAX = 32,           /* pointers followed in one name */
	CLASS_IN = 1,
	CLASS_ANY = 255,
	TOP_BIT = 0x8000,         /* of a class: unicast wanted, or flush */
	RESPONSE = 0x8000,
	AUTHORITATIVE = 0x0400,
	OPERATION_OR_ERROR = 0x780f,
	POINTER = 0xc0,
};

/* --- names -------------------------------------------------------------- */

static uint8_t
lower(uint8_t c)
{
	return (c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
}

/* Append a label (n may be 0: the end); false when the name is full. */
static bool
add_label(struct mdns_name * name, const uint8_t * p, size_t n)
{
	size_t i;

	if (n > MDNS_LABEL_MAX || (size_t)name->n + 1 + n > MDNS_NAME_MAX)
		return (false);
	name->bytes[name->n++] = (uint8_t)n;
	for (i = 0; i < n; i++)
		name->bytes[name->n++] = lower(p[i]);
	return (true);
}

int
mdns_name_of(struct mdns_name * name, const char * text)
{
	struct mdns_name made = {0};
	size_t n;

	while (*text != '\0') {
		n = strcspn(text, ".");
		if (n == 0 || !add_label(&made, (const uint8_t *)text, n))
			return (-ERR_INVALID_INPUT);
		text += n;
		if (*text == '.')
			text++;
	}
	if (!add_label(&made, NULL, 0))
		return (-ERR_INVALID_INPUT);
	*name = made;
	return (0);
}

bool
mdns_name_within(const struct mdns_name * name,
    const struct mdns_name * service)
{
	size_t label = name->n == 0 ? 0 : (size_t)name->bytes[0] + 1;

	return (label > 1 && name->n == label + service->n &&
	    memcmp(name->bytes + label, service->bytes, service->n) == 0);
}

/*
 * Read a name at the reader's place in the message.  A pointer must go to
 * before where it, and all pointers before it, stand: so there is no loop.
 * false: malformed.
 */
static bool
read_name(struct reader * r, struct slice message, struct mdns_name * name)
{
	struct reader at = *r;
	size_t bound = message.n - r->n, target;
	unsigned jumps = 0;
	uint8_t length;

	name->n = 0;
	for (;;) {
		length = reader_byte(&at);
		if (at.failed || ((length & POINTER) != 0 &&
		    (length & POINTER) != POINTER))
			return (false);
		if ((length & POINTER) == 0) {
			struct slice label = reader_take(&at, length);

			if (at.failed ||
			    !add_label(name, label.p, label.n))
				return (false);
			if (jumps == 0)
				*r = at;
			if (length == 0)
				return (true);
			continue;
		}
		target = (size_t)(length & ~POINTER) << 8 | reader_byte(&at);
		if (jumps == 0)
			*r = at;
		if (at.failed || target < HEADER || target >= bound ||
		    ++jumps > JUMPS_MAX)
			return (false);
		bound = target;
		at = reader_of(slice_of(message.p + target,
		    message.n - target));
	}
}

/* --- reading ------------------------------------------------------------ */

static bool
read_question(struct reader * r, struct slice message,
    const struct mdns_reader * to)
{
	struct mdns_question q = {0};
	uint16_t class;

	if (!read_name(r, message, &q.name))
		return (false);
	q.type = reader_be16(r);
	class = reader_be16(r);
	q.unicast = (class & TOP_BIT) != 0;
	class &= (uint16_t)~TOP_BIT;
	if (r->failed)
		return (false);
	if (to != NULL && to->question != NULL &&
	    (class == CLASS_IN || class == CLASS_ANY))
		to->question(to->user, &q);
	return (true);
}

/* The name that a record's data holds; it may point back into the message. */
static bool
read_target(struct mdns_record * record, struct slice message)
{
	size_t skip = record->type == MDNS_SRV ? 6 : 0;
	struct slice data = record->data;
	struct reader r;

	if (record->type != MDNS_PTR && record->type != MDNS_SRV)
		return (true);
	if (data.n < skip)
		return (false);
	/* What the name is made of ends with the data. */
	message.n = (size_t)(data.p + data.n - message.p);
	r = reader_of(slice_of(data.p + skip, data.n - skip));
	return (read_name(&r, message, &record->target) && reader_done(&r));
}

static bool
good_data(const struct mdns_record * record)
{
	struct slice data = record->data, string;

	switch (record->type) {
	case MDNS_A:
		return (data.n == 4);
	case MDNS_AAAA:
		return (data.n == 16);
	case MDNS_TXT:
		while (mdns_text_next(&data, &string))
			continue;
		return (data.n == 0);
	default:
		return (true);
	}
}

static bool
read_record(struct reader * r, struct slice message,
    enum mdns_section section, const struct mdns_reader * to)
{
	struct mdns_record record = {.section = section};
	uint16_t class;

	if (!read_name(r, message, &record.name))
		return (false);
	record.type = reader_be16(r);
	class = reader_be16(r);
	record.ttl = reader_be32(r);
	record.data = reader_take(r, reader_be16(r));
	if (r->failed)
		return (false);
	if ((class & ~TOP_BIT) != CLASS_IN)
		return (true);
	if (!read_target(&record, message) || !good_data(&record))
		return (false);
	if (to != NULL && to->record != NULL)
		to->record(to->user, &record);
	return (true);
}

/* One pass; the first one tells nobody. */
static int
pass(struct slice message, const struct mdns_reader * to,
    struct mdns_header * header)
{
	struct reader r = reader_of(message);
	uint16_t flags, counts[4];
	size_t i, j, sum = 0;

	header->id = reader_be16(&r);
	flags = reader_be16(&r);
	for (i = 0; i < 4; i++)
		sum += counts[i] = reader_be16(&r);
	if (r.failed || sum > MDNS_RECORDS_MAX ||
	    message.n > MDNS_MESSAGE_MAX)
		return (-ERR_DESERIALIZATION);
	header->response = (flags & RESPONSE) != 0;
	header->authorities = counts[1 + MDNS_AUTHORITY] > 0;
	for (i = 0; i < 4; i++)
		for (j = 0; j < counts[i]; j++)
			if (!(i == 0 ? read_question(&r, message, to) :
			    read_record(&r, message,
			        (enum mdns_section)(i - 1), to)))
				return (-ERR_DESERIALIZATION);
	if (!reader_done(&r))
		return (-ERR_DESERIALIZATION);
	return ((flags & OPERATION_OR_ERROR) == 0 ? 0 : -ERR_INVALID_INPUT);
}

int
mdns_message_check(struct slice message, struct mdns_header * header)
{
	return (pass(message, NULL, header));
}

int
mdns_message_read(struct slice message, const struct mdns_reader * reader)
{
	struct mdns_header header;
	int status;

	if ((status = pass(message, NULL, &header)) != 0)
		return (status);
	return (pass(message, reader, &header));
}

bool
mdns_text_next(struct slice * data, struct slice * string)
{
	size_t n;

	if (data->n == 0 || (n = data->p[0]) > data->n - 1)
		return (false);
	*string = slice_of(data->p + 1, n);
	*data = slice_of(data->p + 1 + n, data->n - 1 - n);
	return (true);
}

/* --- writing ------------------------------------------------------------ */

void
mdns_write_begin(struct mdns_writer * w, struct buffer * out, uint16_t id,
    bool response)
{
	*w = (struct mdns_writer){.out = out, .start = out->n};
	buffer_be16(out, id);
	buffer_be16(out, response ? RESPONSE | AUTHORITATIVE : 0);
	buffer_be64(out, 0);
}

static size_t
label_size(const uint8_t * label)
{
	return ((size_t)label[0] + 1);
}

/*
 * Where this end of a name stands in the first `size` bytes of the message; 0:
 * nowhere.  What matches down to the empty label reads as that name, wherever
 * it is.
 */
static size_t
written_at(const struct mdns_writer * w, size_t size, const uint8_t * tail,
    size_t n)
{
	const uint8_t * p = w->out->p + w->start;
	size_t at;

	for (at = HEADER; at + n <= size && at < 0x3fff; at++)
		if (memcmp(p + at, tail, n) == 0)
			return (at);
	return (0);
}

static void
write_name(struct mdns_writer * w, const struct mdns_name * name)
{
	const uint8_t * p = name->bytes;
	const uint8_t * end = name->bytes + name->n;
	/* A label may have the rest of its own name in it. */
	size_t size = w->out->n - w->start, at;

	for (; p < end && p[0] != 0; p += label_size(p)) {
		if (!w->out->failed && (at = written_at(w, size, p,
		    (size_t)(end - p))) != 0) {
			buffer_be16(w->out, (uint16_t)(POINTER << 8 | at));
			return;
		}
		buffer_append(w->out, p, label_size(p));
	}
	buffer_byte(w->out, 0);
}

void
mdns_write_question(struct mdns_writer * w, const struct mdns_name * name,
    enum mdns_type type)
{
	write_name(w, name);
	buffer_be16(w->out, (uint16_t)type);
	buffer_be16(w->out, CLASS_IN);
	w->counts[0]++;
}

void
mdns_write_record(struct mdns_writer * w, enum mdns_section section,
    const struct mdns_name * name, enum mdns_type type, bool flush,
    uint32_t ttl, struct slice data)
{
	write_name(w, name);
	buffer_be16(w->out, (uint16_t)type);
	buffer_be16(w->out, flush ? TOP_BIT | CLASS_IN : CLASS_IN);
	buffer_be32(w->out, ttl);
	buffer_be16(w->out, (uint16_t)data.n);
	buffer_slice(w->out, data);
	w->counts[1 + section]++;
}

void
mdns_write_end(struct mdns_writer * w)
{
	size_t i;

	if (w->out->failed)
		return;
	for (i = 0; i < 4; i++) {
		w->out->p[w->start + 4 + 2 * i] = (uint8_t)(w->counts[i] >> 8);
		w->out->p[w->start + 5 + 2 * i] = (uint8_t)w->counts[i];
	}
}

bool
mdns_write_text(struct buffer * data, struct slice string)
{
	if (string.n > MDNS_STRING_MAX)
		return (false);
	buffer_byte(data, (uint8_t)string.n);
	buffer_slice(data, string);
	return (true);
}
