/* stream.c: a passphrase, and a stream of sealed pieces. */
#include <assert.h>
#include <sodium.h>

#include "base/error.h"
#include "crypto/crypto.h"

typedef crypto_secretstream_xchacha20poly1305_state stream_state;

static_assert(sizeof(stream_state) == sizeof(struct secret_stream),
    "the state of libsodium's stream has another size");
static_assert(crypto_secretstream_xchacha20poly1305_HEADERBYTES ==
    SECRET_STREAM_HEADER, "its header has another size");
static_assert(crypto_secretstream_xchacha20poly1305_ABYTES ==
    SECRET_STREAM_EXTRA, "its pieces have another size");

int
argon2id(uint8_t * out, size_t n, struct slice passphrase,
    const uint8_t salt[16], uint32_t ops, uint32_t memory_kib)
{
	static const char none[1]; /* libsodium takes no null pointer */

	if (crypto_pwhash(out, n,
	        passphrase.n > 0 ? (const char *)passphrase.p : none,
	        passphrase.n, salt, ops, (size_t)memory_kib * 1024,
	        crypto_pwhash_ALG_ARGON2ID13) != 0)
		return (-ERR_CRYPTO_KEY_DERIVATION);
	return (0);
}

void
secret_stream_begin(struct secret_stream * s, const uint8_t key[32],
    const uint8_t header[SECRET_STREAM_HEADER])
{
	stream_state state;

	/* Both sides begin alike; init_push would only draw the header. */
	(void)crypto_secretstream_xchacha20poly1305_init_pull(&state, header,
	    key);
	memcpy(s->state, &state, sizeof(state));
	crypto_wipe(&state, sizeof(state));
}

void
secret_stream_seal(struct secret_stream * s, struct buffer * out,
    struct slice clear, struct slice data, bool last)
{
	stream_state state;
	uint8_t * to = buffer_grow(out, clear.n + SECRET_STREAM_EXTRA);

	if (to == NULL)
		return;
	memcpy(&state, s->state, sizeof(state));
	(void)crypto_secretstream_xchacha20poly1305_push(&state, to, NULL,
	    clear.p, clear.n, data.p, data.n,
	    last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
	memcpy(s->state, &state, sizeof(state));
	crypto_wipe(&state, sizeof(state));
}

int
secret_stream_open(struct secret_stream * s, struct buffer * out,
    struct slice sealed, struct slice data, bool * last)
{
	stream_state state;
	size_t before = out->n;
	unsigned char tag;
	uint8_t * to;
	int rc;

	if (sealed.n < SECRET_STREAM_EXTRA)
		return (-ERR_CRYPTO_DECRYPT);
	to = buffer_grow(out, sealed.n - SECRET_STREAM_EXTRA + 1);
	if (to == NULL)
		return (-ERR_INTERNAL);
	memcpy(&state, s->state, sizeof(state));
	rc = crypto_secretstream_xchacha20poly1305_pull(&state, to, NULL, &tag,
	    sealed.p, sealed.n, data.p, data.n);
	out->n = before;
	if (rc == 0) {
		out->n += sealed.n - SECRET_STREAM_EXTRA;
		memcpy(s->state, &state, sizeof(state));
		*last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	}
	crypto_wipe(&state, sizeof(state));
	return (rc == 0 ? 0 : -ERR_CRYPTO_DECRYPT);
}
