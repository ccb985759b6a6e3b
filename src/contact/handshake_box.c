/* handshake_box.c: what the two sides of a handshake say under seal. */
#include "codec/protobuf.h"
#include "contact/handshake_impl.h"

/* SHA-256(ab ‖ boxkey(priv, pub)): the key of a box. */
static int
box_key_of(uint8_t key[32], const struct handshake * h,
    const uint8_t priv[32], const uint8_t pub[32])
{
	uint8_t second[32];
	struct slice pieces[2] = {slice_of(h->ab, sizeof(h->ab)),
	    slice_of(second, sizeof(second))};
	int status;

	if ((status = box_key(second, priv, pub)) == 0)
		sha256(key, pieces, 2);
	crypto_wipe(second, sizeof(second));
	return (status);
}

int
handshake_key_authenticate(uint8_t key[32], const struct handshake * h,
    bool requester)
{
	uint8_t priv[32], pub[32];
	int status;

	if (requester) {
		if ((status = x25519_public_of(pub, h->peer_pk)) != 0)
			return (status);
		return (box_key_of(key, h, h->ephemeral, pub));
	}
	x25519_private_of(priv, h->account->seed);
	status = box_key_of(key, h, priv, h->peer_ephemeral);
	crypto_wipe(priv, sizeof(priv));
	return (status);
}

int
handshake_key_accept(uint8_t key[32], const struct handshake * h)
{
	uint8_t priv[32], pub[32];
	int status;

	if ((status = x25519_public_of(pub, h->peer_pk)) != 0)
		return (status);
	x25519_private_of(priv, h->account->seed);
	status = box_key_of(key, h, priv, pub);
	crypto_wipe(priv, sizeof(priv));
	return (status);
}

void
handshake_seal(struct handshake * h, const uint8_t key[32],
    const uint8_t nonce[24], const void * message)
{
	Handshake__BoxEnvelope envelope = HANDSHAKE__BOX_ENVELOPE__INIT;
	struct buffer clear = {0}, box = {0};

	protobuf_encode(&clear, message);
	secretbox_seal(&box, key, nonce, buffer_all(&clear));
	envelope.box = protobuf_bytes(buffer_all(&box));
	if (clear.failed || box.failed)
		h->out.failed = true;
	else
		protobuf_encode_prefixed(&h->out, &envelope);
	buffer_wipe(&clear);
	buffer_free(&box);
}

int
handshake_open(struct buffer * clear, const uint8_t key[32],
    const uint8_t nonce[24], const Handshake__BoxEnvelope * envelope)
{

	return (secretbox_open(clear, key, nonce,
	    protobuf_slice(envelope->box)));
}
