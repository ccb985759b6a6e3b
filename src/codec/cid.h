/* cid.h: content identifiers.  Source: multiformats/cid. */
#ifndef BERTY_CODEC_CID_H
#define BERTY_CODEC_CID_H

#include "base/buffer.h"

enum { CID_RAW = 0x55, CID_DAG_PB = 0x70, CID_DAG_CBOR = 0x71,
	CID_LIBP2P_KEY = 0x72 };

/* The largest CID kept, bytes. */
#define CID_MAX 64

/* A CID as its bytes; v0 is the 34-byte multihash alone.  n = 0: none. */
struct cid {
	uint8_t n;
	uint8_t bytes[CID_MAX];
};

static inline struct slice
cid_slice(const struct cid * cid)
{
	return (slice_of(cid->bytes, cid->n));
}

/* CIDv1 with sha2-256 of the data: the only kind that logs use. */
void cid_of(struct cid * cid, uint64_t codec, struct slice data);

/* CIDv1 with a digest already made. */
void cid_from_sha256(struct cid * cid, uint64_t codec,
    const uint8_t digest[32]);

/*
 * Check bytes that hold one whole CID, v0 or v1, with a digest of at most 48
 * bytes.  -ERR_DESERIALIZATION.
 */
int cid_parse(struct cid * cid, struct slice bytes);

/* Read a CID from the front of r, for formats that do not prefix it. */
int cid_read(struct cid * cid, struct slice bytes, size_t * used);

/* Text: v1 as base32 with `b`, v0 as base58.  encode appends. */
void cid_encode(struct buffer * out, const struct cid * cid);
int cid_decode(struct cid * cid, struct slice text);

/* v1 as base58 with `z`, as signed log entries name their links. */
void cid_encode_base58(struct buffer * out, const struct cid * cid);

/* What the CID says: version (0 or 1), codec, hash code, digest. */
struct cid_parts {
	uint64_t version, codec, hash;
	struct slice digest;
};
void cid_split(const struct cid * cid, struct cid_parts * parts);

/* Does the data hash to the CID?  Only sha2-256 and identity are known. */
bool cid_matches(const struct cid * cid, struct slice data);

static inline bool
cid_equal(const struct cid * a, const struct cid * b)
{
	return (slice_equal(cid_slice(a), cid_slice(b)));
}

#endif /* !BERTY_CODEC_CID_H */
