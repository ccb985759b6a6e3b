#include "codec/cid.h"

#include "base/error.h"
#include "base/reader.h"
#include "codec/multibase.h"
#include "crypto/crypto.h"

enum { HASH_IDENTITY = 0x00, HASH_SHA256 = 0x12, DIGEST_MAX = 48 };

/* Text longer than this holds no CID: hex of CID_MAX bytes and a prefix. */
#define TEXT_MAX (CID_MAX * 2 + 1)

void
cid_from_sha256(struct cid * cid, uint64_t codec, const uint8_t digest[32])
{
	struct buffer b = {0};

	/* The codecs in use fit two bytes; a whole CID at most 46. */
	buffer_uvarint(&b, codec);
	cid->n = 0;
	if (b.failed)
		return;
	cid->bytes[0] = 1;
	memcpy(cid->bytes + 1, b.p, b.n);
	cid->n = (uint8_t)(1 + b.n);
	cid->bytes[cid->n++] = HASH_SHA256;
	cid->bytes[cid->n++] = SHA256_SIZE;
	memcpy(cid->bytes + cid->n, digest, SHA256_SIZE);
	cid->n = (uint8_t)(cid->n + SHA256_SIZE);
	buffer_free(&b);
}

void
cid_of(struct cid * cid, uint64_t codec, struct slice data)
{
	uint8_t digest[SHA256_SIZE];

	sha256(digest, &data, 1);
	cid_from_sha256(cid, codec, digest);
}

/* Take the parts from the front of r; fails the reader. */
static void
read_parts(struct reader * r, struct cid_parts * parts)
{
	uint64_t n;

	if (r->n >= 2 && r->p[0] == HASH_SHA256 && r->p[1] == SHA256_SIZE) {
		parts->version = 0;
		parts->codec = CID_DAG_PB;
	} else {
		parts->version = reader_uvarint(r);
		parts->codec = reader_uvarint(r);
		if (parts->version != 1)
			reader_fail(r);
	}
	parts->hash = reader_uvarint(r);
	n = reader_uvarint(r);
	if (n > DIGEST_MAX || (parts->hash == HASH_SHA256 && n != SHA256_SIZE))
		reader_fail(r);
	parts->digest = reader_take(r, (size_t)n);
}

int
cid_read(struct cid * cid, struct slice bytes, size_t * used)
{
	struct reader r = reader_of(bytes);
	struct cid_parts parts;
	size_t n;

	read_parts(&r, &parts);
	n = bytes.n - r.n;
	if (r.failed || n > CID_MAX)
		return (-ERR_DESERIALIZATION);
	memcpy(cid->bytes, bytes.p, n);
	cid->n = (uint8_t)n;
	*used = n;
	return (0);
}

int
cid_parse(struct cid * cid, struct slice bytes)
{
	struct cid whole;
	size_t used;

	if (cid_read(&whole, bytes, &used) != 0 || used != bytes.n)
		return (-ERR_DESERIALIZATION);
	*cid = whole;
	return (0);
}

void
cid_split(const struct cid * cid, struct cid_parts * parts)
{
	struct reader r = reader_of(cid_slice(cid));

	read_parts(&r, parts);
	if (!reader_done(&r))
		*parts = (struct cid_parts){0};
}

static bool
is_v0(const struct cid * cid)
{
	return (cid->n > 0 && cid->bytes[0] == HASH_SHA256);
}

void
cid_encode(struct buffer * out, const struct cid * cid)
{
	if (is_v0(cid)) {
		bignum_encode(out, base58_alphabet, cid_slice(cid));
		return;
	}
	buffer_byte(out, 'b');
	base32_encode(out, cid_slice(cid));
}

void
cid_encode_base58(struct buffer * out, const struct cid * cid)
{
	buffer_byte(out, 'z');
	bignum_encode(out, base58_alphabet, cid_slice(cid));
}

int
cid_decode(struct cid * cid, struct slice text)
{
	struct buffer bytes = {0};
	bool v0 = text.n == 46 && text.p[0] == 'Q' && text.p[1] == 'm';
	int status;

	if (text.n > TEXT_MAX)
		return (-ERR_DESERIALIZATION);
	status = v0 ? bignum_decode(&bytes, base58_alphabet, text)
	            : multibase_decode(&bytes, text);
	/* A v0 CID has no multibase form: only its bare base58. */
	if (status != 0 || (!v0 && bytes.n > 0 && bytes.p[0] == HASH_SHA256) ||
	    cid_parse(cid, buffer_all(&bytes)) != 0)
		status = -ERR_DESERIALIZATION;
	buffer_free(&bytes);
	return (status);
}

bool
cid_matches(const struct cid * cid, struct slice data)
{
	struct cid_parts parts;
	uint8_t digest[SHA256_SIZE];

	cid_split(cid, &parts);
	if (cid->n == 0)
		return (false);
	if (parts.hash == HASH_IDENTITY)
		return (slice_equal(parts.digest, data));
	if (parts.hash != HASH_SHA256)
		return (false);
	sha256(digest, &data, 1);
	return (slice_equal(parts.digest, slice_of(digest, sizeof(digest))));
}
