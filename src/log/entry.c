#include "log/entry.h"

#include <stdlib.h>

#include "base/error.h"
#include "codec/cbor.h"
#include "codec/multibase.h"
#include "log/entry_impl.h"

/* Bytes of a link in a block: tag, head of the bytes, 00, CID. */
#define LINK_SIZE 41

static const uint8_t link_prefix[] = {0x01, CID_DAG_CBOR, 0x12, 0x20};

bool
entry_is_link(const struct cid * cid)
{
	return (cid->n == sizeof(link_prefix) + SHA256_SIZE &&
	    memcmp(cid->bytes, link_prefix, sizeof(link_prefix)) == 0);
}

void
entry_free(struct entry * e)
{
	free(e->next);
	free(e->refs);
	buffer_free(&e->held);
	*e = (struct entry){0};
}

/* --- reading ------------------------------------------------------------ */

static void
read_key(struct reader * r, const char * key)
{
	if (!slice_equal(cbor_read_text(r), slice_text(key)))
		reader_fail(r);
}

static struct slice
read_text(struct reader * r, const char * key)
{
	read_key(r, key);
	return (cbor_read_text(r));
}

/*
 * Hex in lower case only, so that encoding gives the same bytes again.  held
 * has room for all of them: what was read before stays where it is.
 */
static struct slice
read_hex(struct reader * r, const char * key, struct buffer * held)
{
	struct slice text = read_text(r, key);
	size_t i, start = held->n;

	for (i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F')
			reader_fail(r);
	if (r->failed || hex_decode(held, text) != 0) {
		reader_fail(r);
		return (slice_of(NULL, 0));
	}
	return (slice_of(held->p + start, held->n - start));
}

static void
read_links(struct reader * r, const char * key, struct cid ** links,
    size_t * n)
{
	uint64_t count, i;

	read_key(r, key);
	count = cbor_read_array(r);
	/* No allocation from a header's count: the links must be there. */
	if (count > r->n / LINK_SIZE)
		reader_fail(r);
	if (r->failed || count == 0)
		return;
	if ((*links = calloc((size_t)count, sizeof(**links))) == NULL) {
		reader_fail(r);
		return;
	}
	*n = (size_t)count;
	for (i = 0; i < count && !r->failed; i++) {
		cbor_read_link(r, &(*links)[i]);
		if (!entry_is_link(&(*links)[i]))
			reader_fail(r);
	}
}

static void
read_map(struct reader * r, const char * key, uint64_t members)
{
	read_key(r, key);
	if (cbor_read_map(r) != members)
		reader_fail(r);
}

static void
read_null(struct reader * r, const char * key)
{
	struct cbor_item item;

	read_key(r, key);
	cbor_read(r, &item);
	if (item.type != CBOR_NULL)
		reader_fail(r);
}

static uint64_t
read_uint(struct reader * r, const char * key)
{
	read_key(r, key);
	return (cbor_read_uint(r));
}

static void
read_identity(struct reader * r, struct entry * e)
{
	read_map(r, "identity", 4);
	e->identity_id = read_text(r, "id");
	e->identity_type = read_text(r, "type");
	e->identity_key = read_hex(r, "publicKey", &e->held);
	read_map(r, "signatures", 2);
	e->identity_sig_id = read_hex(r, "id", &e->held);
	e->identity_sig_key = read_hex(r, "publicKey", &e->held);
}

static void
read_entry(struct reader * r, struct entry * e)
{
	/* With encrypted links there are twelve: refused. */
	if (cbor_read_map(r) != 10)
		reader_fail(r);
	if (read_uint(r, "v") != ENTRY_VERSION)
		reader_fail(r);
	e->id = read_text(r, "id");
	e->key = read_hex(r, "key", &e->held);
	e->sig = read_hex(r, "sig", &e->held);
	read_null(r, "hash");
	read_links(r, "next", &e->next, &e->n_next);
	read_links(r, "refs", &e->refs, &e->n_refs);
	read_map(r, "clock", 2);
	e->clock_id = read_hex(r, "id", &e->held);
	e->time = read_uint(r, "time");
	if (e->time > ENTRY_TIME_MAX)
		reader_fail(r);
	e->payload = read_text(r, "payload");
	read_identity(r, e);
}

int
entry_decode(struct entry * e, struct slice block)
{
	struct entry read = {0};
	struct reader r = reader_of(block);

	if (block.n > ENTRY_MAX)
		return (-ERR_DESERIALIZATION);
	/* Only the hex is kept apart: less than half of the block, and the
	 * payload is the most of that. */
	if (buffer_reserve(&read.held, block.n / 2 + 16) != 0)
		return (-ERR_INTERNAL);
	read_entry(&r, &read);
	if (!reader_done(&r)) {
		entry_free(&read);
		return (-ERR_DESERIALIZATION);
	}
	*e = read;
	return (0);
}

/* --- writing ------------------------------------------------------------ */

static void
put_text(struct buffer * out, const char * key, struct slice text)
{
	cbor_text(out, slice_text(key));
	cbor_text(out, text);
}

static void
put_hex(struct buffer * out, const char * key, struct slice bytes)
{
	struct buffer hex = {0};

	hex_encode(&hex, bytes);
	if (hex.failed)
		out->failed = true;
	put_text(out, key, buffer_all(&hex));
	buffer_free(&hex);
}

static void
put_links(struct buffer * out, const char * key, const struct cid * links,
    size_t n)
{
	size_t i;

	cbor_text(out, slice_text(key));
	cbor_array(out, n);
	for (i = 0; i < n; i++)
		cbor_link(out, &links[i]);
}

static void
put_map(struct buffer * out, const char * key, uint64_t members)
{
	cbor_text(out, slice_text(key));
	cbor_map(out, members);
}

static void
put_uint(struct buffer * out, const char * key, uint64_t v)
{
	cbor_text(out, slice_text(key));
	cbor_uint(out, v);
}

void
entry_encode(struct buffer * out, const struct entry * e)
{
	cbor_map(out, 10);
	put_uint(out, "v", ENTRY_VERSION);
	put_text(out, "id", e->id);
	put_hex(out, "key", e->key);
	put_hex(out, "sig", e->sig);
	cbor_text(out, slice_text("hash"));
	cbor_null(out);
	put_links(out, "next", e->next, e->n_next);
	put_links(out, "refs", e->refs, e->n_refs);
	put_map(out, "clock", 2);
	put_hex(out, "id", e->clock_id);
	put_uint(out, "time", e->time);
	put_text(out, "payload", e->payload);
	put_map(out, "identity", 4);
	put_text(out, "id", e->identity_id);
	put_text(out, "type", e->identity_type);
	put_hex(out, "publicKey", e->identity_key);
	put_map(out, "signatures", 2);
	put_hex(out, "id", e->identity_sig_id);
	put_hex(out, "publicKey", e->identity_sig_key);
}
