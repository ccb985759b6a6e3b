#include "p2p/bitswap_message.h"

#include "base/error.h"
#include "base/reader.h"
#include "codec/protobuf.h"
#include "crypto/crypto.h"

enum {
	FIELD_1 = 0x0a, FIELD_2 = 0x12, FIELD_3 = 0x1a, FIELD_4 = 0x22,
	NUMBER_2 = 0x10, NUMBER_3 = 0x18, NUMBER_4 = 0x20, NUMBER_5 = 0x28,
};

enum { HASH_SHA256 = 0x12 };

Ipfs__Bitswap__Message *
bitswap_message_decode(struct slice bytes)
{
	if (bytes.n > BITSWAP_MESSAGE_MAX)
		return (NULL);
	return (protobuf_decode(&ipfs__bitswap__message__descriptor, bytes,
	    protobuf_cap(bytes.n)));
}

int
bitswap_message_cid(struct cid * cid, struct slice prefix, struct slice data)
{
	struct reader r = reader_of(prefix);
	uint64_t version = reader_uvarint(&r);
	uint64_t codec = reader_uvarint(&r);
	uint64_t hash = reader_uvarint(&r);
	uint64_t length = reader_uvarint(&r);
	struct cid made;

	if (!reader_done(&r) || hash != HASH_SHA256 || length != SHA256_SIZE ||
	    version > 1 || codec > UINT32_MAX || data.n > BITSWAP_BLOCK_MAX)
		return (-ERR_DESERIALIZATION);
	cid_of(&made, codec, data);
	if (version == 0) {
		if (codec != CID_DAG_PB || made.n < 34)
			return (-ERR_DESERIALIZATION);
		memmove(made.bytes, made.bytes + made.n - 34, 34);
		made.n = 34;
	}
	*cid = made;
	return (0);
}

static void
field(struct buffer * out, uint8_t tag, struct slice bytes)
{
	buffer_byte(out, tag);
	buffer_uvarint(out, bytes.n);
	buffer_slice(out, bytes);
}

static void
number(struct buffer * out, uint8_t tag, uint64_t v)
{
	if (v == 0)
		return;
	buffer_byte(out, tag);
	buffer_uvarint(out, v);
}

static void
nested(struct buffer * out, uint8_t tag, struct buffer * inner)
{
	field(out, tag, buffer_all(inner));
	if (inner->failed)
		out->failed = true;
	buffer_free(inner);
}

void
bitswap_message_entry(struct bitswap_writer * w,
    const struct bitswap_entry * entry)
{
	bool v12 = w->version == BITSWAP_12;
	struct buffer inner = {0};

	field(&inner, FIELD_1, cid_slice(&entry->cid));
	if (!entry->cancel)
		number(&inner, NUMBER_2, (uint32_t)entry->priority);
	number(&inner, NUMBER_3, entry->cancel);
	if (!entry->cancel && v12) {
		number(&inner, NUMBER_4, entry->have);
		number(&inner, NUMBER_5, entry->dont_have);
	}
	nested(&w->entries, FIELD_1, &inner);
	w->n_entries++;
}

/* Version, codec, hash and its length: a CID without the digest. */
static void
write_prefix(struct buffer * out, const struct cid * cid)
{
	struct cid_parts parts;

	cid_split(cid, &parts);
	buffer_uvarint(out, parts.version);
	buffer_uvarint(out, parts.codec);
	buffer_uvarint(out, parts.hash);
	buffer_uvarint(out, parts.digest.n);
}

void
bitswap_message_block(struct bitswap_writer * w, const struct cid * cid,
    struct slice data)
{
	struct buffer prefix = {0}, head = {0};

	if (w->version == BITSWAP_10) {
		field(&w->blocks, FIELD_2, data);
		return;
	}
	write_prefix(&prefix, cid);
	field(&head, FIELD_1, buffer_all(&prefix));
	buffer_byte(&head, FIELD_2);
	buffer_uvarint(&head, data.n);
	buffer_byte(&w->blocks, FIELD_3);
	buffer_uvarint(&w->blocks, head.n + data.n);
	buffer_slice(&w->blocks, buffer_all(&head));
	buffer_slice(&w->blocks, data);
	if (prefix.failed || head.failed)
		w->blocks.failed = true;
	buffer_free(&head);
	buffer_free(&prefix);
}

void
bitswap_message_presence(struct bitswap_writer * w, const struct cid * cid,
    bool have)
{
	struct buffer inner = {0};

	if (w->version != BITSWAP_12)
		return;
	field(&inner, FIELD_1, cid_slice(cid));
	number(&inner, NUMBER_2, !have);
	nested(&w->presences, FIELD_4, &inner);
}

size_t
bitswap_message_size(const struct bitswap_writer * w)
{
	return (w->entries.n + w->blocks.n + w->presences.n);
}

void
bitswap_message_finish(struct bitswap_writer * w, struct buffer * out,
    bool full)
{
	if (full)
		number(&w->entries, NUMBER_2, 1);
	field(out, FIELD_1, buffer_all(&w->entries));
	buffer_slice(out, buffer_all(&w->blocks));
	buffer_slice(out, buffer_all(&w->presences));
	if (w->entries.failed || w->blocks.failed || w->presences.failed)
		out->failed = true;
	bitswap_message_free(w);
}

void
bitswap_message_free(struct bitswap_writer * w)
{
	buffer_free(&w->entries);
	buffer_free(&w->blocks);
	buffer_free(&w->presences);
	w->n_entries = 0;
}
