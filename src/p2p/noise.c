#include "p2p/noise.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "codec/protobuf.h"
#include "libp2p/noise.pb-c.h"

#define PROTOCOL "Noise_XX_25519_ChaChaPoly_SHA256"
#define SIGNED_PREFIX "noise-libp2p-static-key:"

/* Muxers a peer may list. */
#define MUXERS_MAX 16

/* Which message is awaited or was last, by its number in XX. */
enum { FIRST = 1, SECOND, THIRD, OVER };

struct noise {
	struct noise_config config;
	uint8_t ephemeral[32];            /* own public */
	uint8_t fixed[32];                /* own static public */
	uint8_t peer_ephemeral[32];
	uint8_t peer_fixed[32];
	uint8_t h[32];                    /* hash of all so far */
	uint8_t ck[32];                   /* chaining key */
	uint8_t k[32];                    /* key at hand */
	uint64_t nonce;
	int awaited;
	struct peer_id peer;
	struct buffer peer_key;
	const char * muxer;
};

static void
mix_hash(struct noise * n, struct slice data)
{
	struct slice pieces[2] = {slice_of(n->h, 32), data};

	sha256(n->h, pieces, 2);
}

/* The noise HKDF is RFC 5869 with the chaining key as salt and no info. */
static void
mix_key(struct noise * n, const uint8_t secret[32])
{
	uint8_t made[64];

	hkdf_sha256(made, sizeof(made), slice_of(secret, 32),
	    slice_of(n->ck, 32), slice_of(NULL, 0));
	memcpy(n->ck, made, 32);
	memcpy(n->k, made + 32, 32);
	n->nonce = 0;
	crypto_wipe(made, sizeof(made));
}

