#include "group/message.h"

#include "group/wire.h"

/* Fields of MessageEnvelope. */
enum { ENVELOPE_HEADERS = 1, ENVELOPE_BOX = 2, ENVELOPE_NONCE = 3,
	ENVELOPE_CIDS = 4 };

void
message_free(struct message * m)
{
	attached_free(&m->attached);
	buffer_wipe(&m->held);
	*m = (struct message){0};
}

void
message_nonce(uint8_t nonce[NONCE_SIZE], uint64_t counter)
{
	int i;

	memset(nonce, 0, NONCE_SIZE);
	for (i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(counter >> (56 - 8 * i));
}

static void
put_clear(struct buffer * out, struct slice payload,
    const struct event_attachment * attachments, size_t n)
{
	struct buffer secrets = {0};

	attached_put_secrets(&secrets, attachments, n);
	wire_put_bytes(out, 1, payload);
	wire_put_message(out, 2, buffer_all(&secrets));
	out->failed |= secrets.failed;
	buffer_wipe(&secrets);
}

static void
put_headers(struct buffer * out, struct slice clear, uint64_t counter,
    const struct ed25519_key * device)
{
	uint8_t sig[SIGNATURE_SIZE];

	ed25519_sign(sig, device, clear);
	wire_put_varint(out, 1, counter);
	wire_put_bytes(out, 2, slice_of(device->pub, sizeof(device->pub)));
	wire_put_bytes(out, 3, slice_of(sig, sizeof(sig)));
}

void
message_seal(struct buffer * out, struct slice payload,
    struct chain_key * chain, const struct ed25519_key * device,
    const struct group_info * g, const uint8_t * random,
    const struct event_attachment * attachments, size_t n,
    uint8_t message_key[32])
{
	struct buffer clear = {0}, headers = {0}, box = {0};
	uint8_t nonce[NONCE_SIZE];

	chain_key_step(chain, message_key, g->pk);
	put_clear(&clear, payload, attachments, n);
	put_headers(&headers, buffer_all(&clear), chain->counter, device);
	secretbox_seal(&box, g->secret, random, buffer_all(&headers));
	wire_put_bytes(out, ENVELOPE_HEADERS, buffer_all(&box));
	out->failed |= box.failed || clear.failed || headers.failed;
	buffer_clear(&box);
	message_nonce(nonce, chain->counter);
	secretbox_seal(&box, message_key, nonce, buffer_all(&clear));
	wire_put_bytes(out, ENVELOPE_BOX, buffer_all(&box));
	wire_put_bytes(out, ENVELOPE_NONCE, slice_of(random, NONCE_SIZE));
	attached_put_cids(out, ENVELOPE_CIDS, g, random + NONCE_SIZE,
	    attachments, n);
	out->failed |= box.failed;
	buffer_wipe(&clear);
	buffer_wipe(&headers);
	buffer_free(&box);
}

int
message_split(struct message_parts * parts, struct slice envelope)
{
	struct reader r = reader_of(envelope);
	struct message_parts read = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct wire_field f;

	while (wire_next(&r, &f))
		if (wire_is_bytes(&f, ENVELOPE_HEADERS))
			read.headers = f.bytes;
		else if (wire_is_bytes(&f, ENVELOPE_BOX))
			read.box = f.bytes;
		else if (wire_is_bytes(&f, ENVELOPE_NONCE))
			read.nonce = f.bytes;
	if (r.failed || read.nonce.n != NONCE_SIZE)
		return (-ERR_DESERIALIZATION);
	*parts = read;
	return (0);
}

static int
read_headers(struct message_headers * h, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct slice device = {NULL, 0}, sig = {NULL, 0};
	uint64_t counter = 0;
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == 1 && f.type == WIRE_VARINT)
			counter = f.value;
		else if (wire_is_bytes(&f, 2))
			device = f.bytes;
		else if (wire_is_bytes(&f, 3))
			sig = f.bytes;
	if (r.failed || device.n != sizeof(h->device_pk) ||
	    sig.n != sizeof(h->sig))
		return (-ERR_DESERIALIZATION);
	h->counter = counter;
	memcpy(h->device_pk, device.p, sizeof(h->device_pk));
	memcpy(h->sig, sig.p, sizeof(h->sig));
	return (0);
}

