/* Bitswap messages: log/bitswap.json, log/live_fetch.json. */
#include <string.h>

#include "base/reader.h"
#include "codec/cid.h"
#include "codec/protobuf.h"
#include "kat_bitswap.h"
#include "p2p/bitswap_message.h"

static void
copy_entries(struct bitswap_writer * w,
    const Ipfs__Bitswap__Message__Wantlist * list)
{
	size_t i;

	for (i = 0; i < list->n_entries; i++) {
		const Ipfs__Bitswap__Message__Wantlist__Entry * from =
		    list->entries[i];
		struct bitswap_entry e = {
		    .priority = from->priority,
		    .cancel = from->cancel,
		    .have = from->want_type ==
		        IPFS__BITSWAP__MESSAGE__WANTLIST__WANT_TYPE__Have,
		    .dont_have = from->send_dont_have,
		};

		if (cid_parse(&e.cid, protobuf_slice(from->block)) == 0)
			bitswap_message_entry(w, &e);
	}
}

static void
copy_blocks(struct bitswap_writer * w, const Ipfs__Bitswap__Message * m)
{
	struct cid cid = {0};
	size_t i;

	for (i = 0; i < m->n_blocks; i++)
		bitswap_message_block(w, &cid, protobuf_slice(m->blocks[i]));
	for (i = 0; i < m->n_payload; i++)
		if (bitswap_message_cid(&cid,
		    protobuf_slice(m->payload[i]->prefix),
		    protobuf_slice(m->payload[i]->data)) == 0)
			bitswap_message_block(w, &cid,
			    protobuf_slice(m->payload[i]->data));
	for (i = 0; i < m->n_block_presences; i++)
		if (cid_parse(&cid,
		    protobuf_slice(m->block_presences[i]->cid)) == 0)
			bitswap_message_presence(w, &cid,
			    m->block_presences[i]->type ==
			        IPFS__BITSWAP__MESSAGE__BLOCK_PRESENCE_TYPE__Have);
}

/* What the message says, said by our writer, is the same bytes. */
static void
check_bitswap(struct kat * k, struct slice bytes, enum bitswap_version version)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct bitswap_writer w = {.version = version};
	struct buffer * made = kat_buffer(k);

	kat_true(k, "decodes", m != NULL);
	if (m == NULL)
		return;
	if (m->wantlist != NULL)
		copy_entries(&w, m->wantlist);
	copy_blocks(&w, m);
	bitswap_message_finish(&w, made,
	    m->wantlist != NULL && m->wantlist->full);
	kat_bytes(k, "written", bytes, buffer_all(made));
	bitswap_message_free(&w);
	protobuf_free(m);
}

/* The message behind its length. */
static struct slice
unframed(struct kat * k, struct slice framed)
{
	struct reader r = reader_of(framed);
	struct slice message = reader_prefixed(&r, framed.n);

	kat_true(k, "framed", reader_done(&r));
	return (message);
}

/*
 * Go writes wants to 1.0 with the newer fields too, so our newer form is what
 * equals them; blocks and presences differ between the versions.
 */
static enum bitswap_version
form_version(const char * message, const char * form)
{
	bool want = strncmp(message, "want_", 5) == 0;

	return (strncmp(form, "v0", 2) != 0 || want ? BITSWAP_12 : BITSWAP_10);
}

/* The two CIDs of the file and the data behind the second, as bytes. */
static void
check_cids(struct kat * k, const cJSON * root)
{
	struct buffer * text = kat_buffer(k);
	struct cid cid = {0};

	if (kat_has(root, "cid")) {
		kat_number(k, "cid", 0, (uint64_t)cid_decode(&cid,
		    kat_str(k, root, "cid")));
		if (kat_has(root, "cid_bytes"))
			kat_expect(k, root, "cid_bytes", cid_slice(&cid));
		if (kat_has(root, "block_data"))
			kat_true(k, "block_data has the cid", cid_matches(&cid,
			    kat_hex(k, root, "block_data")));
	}
	if (!kat_has(root, "cidv0_bytes"))
		return;
	kat_number(k, "cidv0", 0, (uint64_t)cid_parse(&cid,
	    kat_hex(k, root, "cidv0_bytes")));
	cid_encode(text, &cid);
	if (kat_has(root, "cidv0"))
		kat_text(k, "cidv0", kat_str(k, root, "cidv0"),
		    buffer_all(text));
	if (kat_has(root, "cidv0_data"))
		kat_true(k, "cidv0_data has the cid", cid_matches(&cid,
		    kat_hex(k, root, "cidv0_data")));
}

