/* handshake_step.c: what each frame of a handshake says, and must say. */
#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "contact/handshake_impl.h"

static const uint8_t nonce_authenticate[24] = {1};
static const uint8_t nonce_accept[24] = {2};

/* Note that the chain ends here: which step, then up to two causes. */
int
handshake_refuse(struct handshake * h, struct error * err, int outer,
    int middle, int inner, const char * text)
{

	h->step = FAILED;
	error_set(err, inner, "%s", text);
	if (middle != 0)
		error_wrap(err, middle);
	if (outer != 0)
		error_wrap(err, outer);
	return (-(outer != 0 ? outer : inner));
}

void
handshake_hello(struct handshake * h)
{
	Handshake__HelloPayload hello = HANDSHAKE__HELLO_PAYLOAD__INIT;
	uint8_t pub[32];

	x25519_base(pub, h->ephemeral);
	hello.ephemeral_pub_key = protobuf_bytes(slice_of(pub, sizeof(pub)));
	protobuf_encode_prefixed(&h->out, &hello);
}

static void *
parse(const ProtobufCMessageDescriptor * type, struct slice bytes)
{

	return (protobuf_decode(type, bytes, protobuf_cap(bytes.n)));
}

/* Frames 1 and 2; `outer` is the hello that is read. */
static int
take_hello(struct handshake * h, struct slice frame, int outer,
    struct error * err)
{
	Handshake__HelloPayload * hello;
	struct slice key;
	int status = 0;

	hello = parse(&handshake__hello_payload__descriptor, frame);
	if (hello == NULL)
		return (handshake_refuse(h, err, outer,
		    ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV, ERR_STREAM_READ,
		    "no hello"));
	key = protobuf_slice(hello->ephemeral_pub_key);
	if (key.n == sizeof(h->peer_ephemeral))
		memcpy(h->peer_ephemeral, key.p, key.n);
	else {
		(void)handshake_refuse(h, err,
		    ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV, ERR_SERIALIZATION, ERR_INVALID_INPUT,
		    "an ephemeral key is 32 bytes");
		status = error_wrap(err, outer);
	}
	protobuf_free(hello);
	if (status == 0 && box_key(h->ab, h->ephemeral, h->peer_ephemeral) != 0)
		return (handshake_refuse(h, err,
		    ERR_HANDSHAKE_RESPONDER_HELLO, 0,
		    ERR_CRYPTO_KEY_CONVERSION, "a weak ephemeral key"));
	return (status);
}

static int
take_requester_hello(struct handshake * h, struct slice frame,
    struct error * err)
{
	int status;

	if ((status = take_hello(h, frame, ERR_HANDSHAKE_REQUESTER_HELLO,
	    err)) != 0)
		return (status);
	handshake_hello(h);
	h->step = WAIT_AUTHENTICATE;
	return (0);
}

/* Frame 3, requester's side. */
static int
send_authenticate(struct handshake * h, struct error * err)
{
	Handshake__RequesterAuthenticatePayload payload =
	    HANDSHAKE__REQUESTER_AUTHENTICATE_PAYLOAD__INIT;
	uint8_t id[36], sig[64], key[32];

	if (handshake_key_authenticate(key, h, true) != 0)
		return (handshake_refuse(h, err,
		    ERR_HANDSHAKE_REQUESTER_AUTHENTICATE,
		    ERR_HANDSHAKE_REQUESTER_AUTHENTICATE_BOX_KEY_GEN,
		    ERR_CRYPTO_KEY_CONVERSION, "the contact's key is no key"));
	public_key_from_ed25519(id, h->account->pub);
	ed25519_sign(sig, h->account, slice_of(h->ab, sizeof(h->ab)));
	payload.requester_account_id = protobuf_bytes(slice_of(id, 36));
	payload.requester_account_sig = protobuf_bytes(slice_of(sig, 64));
	handshake_seal(h, key, nonce_authenticate, &payload);
	crypto_wipe(key, sizeof(key));
	return (0);
}

static int
take_responder_hello(struct handshake * h, struct slice frame,
    struct error * err)
{
	int status;

	if ((status = take_hello(h, frame, ERR_HANDSHAKE_RESPONDER_HELLO,
	    err)) != 0)
		return (status);
	if ((status = send_authenticate(h, err)) != 0)
		return (status);
	h->step = WAIT_ACCEPT;
	return (0);
}

/*
 * Frame 4's answer to frame 3.  The requester's key must be an Ed25519 key:
 * another kind cannot be converted, so its signature is not even looked at.
 */
