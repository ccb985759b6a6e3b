#include "p2p/gossipsub_message.h"

#include "base/error.h"
#include "codec/protobuf.h"

/* Tags of bytes fields, and of the fields that are numbers. */
enum {
	FIELD_1 = 0x0a, FIELD_2 = 0x12, FIELD_3 = 0x1a, FIELD_4 = 0x22,
	NUMBER_1 = 0x08, NUMBER_3 = 0x18,
};

static const char DOMAIN[] = "libp2p-pubsub:";

Libp2p__Pubsub__RPC *
gossipsub_message_decode(struct slice bytes)
{
	if (bytes.n > GOSSIPSUB_RPC_MAX)
		return (NULL);
	return (protobuf_decode(&libp2p__pubsub__rpc__descriptor, bytes,
	    protobuf_cap(bytes.n)));
}

/*
 * A field of number 0 is none, but protobuf-c takes one whose tag is longer
 * than need be, and would write it short: whoever we forward it to would take
 * us for broken.
 */
static bool
has_field_0(const Libp2p__Pubsub__Message * m)
{
	unsigned i;

	for (i = 0; i < m->base.n_unknown_fields; i++)
		if (m->base.unknown_fields[i].tag == 0)
			return (true);
	return (false);
}

int
gossipsub_message_check(const Libp2p__Pubsub__Message * m,
    struct peer_id * from, struct gossipsub_id * id)
{
	struct peer_id author;

	if (has_field_0(m) || !m->has_from || !m->has_seqno || !m->has_topic ||
	    !m->has_signature || m->seqno.len != GOSSIPSUB_SEQNO_SIZE ||
	    peer_id_parse(&author, protobuf_slice(m->from)) != 0)
		return (-ERR_DESERIALIZATION);
	*from = author;
	memcpy(id->bytes, author.bytes, author.n);
	memcpy(id->bytes + author.n, m->seqno.data, GOSSIPSUB_SEQNO_SIZE);
	id->n = (uint8_t)(author.n + GOSSIPSUB_SEQNO_SIZE);
	return (0);
}

void
gossipsub_message_signed(struct buffer * out, const Libp2p__Pubsub__Message * m)
{
	Libp2p__Pubsub__Message bare = *m;

	bare.has_signature = false;
	bare.has_key = false;
	buffer_append(out, DOMAIN, sizeof(DOMAIN) - 1);
	protobuf_encode(out, &bare);
}

/* The author's key: out of its id, or the `key` that the id is the hash of. */
static int
find_key(struct public_key * key, const Libp2p__Pubsub__Message * m,
    const struct peer_id * from)
{
	struct slice inside = peer_id_key(from);
	struct slice given = protobuf_slice(m->key);
	struct peer_id id;

	if (m->has_key && given.n > 0) {
		peer_id_from_public_key(&id, given);
		if (!peer_id_equal(&id, from))
			return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
		return (public_key_parse(key, given));
	}
	return (public_key_parse(key, inside));
}

int
gossipsub_message_verify(const Libp2p__Pubsub__Message * m,
    const struct peer_id * from)
{
	struct public_key key;
	struct buffer bytes = {0};
	int status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;

	if (find_key(&key, m, from) != 0)
		return (status);
	gossipsub_message_signed(&bytes, m);
	if (bytes.failed)
		goto done;
	if (key.type != KEY_ED25519)
		status = public_key_verify(&key, buffer_all(&bytes),
		    protobuf_slice(m->signature));
	else if (m->signature.len == SIGNATURE_SIZE)
		status = ed25519_verify(m->signature.data, key.data.p,
		    buffer_all(&bytes));
	if (status != 0)
		status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;

done:
	buffer_free(&bytes);
	return (status);
}

static ProtobufCBinaryData
bytes_of(const void * p, size_t n)
{
	return (protobuf_bytes(slice_of(p, n)));
}