static bool
is_one_of(struct kat * k, const cJSON * root, const char * a, const char * b,
    struct slice bytes)
{
	return ((kat_has(root, a) && slice_equal(bytes, kat_hex(k, root, a))) ||
	    (kat_has(root, b) && slice_equal(bytes, kat_hex(k, root, b))));
}

/* What a message says concerns the CIDs and the data of the file alone. */
static void
check_subject(struct kat * k, const cJSON * root, const char * name,
    struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	Ipfs__Bitswap__Message__Wantlist * list;
	struct cid cid;
	size_t i;

	if (m == NULL)
		return;
	list = m->wantlist;
	for (i = 0; list != NULL && i < list->n_entries; i++)
		kat_true(k, "wants a CID of the file", is_one_of(k, root,
		    "cid_bytes", "cidv0_bytes",
		    protobuf_slice(list->entries[i]->block)));
	for (i = 0; i < m->n_blocks; i++)
		kat_true(k, "block of the file", is_one_of(k, root,
		    "block_data", "cidv0_data", protobuf_slice(m->blocks[i])));
	for (i = 0; i < m->n_payload; i++) {
		struct slice data = protobuf_slice(m->payload[i]->data);

		kat_true(k, "block of the file", is_one_of(k, root,
		    "block_data", "cidv0_data", data));
		kat_number(k, "prefix", 0, (uint64_t)bitswap_message_cid(&cid,
		    protobuf_slice(m->payload[i]->prefix), data));
		kat_true(k, "its CID", is_one_of(k, root, "cid_bytes",
		    "cidv0_bytes", cid_slice(&cid)));
	}
	for (i = 0; i < m->n_block_presences; i++) {
		kat_true(k, "tells of a CID of the file", is_one_of(k, root,
		    "cid_bytes", "cidv0_bytes",
		    protobuf_slice(m->block_presences[i]->cid)));
		kat_number(k, "presence", strncmp(name, "dont_", 5) == 0,
		    (uint64_t)m->block_presences[i]->type);
	}
	for (i = 0; list != NULL && i < list->n_entries; i++)
		kat_number(k, "cancels", strncmp(name, "cancel", 6) == 0,
		    (uint64_t)list->entries[i]->cancel);
	protobuf_free(m);
}

/* Wants alone are the same in every form. */
static void
check_alike(struct kat * k, const char * name, const cJSON * forms,
    struct slice bytes)
{
	const cJSON * form;

	if (strncmp(name, "want_", 5) != 0 && strncmp(name, "cancel", 6) != 0)
		return;
	cJSON_ArrayForEach(form, forms)
		kat_bytes(k, form->string, bytes,
		    unframed(k, kat_hex_item(k, form)));
}

static void
read_bitswap(struct kat * k, const cJSON * root)
{
	const cJSON *message, *form;

	cJSON_ArrayForEach(message, kat_object(k, root, "messages"))
		cJSON_ArrayForEach(form, message) {
			struct slice bytes;

			kat_begin(k, "bitswap %s %s", message->string,
			    form->string);
			check_cids(k, root);
			bytes = unframed(k, kat_hex_item(k, form));
			check_bitswap(k, bytes, form_version(message->string,
			    form->string));
			check_subject(k, root, message->string, bytes);
			check_alike(k, message->string, message, bytes);
			kat_end(k);
		}
}

/* --- what real nodes sent --- */

/* The wants that the file lists are those of the message, in its order. */
static void
check_wants(struct kat * k, const cJSON * wants, struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	const cJSON * want;
	struct cid cid;
	size_t i = 0, n;

	if (m == NULL)
		return;
	n = m->wantlist == NULL ? 0 : m->wantlist->n_entries;
	kat_number(k, "wants", (uint64_t)cJSON_GetArraySize(wants), n);
	cJSON_ArrayForEach(want, wants) {
		const Ipfs__Bitswap__Message__Wantlist__Entry * e;
		bool have;

		if (i >= n)
			break;
		e = m->wantlist->entries[i++];
		have = e->want_type ==
		    IPFS__BITSWAP__MESSAGE__WANTLIST__WANT_TYPE__Have;
		memset(&cid, 0, sizeof(cid));
		(void)cid_decode(&cid, kat_str(k, want, "cid"));
		kat_bytes(k, "wanted", cid_slice(&cid),
		    protobuf_slice(e->block));
		kat_expect_number(k, want, "priority", (uint64_t)e->priority);
		kat_text(k, "wantType", kat_str(k, want, "wantType"),
		    slice_text(have ? "Have" : "Block"));
		kat_true(k, "cancel",
		    kat_is_true(want, "cancel") == (bool)e->cancel);
		kat_true(k, "sendDontHave", kat_is_true(want, "sendDontHave") ==
		    (bool)e->send_dont_have);
	}
	protobuf_free(m);
}