static int
send_accept(struct handshake * h, bool ed25519, struct error * err)
{
	Handshake__ResponderAcceptPayload payload =
	    HANDSHAKE__RESPONDER_ACCEPT_PAYLOAD__INIT;
	uint8_t sig[64], key[32];

	if (!ed25519 || handshake_key_accept(key, h) != 0)
		return (handshake_refuse(h, err, ERR_HANDSHAKE_RESPONDER_ACCEPT,
		    ERR_HANDSHAKE_RESPONDER_ACCEPT_BOX_KEY_GEN,
		    ERR_CRYPTO_KEY_CONVERSION,
		    "the requester's key is no key"));
	ed25519_sign(sig, h->account, slice_of(h->ab, sizeof(h->ab)));
	payload.responder_account_sig = protobuf_bytes(slice_of(sig, 64));
	handshake_seal(h, key, nonce_accept, &payload);
	crypto_wipe(key, sizeof(key));
	h->step = WAIT_ACKNOWLEDGE;
	return (0);
}

static int
check_requester(struct handshake * h, struct slice clear, bool * ed25519)
{
	Handshake__RequesterAuthenticatePayload * payload;
	struct slice ab = slice_of(h->ab, sizeof(h->ab)), sig;
	struct public_key key;
	int status = -ERR_DESERIALIZATION;

	payload = parse(&handshake__requester_authenticate_payload__descriptor,
	    clear);
	if (payload == NULL)
		return (status);
	if (public_key_parse(&key, protobuf_slice(
	    payload->requester_account_id)) != 0)
		goto done;
	*ed25519 = key.type == KEY_ED25519;
	if (*ed25519 && key.data.n != sizeof(h->peer_pk))
		goto done;
	status = 0;
	if (!*ed25519)
		goto done;
	memcpy(h->peer_pk, key.data.p, sizeof(h->peer_pk));
	sig = protobuf_slice(payload->requester_account_sig);
	if (sig.n != SIGNATURE_SIZE ||
	    ed25519_verify(sig.p, h->peer_pk, ab) != 0)
		status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;
done:
	protobuf_free(payload);
	return (status);
}

static int
take_authenticate(struct handshake * h, struct slice frame, struct error * err)
{
	const int outer = ERR_HANDSHAKE_REQUESTER_AUTHENTICATE;
	Handshake__BoxEnvelope * envelope;
	struct buffer clear = {0};
	uint8_t key[32];
	bool ed25519 = false;
	int status;

	envelope = parse(&handshake__box_envelope__descriptor, frame);
	if (envelope == NULL)
		return (handshake_refuse(h, err, outer, 0, ERR_STREAM_READ,
		    "no box"));
	if (handshake_key_authenticate(key, h, false) != 0) {
		status = handshake_refuse(h, err, outer,
		    ERR_HANDSHAKE_REQUESTER_AUTHENTICATE_BOX_KEY_GEN,
		    ERR_CRYPTO_KEY_CONVERSION, "a weak ephemeral key");
		goto done;
	}
	if ((status = handshake_open(&clear, key, nonce_authenticate,
	    envelope)) == 0)
		status = check_requester(h, buffer_all(&clear), &ed25519);
	if (status != 0)
		status = handshake_refuse(h, err, outer, 0, -status,
		    "the requester is not who it says");
	else
		status = send_accept(h, ed25519, err);
done:
	crypto_wipe(key, sizeof(key));
	buffer_wipe(&clear);
	protobuf_free(envelope);
	return (status);
}

static int
check_responder(struct handshake * h, struct slice clear)
{
	Handshake__ResponderAcceptPayload * payload;
	struct slice sig;
	int status = 0;

	payload = parse(&handshake__responder_accept_payload__descriptor,
	    clear);
	if (payload == NULL)
		return (-ERR_DESERIALIZATION);
	sig = protobuf_slice(payload->responder_account_sig);
	if (sig.n != SIGNATURE_SIZE || ed25519_verify(sig.p, h->peer_pk,
	    slice_of(h->ab, sizeof(h->ab))) != 0)
		status = -ERR_CRYPTO_SIGNATURE_VERIFICATION;
	protobuf_free(payload);
	return (status);
}

/* Frames 5 and 6. */
static void
send_acknowledge(struct handshake * h)
{
	Handshake__RequesterAcknowledgePayload payload =
	    HANDSHAKE__REQUESTER_ACKNOWLEDGE_PAYLOAD__INIT;

	payload.success = 1;
	protobuf_encode_prefixed(&h->out, &payload);
	buffer_uvarint(&h->out, h->own.n);
	buffer_slice(&h->out, buffer_all(&h->own));
	h->step = DONE;
}

