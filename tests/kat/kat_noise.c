/* The handshake of Noise: log/noise.json. */
#include <string.h>

#include "codec/peer_id.h"
#include "codec/protobuf.h"
#include "kat.h"
#include "libp2p/noise.pb-c.h"
#include "p2p/frame.h"
#include "p2p/noise.h"
#include "p2p/secure.h"

enum { MUXERS = 8 };

typedef Libp2p__Noise__NoiseHandshakePayload payload_type;

/* What the end offers to multiplex by: only its payload says it. */
static void
read_muxers(struct kat * k, const cJSON * end, const char * names[MUXERS + 1])
{
	const char * key = "payload_with_muxer_extension";
	payload_type * payload;
	size_t i, n;

	names[0] = "/yamux/1.0.0";
	names[1] = NULL;
	if (!kat_has(end, key))
		return;
	payload = protobuf_decode(
	    &libp2p__noise__noise_handshake_payload__descriptor,
	    kat_hex(k, end, key), 65536);
	kat_true(k, "payload decodes",
	    payload != NULL && payload->extensions != NULL);
	if (payload == NULL || payload->extensions == NULL) {
		protobuf_free(payload);
		return;
	}
	n = payload->extensions->n_stream_muxers;
	for (i = 0; i < n && i < MUXERS; i++) {
		struct buffer * name = kat_buffer(k);

		buffer_text(name, payload->extensions->stream_muxers[i]);
		buffer_byte(name, 0);
		names[i] = (const char *)name->p;
	}
	names[i] = NULL;
	protobuf_free(payload);
}

static void
check_payload(struct kat * k, const cJSON * end, const char * name,
    payload_type * payload)
{
	struct buffer * made = kat_buffer(k);

	protobuf_encode(made, payload);
	kat_expect_if(k, end, name, buffer_all(made));
}

/* The static key, signed by the identity; with and without muxers. */
static void
check_payloads(struct kat * k, const cJSON * end,
    const struct noise_config * config)
{
	payload_type payload =
	    LIBP2P__NOISE__NOISE_HANDSHAKE_PAYLOAD__INIT;
	Libp2p__Noise__NoiseExtensions list =
	    LIBP2P__NOISE__NOISE_EXTENSIONS__INIT;
	struct buffer * text = kat_buffer(k);
	uint8_t pub[32], key[36], sig[SIGNATURE_SIZE];

	x25519_base(pub, config->ephemeral_private);
	kat_expect_if(k, end, "ephemeral_pub", slice_of(pub, sizeof(pub)));
	x25519_base(pub, config->static_private);
	kat_expect_if(k, end, "static_pub", slice_of(pub, sizeof(pub)));
	buffer_text(text, "noise-libp2p-static-key:");
	buffer_append(text, pub, sizeof(pub));
	kat_expect_if(k, end, "signed_bytes", buffer_all(text));
	ed25519_sign(sig, config->identity, buffer_all(text));
	public_key_from_ed25519(key, config->identity->pub);
	payload.has_identity_key = payload.has_identity_sig = true;
	payload.identity_key = protobuf_bytes(slice_of(key, sizeof(key)));
	payload.identity_sig = protobuf_bytes(slice_of(sig, sizeof(sig)));
	check_payload(k, end, "payload_without_extension", &payload);
	list.stream_muxers = (char **)(uintptr_t)config->muxers;
	while (config->muxers[list.n_stream_muxers] != NULL)
		list.n_stream_muxers++;
	payload.extensions = &list;
	check_payload(k, end, "payload_with_muxer_extension", &payload);
}

/* muxers outlive the end. */
static struct noise *
make_end(struct kat * k, const cJSON * end, bool initiator,
    const char * muxers[MUXERS + 1])
{
	struct ed25519_key * identity = (struct ed25519_key *)(void *)
	    buffer_grow(kat_buffer(k), sizeof(*identity));
	struct noise_config config = {.initiator = initiator,
	    .identity = identity, .muxers = muxers};

	ed25519_from_seed(identity, kat_sized(k, end, "identity_seed", 32));
	memcpy(config.static_private,
	    kat_sized(k, end, "static_priv", 32), 32);
	memcpy(config.ephemeral_private,
	    kat_sized(k, end, "ephemeral_priv", 32), 32);
	read_muxers(k, end, muxers);
	check_payloads(k, end, &config);
	return (noise_new(&config));
}

