/*
 * An entry as heads messages carry it: Go's JSON of entry.Entry, fields in
 * that order, empty ones left out, bytes in standard base64.
 */
#include <stdlib.h>

#include "base/error.h"
#include "codec/multibase.h"
#include "log/entry_impl.h"
#include "log/json.h"

/* --- writing ------------------------------------------------------------ */

static void
put_bytes(struct buffer * out, const char * key, struct slice bytes)
{
	if (bytes.n == 0)
		return;
	buffer_printf(out, "\"%s\":\"", key);
	base64_encode(out, bytes);
	buffer_text(out, "\",");
}

static void
put_text(struct buffer * out, const char * key, struct slice text)
{
	if (text.n == 0)
		return;
	buffer_printf(out, "\"%s\":", key);
	json_quote(out, text);
	buffer_byte(out, ',');
}

static void
put_link(struct buffer * out, const struct cid * cid)
{
	buffer_text(out, "{\"/\":\"");
	cid_encode(out, cid);
	buffer_text(out, "\"}");
}

static void
put_links(struct buffer * out, const char * key, const struct cid * links,
    size_t n)
{
	size_t i;

	if (n == 0)
		return;
	buffer_printf(out, "\"%s\":[", key);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buffer_byte(out, ',');
		put_link(out, &links[i]);
	}
	buffer_text(out, "],");
}

/* Each member ends with a comma; the last one of a list gives it back. */
static void
close_list(struct buffer * out)
{
	if (!out->failed && out->p[out->n - 1] == ',')
		out->n--;
	buffer_byte(out, '}');
}

static void
put_identity(struct buffer * out, const struct entry * e)
{
	buffer_text(out, "\"identity\":{");
	put_text(out, "id", e->identity_id);
	put_bytes(out, "publicKey", e->identity_key);
	if (e->identity_sig_id.n > 0 || e->identity_sig_key.n > 0) {
		buffer_text(out, "\"signatures\":{");
		put_bytes(out, "id", e->identity_sig_id);
		put_bytes(out, "publicKey", e->identity_sig_key);
		close_list(out);
		buffer_byte(out, ',');
	}
	put_text(out, "type", e->identity_type);
	buffer_text(out, "\"Provider\":null},");
}

void
entry_to_json(struct buffer * out, const struct entry * e,
    const struct cid * cid)
{
	buffer_byte(out, '{');
	put_bytes(out, "payload", e->payload);
	put_text(out, "id", e->id);
	put_links(out, "next", e->next, e->n_next);
	put_links(out, "refs", e->refs, e->n_refs);
	buffer_printf(out, "\"v\":%d,", ENTRY_VERSION);
	put_bytes(out, "key", e->key);
	put_bytes(out, "sig", e->sig);
	put_identity(out, e);
	buffer_text(out, "\"hash\":");
	put_link(out, cid);
	buffer_text(out, ",\"clock\":{");
	put_bytes(out, "id", e->clock_id);
	buffer_printf(out, "\"time\":%llu,", (unsigned long long)e->time);
	close_list(out);
	buffer_byte(out, '}');
}

/* --- reading ------------------------------------------------------------ */

/* Fields that were seen: each may stand once. */
enum {
	SEEN_PAYLOAD = 1 << 0, SEEN_ID = 1 << 1, SEEN_NEXT = 1 << 2,
	SEEN_REFS = 1 << 3, SEEN_V = 1 << 4, SEEN_KEY = 1 << 5,
	SEEN_SIG = 1 << 6, SEEN_IDENTITY = 1 << 7, SEEN_HASH = 1 << 8,
	SEEN_CLOCK = 1 << 9, SEEN_TYPE = 1 << 10, SEEN_PUBLIC = 1 << 11,
	SEEN_SIGNATURES = 1 << 12, SEEN_TIME = 1 << 13,
};

/* Is the key this one, for the first time? */
static bool
is(struct reader * r, struct slice key, const char * name, unsigned mark,
    unsigned * seen)
{
	if (!slice_equal(key, slice_text(name)))
		return (false);
	if ((*seen & mark) != 0)
		reader_fail(r);
	*seen |= mark;
	return (true);
}

/* held has room for all that is read, so that nothing moves. */
static struct slice
get_text(struct reader * r, struct buffer * held)
{
	size_t start = held->n;

	json_text(r, held);
	return (slice_of(held->p + start, held->n - start));
}

static struct slice
get_bytes(struct reader * r, struct buffer * held)
{
	struct buffer text = {0};
	size_t start = held->n;

	if (json_null(r))
		return (slice_of(NULL, 0));
	json_text(r, &text);
	if (text.failed || base64_decode(held, buffer_all(&text)) != 0)
		reader_fail(r);
	buffer_free(&text);
	return (slice_of(held->p + start, held->n - start));
}

static void
get_link(struct reader * r, struct cid * cid)
{
	struct buffer text = {0};
	struct slice key;
	bool first = true;

	cid->n = 0;
	while (json_member(r, &first, &key)) {
		if (!slice_equal(key, slice_text("/")) || cid->n > 0) {
			reader_fail(r);
			break;
		}
		json_text(r, &text);
		/* base32 is quadratic in no length, but other bases are. */
		if (text.n > 2 * CID_MAX ||
		    cid_decode(cid, buffer_all(&text)) != 0)
			reader_fail(r);
	}
	if (!entry_is_link(cid))
		reader_fail(r);
	buffer_free(&text);
}

