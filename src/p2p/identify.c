#include "p2p/identify.h"

#include "base/error.h"
#include "base/reader.h"
#include "codec/protobuf.h"
#include "libp2p/identify.pb-c.h"

/* Source: go-libp2p p2p/protocol/identify, legacyIDSize. */
#define FRAME_SMALL 2048

void
identify_free(struct identify * id)
{
	buffer_free(&id->public_key);
	buffer_free(&id->addresses);
	buffer_free(&id->protocols);
	buffer_free(&id->observed);
	buffer_free(&id->version);
	buffer_free(&id->agent);
	buffer_free(&id->record);
	*id = (struct identify){0};
}

static void
replace(struct buffer * b, struct slice with)
{
	buffer_clear(b);
	buffer_slice(b, with);
}

static void
merge_lists(struct identify * id, const Libp2p__Identify__Identify * m)
{
	size_t i;

	for (i = 0; i < m->n_listen_addrs; i++) {
		buffer_uvarint(&id->addresses, m->listen_addrs[i].len);
		buffer_slice(&id->addresses,
		    protobuf_slice(m->listen_addrs[i]));
	}
	for (i = 0; i < m->n_protocols; i++)
		buffer_append(&id->protocols, m->protocols[i],
		    strlen(m->protocols[i]) + 1);
	id->n_protocols += (unsigned)m->n_protocols;
}

static void
merge_message(struct identify * id, const Libp2p__Identify__Identify * m)
{
	merge_lists(id, m);
	if (m->has_public_key)
		replace(&id->public_key, protobuf_slice(m->public_key));
	if (m->has_observed_addr)
		replace(&id->observed, protobuf_slice(m->observed_addr));
	if (m->protocol_version != NULL)
		replace(&id->version, slice_text(m->protocol_version));
	if (m->agent_version != NULL)
		replace(&id->agent, slice_text(m->agent_version));
	if (m->has_signed_peer_record)
		replace(&id->record, protobuf_slice(m->signed_peer_record));
}

int
identify_merge(struct identify * id, struct slice frame)
{
	Libp2p__Identify__Identify * m;
	int status = 0;

	if (id->frames >= IDENTIFY_FRAMES ||
	    frame.n > IDENTIFY_MAX - id->bytes)
		return (-ERR_INVALID_INPUT);
	m = protobuf_decode(&libp2p__identify__identify__descriptor, frame,
	    protobuf_cap(frame.n));
	if (m == NULL)
		return (-ERR_DESERIALIZATION);
	if (id->n_protocols + m->n_protocols > IDENTIFY_PROTOCOLS)
		status = -ERR_INVALID_INPUT;
	else
		merge_message(id, m);
	protobuf_free(m);
	id->frames++;
	id->bytes += frame.n;
	return (status);
}

/* --- deltas ------------------------------------------------------------- */

/* The next of the names, or NULL. */
static const char *
next_name(const struct buffer * names, size_t * at)
{
	const char * name;

	if (*at >= names->n)
		return (NULL);
	name = (const char *)names->p + *at;
	*at += strlen(name) + 1;
	return (name);
}

static bool
is_among(const char * name, char * const * list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return (true);
	return (false);
}

static bool
has_name(const struct buffer * names, const char * name)
{
	const char * other;
	size_t at = 0;

	while ((other = next_name(names, &at)) != NULL)
		if (strcmp(name, other) == 0)
			return (true);
	return (false);
}

/* Those that stay, then those that are new; how many. */
static size_t
changed_names(struct buffer * out, const struct buffer * old,
    const Libp2p__Identify__Delta * d)
{
	const char * name;
	size_t at = 0, n = 0, i;

	while ((name = next_name(old, &at)) != NULL)
		if (!is_among(name, d->rm_protocols, d->n_rm_protocols)) {
			buffer_append(out, name, strlen(name) + 1);
			n++;
		}
	for (i = 0; i < d->n_added_protocols; i++) {
		name = d->added_protocols[i];
		if (is_among(name, d->rm_protocols, d->n_rm_protocols) ||
		    has_name(out, name))
			continue;
		buffer_append(out, name, strlen(name) + 1);
		n++;
	}
	return (n);
}

static int
apply_delta(struct buffer * protocols, const Libp2p__Identify__Delta * d)
{
	struct buffer made = {0};
	size_t n;

	if (d->n_added_protocols > IDENTIFY_DELTA_NAMES ||
	    d->n_rm_protocols > IDENTIFY_DELTA_NAMES)
		return (-ERR_INVALID_INPUT);
	n = changed_names(&made, protocols, d);
	if (made.failed || n > IDENTIFY_PROTOCOLS || made.n > IDENTIFY_MAX) {
		buffer_free(&made);
		return (-ERR_INVALID_INPUT);
	}
	buffer_free(protocols);
	*protocols = made;
	return (1);
}

int
identify_delta(struct buffer * protocols, struct slice frame)
{
	Libp2p__Identify__Identify * m;
	int status = 0;

	if (frame.n > IDENTIFY_DELTA_MAX)
		return (-ERR_INVALID_INPUT);
	m = protobuf_decode(&libp2p__identify__identify__descriptor, frame,
	    protobuf_cap(frame.n));
	if (m == NULL)
		return (-ERR_DESERIALIZATION);
	if (m->delta != NULL)
		status = apply_delta(protocols, m->delta);
	protobuf_free(m);
	return (status);
}

/* --- writing ------------------------------------------------------------ */

static void
write_field(struct buffer * out, unsigned number, struct slice value)
{
	buffer_byte(out, (uint8_t)(number << 3 | 2));
	buffer_uvarint(out, value.n);
	buffer_slice(out, value);
}

static void
write_lists(struct buffer * out, const struct identify * id)
{
	struct reader r = reader_of(buffer_all(&id->addresses));
	const char * name;
	size_t at;

	while (r.n > 0)
		write_field(out, 2, reader_prefixed(&r, r.n));
	for (at = 0; at < id->protocols.n; at += strlen(name) + 1) {
		name = (const char *)id->protocols.p + at;
		write_field(out, 3, slice_text(name));
	}
}

static void
write_frame(struct buffer * out, const struct buffer * frame)
{
	buffer_uvarint(out, frame->n);
	buffer_slice(out, buffer_all(frame));
	out->failed |= frame->failed;
}

void
identify_write(struct buffer * out, const struct identify * id)
{
	struct buffer frame = {0}, record = {0};

	write_field(&frame, 1, buffer_all(&id->public_key));
	write_lists(&frame, id);
	write_field(&frame, 4, buffer_all(&id->observed));
	/* Empty or not, as Go. */
	write_field(&frame, 5, buffer_all(&id->version));
	write_field(&frame, 6, buffer_all(&id->agent));
	write_field(&record, 8, buffer_all(&id->record));
	if (id->record.n > 0 && frame.n + record.n <= FRAME_SMALL)
		buffer_slice(&frame, buffer_all(&record));
	write_frame(out, &frame);
	if (id->record.n > 0 && frame.n + record.n > FRAME_SMALL &&
	    frame.n <= IDENTIFY_MAX)
		write_frame(out, &record);
	buffer_free(&frame);
	buffer_free(&record);
}
