#include "codec/peer_id.h"

#include "base/error.h"
#include "base/reader.h"
#include "codec/cid.h"
#include "codec/multibase.h"
#include "crypto/crypto.h"

enum { HASH_IDENTITY = 0x00, HASH_SHA256 = 0x12 };

/* Tags of the key protobufs: Type = 1 (varint), Data = 2 (bytes). */
enum { TAG_TYPE = 0x08, TAG_DATA = 0x12 };

/* The largest text form: hex with a prefix of a CIDv1. */
#define TEXT_MAX 128

void
public_key_from_ed25519(uint8_t out[36], const uint8_t pub[32])
{
	static const uint8_t prefix[4] = {TAG_TYPE, KEY_ED25519, TAG_DATA, 32};

	memcpy(out, prefix, sizeof(prefix));
	memcpy(out + sizeof(prefix), pub, 32);
}

void
private_key_from_ed25519(uint8_t out[68], const uint8_t seed[32],
    const uint8_t pub[32])
{
	static const uint8_t prefix[4] = {TAG_TYPE, KEY_ED25519, TAG_DATA, 64};

	memcpy(out, prefix, sizeof(prefix));
	memcpy(out + 4, seed, 32);
	memcpy(out + 36, pub, 32);
}

/* Type and Data in this order, each once: what every peer writes. */
static int
key_parse(struct public_key * key, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	uint64_t type;

	if (reader_byte(&r) != TAG_TYPE)
		return (-ERR_DESERIALIZATION);
	type = reader_uvarint(&r);
	if (reader_byte(&r) != TAG_DATA)
		return (-ERR_DESERIALIZATION);
	key->data = reader_prefixed(&r, bytes.n);
	if (!reader_done(&r) || type > KEY_ECDSA)
		return (-ERR_DESERIALIZATION);
	key->type = (enum key_type)type;
	return (0);
}

int
public_key_parse(struct public_key * key, struct slice bytes)
{
	struct public_key k;

	if (key_parse(&k, bytes) != 0)
		return (-ERR_DESERIALIZATION);
	if ((k.type == KEY_ED25519 && k.data.n != 32) ||
	    (k.type == KEY_SECP256K1 && k.data.n != 33) || k.data.n == 0)
		return (-ERR_DESERIALIZATION);
	*key = k;
	return (0);
}

int
private_key_parse(uint8_t seed[32], struct slice bytes)
{
	struct ed25519_key made;
	struct public_key key;
	int status = 0;

	if (key_parse(&key, bytes) != 0 || key.type != KEY_ED25519)
		return (-ERR_DESERIALIZATION);
	/* Old keys repeat the public key behind the pair. */
	if (key.data.n == 96 &&
	    !crypto_equal(key.data.p + 32, key.data.p + 64, 32))
		return (-ERR_DESERIALIZATION);
	if (key.data.n != 64 && key.data.n != 96)
		return (-ERR_DESERIALIZATION);
	ed25519_from_seed(&made, key.data.p);
	if (!crypto_equal(made.pub, key.data.p + 32, 32))
		status = -ERR_DESERIALIZATION;
	else
		memcpy(seed, key.data.p, 32);
	crypto_wipe(&made, sizeof(made));
	return (status);
}

void
peer_id_from_public_key(struct peer_id * id, struct slice protobuf)
{
	if (protobuf.n <= PEER_ID_MAX - 2) {
		id->bytes[0] = HASH_IDENTITY;
		id->bytes[1] = (uint8_t)protobuf.n;
		if (protobuf.n > 0)
			memcpy(id->bytes + 2, protobuf.p, protobuf.n);
	} else {
		id->bytes[0] = HASH_SHA256;
		id->bytes[1] = SHA256_SIZE;
		sha256(id->bytes + 2, &protobuf, 1);
	}
	id->n = (uint8_t)(2 + id->bytes[1]);
}

void
peer_id_from_ed25519(struct peer_id * id, const uint8_t pub[32])
{
	uint8_t key[36];

	public_key_from_ed25519(key, pub);
	peer_id_from_public_key(id, slice_of(key, sizeof(key)));
}

int
peer_id_parse(struct peer_id * id, struct slice bytes)
{
	if (bytes.n < 3 || bytes.n > PEER_ID_MAX || bytes.p[1] != bytes.n - 2)
		return (-ERR_DESERIALIZATION);
	if (bytes.p[0] != HASH_IDENTITY &&
	    (bytes.p[0] != HASH_SHA256 || bytes.p[1] != SHA256_SIZE))
		return (-ERR_DESERIALIZATION);
	memcpy(id->bytes, bytes.p, bytes.n);
	id->n = (uint8_t)bytes.n;
	return (0);
}

void
peer_id_encode(struct buffer * out, const struct peer_id * id)
{
	bignum_encode(out, base58_alphabet, peer_id_slice(id));
}

/* CIDv1 of codec libp2p-key whose multihash is the peer id. */
static int
decode_cid(struct peer_id * id, struct slice text)
{
	struct cid_parts parts;
	struct cid cid;

	if (cid_decode(&cid, text) != 0)
		return (-ERR_DESERIALIZATION);
	cid_split(&cid, &parts);
	if (parts.version != 1 || parts.codec != CID_LIBP2P_KEY)
		return (-ERR_DESERIALIZATION);
	return (peer_id_parse(id, slice_of(parts.digest.p - 2,
	    parts.digest.n + 2)));
}

int
peer_id_decode(struct peer_id * id, struct slice text)
{
	struct buffer bytes = {0};
	int status = -ERR_DESERIALIZATION;

	if (text.n < 2 || text.n > TEXT_MAX)
		return (-ERR_DESERIALIZATION);
	if (text.p[0] != '1' && !(text.p[0] == 'Q' && text.p[1] == 'm'))
		return (decode_cid(id, text));
	if (bignum_decode(&bytes, base58_alphabet, text) == 0)
		status = peer_id_parse(id, buffer_all(&bytes));
	buffer_free(&bytes);
	return (status);
}

struct peer_id_text
peer_id_show(const struct peer_id * id)
{
	struct peer_id_text text = {{0}};
	struct buffer b = {0};

	peer_id_encode(&b, id);
	if (b.n > 0 && b.n < sizeof(text.text))
		memcpy(text.text, b.p, b.n);
	buffer_free(&b);
	return (text);
}

struct slice
peer_id_key(const struct peer_id * id)
{
	if (id->n < 2 || id->bytes[0] != HASH_IDENTITY)
		return (slice_of(NULL, 0));
	return (slice_of(id->bytes + 2, (size_t)id->n - 2));
}
