#include "sync/heads.h"

#include "base/error.h"
#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "crypto/crypto.h"

#define ROTATION_SIZE 32

typedef Berty__Protocol__V1__OrbitDBMessageHeads Message;
typedef Berty__Protocol__V1__OrbitDBMessageHeads__Box Box;

/* The text with the NUL that protobuf-c wants. */
static void
append_box(struct buffer * out, struct slice address, struct slice heads_json,
    const uint8_t * device_pk, const struct peer_id * peer)
{
	Box box = BERTY__PROTOCOL__V1__ORBIT_DBMESSAGE_HEADS__BOX__INIT;
	struct buffer text = {0};

	buffer_slice(&text, address);
	buffer_byte(&text, 0);
	if (text.failed) {
		out->failed = true;
		goto err0;
	}
	box.address = (char *)text.p;
	box.heads = protobuf_bytes(heads_json);
	if (device_pk != NULL)
		box.device_pk = protobuf_bytes(slice_of(device_pk, KEY_SIZE));
	if (peer != NULL)
		box.peer_id = protobuf_bytes(peer_id_slice(peer));
	protobuf_encode(out, &box);
err0:
	buffer_free(&text);
}

void
heads_seal(struct buffer * out, struct slice address,
    const uint8_t link_key[32], const uint8_t rotation[32],
    const uint8_t nonce[24], struct slice heads_json,
    const uint8_t * device_pk, const struct peer_id * peer)
{
	Message message = BERTY__PROTOCOL__V1__ORBIT_DBMESSAGE_HEADS__INIT;
	struct buffer box = {0}, sealed = {0};

	append_box(&box, address, heads_json, device_pk, peer);
	buffer_append(&sealed, nonce, NONCE_SIZE);
	secretbox_seal(&sealed, link_key, nonce, buffer_all(&box));
	message.sealed_box = protobuf_bytes(buffer_all(&sealed));
	message.raw_rotation =
	    protobuf_bytes(slice_of(rotation, ROTATION_SIZE));
	if (box.failed || sealed.failed)
		out->failed = true;
	else
		protobuf_encode(out, &message);
	buffer_free(&box);
	buffer_free(&sealed);
}

static Message *
decode(struct slice message)
{
	if (message.n > HEADS_MAX)
		return (NULL);
	return (protobuf_decode(
	    &berty__protocol__v1__orbit_dbmessage_heads__descriptor, message,
	    protobuf_cap(message.n)));
}

int
heads_rotation(uint8_t rotation[32], struct slice message)
{
	Message * m;
	int status = -ERR_DESERIALIZATION;

	if ((m = decode(message)) == NULL)
		return (status);
	if (m->raw_rotation.len == ROTATION_SIZE) {
		memcpy(rotation, m->raw_rotation.data, ROTATION_SIZE);
		status = 0;
	}
	protobuf_free(m);
	return (status);
}

static int
open_box(struct buffer * clear, struct slice sealed,
    const uint8_t link_key[32])
{
	if (sealed.n < NONCE_SIZE)
		return (-ERR_DESERIALIZATION);
	return (secretbox_open(clear, link_key, sealed.p,
	    slice_of(sealed.p + NONCE_SIZE, sealed.n - NONCE_SIZE)));
}

int
heads_open(struct heads * h, struct slice message, const uint8_t link_key[32])
{
	struct buffer clear = {0};
	Message * m;
	Box * box;
	int status;

	if ((m = decode(message)) == NULL)
		return (-ERR_DESERIALIZATION);
	status = open_box(&clear, protobuf_slice(m->sealed_box), link_key);
	protobuf_free(m);
	if (status != 0)
		goto err0;
	box = protobuf_decode(
	    &berty__protocol__v1__orbit_dbmessage_heads__box__descriptor,
	    buffer_all(&clear), protobuf_cap(clear.n));
	if (box == NULL) {
		status = -ERR_DESERIALIZATION;
		goto err0;
	}
	*h = (struct heads){
	    .address = slice_text(box->address),
	    .json = protobuf_slice(box->heads),
	    .device_pk = protobuf_slice(box->device_pk),
	    .peer = protobuf_slice(box->peer_id),
	    .box = box,
	};
err0:
	buffer_free(&clear);
	return (status);
}

void
heads_free(struct heads * h)
{
	protobuf_free(h->box);
	*h = (struct heads){0};
}