static void
get_links(struct reader * r, struct cid ** links, size_t * n)
{
	size_t size = 0;
	bool first = true;
	struct cid * more;

	if (json_null(r))
		return;
	while (json_element(r, &first)) {
		if (*n == size) {
			size = size == 0 ? 8 : size * 2;
			more = realloc(*links, size * sizeof(**links));
			if (more == NULL) {
				reader_fail(r);
				return;
			}
			*links = more;
		}
		get_link(r, &(*links)[(*n)++]);
	}
}

static void
get_signatures(struct reader * r, struct entry * e)
{
	unsigned seen = 0;
	struct slice key;
	bool first = true;

	while (json_member(r, &first, &key)) {
		if (is(r, key, "id", SEEN_ID, &seen))
			e->identity_sig_id = get_bytes(r, &e->held);
		else if (is(r, key, "publicKey", SEEN_PUBLIC, &seen))
			e->identity_sig_key = get_bytes(r, &e->held);
		else
			(void)json_skip(r);
	}
}

static void
get_identity(struct reader * r, struct entry * e)
{
	unsigned seen = 0;
	struct slice key;
	bool first = true;

	while (json_member(r, &first, &key)) {
		if (is(r, key, "id", SEEN_ID, &seen))
			e->identity_id = get_text(r, &e->held);
		else if (is(r, key, "type", SEEN_TYPE, &seen))
			e->identity_type = get_text(r, &e->held);
		else if (is(r, key, "publicKey", SEEN_PUBLIC, &seen))
			e->identity_key = get_bytes(r, &e->held);
		else if (is(r, key, "signatures", SEEN_SIGNATURES, &seen))
			get_signatures(r, e);
		else
			(void)json_skip(r);
	}
}

static void
get_clock(struct reader * r, struct entry * e)
{
	unsigned seen = 0;
	struct slice key;
	bool first = true;

	while (json_member(r, &first, &key)) {
		if (is(r, key, "id", SEEN_ID, &seen))
			e->clock_id = get_bytes(r, &e->held);
		else if (is(r, key, "time", SEEN_TIME, &seen))
			e->time = json_uint(r);
		else
			(void)json_skip(r);
	}
}

static void
get_member(struct reader * r, struct slice key, unsigned * seen,
    struct entry * e, struct cid * cid)
{
	if (is(r, key, "payload", SEEN_PAYLOAD, seen))
		e->payload = get_bytes(r, &e->held);
	else if (is(r, key, "id", SEEN_ID, seen))
		e->id = get_text(r, &e->held);
	else if (is(r, key, "next", SEEN_NEXT, seen))
		get_links(r, &e->next, &e->n_next);
	else if (is(r, key, "refs", SEEN_REFS, seen))
		get_links(r, &e->refs, &e->n_refs);
	else if (is(r, key, "key", SEEN_KEY, seen))
		e->key = get_bytes(r, &e->held);
	else if (is(r, key, "sig", SEEN_SIG, seen))
		e->sig = get_bytes(r, &e->held);
	else if (is(r, key, "identity", SEEN_IDENTITY, seen))
		get_identity(r, e);
	else if (is(r, key, "hash", SEEN_HASH, seen))
		get_link(r, cid);
	else if (is(r, key, "clock", SEEN_CLOCK, seen))
		get_clock(r, e);
	else if (!is(r, key, "v", SEEN_V, seen))
		(void)json_skip(r);
	else if (json_uint(r) != ENTRY_VERSION)
		reader_fail(r);
}

/* Does the entry's block hash to the CID? */
static bool
hashes_to(const struct entry * e, const struct cid * cid)
{
	struct buffer block = {0};
	bool same;

	entry_encode(&block, e);
	same = !block.failed && block.n <= ENTRY_MAX &&
	    cid_matches(cid, buffer_all(&block));
	buffer_free(&block);
	return (same);
}

int
entry_from_json(struct entry * e, struct cid * cid, struct slice json)
{
	struct reader r = reader_of(json);
	struct entry read = {0};
	struct cid hash = {0};
	struct slice key;
	unsigned seen = 0;
	bool first = true;

	/* Base64 makes four bytes of three. */
	if (json.n > 2 * ENTRY_MAX)
		return (-ERR_DESERIALIZATION);
	/* What is decoded is no longer than what was written. */
	if (buffer_reserve(&read.held, json.n + 16) != 0)
		return (-ERR_INTERNAL);
	while (json_member(&r, &first, &key))
		get_member(&r, key, &seen, &read, &hash);
	if (!json_done(&r) || (seen & SEEN_HASH) == 0 ||
	    (seen & SEEN_V) == 0 || read.time > ENTRY_TIME_MAX ||
	    !hashes_to(&read, &hash)) {
		entry_free(&read);
		return (-ERR_DESERIALIZATION);
	}
	*e = read;
	*cid = hash;
	return (0);
}

int
entries_each(struct slice json, int (*each)(void * user, struct slice element),
    void * user)
{
	struct reader r = reader_of(json);
	struct slice element;
	bool first = true;
	int status;

	/* Go writes a nil list as null. */
	if (json_null(&r))
		return (json_done(&r) ? 0 : -ERR_DESERIALIZATION);
	while (json_element(&r, &first)) {
		if (json_null(&r))
			continue;
		element = json_skip(&r);
		if (r.failed)
			break;
		if ((status = each(user, element)) != 0)
			return (status);
	}
	return (json_done(&r) ? 0 : -ERR_DESERIALIZATION);
}