static int
mix_dh(struct noise * n, const uint8_t priv[32], const uint8_t pub[32])
{
	uint8_t shared[32];

	if (x25519(shared, priv, pub) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	mix_key(n, shared);
	crypto_wipe(shared, sizeof(shared));
	return (0);
}

/* 4 zero bytes, then the counter little-endian. */
static void
next_nonce(struct noise * n, uint8_t nonce[12])
{
	size_t i;

	memset(nonce, 0, 12);
	for (i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(n->nonce >> (8 * i));
	n->nonce++;
}

static void
seal(struct noise * n, struct buffer * out, struct slice plain)
{
	size_t start = out->n;
	uint8_t nonce[12];

	next_nonce(n, nonce);
	chachapoly_seal(out, n->k, nonce, slice_of(n->h, 32), plain);
	if (!out->failed)
		mix_hash(n, slice_of(out->p + start, out->n - start));
}

static int
open_sealed(struct noise * n, struct buffer * plain, struct slice sealed)
{
	uint8_t nonce[12];

	next_nonce(n, nonce);
	if (chachapoly_open(plain, n->k, nonce, slice_of(n->h, 32),
	    sealed) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	mix_hash(n, sealed);
	return (0);
}

struct noise *
noise_new(const struct noise_config * config)
{
	struct noise * n = calloc(1, sizeof(*n));

	if (n == NULL)
		return (NULL);
	n->config = *config;
	x25519_base(n->ephemeral, config->ephemeral_private);
	x25519_base(n->fixed, config->static_private);
	memcpy(n->h, PROTOCOL, 32);
	memcpy(n->ck, PROTOCOL, 32);
	mix_hash(n, slice_of(NULL, 0));
	n->awaited = config->initiator ? SECOND : FIRST;
	return (n);
}

void
noise_free(struct noise * n)
{
	if (n == NULL)
		return;
	buffer_free(&n->peer_key);
	crypto_wipe(n, sizeof(*n));
	free(n);
}

/* Sign the static key by the identity, and list the muxers. */
static void
write_payload(const struct noise * n, struct buffer * out)
{
	Libp2p__Noise__NoiseHandshakePayload payload =
	    LIBP2P__NOISE__NOISE_HANDSHAKE_PAYLOAD__INIT;
	Libp2p__Noise__NoiseExtensions extensions =
	    LIBP2P__NOISE__NOISE_EXTENSIONS__INIT;
	uint8_t key[36], sig[SIGNATURE_SIZE];
	char * muxers[MUXERS_MAX];
	struct buffer text = {0};

	public_key_from_ed25519(key, n->config.identity->pub);
	buffer_text(&text, SIGNED_PREFIX);
	buffer_append(&text, n->fixed, 32);
	ed25519_sign(sig, n->config.identity, buffer_all(&text));
	out->failed |= text.failed;
	buffer_free(&text);
	payload.has_identity_key = payload.has_identity_sig = true;
	payload.identity_key = protobuf_bytes(slice_of(key, sizeof(key)));
	payload.identity_sig = protobuf_bytes(slice_of(sig, sizeof(sig)));
	if (n->config.muxers != NULL) {
		while (extensions.n_stream_muxers < MUXERS_MAX &&
		    n->config.muxers[extensions.n_stream_muxers] != NULL) {
			muxers[extensions.n_stream_muxers] = (char *)(uintptr_t)
			    n->config.muxers[extensions.n_stream_muxers];
			extensions.n_stream_muxers++;
		}
		extensions.stream_muxers = muxers;
		payload.extensions = &extensions;
	}
	protobuf_encode(out, &payload);
}

static void
seal_payload(struct noise * n, struct buffer * out)
{
	struct buffer payload = {0};

	write_payload(n, &payload);
	seal(n, out, buffer_all(&payload));
	out->failed |= payload.failed;
	buffer_free(&payload);
}

/* Put the length in front of a message that was begun at `start`. */
static void
close_message(struct buffer * out, size_t start)
{
	size_t length;

	if (out->failed)
		return;
	length = out->n - start - 2;
	out->p[start] = (uint8_t)(length >> 8);
	out->p[start + 1] = (uint8_t)length;
}

/* -> e */
void
noise_start(struct noise * n, struct buffer * out)
{
	size_t start = out->n;

	buffer_be16(out, 0);
	buffer_append(out, n->ephemeral, 32);
	mix_hash(n, slice_of(n->ephemeral, 32));
	mix_hash(n, slice_of(NULL, 0));
	close_message(out, start);
}

/* <- e, ee, s, es */
static int
write_second(struct noise * n, struct buffer * out)
{
	size_t start = out->n;

	buffer_be16(out, 0);
	buffer_append(out, n->ephemeral, 32);
	mix_hash(n, slice_of(n->ephemeral, 32));
	if (mix_dh(n, n->config.ephemeral_private, n->peer_ephemeral) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	seal(n, out, slice_of(n->fixed, 32));
	if (mix_dh(n, n->config.static_private, n->peer_ephemeral) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	seal_payload(n, out);
	close_message(out, start);
	return (out->failed ? -ERR_INTERNAL : 0);
}

/* -> s, se */
static int
write_third(struct noise * n, struct buffer * out)
{
	size_t start = out->n;

	buffer_be16(out, 0);
	seal(n, out, slice_of(n->fixed, 32));
	if (mix_dh(n, n->config.static_private, n->peer_ephemeral) != 0)
		return (-ERR_CRYPTO_DECRYPT);
	seal_payload(n, out);
	close_message(out, start);
	return (out->failed ? -ERR_INTERNAL : 0);
}

/* The muxer is the first of the initiator's that the responder lists. */
static void
choose_muxer(struct noise * n, const Libp2p__Noise__NoiseExtensions * theirs)
{
	size_t i, j;

	if (theirs == NULL || n->config.muxers == NULL ||
	    theirs->n_stream_muxers > MUXERS_MAX)
		return;
	if (n->config.initiator) {
		for (i = 0; n->config.muxers[i] != NULL; i++)
			for (j = 0; j < theirs->n_stream_muxers; j++)
				if (strcmp(n->config.muxers[i],
				    theirs->stream_muxers[j]) == 0) {
					n->muxer = n->config.muxers[i];
					return;
				}
	} else {
		for (j = 0; j < theirs->n_stream_muxers; j++)
			for (i = 0; n->config.muxers[i] != NULL; i++)
				if (strcmp(n->config.muxers[i],
				    theirs->stream_muxers[j]) == 0) {
					n->muxer = n->config.muxers[i];
					return;
				}
	}
}

/* Does the identity vouch for the static key of this handshake? */
static int
verify_identity(struct noise * n, struct slice identity, struct slice sig)
{
	struct public_key key;
	struct buffer text = {0};
	int status;

	if ((status = public_key_parse(&key, identity)) != 0)
		return (status);
	buffer_text(&text, SIGNED_PREFIX);
	buffer_append(&text, n->peer_fixed, 32);
	status = text.failed ? -ERR_INTERNAL :
	    public_key_verify(&key, buffer_all(&text), sig);
	buffer_free(&text);
	if (status != 0)
		return (-ERR_CRYPTO_SIGNATURE_VERIFICATION);
	peer_id_from_public_key(&n->peer, identity);
	if (n->config.expected.n > 0 &&
	    !peer_id_equal(&n->peer, &n->config.expected))
		return (-ERR_INVALID_INPUT);
	buffer_clear(&n->peer_key);
	buffer_slice(&n->peer_key, identity);
	return (n->peer_key.failed ? -ERR_INTERNAL : 0);
}

static int
read_payload(struct noise * n, struct slice bytes)
{
	Libp2p__Noise__NoiseHandshakePayload * payload;
	int status;

	payload = protobuf_decode(
	    &libp2p__noise__noise_handshake_payload__descriptor, bytes,
	    protobuf_cap(bytes.n));
	if (payload == NULL)
		return (-ERR_DESERIALIZATION);
	status = verify_identity(n, protobuf_slice(payload->identity_key),
	    protobuf_slice(payload->identity_sig));
	if (status == 0)
		choose_muxer(n, payload->extensions);
	protobuf_free(payload);
	return (status);
}

/* Their static key, what it adds to the keys, and their payload. */
static int
read_static(struct noise * n, struct reader * r)
{
	struct slice sealed = reader_take(r, 32 + TAG_SIZE);
	const uint8_t * priv = n->config.ephemeral_private;
	struct buffer plain = {0};
	int status;

	if (r->failed)
		return (-ERR_DESERIALIZATION);
	if ((status = open_sealed(n, &plain, sealed)) != 0)
		goto out;
	memcpy(n->peer_fixed, plain.p, 32);
	if ((status = mix_dh(n, priv, n->peer_fixed)) != 0)
		goto out;
	buffer_clear(&plain);
	if ((status = open_sealed(n, &plain, reader_rest(r))) != 0)
		goto out;
	status = read_payload(n, buffer_all(&plain));
out:
	buffer_free(&plain);
	return (status);
}

static int
read_ephemeral(struct noise * n, struct reader * r)
{
	struct slice e = reader_take(r, 32);

	if (r->failed)
		return (-ERR_DESERIALIZATION);
	memcpy(n->peer_ephemeral, e.p, 32);
	mix_hash(n, e);
	return (0);
}

/* The responder reads e, whose payload is in clear and means nothing. */
static int
read_first(struct noise * n, struct reader * r, struct buffer * out)
{
	int status;

	if ((status = read_ephemeral(n, r)) != 0)
		return (status);
	mix_hash(n, reader_rest(r));
	if ((status = write_second(n, out)) != 0)
		return (status);
	n->awaited = THIRD;
	return (0);
}

/* The initiator reads e, ee, s, es and answers; then it is over. */
static int
read_second(struct noise * n, struct reader * r, struct buffer * out)
{
	int status;

	if ((status = read_ephemeral(n, r)) != 0 ||
	    (status = mix_dh(n, n->config.ephemeral_private,
	    n->peer_ephemeral)) != 0 ||
	    (status = read_static(n, r)) != 0 ||
	    (status = write_third(n, out)) != 0)
		return (status);
	n->awaited = OVER;
	return (1);
}

static int
read_third(struct noise * n, struct reader * r)
{
	int status;

	if ((status = read_static(n, r)) != 0)
		return (status);
	n->awaited = OVER;
	return (1);
}

int
noise_handshake(struct noise * n, struct slice message, struct buffer * out)
{
	struct reader r = reader_of(message);

	switch (n->awaited) {
	case FIRST:
		return (read_first(n, &r, out));
	case SECOND:
		return (read_second(n, &r, out));
	case THIRD:
		return (read_third(n, &r));
	default:
		return (-ERR_INVALID_INPUT);
	}
}

const struct peer_id *
noise_peer(const struct noise * n)
{
	return (&n->peer);
}

struct slice
noise_peer_key(const struct noise * n)
{
	return (buffer_all(&n->peer_key));
}

const char *
noise_muxer(const struct noise * n)
{
	return (n->muxer);
}

void
noise_keys(const struct noise * n, struct noise_keys * keys)
{
	uint8_t made[64];

	hkdf_sha256(made, sizeof(made), slice_of(NULL, 0),
	    slice_of(n->ck, 32), slice_of(NULL, 0));
	memcpy(keys->send, made + (n->config.initiator ? 0 : 32), 32);
	memcpy(keys->receive, made + (n->config.initiator ? 32 : 0), 32);
	memcpy(keys->hash, n->h, 32);
	crypto_wipe(made, sizeof(made));
}