static int
take_accept(struct handshake * h, struct slice frame, struct error * err)
{
	const int outer = ERR_HANDSHAKE_RESPONDER_ACCEPT;
	Handshake__BoxEnvelope * envelope;
	struct buffer clear = {0};
	uint8_t key[32];
	int status;

	envelope = parse(&handshake__box_envelope__descriptor, frame);
	if (envelope == NULL)
		return (handshake_refuse(h, err, outer, 0, ERR_STREAM_READ,
		    "no box"));
	if (handshake_key_accept(key, h) != 0) {
		status = handshake_refuse(h, err, outer,
		    ERR_HANDSHAKE_RESPONDER_ACCEPT_BOX_KEY_GEN,
		    ERR_CRYPTO_KEY_CONVERSION, "the contact's key is no key");
		goto done;
	}
	if ((status = handshake_open(&clear, key, nonce_accept, envelope)) == 0)
		status = check_responder(h, buffer_all(&clear));
	if (status != 0)
		status = handshake_refuse(h, err, outer, 0, -status,
		    "the responder is not the contact");
	else
		send_acknowledge(h);
done:
	crypto_wipe(key, sizeof(key));
	buffer_wipe(&clear);
	protobuf_free(envelope);
	return (status);
}

static int
take_acknowledge(struct handshake * h, struct slice frame, struct error * err)
{
	Handshake__RequesterAcknowledgePayload * payload;
	bool success;

	payload = parse(&handshake__requester_acknowledge_payload__descriptor,
	    frame);
	if (payload == NULL)
		return (handshake_refuse(h, err,
		    ERR_HANDSHAKE_REQUESTER_ACKNOWLEDGE, 0,
		    ERR_STREAM_READ, "no acknowledgement"));
	success = payload->success;
	protobuf_free(payload);
	if (!success)
		return (handshake_refuse(h, err,
		    ERR_HANDSHAKE_REQUESTER_ACKNOWLEDGE, 0,
		    ERR_INVALID_INPUT, "the requester gave up"));
	h->step = WAIT_CONTACT;
	return (0);
}

static int
take_contact(struct handshake * h, struct slice frame, struct error * err)
{
	int status;

	if ((status = shareable_contact_decode(&h->contact, frame, true,
	    false)) != 0)
		return (handshake_refuse(h, err, 0, 0, -status,
		    "no proper contact"));
	if (!crypto_equal(h->contact.pk, h->peer_pk, sizeof(h->peer_pk)))
		return (handshake_refuse(h, err, 0, 0, ERR_INVALID_INPUT,
		    "the contact is not the one of the handshake"));
	h->step = DONE;
	return (0);
}

int
handshake_take(struct handshake * h, struct slice frame, struct error * err)
{

	switch (h->step) {
	case WAIT_REQUESTER_HELLO:
		return (take_requester_hello(h, frame, err));
	case WAIT_AUTHENTICATE:
		return (take_authenticate(h, frame, err));
	case WAIT_ACKNOWLEDGE:
		return (take_acknowledge(h, frame, err));
	case WAIT_CONTACT:
		return (take_contact(h, frame, err));
	case WAIT_RESPONDER_HELLO:
		return (take_responder_hello(h, frame, err));
	case WAIT_ACCEPT:
		return (take_accept(h, frame, err));
	default:
		return (-ERR_INVALID_INPUT);
	}
}

int
handshake_refuse_frame(struct handshake * h, struct error * err)
{
	static const struct {
		int outer, middle;
	} chain[] = {
	    [WAIT_REQUESTER_HELLO] = {ERR_HANDSHAKE_REQUESTER_HELLO,
	        ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV},
	    [WAIT_AUTHENTICATE] = {ERR_HANDSHAKE_REQUESTER_AUTHENTICATE, 0},
	    [WAIT_ACKNOWLEDGE] = {ERR_HANDSHAKE_REQUESTER_ACKNOWLEDGE, 0},
	    [WAIT_CONTACT] = {0, 0},
	    [WAIT_RESPONDER_HELLO] = {ERR_HANDSHAKE_RESPONDER_HELLO,
	        ERR_HANDSHAKE_PEER_EPHEMERAL_KEY_RECV},
	    [WAIT_ACCEPT] = {ERR_HANDSHAKE_RESPONDER_ACCEPT, 0},
	};
	enum handshake_step at = h->step;

	return (handshake_refuse(h, err, chain[at].outer, chain[at].middle,
	    ERR_STREAM_READ, "a frame is at most 2,048 bytes"));
}