int
message_open_headers(struct message_headers * h, struct slice envelope,
    const struct group_info * g)
{
	struct message_parts parts;
	struct buffer clear = {0};
	int status;

	if ((status = message_split(&parts, envelope)) != 0)
		return (status);
	status = secretbox_open(&clear, g->secret, parts.nonce.p,
	    parts.headers);
	if (status == 0)
		status = read_headers(h, buffer_all(&clear));
	buffer_free(&clear);
	return (status);
}

static int
open_clear(struct message * m, struct slice box,
    const struct message_headers * h, const uint8_t message_key[32],
    bool verify, struct slice * protocol_metadata)
{
	uint8_t nonce[NONCE_SIZE];
	int status;

	message_nonce(nonce, h->counter);
	if ((status = secretbox_open(&m->held, message_key, nonce, box)) != 0)
		return (status);
	m->clear = buffer_all(&m->held);
	if (verify && ed25519_verify(h->sig, h->device_pk, m->clear) != 0)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	if (wire_find(m->clear, 1, &m->plaintext) != 0 ||
	    wire_find(m->clear, 2, protocol_metadata) != 0)
		return (-ERR_DESERIALIZATION);
	return (0);
}

/*
 * Networks that have no attachments any more skip the fields: there they are
 * ours, and what is wrong with them is no fault of the message.
 */
static int
open_attachments(struct message * m, struct slice envelope,
    struct slice protocol_metadata, const struct group_info * g, bool strict)
{
	int status;

	status = attached_open(&m->attached, &m->held, envelope, ENVELOPE_CIDS,
	    protocol_metadata, g);
	return (strict || status == -ERR_INTERNAL ? status : 0);
}

static int
open_envelope(struct message * m, struct slice envelope,
    const struct message_headers * h, const uint8_t message_key[32],
    const struct group_info * g, bool strict, bool verify)
{
	struct message_parts parts;
	struct slice protocol_metadata;
	struct message read = {0};
	size_t cids = 0;
	int status, measured;

	if ((status = message_split(&parts, envelope)) != 0)
		return (status);
	measured = attached_measure(envelope, ENVELOPE_CIDS, &cids);
	if (strict)
		status = measured;
	if (status == 0)
		status = buffer_reserve(&read.held, parts.box.n + cids);
	if (status == 0)
		status = open_clear(&read, parts.box, h, message_key, verify,
		    &protocol_metadata);
	if (status == 0 && measured == 0)
		status = open_attachments(&read, envelope, protocol_metadata,
		    g, strict);
	if (status == 0)
		*m = read;
	else
		message_free(&read);
	return (status);
}

int
message_open(struct message * m, struct slice envelope,
    const struct message_headers * h, const uint8_t message_key[32],
    const struct group_info * g, const struct network * network)
{
	return (open_envelope(m, envelope, h, message_key, g,
	    network == NULL || network->attachments, true));
}

int
message_reopen(struct message * m, struct slice envelope,
    const struct message_headers * h, const uint8_t message_key[32],
    const struct group_info * g, const struct network * network)
{
	return (open_envelope(m, envelope, h, message_key, g,
	    network == NULL || network->attachments, false));
}

int
message_open_box(struct message * m, struct slice box,
    const struct message_headers * h, const uint8_t message_key[32])
{
	struct slice protocol_metadata;
	struct message read = {0};
	int status;

	status = open_clear(&read, box, h, message_key, true,
	    &protocol_metadata);
	if (status == 0)
		*m = read;
	else
		message_free(&read);
	return (status);
}
