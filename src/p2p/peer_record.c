#include "p2p/peer_record.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "codec/protobuf.h"
#include "libp2p/record.pb-c.h"

#define DOMAIN "libp2p-peer-record"

static const uint8_t payload_type[2] = {0x03, 0x01};

/* Source: RFC 0002, signature production. */
static void
signed_bytes(struct buffer * out, struct slice payload)
{
	struct slice pieces[3] = {slice_text(DOMAIN),
	    slice_of(payload_type, sizeof(payload_type)), payload};
	size_t i;

	for (i = 0; i < 3; i++) {
		buffer_uvarint(out, pieces[i].n);
		buffer_slice(out, pieces[i]);
	}
}

static int
verify(const struct public_key * key, struct slice payload, struct slice sig)
{
	struct buffer text = {0};
	int status;

	signed_bytes(&text, payload);
	status = text.failed ? -ERR_INTERNAL :
	    public_key_verify(key, buffer_all(&text), sig);
	buffer_free(&text);
	return (status == 0 ? 0 : -ERR_CRYPTO_SIGNATURE_VERIFICATION);
}

/* Who signed: the key inside the envelope, as its own protobuf. */
static int
signer(const Libp2p__Record__Envelope * e, struct public_key * key,
    struct peer_id * id)
{
	struct buffer bytes = {0};
	int status;

	if (e->public_key == NULL)
		return (-ERR_DESERIALIZATION);
	buffer_byte(&bytes, 0x08);
	buffer_uvarint(&bytes, (uint64_t)e->public_key->type);
	buffer_byte(&bytes, 0x12);
	buffer_uvarint(&bytes, e->public_key->data.len);
	buffer_slice(&bytes, protobuf_slice(e->public_key->data));
	status = bytes.failed ? -ERR_INTERNAL :
	    public_key_parse(key, buffer_all(&bytes));
	if (status == 0) {
		peer_id_from_public_key(id, buffer_all(&bytes));
		/* Borrow from the envelope, not from what is freed here. */
		key->data = protobuf_slice(e->public_key->data);
	}
	buffer_free(&bytes);
	return (status);
}

static int
read_record(struct peer_record * record, struct slice payload)
{
	Libp2p__Record__PeerRecord * m;
	int status = -ERR_DESERIALIZATION;
	size_t i;

	m = protobuf_decode(&libp2p__record__peer_record__descriptor, payload,
	    protobuf_cap(payload.n));
	if (m == NULL)
		goto err0;
	if (m->n_addresses > PEER_RECORD_ADDRESSES ||
	    peer_id_parse(&record->peer, protobuf_slice(m->peer_id)) != 0)
		goto err1;
	record->seq = m->seq;
	for (i = 0; i < m->n_addresses; i++) {
		buffer_uvarint(&record->addresses,
		    m->addresses[i]->multiaddr.len);
		buffer_slice(&record->addresses,
		    protobuf_slice(m->addresses[i]->multiaddr));
	}
	record->n = m->n_addresses;
	status = record->addresses.failed ? -ERR_INTERNAL : 0;
err1:
	protobuf_free(m);
err0:
	return (status);
}

int
peer_record_open(struct peer_record * record, struct slice envelope)
{
	struct peer_record made = {0};
	Libp2p__Record__Envelope * e;
	struct public_key key;
	struct peer_id id;
	struct slice payload;
	int status = -ERR_DESERIALIZATION;

	if (envelope.n > PEER_RECORD_MAX)
		goto err0;
	e = protobuf_decode(&libp2p__record__envelope__descriptor, envelope,
	    protobuf_cap(envelope.n));
	if (e == NULL)
		goto err0;
	if (!slice_equal(protobuf_slice(e->payload_type),
	    slice_of(payload_type, sizeof(payload_type))) ||
	    signer(e, &key, &id) != 0)
		goto err1;
	payload = protobuf_slice(e->payload);
	if ((status = read_record(&made, payload)) != 0)
		goto err2;
	status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;
	if (!peer_id_equal(&made.peer, &id))
		goto err2;
	if ((status = verify(&key, payload,
	    protobuf_slice(e->signature))) != 0)
		goto err2;
	protobuf_free(e);
	*record = made;
	return (0);

err2:
	peer_record_free(&made);
err1:
	protobuf_free(e);
err0:
	return (status);
}

void
peer_record_free(struct peer_record * record)
{
	buffer_free(&record->addresses);
	*record = (struct peer_record){0};
}

/* Field by field, as Go writes it: proto3, ascending. */
static void
write_record(struct buffer * out, const struct peer_record * record,
    const struct peer_id * id)
{
	struct reader r = reader_of(buffer_all(&record->addresses));
	struct buffer info = {0};
	struct slice address;

	buffer_byte(out, 0x0a);
	buffer_uvarint(out, id->n);
	buffer_slice(out, peer_id_slice(id));
	buffer_byte(out, 0x10);
	buffer_uvarint(out, record->seq);
	while (r.n > 0) {
		address = reader_prefixed(&r, r.n);
		buffer_clear(&info);
		buffer_byte(&info, 0x0a);
		buffer_uvarint(&info, address.n);
		buffer_slice(&info, address);
		buffer_byte(out, 0x1a);
		buffer_uvarint(out, info.n);
		buffer_slice(out, buffer_all(&info));
	}
	out->failed |= info.failed;
	buffer_free(&info);
}

void
peer_record_seal(struct buffer * out, const struct peer_record * record,
    const struct ed25519_key * key)
{
	struct buffer payload = {0}, text = {0};
	uint8_t pub[36], sig[SIGNATURE_SIZE];
	struct peer_id id;

	peer_id_from_ed25519(&id, key->pub);
	write_record(&payload, record, &id);
	signed_bytes(&text, buffer_all(&payload));
	ed25519_sign(sig, key, buffer_all(&text));
	public_key_from_ed25519(pub, key->pub);
	buffer_byte(out, 0x0a);
	buffer_uvarint(out, sizeof(pub));
	buffer_append(out, pub, sizeof(pub));
	buffer_byte(out, 0x12);
	buffer_uvarint(out, sizeof(payload_type));
	buffer_append(out, payload_type, sizeof(payload_type));
	buffer_byte(out, 0x1a);
	buffer_uvarint(out, payload.n);
	buffer_slice(out, buffer_all(&payload));
	buffer_byte(out, 0x2a);
	buffer_uvarint(out, sizeof(sig));
	buffer_append(out, sig, sizeof(sig));
	out->failed |= payload.failed || text.failed;
	buffer_free(&payload);
	buffer_free(&text);
}