static bool
is_asked(const cJSON * transcript, const cJSON * answer, struct slice cid)
{
	const cJSON *earlier, *want;

	cJSON_ArrayForEach(earlier, transcript) {
		if (earlier == answer)
			return (false);
		cJSON_ArrayForEach(want, kat_member(
		    earlier, "wants"))
			if (slice_equal(cid, slice_text(cJSON_GetStringValue(
			    kat_member(want, "cid")))))
				return (true);
	}
	return (false);
}

/* Answers are to what was asked before; who tells HAVE gives a block. */
static void
check_answers(struct kat * k, const cJSON * root, const cJSON * message,
    struct slice bytes)
{
	const cJSON * transcript =
	    kat_member(root, "transcript");
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct cid cid;
	size_t i;

	for (i = 0; m != NULL && i < m->n_block_presences; i++) {
		const Ipfs__Bitswap__Message__BlockPresence * p =
		    m->block_presences[i];
		struct buffer * text = kat_buffer(k);

		memset(&cid, 0, sizeof(cid));
		kat_number(k, "CID", 0,
		    (uint64_t)cid_parse(&cid, protobuf_slice(p->cid)));
		cid_encode(text, &cid);
		kat_true(k, "tells of what was asked",
		    is_asked(transcript, message, buffer_all(text)));
		buffer_byte(text, 0);
		kat_true(k, "has the block it tells of", kat_has(
		    kat_member(root, "blocks"),
		    (const char *)text->p) == (p->type ==
		    IPFS__BITSWAP__MESSAGE__BLOCK_PRESENCE_TYPE__Have));
	}
	protobuf_free(m);
}

/* Each block received hashes, under its prefix, to a CID of the file. */
static void
check_blocks(struct kat * k, const cJSON * root, struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct buffer * text;
	struct cid cid;
	size_t i;

	for (i = 0; m != NULL && i < m->n_payload; i++) {
		struct slice data = protobuf_slice(m->payload[i]->data);

		text = kat_buffer(k);
		kat_number(k, "block's CID", 0,
		    (uint64_t)bitswap_message_cid(&cid,
		        protobuf_slice(m->payload[i]->prefix), data));
		cid_encode(text, &cid);
		buffer_byte(text, 0);
		kat_expect(k, kat_object(k, root, "blocks"),
		    (const char *)text->p, data);
	}
	protobuf_free(m);
}

/* The client asked for the head alone. */
static void
check_head(struct kat * k, const cJSON * root, struct slice bytes)
{
	Ipfs__Bitswap__Message * m = bitswap_message_decode(bytes);
	struct cid head = {0};
	size_t i;

	kat_number(k, "head", 0,
	    (uint64_t)cid_decode(&head, kat_str(k, root, "head")));
	for (i = 0; m != NULL && i < m->n_block_presences; i++)
		kat_bytes(k, "presence", cid_slice(&head),
		    protobuf_slice(m->block_presences[i]->cid));
	for (i = 0; m != NULL && i < m->n_payload; i++)
		kat_true(k, "the block is the head's", cid_matches(&head,
		    protobuf_slice(m->payload[i]->data)));
	protobuf_free(m);
}

static void
read_fetch(struct kat * k, const cJSON * root)
{
	const cJSON * message;
	struct slice bytes;
	unsigned i = 0;

	cJSON_ArrayForEach(message, kat_member(root,
	    "transcript")) {
		kat_begin(k, "fetch, message %u", i++);
		bytes = kat_hex(k, message, "protobuf");
		check_bitswap(k, bytes, BITSWAP_12);
		check_blocks(k, root, bytes);
		if (kat_has(message, "wants"))
			check_wants(k, kat_array(k, message, "wants"), bytes);
		check_answers(k, root, message, bytes);
		kat_end(k);
	}
}

void
kat_bitswap_sent(struct kat * k, const cJSON * root, struct slice bytes)
{
	check_bitswap(k, bytes, BITSWAP_12);
	if (kat_has(root, "head"))
		check_head(k, root, bytes);
}

const struct kat_reader kat_bitswap_readers[] = {
    {"live_fetch", read_fetch},
    {"bitswap", read_bitswap},
    {0},
};