/* A message made here, without its length, is the one of the vector. */
static struct slice
check_message(struct kat * k, const cJSON * root, const char * key,
    const struct buffer * made)
{
	struct slice message = slice_of(NULL, 0);

	kat_true(k, "has a length", made->n >= 2);
	if (made->n >= 2)
		message = slice_of(made->p + 2, made->n - 2);
	kat_expect(k, root, key, message);
	return (message);
}

static void
check_transport(struct kat * k, const cJSON * root,
    const struct noise_keys * initiator, const struct noise_keys * responder)
{
	uint64_t sent[2] = {0};
	struct secure i, r;
	const cJSON * frame;

	secure_start(&i, initiator);
	secure_start(&r, responder);
	cJSON_ArrayForEach(frame, kat_array(k, root, "transport")) {
		struct slice dir = kat_str(k, frame, "dir");
		bool out = slice_equal(dir, slice_text("i->r"));
		struct buffer * wire = kat_buffer(k);
		struct buffer * plain = kat_buffer(k);
		struct slice in;

		kat_true(k, "direction", out ||
		    slice_equal(dir, slice_text("r->i")));
		if (kat_has(frame, "nonce"))
			kat_expect_number(k, frame, "nonce", sent[out]);
		sent[out]++;
		secure_seal(out ? &i : &r, wire, kat_hex(k, frame, "plain"));
		(void)check_message(k, frame, "cipher", wire);
		in = buffer_all(wire);
		kat_number(k, "opens", 1,
		    (uint64_t)secure_open(out ? &r : &i, &in, plain));
		kat_expect(k, frame, "plain", buffer_all(plain));
	}
	secure_end(&i);
	secure_end(&r);
}

static void
read_noise(struct kat * k, const cJSON * root)
{
	const char *muxers_i[MUXERS + 1], *muxers_r[MUXERS + 1];
	struct noise_keys ki = {0}, kr = {0};
	struct noise * i, * r;
	struct buffer * b[4];
	struct slice m;
	size_t n;

	kat_begin(k, "handshake");
	for (n = 0; n < 4; n++)
		b[n] = kat_buffer(k);
	i = make_end(k, kat_object(k, root, "initiator"), true,
	    muxers_i);
	r = make_end(k, kat_object(k, root, "responder"), false,
	    muxers_r);
	noise_start(i, b[0]);
	m = check_message(k, root, "msg1", b[0]);
	kat_number(k, "first", 0, (uint64_t)noise_handshake(r, m, b[1]));
	m = check_message(k, root, "msg2", b[1]);
	kat_number(k, "second", 1, (uint64_t)noise_handshake(i, m, b[2]));
	m = check_message(k, root, "msg3", b[2]);
	kat_number(k, "third", 1, (uint64_t)noise_handshake(r, m, b[3]));
	kat_true(k, "muxer agreed", noise_muxer(i) != NULL &&
	    noise_muxer(r) != NULL);
	noise_keys(i, &ki);
	noise_keys(r, &kr);
	kat_expect(k, root, "handshake_hash", slice_of(ki.hash, 32));
	kat_expect(k, root, "handshake_hash", slice_of(kr.hash, 32));
	kat_expect(k, root, "key_initiator_to_responder",
	    slice_of(ki.send, 32));
	kat_expect(k, root, "key_responder_to_initiator",
	    slice_of(kr.send, 32));
	check_transport(k, root, &ki, &kr);
	noise_free(i);
	noise_free(r);
	kat_end(k);
}

const struct kat_reader kat_noise_readers[] = {
    {"noise", read_noise},
    {0},
};