void
gossipsub_message_sign(struct buffer * out, struct gossipsub_id * id,
    const struct ed25519_key * key, const struct peer_id * from, uint64_t seqno,
    const char * topic, struct slice data)
{
	Libp2p__Pubsub__Message m = LIBP2P__PUBSUB__MESSAGE__INIT;
	struct buffer covered = {0};
	uint8_t sig[SIGNATURE_SIZE];
	uint8_t count[GOSSIPSUB_SEQNO_SIZE];
	unsigned i;

	for (i = 0; i < sizeof(count); i++)
		count[i] = (uint8_t)(seqno >> (56 - 8 * i));
	m.has_from = m.has_data = m.has_seqno = m.has_topic = true;
	m.from = bytes_of(from->bytes, from->n);
	m.data = protobuf_bytes(data);
	m.seqno = bytes_of(count, sizeof(count));
	m.topic = bytes_of(topic, strlen(topic));
	gossipsub_message_signed(&covered, &m);
	ed25519_sign(sig, key, buffer_all(&covered));
	m.has_signature = true;
	m.signature = bytes_of(sig, sizeof(sig));
	protobuf_encode(out, &m);
	if (covered.failed)
		out->failed = true;
	buffer_free(&covered);
	memcpy(id->bytes, from->bytes, from->n);
	memcpy(id->bytes + from->n, count, sizeof(count));
	id->n = (uint8_t)(from->n + sizeof(count));
}

static void
field(struct buffer * out, uint8_t tag, struct slice bytes)
{
	buffer_byte(out, tag);
	buffer_uvarint(out, bytes.n);
	buffer_slice(out, bytes);
}

/* Append `inner` as a control message whose only field has the tag; free it. */
static void
control(struct buffer * out, uint8_t tag, struct buffer * inner)
{
	struct buffer whole = {0};

	field(&whole, tag, buffer_all(inner));
	field(out, FIELD_3, buffer_all(&whole));
	if (inner->failed || whole.failed)
		out->failed = true;
	buffer_free(&whole);
	buffer_free(inner);
}

void
gossipsub_message_subscription(struct buffer * out, bool subscribe,
    struct slice topic)
{
	struct buffer inner = {0};

	buffer_byte(&inner, NUMBER_1);
	buffer_byte(&inner, subscribe ? 1 : 0);
	field(&inner, FIELD_2, topic);
	field(out, FIELD_1, buffer_all(&inner));
	if (inner.failed)
		out->failed = true;
	buffer_free(&inner);
}

void
gossipsub_message_publish(struct buffer * out, struct slice message)
{
	field(out, FIELD_2, message);
}

void
gossipsub_message_graft(struct buffer * out, struct slice topic)
{
	struct buffer inner = {0};

	field(&inner, FIELD_1, topic);
	control(out, FIELD_3, &inner);
}

void
gossipsub_message_ihave(struct buffer * out, struct slice topic,
    const struct gossipsub_id * ids, size_t n)
{
	struct buffer inner = {0};
	size_t i;

	field(&inner, FIELD_1, topic);
	for (i = 0; i < n; i++)
		field(&inner, FIELD_2, gossipsub_id_slice(&ids[i]));
	control(out, FIELD_1, &inner);
}

void
gossipsub_message_iwant(struct buffer * out, const struct gossipsub_id * ids,
    size_t n)
{
	struct buffer inner = {0};
	size_t i;

	for (i = 0; i < n; i++)
		field(&inner, FIELD_1, gossipsub_id_slice(&ids[i]));
	control(out, FIELD_2, &inner);
}

static void
offer(struct buffer * out, const struct gossipsub_offer * o)
{
	struct buffer inner = {0};

	field(&inner, FIELD_1, peer_id_slice(&o->peer));
	if (o->record.n > 0)
		field(&inner, FIELD_2, o->record);
	field(out, FIELD_2, buffer_all(&inner));
	if (inner.failed)
		out->failed = true;
	buffer_free(&inner);
}

void
gossipsub_message_prune(struct buffer * out, struct slice topic,
    const struct gossipsub_offer * offers, size_t n, uint64_t backoff_s)
{
	struct buffer inner = {0};
	size_t i;

	field(&inner, FIELD_1, topic);
	for (i = 0; i < n; i++)
		offer(&inner, &offers[i]);
	buffer_byte(&inner, NUMBER_3);
	buffer_uvarint(&inner, backoff_s);
	control(out, FIELD_4, &inner);
}
