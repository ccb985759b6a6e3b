#include "group/attachment.h"

#include "base/error.h"
#include "codec/peer_id.h"
#include "crypto/crypto.h"

/* Before the key's name and before the secret; the last number is the
 * cipher's. */
#define SECRET_PREFIX "/libp2psk+xchacha20poly1305_64_0/"
#define LONG_PREFIX "/libp2psk+xchacha20poly1305_64_1/"
/* The whole secret of a file in no cipher. */
#define PLAIN_SECRET "/plain_0/"

enum { PRIVATE_KEY_SIZE = 68 };

uint64_t
attachment_sealed_size(uint64_t n)
{
	uint64_t blocks = n / ATTACHMENT_CLEAR + (n % ATTACHMENT_CLEAR != 0);

	return (n + blocks * TAG_SIZE);
}

void
attachment_nonce(uint8_t nonce[24], uint64_t i)
{
	int shift;
	size_t n = 0;

	memset(nonce, 0, 24);
	for (shift = 56; shift >= 0; shift -= 8)
		if (n > 0 || (i >> shift & 0xff) != 0)
			nonce[n++] = (uint8_t)(i >> shift);
}

void
attachment_seal_block(struct buffer * out, const uint8_t key[32], uint64_t i,
    struct slice clear)
{
	uint8_t nonce[24];

	attachment_nonce(nonce, i);
	xchacha_seal(out, key, nonce, slice_of(NULL, 0), clear);
}

int
attachment_open_block(struct buffer * out, const uint8_t key[32], uint64_t i,
    struct slice sealed)
{
	uint8_t nonce[24];

	if (sealed.n > ATTACHMENT_SEALED)
		return (-ERR_CRYPTO_DECRYPT);
	attachment_nonce(nonce, i);
	return (xchacha_open(out, key, nonce, slice_of(NULL, 0), sealed));
}

static void
long_nonce(uint8_t nonce[24], uint64_t i, bool last)
{
	int k;

	if (i < ATTACHMENT_SHORT) {
		attachment_nonce(nonce, i);
		return;
	}
	memset(nonce, 0, 24);
	for (k = 0; k < 8; k++)
		nonce[k] = (uint8_t)(i >> (56 - 8 * k));
	nonce[8] = last;
}

void
attachment_seal_long(struct buffer * out, const uint8_t key[32], uint64_t i,
    bool last, struct slice clear)
{
	uint8_t nonce[24];

	long_nonce(nonce, i, last);
	xchacha_seal(out, key, nonce, slice_of(NULL, 0), clear);
}

int
attachment_open_long(struct buffer * out, const uint8_t key[32], uint64_t i,
    bool last, struct slice sealed)
{
	uint8_t nonce[24];

	if (sealed.n > ATTACHMENT_SEALED)
		return (-ERR_CRYPTO_DECRYPT);
	long_nonce(nonce, i, last);
	return (xchacha_open(out, key, nonce, slice_of(NULL, 0), sealed));
}

void
attachment_key_name(struct buffer * out, const struct cid * cid)
{
	buffer_text(out, SECRET_PREFIX);
	cid_encode(out, cid);
}

void
attachment_secret_write(struct buffer * out, enum attachment_cipher cipher,
    const uint8_t key[32])
{
	uint8_t bytes[PRIVATE_KEY_SIZE];
	struct ed25519_key pair;

	if (cipher == ATTACHMENT_PLAIN) {
		buffer_text(out, PLAIN_SECRET);
		return;
	}
	ed25519_from_seed(&pair, key);
	private_key_from_ed25519(bytes, pair.seed, pair.pub);
	buffer_text(out, cipher == ATTACHMENT_LONG ? LONG_PREFIX
	    : SECRET_PREFIX);
	buffer_append(out, bytes, sizeof(bytes));
	crypto_wipe(bytes, sizeof(bytes));
	crypto_wipe(&pair, sizeof(pair));
}

static bool
starts_with(struct slice secret, const char * prefix)
{
	size_t n = strlen(prefix);

	return (secret.n >= n && memcmp(secret.p, prefix, n) == 0);
}

int
attachment_secret_parse(enum attachment_cipher * cipher, uint8_t key[32],
    struct slice secret)
{
	size_t n = sizeof(SECRET_PREFIX) - 1;

	if (slice_equal(secret, slice_text(PLAIN_SECRET))) {
		*cipher = ATTACHMENT_PLAIN;
		memset(key, 0, 32);
		return (0);
	}
	if (starts_with(secret, SECRET_PREFIX))
		*cipher = ATTACHMENT_BERTY;
	else if (starts_with(secret, LONG_PREFIX))
		*cipher = ATTACHMENT_LONG;
	else
		return (-ERR_INVALID_INPUT);
	return (private_key_parse(key, slice_of(secret.p + n, secret.n - n)));
}

void
attachment_cid_seal(struct buffer * out, const uint8_t cid_key[32],
    const uint8_t nonce[24], struct slice cid)
{
	buffer_append(out, nonce, NONCE_SIZE);
	secretbox_seal(out, cid_key, nonce, cid);
}

int
attachment_cid_open(struct buffer * out, const uint8_t cid_key[32],
    struct slice sealed)
{
	if (sealed.n < ATTACHMENT_CID_SEALED)
		return (-ERR_CRYPTO_DECRYPT);
	return (secretbox_open(out, cid_key, sealed.p,
	    slice_of(sealed.p + NONCE_SIZE, sealed.n - NONCE_SIZE)));
}
